//! Where the packet comes from: connector or direct VPC egress, and its network.

use google_cloud_run_v2::model::Revision;
use google_cloud_run_v2::model::vpc_access::VpcEgress;

use super::firewall::range;
use crate::live::Scope;
use crate::live::service::{inconclusive, malformed, not_applicable, not_visible};
use crate::live::vpc_access::{WayIn, way_in};
use crate::model::resource::{self, short};
use crate::network::{Connector, DirectVpc, Egress, EgressPath, Fact, Network, Source};
use crate::probe::google::NoAnswer;
use crate::record::Outcome;

/// The source, and what carries the traffic, in words.
pub(super) async fn source(scope: &Scope, revision: &Revision) -> Result<(Source, String), Outcome> {
    let access = revision.vpc_access.as_ref();
    let egress = match access.map(|access| &access.egress) {
        Some(VpcEgress::AllTraffic) => Egress::AllTraffic,
        // Unset is Cloud Run's default.
        Some(VpcEgress::PrivateRangesOnly | VpcEgress::Unspecified) | None => Egress::PrivateRangesOnly,
        Some(_) => {
            return Err(malformed("the revision", "its egress setting is none that this version knows"));
        }
    };
    let (way, by) = match way_in(revision) {
        None => return Err(not_applicable("the revision has no way into a VPC network")),
        Some(WayIn::Connector(name)) => {
            let full = resource::connector(&scope.target.project, &scope.target.region, name);
            (EgressPath::Connector(connector(scope, &full).await?), full)
        }
        Some(WayIn::Direct { network, subnetwork }) => (
            EgressPath::Direct(direct(scope, revision, network, subnetwork).await?),
            "direct VPC egress".to_owned(),
        ),
    };
    Ok((Source { region: scope.target.region.clone(), way, egress }, by))
}

/// The network that a connector leads into. Where it names only a subnetwork, Compute Engine tells whose that is.
pub(in crate::checks) async fn network_of_connector(scope: &Scope, full: &str) -> Result<Network, Outcome> {
    connector(scope, full).await.map(|found| found.network)
}

/// The network of direct VPC egress. Where only a subnetwork is named, Compute Engine tells whose that is.
pub(in crate::checks) async fn network_of_direct(
    scope: &Scope,
    network: &str,
    subnetwork: &str,
) -> Result<Network, Outcome> {
    match Network::parse(network) {
        Some(network) => Ok(network),
        None => located(scope, network, subnetwork).await.map(|at| at.network),
    }
}

async fn connector(scope: &Scope, full: &str) -> Result<Connector, Outcome> {
    let found = match scope.outside.google.connector(full).await {
        Ok(found) => found,
        Err(NoAnswer::NotFound) => {
            return Err(not_applicable(format!("{full} does not exist (see vpc-connector-ready)")));
        }
        Err(answer @ NoAnswer::Inconclusive(_)) => return Err(inconclusive(full, answer)),
    };
    let own = resource::segment(full, "projects").unwrap_or(&scope.target.project);
    let subnet = found.subnet.as_ref().filter(|subnet| !subnet.name.is_empty());
    let host = subnet.map(|subnet| subnet.project_id.as_str()).filter(|project| !project.is_empty());
    let project = host.unwrap_or(own);
    let region = resource::segment(full, "locations").unwrap_or(&scope.target.region);
    let subnet = subnet.map(|subnet| short(&subnet.name).to_owned());
    let (network, range) = match &subnet {
        Some(subnet) => of_subnet(scope, project, region, subnet, &found.network).await?,
        None => (Network::parse(&found.network), known_range(&found.ip_cidr_range)),
    };
    let network = network.ok_or_else(|| malformed(full, "it names neither network nor subnetwork"))?;
    Ok(Connector {
        name: short(full).to_owned(),
        network: Network { project: network.project.or_else(|| Some(project.to_owned())), ..network },
        range,
        subnet,
        in_service_project: host.is_some_and(|host| host != own),
    })
}

/// Where direct VPC egress leads.
struct Located {
    network: Network,
    subnet: String,
    range: Fact<ipnet::IpNet>,
}

async fn located(scope: &Scope, network: &str, subnetwork: &str) -> Result<Located, Outcome> {
    let target = &scope.target;
    // An auto-mode network has a subnetwork of its own name in every region.
    let subnet = if subnetwork.is_empty() { short(network) } else { short(subnetwork) };
    let named = |text| resource::segment(text, "projects");
    let project = named(subnetwork).or(named(network)).unwrap_or(&target.project);
    let region = resource::segment(subnetwork, "regions").unwrap_or(&target.region);
    let (network, range) = of_subnet(scope, project, region, subnet, network).await?;
    let network =
        network.ok_or_else(|| not_visible(format!("the network of subnetwork {subnet} is not known")))?;
    let network = Network { project: network.project.or_else(|| Some(project.to_owned())), ..network };
    Ok(Located { network, subnet: subnet.to_owned(), range })
}

async fn direct(
    scope: &Scope,
    revision: &Revision,
    network: &str,
    subnetwork: &str,
) -> Result<DirectVpc, Outcome> {
    let Located { network, subnet, range } = located(scope, network, subnetwork).await?;
    let access = revision.vpc_access.as_ref();
    let tags = access.and_then(|access| access.network_interfaces.first()).map(|one| one.tags.clone());
    let most = revision.scaling.as_ref().map(|scaling| scaling.max_instance_count);
    Ok(DirectVpc {
        network,
        subnet,
        range,
        tags: tags.unwrap_or_default(),
        service_account: Some(revision.service_account.clone()).filter(|account| !account.is_empty()),
        max_instances: most.and_then(|most| u32::try_from(most).ok()).filter(|most| *most > 0),
    })
}

/// Network and range of a subnetwork. Where the network is stated, one that cannot be read hides its range only.
async fn of_subnet(
    scope: &Scope,
    project: &str,
    region: &str,
    subnet: &str,
    stated: &str,
) -> Result<(Option<Network>, Fact<ipnet::IpNet>), Outcome> {
    let stated = Network::parse(stated);
    match scope.outside.google.subnetwork(project, region, subnet).await {
        Ok(found) => {
            let link = found.network.as_deref().and_then(Network::parse);
            Ok((link.or(stated), known_range(found.ip_cidr_range.as_deref().unwrap_or_default())))
        }
        Err(_) if stated.is_some() => {
            Ok((stated, Fact::Hidden(format!("subnetwork {subnet} could not be read"))))
        }
        Err(answer) => Err(inconclusive(&format!("subnetwork {subnet}"), answer)),
    }
}

fn known_range(text: &str) -> Fact<ipnet::IpNet> {
    range(text).map_or_else(|| Fact::Hidden("no range is stated".to_owned()), Fact::Known)
}

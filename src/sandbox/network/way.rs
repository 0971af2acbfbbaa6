//! The way of a packet, link by link, and on which of them it is lost.

use std::net::{IpAddr, Ipv4Addr, SocketAddr};

use ipnet::{IpNet, Ipv4Net};

use crate::sandbox::world::{
    Behind, Egress, EndpointStatus, FirewallWorld, InstanceWorld, NetworkWorld, PrivateServices,
    RevisionWorld, ServiceWorld, VpcWorld, World,
};

/// A packet: who sends it, and where to.
#[derive(Clone, Copy)]
pub(in crate::sandbox) struct Route<'a> {
    pub(in crate::sandbox) service: &'a ServiceWorld,
    pub(in crate::sandbox) revision: &'a RevisionWorld,
    pub(in crate::sandbox) to: SocketAddr,
}

/// Where a packet is lost.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(in crate::sandbox) enum Lost {
    /// Somewhere that no API shows.
    Unseen,
    /// Nothing has the address.
    Nobody,
    /// The revision has no way into the network.
    NoWay,
    /// The egress setting sends it past the network.
    Bypasses,
    /// The connector does not carry.
    Connector,
    /// The connector of a Shared VPC lacks the rules by which Google reaches it.
    ConnectorRules,
    /// The subnetwork has no address for the instance.
    Subnet,
    /// It is in another network than the database.
    OtherNetwork,
    /// A firewall rule drops it on its way out.
    Out(FirewallWorld),
    /// A firewall rule drops it on its way in; `None`: no rule lets it in.
    In(Option<FirewallWorld>),
    /// The peering with Google's services is not there, or not up.
    Peering,
    /// No route leads there, or one that leads elsewhere is nearer.
    Diverted,
    /// The Private Service Connect endpoint is in this state.
    Endpoint(EndpointStatus),
    /// Nothing translates the service's address into a public one.
    NoNat,
    /// The instance does not admit the address that it comes from.
    NotAdmitted,
    /// The instance does not run.
    NotRunning,
    /// The instance takes connectors only.
    ConnectorsOnly,
}

/// Ranges that Cloud Run counts as private for `private-ranges-only`: RFC 1918, RFC 6598, and the ranges of
/// Private Google Access (`restricted.googleapis.com`, `private.googleapis.com`).
const PRIVATE_RANGES_ONLY: &[&str] =
    &["10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16", "100.64.0.0/10", "199.36.153.4/30", "199.36.153.8/30"];

/// The address from which a revision leaves to the internet: one of Google's (TEST-NET-2, RFC 5737: nobody's).
const UNKNOWN_ADDRESS: IpAddr = IpAddr::V4(Ipv4Addr::new(198, 51, 100, 77));

/// The range from which Cloud Run's infrastructure reaches connectors.
const SERVERLESS: Ipv4Addr = Ipv4Addr::new(35, 199, 224, 1);

/// The longest prefix that direct VPC egress takes.
const SUBNET_PREFIX: u8 = 26;

/// The priority of the rule by which Google lets a connector in everywhere.
const OF_CONNECTOR: u16 = 1000;

/// Follows a packet to the instance that has its address.
pub(super) fn follow(world: &World, route: Route<'_>) -> Result<usize, Lost> {
    let index = towards(world, route)?;
    let instance = &world.instances[index];
    let private = is_private_at(instance, route.to.ip());
    if !private && !instance.authorized.iter().any(|network| network.contains(&UNKNOWN_ADDRESS)) {
        return Err(Lost::NotAdmitted);
    }
    Ok(index)
}

/// The same for a packet of Cloud SQL's proxy, which the instance admits from everywhere.
pub(super) fn follow_proxy(world: &World, route: Route<'_>) -> Result<usize, Lost> {
    towards(world, route)
}

fn towards(world: &World, route: Route<'_>) -> Result<usize, Lost> {
    let to = route.to.ip();
    if world.blackholes.contains(&to) {
        return Err(Lost::Unseen);
    }
    let index = world.instance_at(to).ok_or(Lost::Nobody)?;
    let instance = &world.instances[index];
    if is_private_at(instance, to) {
        let entered = enter(world, route)?;
        inside(world, route, &entered, instance)?;
    } else if route.revision.vpc.egress() == Some(Egress::AllTraffic) {
        let entered = enter(world, route)?;
        let_out(&entered, route.to)?;
        if !entered.network.nats.contains(&route.service.region) {
            return Err(Lost::NoNat);
        }
    }
    Ok(index)
}

fn is_private_at(instance: &InstanceWorld, address: IpAddr) -> bool {
    instance.addresses.iter().any(|one| one.ip == address && one.private)
}

/// Whether `private-ranges-only` sends this address into the VPC network.
fn carried(egress: Egress, address: IpAddr) -> bool {
    match egress {
        Egress::AllTraffic => true,
        Egress::PrivateRangesOnly => PRIVATE_RANGES_ONLY
            .iter()
            .filter_map(|range| range.parse().ok())
            .any(|range: IpNet| range.contains(&address)),
    }
}

/// A packet that is in a network: as whom.
struct Entered<'a> {
    network: &'a NetworkWorld,
    tags: Vec<String>,
    from: Ipv4Net,
    by_connector: bool,
}

fn enter<'a>(world: &'a World, route: Route<'_>) -> Result<Entered<'a>, Lost> {
    let egress = route.revision.vpc.egress().ok_or(Lost::NoWay)?;
    if !carried(egress, route.to.ip()) {
        return Err(Lost::Bypasses);
    }
    match &route.revision.vpc {
        VpcWorld::None => Err(Lost::NoWay),
        VpcWorld::Direct { network, subnetwork, .. } => {
            let network = world.network(&route.service.project, network).ok_or(Lost::OtherNetwork)?;
            let mut subnets = network.subnets.iter();
            let here = subnets.find(|one| one.region == route.service.region && one.name == *subnetwork);
            let from = here.map_or_else(Ipv4Net::default, |subnet| subnet.range);
            if here.is_some() && from.prefix_len() > SUBNET_PREFIX {
                return Err(Lost::Subnet);
            }
            Ok(Entered { network, tags: Vec::new(), from, by_connector: false })
        }
        VpcWorld::Connector { resource, .. } => {
            let connector = world.connector(resource).ok_or(Lost::Connector)?;
            let carries = connector.state.carries()
                && connector.region == route.service.region
                && !world.disabled(&connector.project, "vpcaccess.googleapis.com");
            if !carries {
                return Err(Lost::Connector);
            }
            let network = world.network(&connector.project, &connector.network).ok_or(Lost::OtherNetwork)?;
            let tags = connector.tags().to_vec();
            // Where the network is another project's, Google makes no rules of its own.
            let shared = network.project != connector.project;
            let reached =
                |rules| rule(rules, true, &tags, SERVERLESS.into(), 667).is_some_and(|one| one.allows);
            if shared && !reached(&network.firewalls) {
                return Err(Lost::ConnectorRules);
            }
            Ok(Entered { network, tags, from: connector.range, by_connector: true })
        }
    }
}

/// Whether the packet, once in a network, gets to what has the address.
fn inside(
    world: &World,
    route: Route<'_>,
    entered: &Entered<'_>,
    instance: &InstanceWorld,
) -> Result<(), Lost> {
    let network = entered.network;
    let same =
        instance.network.as_ref() == Some(&network.name) && world.host(&instance.project) == network.project;
    if !same {
        return Err(Lost::OtherNetwork);
    }
    let_out(entered, route.to)?;
    past_policies(entered, route.to.ip())?;
    match &instance.behind {
        Behind::CloudSql => leads_to_services(world, network, route.to.ip()),
        Behind::Endpoint(endpoint) => {
            leads_to_subnet(network, route.to.ip())?;
            match endpoint.status {
                EndpointStatus::Accepted => Ok(()),
                status @ (EndpointStatus::Pending | EndpointStatus::Rejected | EndpointStatus::Closed) => {
                    Err(Lost::Endpoint(status))
                }
            }
        }
        Behind::Machine(machine) => {
            leads_to_subnet(network, route.to.ip())?;
            let_in(entered, &machine.tags, route.to.port())
        }
    }
}

/// Whether the firewall lets the packet out.
fn let_out(entered: &Entered<'_>, to: SocketAddr) -> Result<(), Lost> {
    let decides = |rules| rule(rules, false, &entered.tags, to.ip(), to.port());
    match decides(&entered.network.policy).or_else(|| decides(&entered.network.firewalls)) {
        Some(denies) if !denies.allows => Err(Lost::Out(denies.clone())),
        Some(_) | None => Ok(()),
    }
}

/// Whether no policy-based route hands the packet to an appliance, which drops it.
fn past_policies(entered: &Entered<'_>, to: IpAddr) -> Result<(), Lost> {
    let meant = entered.network.policy_routes.iter().filter(|route| {
        let tagged = route.tags.is_empty() || route.tags.iter().any(|tag| entered.tags.contains(tag));
        !route.attachments && tagged && route.to.contains(&to)
    });
    match meant.min_by_key(|route| route.priority) {
        Some(route) if route.balancer.is_some() => Err(Lost::Diverted),
        Some(_) | None => Ok(()),
    }
}

/// Whether the firewall lets the packet in to a machine with these tags.
fn let_in(entered: &Entered<'_>, tags: &[String], port: u16) -> Result<(), Lost> {
    let from = IpAddr::V4(entered.from.addr());
    let decides = |rules| rule(rules, true, tags, from, port);
    let found = decides(&entered.network.policy).or_else(|| decides(&entered.network.firewalls));
    let own = entered.by_connector.then_some(OF_CONNECTOR);
    match (found, own) {
        // Google's own rule for connectors: of equal priorities, the one that denies.
        (Some(rule), Some(own)) if own < rule.priority || (own == rule.priority && rule.allows) => Ok(()),
        (Some(rule), _) if rule.allows => Ok(()),
        (Some(rule), _) => Err(Lost::In(Some(rule.clone()))),
        (None, Some(_)) => Ok(()),
        (None, None) => Err(Lost::In(None)),
    }
}

/// The rule that decides about a packet, by its far side.
fn rule<'a>(
    rules: &'a [FirewallWorld],
    ingress: bool,
    tags: &[String],
    far: IpAddr,
    port: u16,
) -> Option<&'a FirewallWorld> {
    let meant = |rule: &&FirewallWorld| {
        rule.ingress == ingress
            && !rule.disabled
            && (rule.target_tags.is_empty() || rule.target_tags.iter().any(|tag| tags.contains(tag)))
            && rule.ranges.iter().any(|range| range.contains(&far))
            && (rule.ports.is_empty() || rule.ports.contains(&port))
    };
    // The lowest number first; of equals, the one that denies.
    rules.iter().filter(meant).min_by_key(|rule| (rule.priority, rule.allows))
}

/// How near a route's range is to an address; `None`: it does not hold it.
fn nearness(range: &IpNet, address: IpAddr) -> Option<u8> {
    range.contains(&address).then(|| range.prefix_len())
}

/// Whether the network's routes send an address over its peering with Google's services.
fn leads_to_services(world: &World, network: &NetworkWorld, address: IpAddr) -> Result<(), Lost> {
    // A subnetwork of its own is nearer than everything else, and Cloud SQL uses one range inside.
    let own = network.subnets.iter().any(|subnet| IpNet::V4(subnet.range).contains(&address));
    let inside_cloud_sql = matches!(address, IpAddr::V4(v4) if v4.octets()[..2] == [172, 17]);
    if own || inside_cloud_sql {
        return Err(Lost::Diverted);
    }
    let peered = match network.private_services {
        PrivateServices::Active | PrivateServices::WithoutRange => {
            world.service_ranges(network).iter().filter_map(|range| nearness(range, address)).max()
        }
        PrivateServices::Inactive | PrivateServices::Missing => return Err(Lost::Peering),
    };
    let diverted = network.routes.iter().filter_map(|route| nearness(&route.range, address)).max();
    // The longest prefix wins; of equals, the peering's.
    let leads = peered.is_some_and(|peered| diverted.is_none_or(|diverted| peered >= diverted));
    leads.then_some(()).ok_or(Lost::Diverted)
}

/// Whether the network's routes send an address into a subnetwork of its own.
fn leads_to_subnet(network: &NetworkWorld, address: IpAddr) -> Result<(), Lost> {
    let own = network.subnets.iter().any(|subnet| IpNet::V4(subnet.range).contains(&address));
    own.then_some(()).ok_or(Lost::Diverted)
}

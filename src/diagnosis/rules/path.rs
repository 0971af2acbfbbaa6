//! Rules for findings about the way from the service to its database.

use super::super::cause::CauseCode;
use super::super::view::View;
use super::connectivity::Dropped;
use super::network::BrokenLink;
use super::{Judgement, on_service, update_service};
use crate::model::resource::{instance_of, project_of, short};
use crate::record::finding::PathFinding;
use crate::text::shell::command;

pub(super) fn judge(view: &View<'_>, finding: &PathFinding) -> Judgement {
    match finding {
        PathFinding::NoVpcAccess { revision, address, declared_connector } => {
            no_vpc_access(view, revision, &address.to_string(), declared_connector.as_deref())
        }
        PathFinding::AccessDiffers { revision, what, declared, serving } => {
            differs(view, revision, what, declared, serving.as_deref())
        }
        PathFinding::AccessDropped { revision, before, way } => Judgement::likely(
            CauseCode::VpcAccessMissing,
            format!(
                "revision {revision} has no way into a VPC network; {before} before it has {way}, and this deploy \
                 dropped it"
            ),
        )
        .suspect("the service needs no private address any more; then the cause is another", None)
        .fix("let the deploy step or the manifest state it too: a manifest without it removes it", None)
        .fix(
            "or go back to the revision before",
            on_service(view, "update-traffic", &[&format!("--to-revisions={before}=100")]),
        ),
        PathFinding::ConnectorNotFound { connector } => Judgement::proven(
            CauseCode::VpcConnectorNotFound,
            format!("the revision sends its traffic through {connector}, which does not exist"),
        )
        .fix("see which connectors there are", connectors(view, connector, "list", &[]))
        .fix(
            "create it in the database's network, with a free /28 range",
            connectors(view, connector, "create", &["--network=NETWORK", "--range=RANGE"]),
        )
        .fix("then deploy again", None),
        PathFinding::ConnectorNotReady { connector, state } => not_ready(view, connector, state),
        PathFinding::ConnectorElsewhere { connector, region, service_region } => Judgement::proven(
            CauseCode::VpcConnectorWrongRegion,
            format!("{connector} stands in {region}; a service in {service_region} cannot use it"),
        )
        .fix("see which connectors the service's region has", {
            let region = format!("--region={service_region}");
            let project = format!("--project={}", project_of(connector).unwrap_or(&view.service.project));
            command(["gcloud", "compute", "networks", "vpc-access", "connectors", "list", &region, &project])
        })
        .fix("use one of them", update_service(view, &["--vpc-connector=CONNECTOR"])),
        PathFinding::NetworkDiffers { by, service_network, database_network, instance } => Judgement::proven(
            CauseCode::VpcWrongNetwork,
            format!(
                "{by} leads into network {service_network}, but {instance} is attached to network \
                     {database_network}; peerings do not pass traffic on"
            ),
        )
        .fix(
            "send the service's traffic into the database's network",
            update_service(
                view,
                &[
                    &format!("--network={database_network}"),
                    "--subnet=SUBNET",
                    "--vpc-egress=private-ranges-only",
                    "--clear-vpc-connector",
                ],
            ),
        )
        .fix("or use a connector that stands in it", {
            let filter = format!("--filter=network={database_network}");
            let (region, project) = (view.region_flag(), view.project_flag());
            let words = ["gcloud", "compute", "networks", "vpc-access", "connectors", "list"];
            command(words.into_iter().chain([&*filter, &*region, &*project]))
        }),
        PathFinding::EgressBypasses { revision, egress, address } => Judgement::proven(
            CauseCode::EgressExcludesDatabase,
            format!("egress {egress} of revision {revision} sends {address} past the VPC, into the internet"),
        )
        .fix(
            "send all traffic into the VPC (what leaves for the internet then needs Cloud NAT)",
            update_service(view, &["--vpc-egress=all-traffic"]),
        ),
        PathFinding::TestUnreachable { to, port, cause, inwards, own, .. } => {
            Dropped { to, port: *port, cause: cause.as_deref(), inwards: *inwards, own }
                .judge(view, &finding.to_string())
        }
        PathFinding::Way { by, address, port, fault, proven } => {
            BrokenLink { by, address: *address, port: *port, fault, proven: *proven }.judge(view)
        }
    }
}

pub(super) fn clause(finding: &PathFinding) -> String {
    match finding {
        PathFinding::NoVpcAccess { address, .. } => {
            format!("the revision has no way into the VPC, and {address} is private")
        }
        PathFinding::AccessDiffers { .. }
        | PathFinding::AccessDropped { .. }
        | PathFinding::TestUnreachable { .. } => finding.to_string(),
        PathFinding::ConnectorNotFound { connector } => {
            format!("VPC connector {} does not exist", short(connector))
        }
        PathFinding::ConnectorNotReady { connector, state } => {
            format!("VPC connector {} is in state {state}", short(connector))
        }
        PathFinding::ConnectorElsewhere { connector, region, .. } => {
            format!("VPC connector {} stands in {region}", short(connector))
        }
        PathFinding::NetworkDiffers { service_network, database_network, .. } => {
            format!(
                "the service leaves into network {service_network}, the database is in {database_network}"
            )
        }
        PathFinding::EgressBypasses { egress, address, .. } => {
            format!("egress {egress} does not carry {address}")
        }
        PathFinding::Way { fault, .. } => fault.to_string(),
    }
}

fn differs(view: &View<'_>, revision: &str, what: &str, declared: &str, serving: Option<&str>) -> Judgement {
    let has = serving.map_or_else(|| format!("has no {what}"), |serving| format!("has {what} {serving}"));
    let flag = match what {
        "connector" => "--vpc-connector",
        "egress" => "--vpc-egress",
        "network" => "--network",
        _ => "--subnet",
    };
    Judgement::likely(
        CauseCode::VpcAccessDrifted,
        format!("revision {revision} {has}; the pipeline declares {declared}"),
    )
    .suspect(
        "both lead to the database; then the cause is another",
        on_service(view, "describe", &["--format=export"]),
    )
    .fix("set it as the pipeline declares it", update_service(view, &[&format!("{flag}={declared}")]))
    .fix("see why the deploy does not: its step, or a later one, sets something else", None)
}

fn no_vpc_access(view: &View<'_>, revision: &str, address: &str, declared: Option<&str>) -> Judgement {
    let claim = format!(
        "revision {revision} has no way into the VPC, neither connector nor direct VPC egress, and its database \
         {address} is private"
    );
    match declared {
        Some(connector) => Judgement::proven(
            CauseCode::VpcAccessMissing,
            format!("{claim}; the pipeline declares connector {connector}"),
        )
        .fix(
            "give it the connector that the pipeline declares",
            update_service(
                view,
                &[&format!("--vpc-connector={connector}"), "--vpc-egress=private-ranges-only"],
            ),
        )
        .fix("see why the deploy dropped it: `services replace` drops what its manifest does not name", None),
        None => {
            let judgement = Judgement::proven(CauseCode::VpcAccessMissing, claim);
            let instance = view.service.database.as_ref().and_then(|database| database.instance.as_deref());
            let judgement = match instance {
                Some(instance) => judgement.fix(
                    "see which network the database is in",
                    command([
                        "gcloud",
                        "sql",
                        "instances",
                        "describe",
                        instance_of(instance),
                        &format!("--project={}", project_of(instance).unwrap_or(&view.service.project)),
                        "--format=value(settings.ipConfiguration.privateNetwork)",
                    ]),
                ),
                None => judgement,
            };
            judgement.fix(
                "send the service's private traffic into that network",
                update_service(
                    view,
                    &["--network=NETWORK", "--subnet=SUBNET", "--vpc-egress=private-ranges-only"],
                ),
            )
        }
    }
}

fn not_ready(view: &View<'_>, connector: &str, state: &str) -> Judgement {
    let judgement = Judgement::proven(
        CauseCode::VpcConnectorNotReady,
        format!("VPC connector {connector} is in state {state}, so it carries no traffic"),
    );
    match state {
        "CREATING" => judgement.fix(
            "wait until it is READY, then run the gate again",
            connectors(view, connector, "describe", &["--format=value(state)"]),
        ),
        "DELETING" => judgement.fix(
            "somebody deletes it; create it again once it is gone",
            connectors(view, connector, "create", &["--network=NETWORK", "--range=RANGE"]),
        ),
        _ => judgement
            .fix("note its network and range", connectors(view, connector, "describe", &[]))
            .fix("delete it: Google repairs no connector in this state", {
                connectors(view, connector, "delete", &[])
            })
            .fix(
                "create it again with what you noted",
                connectors(view, connector, "create", &["--network=NETWORK", "--range=RANGE"]),
            ),
    }
}

/// `gcloud compute networks vpc-access connectors VERB [NAME] --region --project`, where the connector stands.
fn connectors(view: &View<'_>, connector: &str, verb: &str, flags: &[&str]) -> String {
    let part = |name: &str| {
        let mut parts = connector.split('/').skip_while(|part| *part != name);
        parts.nth(1).map(str::to_owned)
    };
    let region = format!("--region={}", part("locations").as_ref().unwrap_or(&view.service.region));
    let project = format!("--project={}", part("projects").as_ref().unwrap_or(&view.service.project));
    let name = (verb != "list").then(|| short(connector));
    let words = ["gcloud", "compute", "networks", "vpc-access", "connectors", verb];
    command(words.into_iter().chain(name).chain(flags.iter().copied()).chain([&*region, &*project]))
}

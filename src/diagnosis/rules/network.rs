//! Rules for the links of the way inside the network: firewall, routes, peering, ranges, NAT.

use std::net::IpAddr;

use super::super::cause::CauseCode;
use super::super::view::View;
use super::{Judgement, connectivity, update_service};
use crate::network::firewall::{Direction, RuleKind, RuleRef};
use crate::network::routes::RouteKind;
use crate::network::{Conflict, Fault};
use crate::record::{Inconclusive as Unread, Outcome, check_id};
use crate::text::shell::command;

/// A broken link as the check saw it.
pub(super) struct BrokenLink<'a> {
    pub(super) by: &'a str,
    pub(super) address: IpAddr,
    pub(super) port: u16,
    pub(super) fault: &'a Fault,
    pub(super) proven: bool,
}

/// The port of the Cloud SQL proxies, the built-in socket among them.
const PROXY_PORT: u16 = 3307;

impl BrokenLink<'_> {
    pub(super) fn judge(&self, view: &View<'_>) -> Judgement {
        let claim =
            format!("{} (seen for packets of {} to {}:{})", self.fault, self.by, self.address, self.port);
        let code = self.code();
        // A second opinion that sees the packet arrive leaves no proof.
        let contradicted = view.held(connectivity::CHECK);
        let judgement = if contradicted {
            Judgement::likely(code, format!("{claim}; Google's Connectivity Tests let the packet through"))
                .suspect("the configuration was changed less than two minutes before", None)
        } else if self.proven {
            Judgement::proven(code, claim)
        } else {
            Judgement::likely(code, claim)
        };
        self.fixed(view, judgement)
    }

    fn code(&self) -> CauseCode {
        match self.fault {
            Fault::NoVpcAccess { .. } => CauseCode::VpcAccessMissing,
            Fault::EgressBypasses { .. } | Fault::ConnectorWithoutIpv6 { .. } => {
                CauseCode::EgressExcludesDatabase
            }
            Fault::WrongNetwork { .. } => CauseCode::VpcWrongNetwork,
            Fault::SubnetTooSmall { .. } | Fault::SubnetExhaustible { .. } => CauseCode::SubnetExhausted,
            Fault::RangeConflict { .. } => CauseCode::AddressRangeConflict,
            Fault::PeeringMissing { .. } => CauseCode::PeeringMissing,
            Fault::PeeringInactive { .. } => CauseCode::PeeringInactive,
            Fault::PeeringRangeMismatch { .. } | Fault::PeeringRouteMissing { .. } => {
                CauseCode::PeeringRangeMismatch
            }
            Fault::EndpointMissing { .. }
            | Fault::EndpointNotAccepted { .. }
            | Fault::EndpointInOtherNetwork { .. }
            | Fault::EndpointInOtherRegion { .. } => CauseCode::PscEndpointMissing,
            Fault::FirewallDenies { direction: Direction::Egress, .. } => CauseCode::FirewallDeniesEgress,
            Fault::FirewallDenies { direction: Direction::Ingress, .. } => CauseCode::FirewallDeniesIngress,
            Fault::FirewallDeniesProxyPort { .. } => CauseCode::FirewallDeniesProxyPort,
            Fault::ConnectorRulesMissing { .. } => CauseCode::ConnectorHealthRulesMissing,
            Fault::RouteDiverted { .. } | Fault::RouteMissing { .. } => CauseCode::RouteDiverted,
            Fault::EgressWithoutNat { database_outside: true } if self.port == PROXY_PORT => {
                CauseCode::EgressBlocksCloudsqlSocket
            }
            Fault::EgressWithoutNat { .. } => CauseCode::EgressWithoutNat,
        }
    }

    fn fixed(&self, view: &View<'_>, judgement: Judgement) -> Judgement {
        match self.fault {
            Fault::NoVpcAccess { .. } | Fault::EgressBypasses { .. } | Fault::WrongNetwork { .. } => {
                judgement
            }
            Fault::ConnectorWithoutIpv6 { .. } => judgement.fix(
                "connectors carry IPv4 only: dial the database's IPv4 address, or use direct VPC egress into a dual-stack subnet",
                update_service(view, &["--network=NETWORK", "--subnet=SUBNET", "--clear-vpc-connector"]),
            ),
            Fault::SubnetTooSmall { subnet, .. } | Fault::SubnetExhaustible { subnet, .. } => judgement
                .fix(
                    "give it a longer range (a range can grow, not shrink)",
                    compute(
                        view,
                        &["networks", "subnets", "expand-ip-range", subnet, "--prefix-length=24"],
                        true,
                    ),
                )
                .fix("or let fewer instances start", update_service(view, &["--max-instances=N"])),
            Fault::RangeConflict { conflict, .. } => self.range_conflict(view, *conflict, judgement),
            Fault::PeeringMissing { network } => judgement
                .fix(
                    "reserve a range for Google's services",
                    compute(
                        view,
                        &[
                            "addresses",
                            "create",
                            "RANGE_NAME",
                            "--global",
                            "--purpose=VPC_PEERING",
                            "--prefix-length=20",
                            &format!("--network={network}"),
                        ],
                        false,
                    ),
                )
                .fix(
                    "make the peering",
                    peerings(view, &["connect", &format!("--network={network}"), "--ranges=RANGE_NAME"]),
                ),
            Fault::PeeringInactive { peering, .. } => judgement
                .fix("see what Google says of it", compute(view, &["networks", "peerings", "list"], false))
                .fix(
                    format!("make {peering} anew: its other side is gone"),
                    peerings(view, &["update", "--network=NETWORK", "--ranges=RANGE_NAME", "--force"]),
                ),
            Fault::PeeringRangeMismatch { .. } | Fault::PeeringRouteMissing { .. } => judgement
                .fix(
                    "see which ranges are allocated",
                    compute(view, &["addresses", "list", "--global", "--filter=purpose=VPC_PEERING"], false),
                )
                .fix(
                    "give the peering the range that the instance stands in",
                    peerings(view, &["update", "--network=NETWORK", "--ranges=RANGE_NAME"]),
                ),
            Fault::EndpointMissing { address } => judgement.fix(
                "make an endpoint with that address, to the instance's service attachment",
                compute(
                    view,
                    &[
                        "forwarding-rules",
                        "create",
                        "NAME",
                        &format!("--address={address}"),
                        "--target-service-attachment=ATTACHMENT",
                        "--network=NETWORK",
                    ],
                    true,
                ),
            ),
            Fault::EndpointNotAccepted { endpoint, .. }
            | Fault::EndpointInOtherNetwork { endpoint, .. }
            | Fault::EndpointInOtherRegion { endpoint, .. } => judgement.fix(
                "see its state, network and region",
                compute(view, &["forwarding-rules", "describe", endpoint], true),
            ),
            Fault::FirewallDenies { by, .. } => self.firewall(view, by, self.port, judgement),
            Fault::FirewallDeniesProxyPort { by } => self.firewall(view, by, PROXY_PORT, judgement),
            Fault::ConnectorRulesMissing { by, from, traffic } => {
                judgement.fix("see the rule", describe(view, by)).fix(
                    "let Google's infrastructure reach the connector, in the host project",
                    compute(
                        view,
                        &[
                            "firewall-rules",
                            "create",
                            "serverless-to-vpc-connector",
                            "--direction=INGRESS",
                            "--priority=0",
                            &format!("--allow={traffic}"),
                            &format!("--source-ranges={from}"),
                            "--target-tags=vpc-connector",
                            "--network=NETWORK",
                        ],
                        false,
                    ),
                )
            }
            Fault::RouteDiverted { route } if route.kind == RouteKind::Policy => judgement
                .fix(
                    "see the policy-based route, and what its load balancer does with the packets",
                    policy_based_routes(view, &["describe", named(&route.name)]),
                )
                .fix(
                    "exempt the database's range from it, by one of a lower priority number",
                    policy_based_routes(
                        view,
                        &[
                            "create",
                            "NAME",
                            "--network=NETWORK",
                            "--protocol-version=IPv4",
                            &format!("--destination-range={}/32", self.address),
                            "--priority=NUMBER",
                            "--next-hop-other-routes=DEFAULT_ROUTING",
                        ],
                    ),
                ),
            Fault::RouteDiverted { route } => judgement
                .fix("see the route", compute(view, &["routes", "describe", named(&route.name)], false))
                .fix("delete it, or give the database an address outside its range", None),
            Fault::RouteMissing { .. } => {
                judgement.fix("see which routes there are", compute(view, &["routes", "list"], false))
            }
            Fault::EgressWithoutNat { .. } => judgement
                .fix(
                    "send only private ranges into the VPC",
                    update_service(view, &["--vpc-egress=private-ranges-only"]),
                )
                .fix(
                    "or make a Cloud NAT gateway for the network's subnets",
                    compute(
                        view,
                        &[
                            "routers",
                            "nats",
                            "create",
                            "NAT",
                            "--router=ROUTER",
                            "--nat-all-subnet-ip-ranges",
                            "--auto-allocate-nat-external-ips",
                        ],
                        true,
                    ),
                ),
        }
    }

    fn range_conflict(&self, view: &View<'_>, conflict: Conflict, judgement: Judgement) -> Judgement {
        match conflict {
            Conflict::DockerBridge | Conflict::OnceReserved => judgement.fix(
                "give the database an address outside that range: allocate another one, then move the instance to it",
                compute(view, &["addresses", "list", "--global", "--filter=purpose=VPC_PEERING"], false),
            ),
            Conflict::HasDatabase => judgement.fix(
                "give the service another range",
                update_service(view, &["--network=NETWORK", "--subnet=SUBNET"]),
            ),
            Conflict::NotExported => judgement.fix(
                "let the peering tell of public ranges",
                compute(
                    view,
                    &[
                        "networks",
                        "peerings",
                        "update",
                        "servicenetworking-googleapis-com",
                        "--network=NETWORK",
                        "--export-subnet-routes-with-public-ip",
                    ],
                    false,
                ),
            ),
            Conflict::NotAuthorized => judgement.fix(
                "add the service's range to the instance's authorized networks",
                Some(command([
                    "gcloud",
                    "sql",
                    "instances",
                    "patch",
                    "INSTANCE",
                    "--authorized-networks=RANGE",
                    &view.project_flag(),
                ])),
            ),
        }
    }

    fn firewall(&self, view: &View<'_>, by: &RuleRef, port: u16, judgement: Judgement) -> Judgement {
        let priority = by.priority.saturating_sub(1).to_string();
        let judgement = judgement.fix("see the rule", describe(view, by));
        if by.kind == RuleKind::Vpc || by.kind == RuleKind::Implied {
            let inwards = matches!(self.fault, Fault::FirewallDenies { direction: Direction::Ingress, .. });
            let far = if inwards {
                ["--direction=INGRESS".to_owned(), "--source-ranges=RANGE_OF_THE_SERVICE".to_owned()]
            } else {
                ["--direction=EGRESS".to_owned(), format!("--destination-ranges={}", self.address)]
            };
            return judgement.fix(
                "let these packets through before it",
                compute(
                    view,
                    &[
                        "firewall-rules",
                        "create",
                        "allow-database",
                        &far[0],
                        &far[1],
                        &format!("--allow=tcp:{port}"),
                        &format!("--priority={priority}"),
                        "--network=NETWORK",
                    ],
                    false,
                ),
            );
        }
        judgement.fix(
            format!(
                "have tcp:{port} to {} allowed in that policy, before priority {}",
                self.address, by.priority
            ),
            None,
        )
    }
}

fn describe(view: &View<'_>, by: &RuleRef) -> Option<String> {
    match (&by.policy, by.kind) {
        (_, RuleKind::Vpc) => compute(view, &["firewall-rules", "describe", named(&by.name)], false),
        (Some(policy), RuleKind::Hierarchical) => {
            compute_anywhere(&["firewall-policies", "describe", policy])
        }
        (Some(policy), RuleKind::Global) => {
            compute(view, &["network-firewall-policies", "describe", policy, "--global"], false)
        }
        (Some(policy), RuleKind::Regional) => {
            let region = format!("--region={}", view.service.region);
            compute(view, &["network-firewall-policies", "describe", policy, &region], false)
        }
        (_, RuleKind::Hierarchical | RuleKind::Global | RuleKind::Regional)
        | (_, RuleKind::System | RuleKind::Connector | RuleKind::Implied) => {
            compute(view, &["networks", "get-effective-firewalls", "NETWORK"], false)
        }
    }
}

/// The API of VPC connectors, and the project in which Google says that it is off.
///
/// Google says so of the project that asks, too: it points to a cause, and proves none.
pub(super) fn connectors_off<'a>(view: &View<'a>) -> Option<(&'a str, &'a str)> {
    view.of(check_id::VPC_CONNECTOR_READY).find_map(|node| match &node.outcome {
        Some(Outcome::Inconclusive { why: Unread::ApiDisabled { api, project } })
            if api == "vpcaccess.googleapis.com" =>
        {
            Some((api.as_str(), project.as_str()))
        }
        Some(
            Outcome::Passed { .. }
            | Outcome::Failed { .. }
            | Outcome::Blocked { .. }
            | Outcome::Skipped { .. }
            | Outcome::Inconclusive { .. },
        )
        | None => None,
    })
}

/// What is made of packets that vanish, or of a database that is down for the service, where that API is off.
pub(super) fn without_connectors(seen: &str, api: &str, project: &str) -> Judgement {
    Judgement::likely(
        CauseCode::VpcApiDisabled,
        format!(
            "{seen}; {api} is switched off in project {project}, and without it connectors carry nothing"
        ),
    )
    .fix(
        "switch it on; that takes a minute or two",
        command(["gcloud", "services", "enable", api, &format!("--project={project}")]),
    )
}

fn named(name: &str) -> &str {
    if name.is_empty() { "NAME" } else { name }
}

/// `gcloud compute …`, in the service's region where the resource has one.
fn compute(view: &View<'_>, words: &[&str], regional: bool) -> Option<String> {
    let (project, region) = (view.project_flag(), view.region_flag());
    let region = regional.then_some(&*region);
    let all = ["gcloud", "compute"].into_iter().chain(words.iter().copied());
    Some(command(all.chain(region).chain([&*project])))
}

/// `gcloud network-connectivity policy-based-routes …`.
fn policy_based_routes(view: &View<'_>, words: &[&str]) -> Option<String> {
    let project = view.project_flag();
    let all =
        ["gcloud", "network-connectivity", "policy-based-routes"].into_iter().chain(words.iter().copied());
    Some(command(all.chain([&*project])))
}

fn compute_anywhere(words: &[&str]) -> Option<String> {
    Some(command(["gcloud", "compute"].into_iter().chain(words.iter().copied())))
}

/// `gcloud services vpc-peerings …`.
fn peerings(view: &View<'_>, words: &[&str]) -> Option<String> {
    let project = view.project_flag();
    let service = "--service=servicenetworking.googleapis.com";
    let all = ["gcloud", "services", "vpc-peerings"].into_iter().chain(words.iter().copied());
    Some(command(all.chain([service, &*project])))
}

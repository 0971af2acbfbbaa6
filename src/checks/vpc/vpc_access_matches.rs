//! The new revision has the connector, egress, network and subnetwork that the pipeline declares.
//!
//! Compared is what the pipeline states and resolves. What it does not state it may leave as an earlier deploy set it,
//! so that nothing is expected there.

use google_cloud_run_v2::model::vpc_access::VpcEgress;
use google_cloud_run_v2::model::{Revision, VpcAccess};

use crate::checks::{Check, Subjects, USUAL, place};
use crate::live::Scope;
use crate::live::service::{failed, passed};
use crate::model::resource::short;
use crate::model::{Service, Stated, Target, resource};
use crate::network::Network;
use crate::record::finding::{Finding, PathFinding};
use crate::record::{Fact, Family, Outcome, Skip, check_id};
use crate::text::bounded;

/// See the module.
pub(in crate::checks) static CHECK: Check = Check {
    id: check_id::VPC_ACCESS_MATCHES,
    holds: "The new revision has the VPC access that the pipeline declares",
    family: Family::Vpc,
    place: place::of_vpc,
    // These say what is broken about the way that the revision has, and that is more than that it is another.
    explained_by: &[
        check_id::VPC_CONNECTOR_IN_REGION,
        check_id::EGRESS_COVERS_DATABASE,
        check_id::SUBNET_LARGE_ENOUGH,
        check_id::ADDRESS_RANGE_FREE,
        check_id::EGRESS_FIREWALL_ALLOWS,
        check_id::ROUTE_LEADS_TO_DATABASE,
        check_id::INGRESS_FIREWALL_ALLOWS,
        check_id::NAT_PRESENT,
    ],
    subjects: |service| if stated(service).is_empty() { Subjects::None } else { Subjects::Whole },
    run: |scope| Box::pin(run(scope)),
    ..USUAL
};

/// A part of the way into a VPC network.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Part {
    Connector,
    Egress,
    Network,
    Subnetwork,
}

impl Part {
    fn word(self) -> &'static str {
        match self {
            Self::Connector => "connector",
            Self::Egress => "egress",
            Self::Network => "network",
            Self::Subnetwork => "subnetwork",
        }
    }
}

/// What the pipeline states; an empty text clears what an earlier deploy set.
fn stated(service: &Service) -> Vec<(Part, &Stated)> {
    let vpc = &service.vpc;
    let parts = [
        (Part::Connector, &vpc.connector),
        (Part::Egress, &vpc.egress),
        (Part::Network, &vpc.network),
        (Part::Subnetwork, &vpc.subnet),
    ];
    let parts = parts.into_iter().filter_map(|(part, stated)| Some((part, stated.as_ref()?)));
    parts.filter(|(_, stated)| !stated.raw().is_empty()).collect()
}

async fn run(scope: &Scope) -> Outcome {
    let revision = match scope.revision().await {
        Ok(revision) => revision,
        Err(outcome) => return outcome,
    };
    let compared = compare_all(&scope.target, &revision);
    let mut differing = compared.differing.into_iter();
    let Some(first) = differing.next() else {
        return pass(short(&revision.name), &compared.same, &compared.left_out);
    };
    for further in differing {
        scope.fact(Fact::Note { text: further.to_string() });
    }
    failed(Finding::Path(first))
}

fn pass(revision: &str, same: &[String], left_out: &[String]) -> Outcome {
    let left_out = left_out.join(", ");
    if same.is_empty() {
        return Outcome::Skipped { reason: Skip::Unresolved { what: left_out } };
    }
    let same = same.join(", ");
    passed(if left_out.is_empty() {
        format!("{revision} has the declared {same}")
    } else {
        format!("{revision} has the declared {same}; not compared: {left_out}")
    })
}

#[derive(Debug, Default)]
struct Compared {
    same: Vec<String>,
    differing: Vec<PathFinding>,
    /// Part and expression, of what the files do not resolve or this version does not know.
    left_out: Vec<String>,
}

fn compare_all(target: &Target, revision: &Revision) -> Compared {
    let mut compared = Compared::default();
    for (part, stated) in stated(&target.service) {
        let word = part.word();
        let Some(declared) = stated.as_known() else {
            compared.left_out.push(format!("{word} ({})", bounded(stated.raw())));
            continue;
        };
        match compare(target, revision.vpc_access.as_ref(), part, declared) {
            Some(Ok(())) => compared.same.push(format!("{word} {}", bounded(short(declared)))),
            Some(Err(serving)) => compared.differing.push(PathFinding::AccessDiffers {
                revision: short(&revision.name).to_owned(),
                what: word.to_owned(),
                declared: bounded(declared),
                serving: serving.map(|serving| bounded(&serving)),
            }),
            None => compared.left_out.push(format!("{word} ({})", bounded(declared))),
        }
    }
    compared
}

/// Whether the revision has what is declared; if not, what it has instead. `None`: it cannot be compared.
fn compare(
    target: &Target,
    access: Option<&VpcAccess>,
    part: Part,
    declared: &str,
) -> Option<Result<(), Option<String>>> {
    let serving = |text: &str| (!text.is_empty()).then(|| text.to_owned());
    let interface = access.and_then(|access| access.network_interfaces.first());
    match part {
        Part::Connector => {
            let live = access.map(|access| access.connector.as_str()).unwrap_or_default();
            Some(if same_connector(target, declared, live) { Ok(()) } else { Err(serving(live)) })
        }
        Part::Egress => {
            // Without a way into a network the setting has nothing to say; the other parts tell that.
            let access = access?;
            let live = match access.egress {
                VpcEgress::AllTraffic => "all-traffic",
                // Unset is Google's default.
                VpcEgress::PrivateRangesOnly | VpcEgress::Unspecified => "private-ranges-only",
                VpcEgress::UnknownValue(_) | _ => return None,
            };
            let declared = match declared.to_ascii_lowercase().replace('_', "-").as_str() {
                "all-traffic" | "all" => "all-traffic",
                "private-ranges-only" => "private-ranges-only",
                _ => return None,
            };
            Some(if declared == live { Ok(()) } else { Err(serving(live)) })
        }
        Part::Network => {
            let live = interface.map(|one| one.network.as_str()).unwrap_or_default();
            let same = match (Network::parse(declared), Network::parse(live)) {
                (Some(declared), Some(live)) => declared.same(&live),
                // Google may leave out the network of a stated subnetwork.
                (_, None) if interface.is_some_and(|one| !one.subnetwork.is_empty()) => return None,
                (_, _) => false,
            };
            Some(if same { Ok(()) } else { Err(serving(live)) })
        }
        Part::Subnetwork => {
            let live = interface.map(|one| one.subnetwork.as_str()).unwrap_or_default();
            let same = match (Network::parse(declared), Network::parse(live)) {
                (Some(declared), Some(live)) => declared.same(&live),
                // A network with automatic subnetworks has one of its own name in each region.
                (_, None) if interface.is_some_and(|one| !one.network.is_empty()) => return None,
                (_, _) => false,
            };
            Some(if same { Ok(()) } else { Err(serving(live)) })
        }
    }
}

/// Whether two names mean the same connector. A project by number and one by id may be the same; then the rest
/// decides.
fn same_connector(target: &Target, declared: &str, live: &str) -> bool {
    if live.is_empty() {
        return false;
    }
    let full = |name: &str| resource::connector(&target.project, &target.region, name.trim());
    let (declared, live) = (full(declared), full(live));
    let part = |name: &str, of: &str| resource::segment(name, of).unwrap_or_default().to_owned();
    let number = |text: &str| !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
    let (one, other) = (part(&declared, "projects"), part(&live, "projects"));
    (one == other || number(&one) != number(&other))
        && part(&declared, "locations") == part(&live, "locations")
        && part(&declared, "connectors") == part(&live, "connectors")
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;
    use crate::live::testing::place;
    use crate::model::DeploysVia;

    const FULL: &str = "projects/p/locations/r/connectors/c";

    fn target(declare: impl FnOnce(&mut Service, &dyn Fn(&str) -> Option<Stated>)) -> Target {
        let mut service = Service::new(DeploysVia::Native, place());
        declare(&mut service, &|text| Some(Stated::known(text, place())));
        let [key, name, project, region] = ["s", "s", "p", "r"].map(str::to_owned);
        Target { key, name, project, region, revision: None, service }
    }

    fn revision(access: Value) -> Revision {
        serde_json::from_value(json!({"name": "…/revisions/s-2", "vpcAccess": access})).unwrap()
    }

    fn connector(declared: &str, live: &str) -> Compared {
        let target = target(|service, known| service.vpc.connector = known(declared));
        compare_all(&target, &revision(json!({"connector": live})))
    }

    #[test]
    fn one_connector_in_all_its_forms() {
        for (declared, live) in [
            ("c", FULL),
            (FULL, "c"),
            (FULL, "projects/123456/locations/r/connectors/c"),
            ("projects/123456/locations/r/connectors/c", FULL),
        ] {
            assert_eq!(connector(declared, live).differing, [], "{declared} {live}");
        }
        for (declared, live) in [
            ("c", "d"),
            ("c", ""),
            (FULL, "projects/q/locations/r/connectors/c"),
            ("projects/123456/locations/r/connectors/c", "projects/654321/locations/r/connectors/c"),
            ("c", "projects/p/locations/other/connectors/c"),
        ] {
            assert_eq!(connector(declared, live).differing.len(), 1, "{declared} {live}");
        }
    }

    #[test]
    fn egress_in_the_words_of_files_and_apis() {
        for (declared, live, differs) in [
            ("all-traffic", json!("ALL_TRAFFIC"), false),
            ("all", json!("ALL_TRAFFIC"), false),
            ("private-ranges-only", Value::Null, false),
            ("PRIVATE_RANGES_ONLY", json!("PRIVATE_RANGES_ONLY"), false),
            ("all-traffic", Value::Null, true),
            ("private-ranges-only", json!("ALL_TRAFFIC"), true),
            ("all-traffic", json!("BY_MOON"), false),
            ("by-moon", json!("ALL_TRAFFIC"), false),
        ] {
            let target = target(|service, known| service.vpc.egress = known(declared));
            let compared = compare_all(&target, &revision(json!({"connector": "c", "egress": live})));
            assert_eq!(!compared.differing.is_empty(), differs, "{declared} {live}: {compared:?}");
        }
    }

    #[test]
    fn networks_and_subnetworks_by_name_link_or_not_at_all() {
        let target = target(|service, known| {
            service.vpc.network = known("vpc");
            service.vpc.subnet = known("projects/p/regions/r/subnetworks/run");
        });
        let compared =
            |interface: Value| compare_all(&target, &revision(json!({"networkInterfaces": [interface]})));
        let link = "https://www.googleapis.com/compute/v1/projects/p/global/networks/vpc";
        let same = compared(json!({"network": link, "subnetwork": "run"}));
        assert_eq!((same.differing.len(), same.same.len()), (0, 2), "{same:?}");
        let half = compared(json!({"subnetwork": "run"}));
        assert_eq!((half.differing.len(), half.left_out.len()), (0, 1), "{half:?}");
        assert_eq!(compared(json!({"network": "other", "subnetwork": "run"})).differing.len(), 1);
        assert_eq!(compare_all(&target, &revision(Value::Null)).differing.len(), 2);
    }

    #[test]
    fn the_unresolved_is_not_compared_and_said_not_to_be() {
        let target = target(|service, known| {
            service.vpc.connector = Some(Stated::unresolved("$_CONNECTOR", place()));
            service.vpc.egress = known("all-traffic");
        });
        let compared = compare_all(&target, &revision(json!({"connector": "c", "egress": "ALL_TRAFFIC"})));
        let Outcome::Passed { detail } = pass("s-2", &compared.same, &compared.left_out) else {
            panic!("not passed");
        };
        assert_eq!(detail, "s-2 has the declared egress all-traffic; not compared: connector ($_CONNECTOR)");
        let none = pass("s-2", &[], &compared.left_out);
        assert!(matches!(none, Outcome::Skipped { reason: Skip::Unresolved { .. } }), "{none:?}");
    }
}

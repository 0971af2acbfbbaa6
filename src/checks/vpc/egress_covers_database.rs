//! The egress setting sends the database's address into the VPC, not past it.

use std::net::IpAddr;

use google_cloud_run_v2::model::Revision;
use google_cloud_run_v2::model::vpc_access::VpcEgress;

use crate::checks::database::declared;
use crate::checks::{Check, USUAL, either, place};
use crate::live::Scope;
use crate::live::network::private_database_address;
use crate::live::service::{failed, malformed, not_applicable, not_visible, passed};
use crate::live::vpc_access::{WayIn, way_in};
use crate::model::resource::short;
use crate::network::Fault;
use crate::network::ranges::carried_as_private_range;
use crate::record::finding::{Finding, PathFinding};
use crate::record::{Family, Outcome, check_id};
use crate::text::bounded;

/// See the module.
pub(in crate::checks) static CHECK: Check = Check {
    id: check_id::EGRESS_COVERS_DATABASE,
    holds: "The egress setting sends the database's address into the VPC network",
    family: Family::Vpc,
    place: place::of_vpc,
    needs: &[check_id::VPC_ACCESS_PRESENT],
    subjects: declared,
    run: |scope| either(look(scope)),
    ..USUAL
};

async fn look(scope: &Scope) -> Result<Outcome, Outcome> {
    let address = private_database_address(scope).await?;
    let revision = scope.revision().await?;
    Ok(judge(&revision, address))
}

fn judge(revision: &Revision, address: IpAddr) -> Outcome {
    let name = short(&revision.name);
    let Some(access) = &revision.vpc_access else {
        return not_applicable(format!("{name} has no way into a VPC network"));
    };
    // Whatever the setting says: connectors carry no IPv6 (<https://docs.cloud.google.com/run/docs/known-issues>).
    if let (Some(WayIn::Connector(connector)), true) = (way_in(revision), address.to_canonical().is_ipv6()) {
        return failed(Finding::Path(PathFinding::Way {
            by: format!("connector {}", bounded(short(connector))),
            port: 5432,
            address,
            fault: Fault::ConnectorWithoutIpv6 { address },
            proven: true,
        }));
    }
    if access.egress == VpcEgress::AllTraffic {
        return passed(format!("{name} sends all traffic into the VPC"));
    }
    // Unset is Cloud Run's default.
    if access.egress != VpcEgress::PrivateRangesOnly && access.egress != VpcEgress::Unspecified {
        return malformed(format!("revision {name}"), "its egress setting is none that this version knows");
    }
    match carried_as_private_range(address) {
        Some(true) => passed(format!("PRIVATE_RANGES_ONLY of {name} carries {address}")),
        Some(false) => failed(Finding::Path(PathFinding::EgressBypasses {
            revision: name.to_owned(),
            egress: "PRIVATE_RANGES_ONLY".to_owned(),
            address,
        })),
        None => not_visible(format!("Google does not say whether PRIVATE_RANGES_ONLY carries {address}")),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;

    fn judged(egress: Value, address: &str) -> Outcome {
        let interfaces = json!([{"network": "n", "subnetwork": "s"}]);
        by(json!({"networkInterfaces": interfaces, "egress": egress}), address)
    }

    fn by(access: Value, address: &str) -> Outcome {
        let revision = json!({"name": "…/s-1", "vpcAccess": access});
        judge(&serde_json::from_value(revision).unwrap(), address.parse().unwrap())
    }

    #[test]
    fn a_connector_carries_no_ipv6_whatever_the_setting() {
        for egress in ["ALL_TRAFFIC", "PRIVATE_RANGES_ONLY"] {
            let Outcome::Failed { finding } = by(json!({"connector": "c", "egress": egress}), "fd00::1")
            else {
                panic!("passed")
            };
            assert!(finding.to_string().contains("carries no IPv6"), "{finding}");
        }
        assert!(matches!(
            by(json!({"connector": "c", "egress": "ALL_TRAFFIC"}), "10.0.0.3"),
            Outcome::Passed { .. }
        ));
    }

    /// A public range that a network uses privately.
    const PUPI: &str = "30.1.2.3";

    #[test]
    fn all_traffic_carries_everything() {
        for address in ["10.0.0.3", PUPI, "fd00::1"] {
            assert!(matches!(judged(json!("ALL_TRAFFIC"), address), Outcome::Passed { .. }), "{address}");
        }
    }

    #[test]
    fn private_ranges_only_is_the_default_and_carries_private_ranges_only() {
        for egress in [json!("PRIVATE_RANGES_ONLY"), json!(0), Value::Null] {
            assert!(matches!(judged(egress.clone(), "100.64.0.9"), Outcome::Passed { .. }));
            let Outcome::Failed { finding } = judged(egress, PUPI) else { panic!("passed") };
            assert!(finding.to_string().contains("does not send 30.1.2.3 into the VPC"), "{finding}");
        }
    }

    #[test]
    fn what_is_not_known_is_not_judged() {
        assert!(matches!(judged(json!("PRIVATE_RANGES_ONLY"), "fd00::1"), Outcome::Skipped { .. }));
        assert!(matches!(judged(json!("PRIVATE_RANGES_ONLY"), "240.0.0.9"), Outcome::Skipped { .. }));
        assert!(matches!(judged(json!("SOME_OF_IT"), "10.0.0.3"), Outcome::Inconclusive { .. }));
    }
}

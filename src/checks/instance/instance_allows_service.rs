//! The Cloud SQL instance admits connections as the service makes them: directly, and from where it leaves.

use std::net::{IpAddr, Ipv4Addr};

use google_cloud_run_v2::model::Revision;
use google_cloud_run_v2::model::vpc_access::VpcEgress;
use google_cloud_sql_v1::model::settings::ConnectorEnforcement;
use google_cloud_sql_v1::model::{AclEntry, DatabaseInstance, SqlIpAddressType};
use ipnet::Ipv4Net;
use jiff::Timestamp;

use crate::checks::database::declared;
use crate::checks::{Check, USUAL, either, place};
use crate::live::instance::{Reached, connection_name, of_type, own_instance, reached};
use crate::live::service::{failed, malformed, not_applicable, not_visible, passed};
use crate::live::vpc_access::way_in;
use crate::live::{Scope, connection};
use crate::record::finding::{Finding, InstanceFinding};
use crate::record::{Family, Outcome, check_id};
use crate::text::bounded;

/// See the module.
pub(in crate::checks) static CHECK: Check = Check {
    id: check_id::INSTANCE_ALLOWS_SERVICE,
    holds: "The Cloud SQL instance admits the service",
    family: Family::Instance,
    place: place::of_instance,
    subjects: declared,
    run: |scope| either(look(scope)),
    ..USUAL
};

async fn look(scope: &Scope) -> Result<Outcome, Outcome> {
    let revision = scope.revision().await?;
    let Some(host) = connection::host(scope).await? else {
        return Err(connection::unstated("the database's host"));
    };
    match reached(&host, revision.containers.len() > 1) {
        Reached::Directly(host) => {
            let instance = own_instance(scope).await?;
            Ok(judge(&instance, &host, &revision, Timestamp::now()))
        }
        Reached::Socket(_) | Reached::Sidecar => {
            Err(not_applicable("the service connects through a connector, which every instance admits"))
        }
    }
}

fn judge(instance: &DatabaseInstance, host: &str, revision: &Revision, now: Timestamp) -> Outcome {
    let name = connection_name(instance);
    let settings = instance.settings.as_ref();
    if settings.is_some_and(|settings| settings.connector_enforcement == ConnectorEnforcement::Required) {
        let host = bounded(host);
        return failed(Finding::Instance(InstanceFinding::ConnectorRequired { instance: name, host }));
    }
    let public = of_type(instance, &SqlIpAddressType::Primary);
    let Some(dialled) = host.parse::<IpAddr>().ok().filter(|address| public.contains(address)) else {
        return passed(format!(
            "{name} takes direct connections, and {} is not its public address",
            bounded(host)
        ));
    };
    let entries = settings.and_then(|settings| settings.ip_configuration.as_ref());
    let entries =
        entries.map(|configuration| configuration.authorized_networks.as_slice()).unwrap_or_default();
    let entries: Vec<&AclEntry> = entries.iter().filter(|entry| !expired(entry, now)).collect();
    let networks: Vec<String> = entries.iter().map(|entry| bounded(&entry.value)).collect();
    let Some(admitted) = entries.iter().map(|entry| network(&entry.value)).collect::<Option<Vec<Ipv4Net>>>()
    else {
        return malformed(name, "one of its authorised networks is no range of IPv4 addresses");
    };
    if Ipv4Net::aggregate(&admitted).iter().any(|range| range.prefix_len() == 0) {
        return passed(format!("{name} admits every address at {dialled}"));
    }
    let through_vpc = way_in(revision).is_some()
        && revision.vpc_access.as_ref().is_some_and(|access| access.egress == VpcEgress::AllTraffic);
    if through_vpc && !networks.is_empty() {
        return not_visible(format!(
            "all traffic leaves through the VPC network, and whether {name} admits the addresses of its NAT is not read"
        ));
    }
    failed(Finding::Instance(InstanceFinding::NotAuthorized { instance: name, dialled, networks }))
}

fn expired(entry: &AclEntry, now: Timestamp) -> bool {
    entry.expiration_time.as_ref().is_some_and(|end| end.seconds() <= now.as_second())
}

/// A range, or one address.
fn network(text: &str) -> Option<Ipv4Net> {
    let text = text.trim();
    text.parse().ok().or_else(|| text.parse::<Ipv4Addr>().ok().map(Ipv4Net::from))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use serde_json::{Value, json};

    use super::*;

    const PUBLIC: &str = "203.0.113.7";

    fn judged(host: &str, egress: &str, change: impl FnOnce(&mut Value)) -> Outcome {
        let mut body: Value =
            serde_json::from_str(include_str!("../../../tests/data/google/instance.json")).unwrap();
        change(&mut body["settings"]);
        let revision = json!({"vpcAccess": {"connector": "c", "egress": egress}});
        let now: Timestamp = "2026-03-09T12:00:00Z".parse().unwrap();
        let instance = serde_json::from_value(body).unwrap();
        judge(&instance, host, &serde_json::from_value(revision).unwrap(), now)
    }

    fn networks(networks: Value) -> impl FnOnce(&mut Value) {
        move |settings| settings["ipConfiguration"]["authorizedNetworks"] = networks
    }

    #[test]
    fn connectors_only_is_seen_before_anything_else() {
        for host in ["10.20.0.3", PUBLIC] {
            let outcome = judged(host, "", |settings| settings["connectorEnforcement"] = json!("REQUIRED"));
            let Outcome::Failed { finding } = outcome else { panic!("{host}") };
            assert!(finding.to_string().contains("connectorEnforcement REQUIRED"));
        }
    }

    #[test]
    fn authorised_networks_matter_at_the_public_address_only() {
        assert!(matches!(judged("10.20.0.3", "", |_| ()), Outcome::Passed { .. }));
        assert!(matches!(judged(PUBLIC, "", |_| ()), Outcome::Failed { .. }), "none is admitted");
        for all in
            [json!([{"value": "0.0.0.0/0"}]), json!([{"value": "0.0.0.0/1"}, {"value": "128.0.0.0/1"}])]
        {
            assert!(matches!(judged(PUBLIC, "", networks(all)), Outcome::Passed { .. }));
        }
        let office = json!([{"value": "198.51.100.4", "name": "office"}]);
        assert!(matches!(
            judged(PUBLIC, "PRIVATE_RANGES_ONLY", networks(office.clone())),
            Outcome::Failed { .. }
        ));
        let nat = judged(PUBLIC, "ALL_TRAFFIC", networks(office));
        assert!(matches!(nat, Outcome::Skipped { .. }), "the NAT's address may be that one: {nat:?}");
        assert!(matches!(
            judged(PUBLIC, "", networks(json!([{"value": "x"}]))),
            Outcome::Inconclusive { .. }
        ));
    }

    #[test]
    fn an_entry_that_has_expired_admits_nobody() {
        let until = |time| json!([{"value": "0.0.0.0/0", "expirationTime": time}]);
        assert!(matches!(
            judged(PUBLIC, "", networks(until("2026-03-09T11:59:59Z"))),
            Outcome::Failed { .. }
        ));
        assert!(matches!(
            judged(PUBLIC, "", networks(until("2026-03-10T00:00:00Z"))),
            Outcome::Passed { .. }
        ));
    }

    proptest! {
        #[test]
        fn any_text_as_a_network(text in "\\PC{0,60}") {
            let _ = judged(PUBLIC, "", networks(json!([{"value": text}])));
        }
    }
}

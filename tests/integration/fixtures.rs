//! Google's own JSON, decoded by Google's own crates: every file of `tests/data/google` is in the table.
//!
//! The libraries keep what they do not know, so that a misspelt field would pass: each row says what must have been
//! understood.

use std::collections::BTreeSet;

use google_cloud_compute_v1::model as compute;
use google_cloud_iam_v1::model::Policy;
use google_cloud_logging_v2::model::ListLogEntriesResponse;
use google_cloud_networkmanagement_v1::model::{ConnectivityTest, drop_info, reachability_details, step};
use google_cloud_policytroubleshooter_v1::model::TroubleshootIamPolicyResponse;
use google_cloud_resourcemanager_v3::model::{Folder, Project};
use google_cloud_run_v2::model::{ListRevisionsResponse, Revision, Service};
use google_cloud_secretmanager_v1::model::{Secret, SecretVersion, secret_version};
use google_cloud_sql_v1::model::{
    ConnectSettings, DatabaseInstance, DatabasesListResponse, GenerateEphemeralCertResponse,
    SqlIpAddressType, UsersListResponse, connect_settings, database_instance,
};
use google_cloud_vpcaccess_v1::model::{Connector, connector};
use rungate::probe::google::PolicyBasedRoutes;
use serde::de::DeserializeOwned;

use crate::common::root;

fn decoded<T: DeserializeOwned>(text: &str) -> T {
    serde_json::from_str(text).unwrap()
}

/// What must have been understood of a file.
type Understood = fn(&str) -> bool;

const TABLE: &[(&str, Understood)] = &[
    ("connector", |text| {
        let found: Connector = decoded(text);
        found.state == connector::State::Ready
            && !found.network.is_empty()
            && found.ip_cidr_range.ends_with("/28")
    }),
    ("secret", |text| {
        let found: Secret = decoded(text);
        found.version_aliases["current"] == 3 && found.create_time.is_some() && found.replication.is_some()
    }),
    ("secret-version", |text| enabled(text)),
    ("secret-version-newest", |text| enabled(text)),
    ("network", |text| {
        let found: compute::Network = decoded(text);
        let mode = found.routing_config.unwrap().routing_mode.unwrap();
        found.peerings[0].state == Some(compute::network_peering::State::Active)
            && mode == compute::network_routing_config::RoutingMode::Regional
            && found.network_firewall_policy_enforcement_order
                == Some(compute::network::NetworkFirewallPolicyEnforcementOrder::AfterClassicFirewall)
    }),
    ("effective-firewalls", |text| {
        let found: compute::NetworksGetEffectiveFirewallsResponse = decoded(text);
        let egress = Some(compute::firewall::Direction::Egress);
        // A rule that states no direction is for what comes in.
        found.firewalls.iter().any(|rule| rule.direction == egress && !rule.denied.is_empty())
    }),
    ("regional-firewalls", |text| {
        let found: compute::RegionNetworkFirewallPoliciesGetEffectiveFirewallsResponse = decoded(text);
        let rule = &found.firewall_policys[0].rules[0];
        rule.action.as_deref() == Some("deny") && rule.r#match.as_ref().unwrap().dest_ip_ranges.len() == 1
    }),
    ("routes", |text| {
        let found: compute::RouteList = decoded(text);
        let hops = |route: &compute::Route| {
            [
                &route.next_hop_gateway,
                &route.next_hop_network,
                &route.next_hop_instance,
                &route.next_hop_peering,
            ]
            .map(Option::is_some)
        };
        let all: Vec<_> = found.items.iter().map(hops).collect();
        all == [
            [true, false, false, false],
            [false, true, false, false],
            [false, false, true, false],
            [false, false, false, true],
        ] && found.items[2].tags == ["vpc-connector"]
    }),
    ("peering-routes", |text| {
        let found: compute::ExchangedPeeringRoutesList = decoded(text);
        found.items[0].imported == Some(true)
            && found.items[0].r#type == Some(compute::exchanged_peering_route::Type::SubnetPeeringRoute)
    }),
    ("policy-based-routes", |text| {
        // No library of Google's is used for this one list: the shape is the gate's own.
        let found: PolicyBasedRoutes = decoded(text);
        let all = &found.policy_based_routes;
        all.len() == 7
            && all[0].priority == Some(500)
            && all[0].filter.src_range.as_deref() == Some("10.132.0.0/20")
            && all[1].next_hop_other_routes.as_deref() == Some("DEFAULT_ROUTING")
            && all[2].virtual_machine.as_ref().unwrap().tags == ["batch"]
            && all[4].filter.protocol_version.as_deref() == Some("IPV6")
            && all[5].interconnect_attachment.as_ref().unwrap().region == "europe-west1"
    }),
    ("subnetwork", |text| {
        let found: compute::Subnetwork = decoded(text);
        found.ip_cidr_range.as_deref() == Some("10.132.0.0/26") && found.network.is_some()
    }),
    ("routers", |text| {
        let found: compute::RouterList = decoded(text);
        let nat = &found.items[0].nats[0];
        nat.source_subnetwork_ip_ranges_to_nat
            == Some(compute::router_nat::SourceSubnetworkIpRangesToNat::ListOfSubnetworks)
            && nat.subnetworks[0].name.is_some()
            && nat.endpoint_types == [compute::router_nat::EndpointTypes::EndpointTypeVm]
    }),
    ("router-status", |text| {
        let found: compute::RouterStatusResponse = decoded(text);
        found.result.unwrap().best_routes[0].next_hop_vpn_tunnel.is_some()
    }),
    ("addresses", |text| {
        let found: compute::AddressList = decoded(text);
        found.items[0].purpose == Some(compute::address::Purpose::VpcPeering)
            && found.items[0].prefix_length == Some(16)
    }),
    ("forwarding-rules", |text| {
        let found: compute::ForwardingRuleList = decoded(text);
        found.items[0].psc_connection_status == Some(compute::forwarding_rule::PscConnectionStatus::Accepted)
            && found.items[0].ip_address.as_deref() == Some("10.132.0.9")
    }),
    ("machines", |text| {
        let found: compute::InstanceAggregatedList = decoded(text);
        let machine = &found.items["zones/europe-west1-b"].instances[0];
        machine.network_interfaces[0].network_ip.as_deref() == Some("10.132.0.5")
            && machine.tags.as_ref().unwrap().items == ["postgres"]
    }),
    ("connectivity-test", |text| {
        let found: ConnectivityTest = decoded(text);
        let details = found.reachability_details.unwrap();
        let last = details.traces[0].steps.last().unwrap();
        let dropped = last.drop().is_some_and(|info| info.cause == drop_info::Cause::FirewallRule);
        details.result == reachability_details::Result::Unreachable
            && last.state == step::State::Drop
            && dropped
    }),
    ("log-entries", |text| {
        let found: ListLogEntriesResponse = decoded(text);
        found.entries[0].text_payload().is_some() && found.entries[1].json_payload().is_some()
    }),
    ("service", |text| service(text)),
    ("service-failed-first", |text| service(text)),
    ("service-pinned", |text| service(text)),
    ("service-reconciling", |text| service(text)),
    ("revision", |text| revision(text)),
    ("revision-future", |text| revision(text)),
    ("revision-image-denied", |text| revision(text)),
    ("revision-image-missing", |text| revision(text)),
    ("revision-network-missing", |text| revision(text)),
    ("revision-secret-missing", |text| revision(text)),
    ("revision-secrets-denied", |text| revision(text)),
    ("revision-start-failed", |text| revision(text)),
    ("revisions", |text| decoded::<ListRevisionsResponse>(text).revisions.len() > 1),
    ("instance", |text| instance(text)),
    ("sql-instance-disk-full", |text| instance(text)),
    ("sql-instance-mysql", |text| instance(text)),
    ("sql-instance-psc", |text| {
        let found: DatabaseInstance = decoded(text);
        let configuration = found.settings.unwrap().ip_configuration.unwrap();
        configuration.psc_config.is_some_and(|psc| psc.psc_enabled == Some(true))
    }),
    ("sql-instance-stopped", |text| instance(text)),
    ("sql-instance-strict", |text| instance(text)),
    ("sql-instance-suspended", |text| {
        let found: DatabaseInstance = decoded(text);
        found.state == database_instance::SqlInstanceState::Suspended && !found.suspension_reason.is_empty()
    }),
    ("sql-connect-settings", |text| {
        let found: ConnectSettings = decoded(text);
        let public = found.ip_addresses.iter().any(|one| one.r#type == SqlIpAddressType::Primary);
        public
            && found.server_ca_mode == connect_settings::CaMode::GoogleManagedInternalCa
            && found.server_ca_cert.is_some_and(|one| one.cert.starts_with("-----BEGIN CERTIFICATE-----"))
    }),
    ("sql-connect-settings-cas", |text| {
        let found: ConnectSettings = decoded(text);
        found.server_ca_mode == connect_settings::CaMode::GoogleManagedCasCa
            && found.dns_names[0].name == found.dns_name
            && !found.dns_name.is_empty()
    }),
    ("sql-ephemeral-cert", |text| {
        let found: GenerateEphemeralCertResponse = decoded(text);
        found.ephemeral_cert.is_some_and(|one| one.cert.starts_with("-----BEGIN CERTIFICATE-----"))
    }),
    ("sql-users", |text| decoded::<UsersListResponse>(text).items.iter().all(|user| !user.name.is_empty())),
    ("sql-databases", |text| {
        decoded::<DatabasesListResponse>(text).items.iter().all(|one| !one.name.is_empty())
    }),
    ("project-policy", |text| policy(text)),
    ("secret-policy", |text| policy(text)),
    ("project", |text| !decoded::<Project>(text).project_id.is_empty()),
    ("folder", |text| decoded::<Folder>(text).parent.starts_with("organizations/")),
    ("troubleshoot-not-granted", |text| {
        let found: TroubleshootIamPolicyResponse = decoded(text);
        found.access.name() == Some("NOT_GRANTED")
    }),
];

fn enabled(text: &str) -> bool {
    decoded::<SecretVersion>(text).state == secret_version::State::Enabled
}

fn service(text: &str) -> bool {
    let found: Service = decoded(text);
    found.template.is_some()
        && found.terminal_condition.is_some()
        && !found.latest_created_revision.is_empty()
}

fn revision(text: &str) -> bool {
    let found: Revision = decoded(text);
    !found.conditions.is_empty() && found.name.contains("/revisions/")
}

fn instance(text: &str) -> bool {
    let found: DatabaseInstance = decoded(text);
    found.state.name().is_some() && found.settings.is_some() && found.database_version.name().is_some()
}

fn policy(text: &str) -> bool {
    let found: Policy = decoded(text);
    found.bindings.iter().all(|binding| !binding.role.is_empty() && !binding.members.is_empty())
}

#[test]
fn every_fixture_is_understood() {
    for (name, understood) in TABLE {
        let text = std::fs::read_to_string(root().join(format!("tests/data/google/{name}.json"))).unwrap();
        assert!(understood(&text), "{name}.json");
    }
}

/// The errors have a test of their own, beside what reads them.
#[test]
fn every_file_is_in_the_table() {
    let names = std::fs::read_dir(root().join("tests/data/google")).unwrap();
    let names = names.map(|entry| entry.unwrap().file_name().into_string().unwrap());
    let resources = names.filter(|name| !name.starts_with("error-"));
    let files: BTreeSet<String> = resources.map(|name| name.trim_end_matches(".json").to_owned()).collect();
    let rows: BTreeSet<String> = TABLE.iter().map(|(name, _)| (*name).to_owned()).collect();
    assert_eq!(files, rows);
}

//! Google's JSON, converted and walked.

use std::net::IpAddr;

use google_cloud_compute_v1::model::{
    NetworksGetEffectiveFirewallsResponse, RegionNetworkFirewallPoliciesGetEffectiveFirewallsResponse,
};
use serde_json::json;

use super::firewall::firewall;
use super::*;
use crate::network::firewall::{Action, Direction, OpaqueKind, Order, Ports, Protocol};
use crate::network::routes::{Hop, RouteKind};
use crate::network::{Fact, Network, Translated};

fn from<T: serde::de::DeserializeOwned>(json: serde_json::Value) -> T {
    serde_json::from_value(json).unwrap()
}

#[test]
fn a_firewall_in_googles_form_is_read_whole() {
    let effective: NetworksGetEffectiveFirewallsResponse = from(
        serde_json::from_str(include_str!("../../../../tests/data/google/effective-firewalls.json")).unwrap(),
    );
    let regional = RegionNetworkFirewallPoliciesGetEffectiveFirewallsResponse::default();
    let network =
        from(json!({"name": "vpc", "networkFirewallPolicyEnforcementOrder": "BEFORE_CLASSIC_FIREWALL"}));
    let found = firewall(Some(&network), &effective, Fact::Known(&regional));

    assert_eq!(found.order, Order::BeforeClassicFirewall);
    assert_eq!(found.hierarchical.len(), 1);
    assert_eq!(found.global.len(), 1);
    let deny = &found.rules[0];
    assert_eq!((deny.name.as_str(), deny.priority, &deny.action), ("deny-postgres", 900, &Action::Deny));
    assert_eq!(deny.direction, Direction::Egress);
    assert_eq!(deny.targets.tags, ["vpc-connector"]);
    assert_eq!(deny.traffic[0].protocol, Protocol::Tcp);
    assert_eq!(deny.traffic[0].ports[0], Ports::Range { first: 5432, last: 5432 });
    let unset = &found.rules[1];
    assert_eq!((unset.priority, unset.direction, unset.disabled), (1000, Direction::Ingress, false));
    let opaque = &found.hierarchical[0].rules[0];
    assert_eq!(opaque.action, Action::GotoNext);
    assert_eq!(opaque.to.opaque[0].kind, OpaqueKind::Fqdn);
    assert_eq!(found.global[0].rules[0].action, Action::Other("mirror".to_owned()));
}

#[test]
fn without_its_network_the_order_is_not_known() {
    let found =
        firewall(None, &NetworksGetEffectiveFirewallsResponse::default(), Fact::Hidden("no".to_owned()));
    assert_eq!(found.order, Order::Unread);
    assert!(found.regional.read().is_err());
}

#[test]
fn policy_based_routes_in_googles_form() {
    let page: crate::probe::google::PolicyBasedRoutes =
        serde_json::from_str(include_str!("../../../../tests/data/google/policy-based-routes.json")).unwrap();
    let vpc = Network::parse("projects/demo-project/global/networks/demo-vpc").unwrap();
    let found = convert::policy_routes(&page.policy_based_routes, &vpc).unwrap();
    let all: Vec<_> =
        found.iter().map(|one| (one.name.as_str(), one.priority, one.hop.as_deref(), one.tcp)).collect();
    // Neither that of another network nor that of VLAN attachments.
    assert_eq!(
        all,
        [
            ("through-the-appliance", 500, Some("10.132.0.100"), true),
            ("skip-for-databases", 100, None, true),
            ("inspect-batch", 1000, Some("10.132.0.100"), true),
            ("udp-only", 1000, Some("10.132.0.100"), false),
            ("six", 1000, Some("fd20::100"), true),
        ]
    );
    assert_eq!(
        (found[0].from, found[0].to.to_string()),
        ("10.132.0.0/20".parse().ok(), "0.0.0.0/0".to_owned())
    );
    assert_eq!((found[1].from, found[1].to.to_string()), (None, "10.20.0.0/16".to_owned()));
    assert_eq!(found[2].tags, ["batch"]);
    assert_eq!(found[4].to.to_string(), "::/0");
}

/// What a value of the future means nobody knows: it decides nothing.
#[test]
fn values_of_the_future_prove_nothing() {
    let peering = |state: &str| convert::peerings(&[from(json!({"name": "p", "state": state}))]);
    assert!(peering("ACTIVE").is_ok_and(|all| all[0].active));
    assert!(peering("INACTIVE").is_ok_and(|all| !all[0].active));
    assert!(peering("DREAMING").is_err_and(|why| why.contains("DREAMING")));

    let nat = |ranges: &str| {
        let nat = json!({"name": "n", "sourceSubnetworkIpRangesToNat": ranges});
        let router = json!({"name": "r", "network": "vpc", "nats": [nat]});
        convert::nats(&[from(router)], &Network::parse("vpc").unwrap())
    };
    assert!(
        nat("ALL_SUBNETWORKS_ALL_IP_RANGES").is_ok_and(|all| all[0].translates == Translated::AllSubnets)
    );
    assert!(nat("ALL_BUT_MONDAYS").is_err_and(|why| why.contains("ALL_BUT_MONDAYS")));

    let effective: NetworksGetEffectiveFirewallsResponse = from(json!({
        "firewalls": [{"name": "sideways", "direction": "SIDEWAYS", "denied": [{"IPProtocol": "all"}]}],
        "firewallPolicys": [{"type": "GALACTIC", "shortName": "far", "rules": [{"action": "deny", "priority": 1}]}],
    }));
    let regional = from(json!({"firewallPolicys": [{"type": "LUNAR", "rules": [{"action": "deny"}]}]}));
    let found = firewall(None, &effective, Fact::Known(&regional));
    let directions: Vec<_> = found.rules.iter().map(|rule| rule.direction).collect();
    assert_eq!(directions, [Direction::Ingress, Direction::Egress]);
    let regional = found.regional.read().unwrap();
    let policies = found.hierarchical.iter().chain(&regional.network);
    let rules: Vec<_> = policies.flat_map(|policy| &policy.rules).chain(&found.rules).collect();
    assert_eq!(rules.len(), 4);
    assert!(rules.iter().all(|rule| matches!(rule.action, Action::Other(_))), "{rules:?}");
}

/// A gateway that translates secondary ranges alone does nothing for services; ports are told.
#[test]
fn nat_translates_primary_ranges_by_so_many_ports() {
    let nats = |nat: serde_json::Value| {
        let router = json!({"name": "r", "network": "vpc", "nats": [nat]});
        convert::nats(&[from(router)], &Network::parse("vpc").unwrap()).unwrap().remove(0)
    };
    let listed = |ranges: serde_json::Value| {
        nats(json!({"name": "n", "sourceSubnetworkIpRangesToNat": "LIST_OF_SUBNETWORKS",
            "subnetworks": [{"name": "regions/r/subnetworks/run", "sourceIpRangesToNat": ranges}]}))
    };
    let run = Translated::Subnets(vec!["run".to_owned()]);
    assert_eq!(listed(json!(["PRIMARY_IP_RANGE"])).translates, run);
    assert_eq!(listed(json!(["ALL_IP_RANGES"])).translates, run);
    assert_eq!(listed(json!(["LIST_OF_SECONDARY_IP_RANGES"])).translates, Translated::Subnets(Vec::new()));
    assert_eq!(listed(json!([])).ports, Some(64));
    assert_eq!(nats(json!({"name": "n", "minPortsPerVm": 1024})).ports, Some(1024));
    assert_eq!(nats(json!({"name": "n", "enableDynamicPortAllocation": true})).ports, None);
}

#[test]
fn a_policy_based_route_of_the_future_hides_what_they_do() {
    let vpc = Network::parse("vpc").unwrap();
    let plain = json!({"name": "x/r", "network": "vpc", "nextHopIlbIp": "10.1.0.9", "filter": {}});
    let with = |path: &str, value: serde_json::Value| {
        let mut route = plain.clone();
        *route.pointer_mut("/filter").unwrap() = json!({});
        match path.strip_prefix("filter.") {
            Some(key) => route["filter"][key] = value,
            None => route[path] = value,
        }
        convert::policy_routes(&[from(route)], &vpc)
    };
    assert!(with("priority", json!(7)).is_ok_and(|routes| routes[0].priority == 7));
    for (path, value) in [
        ("nextHopIlbIp", json!("")),
        ("filter.protocolVersion", json!("IPV8")),
        ("filter.srcRange", json!("somewhere")),
        ("filter.destRange", json!("10.0.0.0/99")),
    ] {
        assert_eq!(with(path, value), Err("r".to_owned()), "{path}");
    }
}

#[test]
fn routes_are_of_one_network() {
    let all = [
        from(json!({"name": "a", "network": "projects/p/global/networks/vpc", "destRange": "0.0.0.0/0",
            "nextHopGateway": "projects/p/global/gateways/default-internet-gateway"})),
        from(json!({"name": "b", "network": "projects/p/global/networks/other", "destRange": "10.0.0.0/8"})),
        from(json!({"name": "c", "network": "projects/p/global/networks/vpc", "destRange": "10.1.0.0/16",
            "nextHopNetwork": "projects/p/global/networks/vpc", "priority": 0})),
        from(json!({"name": "d", "network": "projects/p/global/networks/vpc", "destRange": "10.9.0.0/16",
            "nextHopIlb": "https://x/forwardingRules/ilb"})),
        from(json!({"name": "e", "network": "projects/p/global/networks/vpc", "destRange": "nonsense"})),
    ];
    let routes = convert::routes(&all, &Network::parse("vpc").unwrap());
    let seen: Vec<_> = routes.iter().map(|one| (one.name.as_str(), one.kind, &one.hop)).collect();
    assert_eq!(
        seen,
        [
            ("a", RouteKind::Static, &Hop::InternetGateway),
            ("c", RouteKind::Subnet, &Hop::Network),
            ("d", RouteKind::Static, &Hop::LoadBalancer("ilb".to_owned())),
        ]
    );
}

#[test]
fn of_a_peering_only_what_is_imported_counts() {
    let all = [
        from(json!({"destRange": "10.20.0.0/24", "imported": true, "type": "SUBNET_PEERING_ROUTE"})),
        from(json!({"destRange": "10.30.0.0/24", "imported": false, "type": "SUBNET_PEERING_ROUTE"})),
        from(json!({"destRange": "10.40.0.0/24", "imported": true, "type": "STATIC_PEERING_ROUTE"})),
    ];
    let routes = convert::peering_routes(&all, "p");
    let kinds: Vec<RouteKind> = routes.iter().map(|route| route.kind).collect();
    assert_eq!(kinds, [RouteKind::PeeringSubnet, RouteKind::PeeringCustom]);
}

#[test]
fn endpoints_gateways_and_machines_are_found() {
    let at: IpAddr = [10, 0, 0, 5].into();
    let rules = [
        from(
            json!({"name": "psc", "IPAddress": "10.0.0.5", "network": "vpc", "pscConnectionStatus": "ACCEPTED",
            "target": "projects/x/regions/r/serviceAttachments/a", "region": "https://x/regions/europe-west1"}),
        ),
        from(
            json!({"name": "lb", "IPAddress": "10.0.0.5", "network": "vpc", "target": "projects/x/targetPools/t"}),
        ),
    ];
    let endpoints = convert::endpoints(&rules, at, "europe-west9");
    assert_eq!(endpoints.len(), 1);
    assert_eq!((endpoints[0].region.as_str(), endpoints[0].status.as_str()), ("europe-west1", "ACCEPTED"));

    let routers = [from(json!({"network": "vpc", "nats": [
        {"name": "all", "sourceSubnetworkIpRangesToNat": "ALL_SUBNETWORKS_ALL_IP_RANGES"},
        {"name": "private", "type": "PRIVATE", "sourceSubnetworkIpRangesToNat": "ALL_SUBNETWORKS_ALL_IP_RANGES"},
        {"name": "some", "sourceSubnetworkIpRangesToNat": "LIST_OF_SUBNETWORKS",
         "subnetworks": [{"name": "https://x/subnetworks/run"}]},
    ]}))];
    let nats = convert::nats(&routers, &Network::parse("vpc").unwrap()).unwrap();
    assert_eq!(nats.len(), 2, "a private NAT leads to no internet");
    assert_eq!(nats[1].translates, Translated::Subnets(vec!["run".to_owned()]));

    let machines =
        [from(json!({"name": "pg", "networkInterfaces": [{"networkIP": "10.0.0.5", "network": "vpc"}],
        "tags": {"items": ["db"]}, "serviceAccounts": [{"email": "pg@p.iam.gserviceaccount.com"}]}))];
    let machine = convert::machine(&machines, at).unwrap();
    assert_eq!((machine.name.as_str(), machine.tags[0].as_str()), ("pg", "db"));
}

/// Google's own JSON, through Google's own types, into the evaluator's facts.
#[test]
fn googles_networks_become_facts() {
    use google_cloud_compute_v1::model;

    use crate::network::routes::{Hop, RouteKind};
    use crate::network::{Network, Translated};

    macro_rules! google {
        ($file:literal as $type:ty) => {
            serde_json::from_str::<$type>(include_str!(concat!("../../../../tests/data/google/", $file)))
                .unwrap()
        };
    }
    let network = Network::parse("projects/demo-project/global/networks/default").unwrap();

    let routes = super::convert::routes(&google!("routes.json" as model::RouteList).items, &network);
    let hops: Vec<&Hop> = routes.iter().map(|route| &route.hop).collect();
    let appliance = Hop::Instance("appliance".to_owned());
    assert_eq!(hops, [&Hop::InternetGateway, &Hop::Network, &appliance], "a peering's come with the peering");
    assert_eq!((routes[2].priority, routes[2].tags.as_slice()), (100, &["vpc-connector".to_owned()][..]));

    let status = google!("router-status.json" as model::RouterStatusResponse);
    let learnt = super::convert::learnt(&status.result.unwrap().best_routes);
    assert_eq!(
        (learnt[0].kind, &learnt[0].hop),
        (RouteKind::Dynamic, &Hop::VpnTunnel("to-office".to_owned()))
    );

    let peered = google!("peering-routes.json" as model::ExchangedPeeringRoutesList);
    let peered = super::convert::peering_routes(&peered.items, "servicenetworking-googleapis-com");
    assert_eq!(peered.len(), 1, "the other one is exported");
    assert_eq!(peered[0].kind, RouteKind::PeeringSubnet);

    let peerings = super::convert::peerings(&google!("network.json" as model::Network).peerings).unwrap();
    assert!(peerings[0].active && peerings[0].is_private_services_access());
    let addresses = google!("addresses.json" as model::AddressList).items;
    assert_eq!(super::convert::allocations(&addresses, &network)[0].to_string(), "10.20.0.0/16");
    let rules = google!("forwarding-rules.json" as model::ForwardingRuleList).items;
    let endpoints = super::convert::endpoints(&rules, [10, 132, 0, 9].into(), "europe-west1");
    assert_eq!((endpoints.len(), endpoints[0].status.as_str()), (1, "ACCEPTED"));
    let routers = google!("routers.json" as model::RouterList).items;
    assert_eq!(super::convert::router_of(&routers, &network), Some("nat-router"));
    let nats = super::convert::nats(&routers, &network).unwrap();
    assert_eq!(nats[0].translates, Translated::Subnets(vec!["run".to_owned()]));
    let machines = google!("machines.json" as model::InstanceAggregatedList).items;
    let machines: Vec<_> = machines.into_values().flat_map(|scope| scope.instances).collect();
    let machine = super::convert::machine(&machines, [10, 132, 0, 5].into()).unwrap();
    assert_eq!(
        (machine.name.as_str(), machine.tags.as_slice()),
        ("postgres-1", &["postgres".to_owned()][..])
    );
    assert_eq!(machine.service_account.as_deref(), Some("postgres@demo-project.iam.gserviceaccount.com"));
}

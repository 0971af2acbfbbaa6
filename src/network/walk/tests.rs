//! One way that is whole, and what becomes of it when one fact is different.

use ipnet::IpNet;
use proptest::prelude::*;

use super::super::facts::*;
use super::super::firewall::*;
use super::super::routes::*;
use super::super::{Fact, Network};
use super::*;

fn net(text: &str) -> IpNet {
    text.parse().unwrap()
}

fn vpc(name: &str) -> Network {
    Network::parse(&format!("projects/p/global/networks/{name}")).unwrap()
}

fn hidden<T>() -> Fact<T> {
    Fact::Hidden("needs compute.networks.get".to_owned())
}

fn direct() -> DirectVpc {
    DirectVpc {
        network: vpc("vpc"),
        subnet: "run".to_owned(),
        range: Fact::Known(net("10.9.0.0/24")),
        tags: vec!["api".to_owned()],
        service_account: None,
        max_instances: Some(100),
    }
}

fn connector() -> Connector {
    Connector {
        name: "c".to_owned(),
        network: vpc("vpc"),
        range: Fact::Known(net("10.8.0.0/28")),
        subnet: None,
        in_service_project: false,
    }
}

fn services_peering() -> Peering {
    Peering {
        name: "servicenetworking-googleapis-com".to_owned(),
        network: "https://www.googleapis.com/compute/v1/projects/x-tp/global/networks/servicenetworking"
            .to_owned(),
        active: true,
        details: "[2026-01-01T00:00:00.000-00:00]: Connected.".to_owned(),
        exports_public_ranges: true,
        imports_public_ranges: false,
    }
}

fn route(name: &str, range: &str, kind: RouteKind, hop: Hop) -> Route {
    Route { name: name.to_owned(), range: net(range), kind, hop, priority: 1000, tags: Vec::new() }
}

fn peering_route(range: &str) -> Route {
    route("", range, RouteKind::PeeringSubnet, Hop::Peering("servicenetworking-googleapis-com".to_owned()))
}

/// Direct VPC egress to a Cloud SQL instance behind private services access; everything read, everything right.
fn facts() -> Facts {
    Facts {
        source: Source {
            region: "r".to_owned(),
            way: EgressPath::Direct(direct()),
            egress: Egress::PrivateRangesOnly,
        },
        destination: Destination {
            address: [10, 20, 0, 3].into(),
            ports: vec![5432, 3307],
            kind: DestinationKind::CloudSql {
                network: Some(vpc("vpc")),
                authorized: Fact::Known(Vec::new()),
            },
        },
        egress_firewall: Fact::Known(Firewall::default()),
        ingress_firewall: hidden(),
        routes: Fact::Known(vec![
            route("default", "0.0.0.0/0", RouteKind::Static, Hop::InternetGateway),
            route("run", "10.9.0.0/24", RouteKind::Subnet, Hop::Network),
        ]),
        peering_routes: Fact::Known(vec![peering_route("10.20.0.0/24")]),
        dynamic_routes: Fact::Known(Vec::new()),
        policy_routes: Fact::Known(Vec::new()),
        peerings: Fact::Known(vec![services_peering()]),
        allocations: Fact::Known(vec![net("10.20.0.0/16")]),
        endpoints: hidden(),
        nats: hidden(),
    }
}

fn machine() -> Machine {
    Machine {
        name: "db".to_owned(),
        network: vpc("vpc"),
        tags: vec!["postgres".to_owned()],
        service_account: None,
    }
}

/// The same, to a machine in the service's network that lets the subnet in.
fn to_machine() -> Facts {
    let mut facts = facts();
    facts.destination = Destination {
        address: [10, 9, 0, 7].into(),
        ports: vec![5432],
        kind: DestinationKind::Machine(machine()),
    };
    let allow = Rule {
        from: Peers { ranges: vec![net("10.9.0.0/24")], ..Peers::default() },
        ..rule("allow-run", Direction::Ingress, Action::Allow)
    };
    facts.ingress_firewall = Fact::Known(Firewall { rules: vec![allow], ..Firewall::default() });
    facts
}

fn rule(name: &str, direction: Direction, action: Action) -> Rule {
    Rule {
        name: name.to_owned(),
        priority: 1000,
        direction,
        action,
        disabled: false,
        targets: Targets::default(),
        from: Peers::default(),
        to: Peers::default(),
        traffic: Vec::new(),
        link: None,
    }
}

/// `clear`, `broken CODE`, `suspect CODE`, `unknown`; `-` for a link that the packet does not meet.
fn said(verdict: Option<&Verdict>) -> String {
    match verdict {
        None => "-".to_owned(),
        Some(Verdict::Clear(_)) => "clear".to_owned(),
        Some(Verdict::Broken(fault)) => format!("broken {}", code(fault)),
        Some(Verdict::Suspect(fault)) => format!("suspect {}", code(fault)),
        Some(Verdict::Unknown(_)) => "unknown".to_owned(),
    }
}

#[track_caller]
fn assert_link(facts: &Facts, link: Link, expected: &str) {
    let walk = walk(facts);
    assert_eq!(said(walk.verdict(link)), expected, "{:?}", walk.verdict(link));
}

/// The facts with one thing changed.
fn with(mut facts: Facts, change: impl FnOnce(&mut Facts)) -> Facts {
    change(&mut facts);
    facts
}

fn sql(facts: &mut Facts) -> (&mut Option<Network>, &mut Fact<Vec<IpNet>>) {
    let DestinationKind::CloudSql { network, authorized } = &mut facts.destination.kind else {
        panic!("no Cloud SQL")
    };
    (network, authorized)
}

fn all_clear(facts: &Facts) -> Vec<Link> {
    let walk = walk(facts);
    for step in &walk.steps {
        assert!(matches!(step.verdict, Verdict::Clear(_)), "{}: {}", step.link, step.verdict);
    }
    walk.steps.into_iter().map(|step| step.link).collect()
}

#[test]
fn a_whole_way_is_clear_in_order() {
    let out = |port| Link::EgressFirewall { port };
    let expected = [
        Link::Entry,
        Link::Network,
        Link::Subnet,
        Link::Addresses,
        Link::Peering,
        out(5432),
        out(3307),
        Link::Route,
    ];
    assert_eq!(all_clear(&facts()), expected);
    let by_connector = with(facts(), |facts| facts.source.way = EgressPath::Connector(connector()));
    let without_subnet: Vec<Link> = expected.into_iter().filter(|link| *link != Link::Subnet).collect();
    assert_eq!(all_clear(&by_connector), without_subnet);
    let expected = [
        Link::Entry,
        Link::Network,
        Link::Subnet,
        Link::Addresses,
        out(5432),
        Link::Route,
        Link::IngressFirewall { port: 5432 },
    ];
    assert_eq!(all_clear(&to_machine()), expected);
    assert_eq!(walk(&facts()).first_broken(), None);
}

/// Help of gcloud's `--vpc-egress`, <https://cloud.google.com/sdk/gcloud/reference/run/deploy>.
#[test]
fn into_the_network() {
    let entry = |facts: Facts, expected: &str, goes_on: bool| {
        let walk = walk(&facts);
        assert_eq!(said(walk.verdict(Link::Entry)), expected, "{:?}", walk.steps);
        assert_eq!(walk.steps.len() > 1, goes_on, "{:?}", walk.steps);
    };
    let to = |address: [u8; 4], kind: DestinationKind, egress: Egress| {
        with(facts(), |facts| {
            facts.destination.address = address.into();
            facts.destination.kind = kind;
            facts.source.egress = egress;
        })
    };
    let private = || facts().destination.kind;
    entry(with(facts(), |facts| facts.source.way = EgressPath::None), "broken vpc-access-missing", false);
    entry(to([30, 1, 2, 3], private(), Egress::PrivateRangesOnly), "broken egress-excludes-database", false);
    entry(to([30, 1, 2, 3], private(), Egress::AllTraffic), "clear", true);
    entry(to([240, 1, 2, 3], private(), Egress::PrivateRangesOnly), "unknown", false);
    entry(to([34, 1, 2, 3], DestinationKind::Public, Egress::PrivateRangesOnly), "clear", false);
    entry(to([34, 1, 2, 3], DestinationKind::Public, Egress::AllTraffic), "clear", true);
    entry(to([34, 1, 2, 3], DestinationKind::Unknown, Egress::PrivateRangesOnly), "unknown", false);
    entry(to([10, 1, 2, 3], DestinationKind::Unknown, Egress::PrivateRangesOnly), "clear", true);
    let nowhere = |kind: DestinationKind| {
        with(to([34, 1, 2, 3], kind, Egress::AllTraffic), |facts| facts.source.way = EgressPath::None)
    };
    entry(nowhere(DestinationKind::Public), "clear", false);
    entry(nowhere(DestinationKind::Unknown), "unknown", false);
}

/// C19: <https://docs.cloud.google.com/run/docs/known-issues>
#[test]
fn connectors_carry_no_ipv6() {
    let to = |way: EgressPath| {
        with(to_machine(), |facts| {
            facts.source.way = way;
            facts.source.egress = Egress::AllTraffic;
            facts.destination.address = "fd20::7".parse().unwrap();
        })
    };
    assert_link(&to(EgressPath::Connector(connector())), Link::Entry, "broken egress-excludes-database");
    assert_link(&to(EgressPath::Direct(direct())), Link::Entry, "clear");
}

/// "VPC Network Peering doesn't provide transitive routing": <https://cloud.google.com/vpc/docs/vpc-peering>.
#[test]
fn another_network_than_the_database() {
    let elsewhere = || {
        with(facts(), |facts| {
            *sql(facts).0 = Some(vpc("other"));
            facts.peering_routes = Fact::Known(Vec::new());
            facts.peerings = Fact::Known(Vec::new());
        })
    };
    assert_link(&elsewhere(), Link::Network, "broken vpc-wrong-network");
    assert_eq!(walk(&elsewhere()).first_broken().unwrap().0, Link::Network);
    let by_vpn = with(elsewhere(), |facts| {
        let tunnel = route("vpn", "10.20.0.0/16", RouteKind::Dynamic, Hop::VpnTunnel("t".to_owned()));
        facts.dynamic_routes = Fact::Known(vec![tunnel]);
    });
    assert_link(&by_vpn, Link::Network, "unknown");
    assert_link(&by_vpn, Link::Route, "unknown");
    assert_link(
        &with(elsewhere(), |facts| facts.routes = hidden()),
        Link::Network,
        "suspect vpc-wrong-network",
    );
    let number = Network::parse("projects/123/global/networks/vpc");
    assert_link(&with(facts(), |facts| *sql(facts).0 = number), Link::Network, "clear");
    // A machine of a peer is reached.
    let peered = with(to_machine(), |facts| {
        facts.destination.kind = DestinationKind::Machine(Machine { network: vpc("peer"), ..machine() });
        facts.destination.address = [10, 30, 0, 7].into();
        let hop = Hop::Peering("peer".to_owned());
        facts.peering_routes = Fact::Known(vec![route("", "10.30.0.0/24", RouteKind::PeeringSubnet, hop)]);
    });
    assert_link(&peered, Link::Network, "-");
    assert_link(&peered, Link::Route, "clear");
}

/// <https://cloud.google.com/run/docs/configuring/vpc-direct-vpc>: /26 or larger, twice as many addresses as instances,
/// in blocks of 16.
#[test]
fn subnets() {
    let with = |range: &str, max_instances: Option<u32>| {
        with(facts(), |facts| {
            facts.source.way =
                EgressPath::Direct(DirectVpc { range: Fact::Known(net(range)), max_instances, ..direct() });
        })
    };
    for (range, instances, expected) in [
        ("10.9.0.0/27", None, "broken subnet-exhausted"),
        ("10.9.0.0/26", None, "clear"),
        ("10.9.0.0/26", Some(24), "clear"),                     // 48 of 60
        ("10.9.0.0/26", Some(25), "suspect subnet-exhausted"),  // 64 of 60
        ("10.9.0.0/24", Some(100), "clear"),                    // 208 of 252
        ("10.9.0.0/24", Some(121), "suspect subnet-exhausted"), // 256 of 252
        ("0.0.0.0/0", Some(u32::MAX), "suspect subnet-exhausted"),
    ] {
        assert_link(&with(range, instances), Link::Subnet, expected);
    }
}

/// C12, C13, F12: <https://gcpdiag.dev/rules/cloudsql/WARN/2022_001/>, <https://cloud.google.com/run/docs/issues>, and
/// the reference of `networks`, `exportSubnetRoutesWithPublicIp`.
#[test]
fn ranges_in_the_way() {
    let from = |range: &str| {
        let range = Fact::Known(net(range));
        with(facts(), |facts| facts.source.way = EgressPath::Direct(DirectVpc { range, ..direct() }))
    };
    let to = |address: [u8; 4]| with(facts(), |facts| facts.destination.address = address.into());
    let broken = "broken address-range-conflict";
    let suspect = "suspect address-range-conflict";
    assert_link(&to([172, 17, 0, 9]), Link::Addresses, broken);
    assert_link(&to([172, 18, 0, 9]), Link::Addresses, "clear");
    assert_link(&to([192, 168, 1, 9]), Link::Addresses, suspect);
    assert_link(&from("172.17.4.0/26"), Link::Addresses, broken);
    assert_link(&from("172.16.0.0/12"), Link::Addresses, suspect);
    assert_link(&from("172.18.4.0/26"), Link::Addresses, "clear");
    assert_link(&from("10.20.0.0/26"), Link::Addresses, broken);
    assert_link(&from("10.20.0.64/26"), Link::Addresses, "clear");
    // Only Cloud SQL has Docker's bridge inside, and a machine may stand in the service's own subnet.
    let machine = |address: [u8; 4]| with(to_machine(), |facts| facts.destination.address = address.into());
    assert_link(&machine([172, 17, 0, 9]), Link::Addresses, "clear");
    assert_link(&machine([10, 9, 0, 9]), Link::Addresses, "clear");

    // Shared address space is exported always, but not authorized of itself.
    assert_link(&from("100.64.0.0/26"), Link::Addresses, suspect);
    let authorized = with(from("100.64.0.0/26"), |facts| {
        *sql(facts).1 = Fact::Known(vec![net("100.64.0.0/10")]);
    });
    assert_link(&authorized, Link::Addresses, "clear");
    assert_link(&with(from("100.64.0.0/26"), |facts| *sql(facts).1 = hidden()), Link::Addresses, "clear");
    // A public range used privately is exported unless the peering says no.
    let public = with(from("30.0.0.0/26"), |facts| *sql(facts).1 = Fact::Known(vec![net("30.0.0.0/8")]));
    assert_link(&public, Link::Addresses, "clear");
    let kept_back = with(public, |facts| {
        facts.peerings = Fact::Known(vec![Peering { exports_public_ranges: false, ..services_peering() }]);
    });
    assert_link(&kept_back, Link::Addresses, broken);
}

/// <https://cloud.google.com/vpc/docs/configure-private-services-access>
#[test]
fn private_services_access() {
    let peering = |change: fn(&mut Facts), expected: &str| {
        assert_link(&with(facts(), change), Link::Peering, expected);
    };
    let none = |facts: &mut Facts| facts.peerings = Fact::Known(Vec::new());
    peering(none, "broken peering-missing");
    peering(
        |facts| {
            facts.peerings = Fact::Known(Vec::new());
            *sql(facts).0 = None;
        },
        "suspect peering-missing",
    );
    peering(
        |facts| {
            let other = Peering { name: "to-b".to_owned(), network: "b".to_owned(), ..services_peering() };
            facts.peerings = Fact::Known(vec![other]);
        },
        "broken peering-missing",
    );
    peering(
        |facts| facts.peerings = Fact::Known(vec![Peering { active: false, ..services_peering() }]),
        "broken peering-inactive",
    );
    peering(|facts| facts.peerings = hidden(), "unknown");
    // An instance outlives its allocation; what counts is the route.
    peering(|facts| facts.allocations = Fact::Known(Vec::new()), "clear");
    peering(|facts| facts.allocations = hidden(), "clear");
    peering(|facts| facts.peering_routes = hidden(), "clear");
    peering(|facts| facts.peering_routes = Fact::Known(Vec::new()), "broken peering-range-mismatch");
    // A public range used privately is imported only where the peering says so.
    let public = |imports_public_ranges: bool| {
        with(facts(), |facts| {
            facts.source.egress = Egress::AllTraffic;
            facts.destination.address = [30, 0, 0, 3].into();
            facts.allocations = Fact::Known(vec![net("30.0.0.0/24")]);
            facts.peering_routes = hidden();
            facts.peerings = Fact::Known(vec![Peering { imports_public_ranges, ..services_peering() }]);
        })
    };
    assert_link(&public(false), Link::Peering, "suspect peering-range-mismatch");
    assert_link(&public(true), Link::Peering, "clear");
    let moved = |facts: &mut Facts| facts.allocations = Fact::Known(vec![net("10.21.0.0/16")]);
    assert_link(
        &with(with(facts(), moved), |facts| facts.peering_routes = hidden()),
        Link::Peering,
        "suspect peering-range-mismatch",
    );
    assert_link(
        &with(with(facts(), moved), |facts| {
            facts.peering_routes = Fact::Known(vec![peering_route("10.21.0.0/24")]);
        }),
        Link::Peering,
        "broken peering-range-mismatch",
    );
}

/// <https://cloud.google.com/vpc/docs/about-accessing-vpc-hosted-services-endpoints>
#[test]
fn private_service_connect() {
    let endpoint = || Endpoint {
        name: "sql".to_owned(),
        address: [10, 9, 0, 5].into(),
        network: vpc("vpc"),
        region: "r".to_owned(),
        global_access: false,
        status: "ACCEPTED".to_owned(),
    };
    let link = |endpoints: Fact<Vec<Endpoint>>, expected: &str| {
        let facts = with(facts(), |facts| {
            facts.destination.kind = DestinationKind::PrivateServiceConnect;
            facts.destination.address = [10, 9, 0, 5].into();
            facts.endpoints = endpoints;
        });
        assert_link(&facts, Link::Endpoint, expected);
        assert_link(&facts, Link::Route, "clear");
    };
    link(Fact::Known(vec![endpoint()]), "clear");
    link(Fact::Known(Vec::new()), "broken psc-endpoint-missing");
    link(hidden(), "unknown");
    let other_address = Endpoint { address: [10, 9, 0, 6].into(), ..endpoint() };
    link(Fact::Known(vec![other_address]), "broken psc-endpoint-missing");
    let pending = Endpoint { status: "PENDING".to_owned(), ..endpoint() };
    link(Fact::Known(vec![pending]), "broken psc-endpoint-missing");
    let of_the_future = Endpoint { status: "DREAMING".to_owned(), ..endpoint() };
    link(Fact::Known(vec![of_the_future]), "unknown");
    let other_region = Endpoint { region: "s".to_owned(), ..endpoint() };
    link(Fact::Known(vec![other_region.clone()]), "broken psc-endpoint-missing");
    link(Fact::Known(vec![Endpoint { global_access: true, ..other_region }]), "clear");
    let other_network = Endpoint { network: vpc("b"), ..endpoint() };
    link(Fact::Known(vec![other_network.clone()]), "suspect psc-endpoint-missing");
    link(Fact::Known(vec![other_network, endpoint()]), "clear");
}

#[test]
fn firewalls_out_of_the_service() {
    let deny = |ports: &[&str]| {
        let mut deny = rule("deny", Direction::Egress, Action::Deny);
        let ports = ports.iter().map(|port| Ports::parse(port)).collect();
        deny.traffic = vec![Traffic { protocol: Protocol::Tcp, ports }];
        let firewall = Firewall { rules: vec![deny], ..Firewall::default() };
        with(facts(), |facts| facts.egress_firewall = Fact::Known(firewall))
    };
    let (postgres, proxy) = (Link::EgressFirewall { port: 5432 }, Link::EgressFirewall { port: 3307 });
    assert_link(&deny(&[]), postgres, "broken firewall-denies-egress");
    assert_link(&deny(&[]), proxy, "broken firewall-denies-egress");
    assert_link(&deny(&["3307"]), postgres, "clear");
    assert_link(&deny(&["3307"]), proxy, "broken firewall-denies-proxy-port");
    assert_link(&deny(&["5432"]), postgres, "broken firewall-denies-egress");
    assert_link(&deny(&["5432"]), proxy, "clear");
    assert_link(&with(facts(), |facts| facts.egress_firewall = hidden()), postgres, "unknown");
    let walk = walk(&deny(&["5432"]));
    let (link, fault) = walk.first_broken().unwrap();
    assert_eq!(link, postgres);
    assert_eq!(fault.to_string(), "VPC firewall rule deny (priority 1000) denies egress to port 5432");
}

#[test]
fn firewalls_into_the_machine() {
    let link = Link::IngressFirewall { port: 5432 };
    let by_tag = with(to_machine(), |facts| {
        let mut allow = rule("by-tag", Direction::Ingress, Action::Allow);
        allow.from.tags = vec!["api".to_owned()];
        facts.ingress_firewall = Fact::Known(Firewall { rules: vec![allow], ..Firewall::default() });
    });
    assert_link(&by_tag, link, "broken firewall-denies-ingress");
    let text = walk(&by_tag).first_broken().unwrap().1.to_string();
    assert!(text.contains("by-tag (priority 1000) names a tag or service account"), "{text}");
    assert_link(&with(to_machine(), |facts| facts.ingress_firewall = hidden()), link, "unknown");
}

/// F08: <https://cloud.google.com/run/docs/configuring/shared-vpc-service-projects>
#[test]
fn connectors_of_another_project_need_rules() {
    let shared = |rules: Vec<Rule>| {
        with(facts(), |facts| {
            facts.source.way = EgressPath::Connector(Connector { in_service_project: true, ..connector() });
            facts.egress_firewall = Fact::Known(Firewall { rules, ..Firewall::default() });
        })
    };
    let allow = |ranges: &[&str], protocol: &str, ports: &[&str]| {
        let mut allow = rule("allow", Direction::Ingress, Action::Allow);
        allow.from.ranges = ranges.iter().map(|range| net(range)).collect();
        let ports = ports.iter().map(|port| Ports::parse(port)).collect();
        allow.traffic = vec![Traffic { protocol: Protocol::parse(protocol), ports }];
        allow.targets.tags = vec!["vpc-connector".to_owned()];
        allow
    };
    let health = ["35.191.0.0/16", "35.191.192.0/18", "130.211.0.0/22"];
    let serverless = ["35.199.224.0/19"];
    let all = [
        allow(&serverless, "tcp", &["667"]),
        allow(&serverless, "udp", &["665-666"]),
        allow(&health, "tcp", &["667"]),
    ];
    assert_link(&shared(all.to_vec()), Link::ConnectorRules, "clear");
    for missing in 0..all.len() {
        let mut rest = all.to_vec();
        rest.remove(missing);
        assert_link(&shared(rest), Link::ConnectorRules, "broken connector-health-rules-missing");
    }
    let own = with(facts(), |facts| facts.source.way = EgressPath::Connector(connector()));
    assert_link(&own, Link::ConnectorRules, "-");
}

/// <https://cloud.google.com/vpc/docs/routes>
#[test]
fn routes() {
    let with_static = |range: &str, hop: Hop| {
        with(facts(), |facts| {
            let Fact::Known(routes) = &mut facts.routes else { panic!("hidden") };
            routes.push(route("own", range, RouteKind::Static, hop));
        })
    };
    let appliance = || Hop::Instance("fw".to_owned());
    let no_import = |facts: Facts| with(facts, |facts| facts.peering_routes = Fact::Known(Vec::new()));
    // A subnet route, a peer's too, comes before any static one.
    assert_link(&with_static("10.20.0.0/25", appliance()), Link::Route, "clear");
    assert_link(&no_import(with_static("10.20.0.0/25", appliance())), Link::Route, "suspect route-diverted");
    assert_link(&no_import(facts()), Link::Route, "broken route-diverted");
    let unread = |change: fn(&mut Facts), expected: &str| {
        assert_link(&with(no_import(facts()), change), Link::Route, expected);
    };
    unread(|facts| facts.dynamic_routes = hidden(), "suspect route-diverted");
    unread(|facts| facts.policy_routes = hidden(), "suspect route-diverted");
    unread(|facts| facts.peering_routes = hidden(), "suspect route-diverted");
    unread(|facts| facts.routes = hidden(), "unknown");
    unread(|facts| facts.routes = Fact::Known(Vec::new()), "broken route-diverted");
    // The peering brings the route: what else was not read does not matter.
    assert_link(&with(facts(), |facts| facts.dynamic_routes = hidden()), Link::Route, "clear");
    // A subnet of this network, or of a peer, with the instance's address.
    let same = route("mine", "10.20.0.0/24", RouteKind::Subnet, Hop::Network);
    let local = with(no_import(facts()), |facts| facts.routes = Fact::Known(vec![same]));
    assert_link(&local, Link::Route, "broken route-diverted");
    let peer = route("", "10.20.0.0/24", RouteKind::PeeringSubnet, Hop::Peering("to-b".to_owned()));
    let other_peer = with(facts(), |facts| facts.peering_routes = Fact::Known(vec![peer]));
    assert_link(&other_peer, Link::Route, "broken route-diverted");
}

#[test]
fn routes_for_tags_and_policies() {
    let tagged = |tag: &str| {
        with(to_machine(), |facts| {
            facts.destination.kind = DestinationKind::Unknown;
            facts.destination.address = [10, 50, 0, 1].into();
            let own = route("own", "10.50.0.0/16", RouteKind::Static, Hop::VpnTunnel("t".to_owned()));
            let Fact::Known(routes) = &mut facts.routes else { panic!("hidden") };
            routes.push(Route { tags: vec![tag.to_owned()], ..own });
        })
    };
    assert_link(&tagged("api"), Link::Route, "unknown");
    assert_link(&tagged("vpc-connector"), Link::Route, "broken route-diverted");

    let policy = |from: Option<&str>, to: Option<&str>, default_routing: bool| {
        let route = PolicyRoute {
            name: "pbr".to_owned(),
            priority: 100,
            from: from.map(net),
            to: to.map_or_else(|| net("0.0.0.0/0"), net),
            tcp: true,
            tags: Vec::new(),
            hop: (!default_routing).then(|| "10.1.0.9".to_owned()),
        };
        with(facts(), |facts| facts.policy_routes = Fact::Known(vec![route]))
    };
    assert_link(&policy(None, None, false), Link::Route, "suspect route-diverted");
    let wide = policy(Some("10.9.0.0/16"), Some("10.20.0.0/16"), false);
    assert_link(&wide, Link::Route, "suspect route-diverted");
    // Where the database's network is not known to be the service's, a way through an appliance may be the only one.
    let elsewhere = with(wide, |facts| facts.destination.kind = DestinationKind::Unknown);
    assert_link(&elsewhere, Link::Route, "unknown");
    assert_link(&policy(Some("10.9.0.0/25"), None, false), Link::Route, "unknown");
    assert_link(&policy(Some("10.10.0.0/16"), None, false), Link::Route, "clear");
    assert_link(&policy(None, Some("10.21.0.0/16"), false), Link::Route, "clear");
    assert_link(&policy(None, None, true), Link::Route, "clear");
    assert_link(&policy(Some("10.9.0.0/25"), None, true), Link::Route, "clear");
}

/// Reference of `routes`, `priority`: "the one with the lowest-numbered priority value wins" among equal prefixes.
#[test]
fn selection() {
    let one = |name: &str, range: &str, priority: u32| Route {
        priority,
        ..route(name, range, RouteKind::Static, Hop::Instance(name.to_owned()))
    };
    let routes = [
        one("wide", "10.0.0.0/8", 0),
        one("narrow", "10.20.0.0/16", 900),
        one("narrow-late", "10.20.0.0/16", 901),
        one("other", "10.20.1.0/24", 0),
    ];
    let named = |routes: &[Route]| match select(routes, [10, 20, 0, 3].into(), &[]) {
        Selection::None => Vec::new(),
        Selection::One(route) => vec![route.name.clone()],
        Selection::Tied(routes) => routes.iter().map(|route| route.name.clone()).collect(),
    };
    assert_eq!(named(&routes), ["narrow"]);
    assert_eq!(named(&routes[3..]), [""; 0]);
    let tied = [one("a", "10.20.0.0/16", 1), one("b", "10.20.0.0/16", 1)];
    assert_eq!(named(&tied), ["a", "b"]);
}

/// <https://cloud.google.com/run/docs/configuring/networking-best-practices>: "all-traffic […] you must set up Cloud NAT
/// to reach the public internet".
#[test]
fn network_address_translation() {
    let nat = |translates: Translated| Nat { name: "nat".to_owned(), translates, ports: Some(64) };
    let subnets =
        |names: &[&str]| nat(Translated::Subnets(names.iter().map(|&name| name.to_owned()).collect()));
    let all = |nats: Vec<Nat>, public: bool| {
        with(facts(), |facts| {
            facts.source.egress = Egress::AllTraffic;
            facts.nats = Fact::Known(nats);
            if public {
                facts.destination.address = [34, 1, 2, 3].into();
                facts.destination.kind = DestinationKind::Public;
            }
        })
    };
    let everything = || nat(Translated::AllSubnets);
    for public in [false, true] {
        assert_link(&all(vec![everything()], public), Link::Nat, "clear");
        assert_link(&all(vec![subnets(&["run"])], public), Link::Nat, "clear");
    }
    assert_link(&all(vec![subnets(&["other"])], true), Link::Nat, "broken egress-without-nat");
    assert_link(&all(Vec::new(), true), Link::Nat, "broken egress-without-nat");
    assert_link(&all(Vec::new(), true), Link::Route, "clear");
    let unread = with(all(Vec::new(), true), |facts| facts.dynamic_routes = hidden());
    assert_link(&unread, Link::Nat, "suspect egress-without-nat");
    assert_link(&all(Vec::new(), false), Link::Nat, "suspect egress-without-nat");
    assert_link(&with(all(Vec::new(), true), |facts| facts.nats = hidden()), Link::Nat, "unknown");
    assert_link(&facts(), Link::Nat, "-");
    // A machine of the user's own may translate.
    let appliance = with(all(Vec::new(), true), |facts| {
        let hop = Hop::Instance("nat".to_owned());
        facts.routes = Fact::Known(vec![route("default", "0.0.0.0/0", RouteKind::Static, hop)]);
    });
    assert_link(&appliance, Link::Nat, "-");
    assert_link(&appliance, Link::Route, "unknown");
    // The subnet of a connector made with a range is hidden.
    let by_range =
        |nats: Vec<Nat>| with(all(nats, true), |facts| facts.source.way = EgressPath::Connector(connector()));
    assert_link(&by_range(vec![everything()]), Link::Nat, "unknown");
    assert_link(&by_range(Vec::new()), Link::Nat, "broken egress-without-nat");
}

/// What nobody may read is never a failure.
#[test]
fn nothing_read_is_nothing_failed() {
    for mut facts in [facts(), to_machine()] {
        facts.egress_firewall = hidden();
        facts.ingress_firewall = hidden();
        facts.routes = hidden();
        facts.peering_routes = hidden();
        facts.dynamic_routes = hidden();
        facts.policy_routes = hidden();
        facts.peerings = hidden();
        facts.allocations = hidden();
        facts.endpoints = hidden();
        facts.nats = hidden();
        facts.source.way = EgressPath::Direct(DirectVpc { range: hidden(), ..direct() });
        for step in walk(&facts).steps {
            assert!(
                matches!(step.verdict, Verdict::Clear(_) | Verdict::Unknown(_)),
                "{}: {}",
                step.link,
                step.verdict
            );
        }
    }
}

#[test]
fn facts_and_walks_survive_json() {
    for facts in [facts(), to_machine(), with(facts(), |facts| facts.peerings = Fact::Known(Vec::new()))] {
        let text = serde_json::to_string(&facts).unwrap();
        assert_eq!(serde_json::from_str::<Facts>(&text).unwrap(), facts);
        let walked = walk(&facts);
        let text = serde_json::to_string(&walked).unwrap();
        assert_eq!(serde_json::from_str::<Walk>(&text).unwrap(), walked);
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(6000))]

    /// Hiding a fact never makes a link fail that did not fail, and never proves what was not proven.
    #[test]
    fn less_to_read_never_proves_more(
        address in prop::sample::select(vec![
            [10, 20, 0, 3], [10, 9, 0, 7], [172, 17, 0, 1], [192, 168, 1, 1], [30, 0, 0, 1], [34, 1, 2, 3], [240, 0, 0, 1],
        ]),
        kind in 0..5,
        egress in prop::bool::ANY,
        by_connector in prop::bool::ANY,
        imports in prop::bool::ANY,
        policy in prop::bool::ANY,
        routes in prop::collection::vec((0..6_usize, 0..6_usize, 0..5_usize), 0..5),
        missing in 0_u32..512,
        hide in 0..9_usize,
    ) {
        let mut whole = facts();
        whole.destination.address = address.into();
        whole.destination.kind = match kind {
            0 => whole.destination.kind,
            1 => DestinationKind::PrivateServiceConnect,
            2 => DestinationKind::Machine(machine()),
            3 => DestinationKind::Public,
            _ => DestinationKind::Unknown,
        };
        whole.source.egress = if egress { Egress::AllTraffic } else { Egress::PrivateRangesOnly };
        if by_connector {
            whole.source.way = EgressPath::Connector(connector());
        }
        whole.nats = Fact::Known(Vec::new());
        whole.endpoints = Fact::Known(Vec::new());
        whole.ingress_firewall = Fact::Known(Firewall::default());
        let generated: Vec<Route> = routes.into_iter().map(any_route).collect();
        let (dynamic, listed) = generated.into_iter().partition(|route| route.kind == RouteKind::Dynamic);
        let (imported, own) = listed_apart(listed);
        whole.routes = Fact::Known(own);
        whole.dynamic_routes = Fact::Known(dynamic);
        if imports {
            whole.peering_routes = Fact::Known(imported);
        }
        if policy {
            whole.policy_routes = Fact::Known(vec![PolicyRoute {
                name: "pbr".to_owned(),
                priority: 1,
                from: None,
                to: net("10.20.0.0/16"),
                tcp: true,
                tags: Vec::new(),
                hop: Some("10.1.0.9".to_owned()),
            }]);
        }
        for at in (0..9).filter(|at| missing >> at & 1 == 1) {
            take_away(&mut whole, at);
        }
        let mut less = whole.clone();
        hide_one(&mut less, hide);
        let (before, after) = (walk(&whole), walk(&less));
        for step in after.steps {
            if let Verdict::Broken(fault) = step.verdict {
                let was = said(before.verdict(step.link));
                prop_assert_eq!(was, format!("broken {}", code(&fault)));
            }
        }
    }
}

/// Imported routes, and the others.
fn listed_apart(routes: Vec<Route>) -> (Vec<Route>, Vec<Route>) {
    routes
        .into_iter()
        .partition(|route| matches!(route.kind, RouteKind::PeeringSubnet | RouteKind::PeeringCustom))
}

fn any_route((range, kind, hop): (usize, usize, usize)) -> Route {
    let ranges = ["0.0.0.0/0", "10.0.0.0/8", "10.20.0.0/16", "10.20.0.0/24", "10.9.0.0/24", "30.0.0.0/8"];
    let hops = [
        Hop::InternetGateway,
        Hop::Instance("i".to_owned()),
        Hop::VpnTunnel("t".to_owned()),
        Hop::Hub("h".to_owned()),
        Hop::Peering("servicenetworking-googleapis-com".to_owned()),
    ];
    match kind {
        0 => route("s", ranges[range], RouteKind::Subnet, Hop::Network),
        1 => route("ps", ranges[range], RouteKind::PeeringSubnet, hops[3 + hop % 2].clone()),
        2 => route("d", ranges[range], RouteKind::Dynamic, hops[hop].clone()),
        3 => route("pc", ranges[range], RouteKind::PeeringCustom, hops[hop].clone()),
        _ => route("st", ranges[range], RouteKind::Static, hops[hop].clone()),
    }
}

/// What is read, and is not there.
fn take_away(facts: &mut Facts, at: usize) {
    match at {
        0 => facts.routes = Fact::Known(Vec::new()),
        1 => facts.peering_routes = Fact::Known(Vec::new()),
        2 => facts.peerings = Fact::Known(Vec::new()),
        3 => facts.allocations = Fact::Known(Vec::new()),
        4 => facts.peerings = Fact::Known(vec![Peering { active: false, ..services_peering() }]),
        5 => {
            let rules = vec![rule("deny", Direction::Egress, Action::Deny)];
            facts.egress_firewall = Fact::Known(Firewall { rules, ..Firewall::default() });
        }
        6 => {
            if let DestinationKind::CloudSql { network, .. } = &mut facts.destination.kind {
                *network = Some(vpc("other"));
            }
        }
        _ => {}
    }
}

fn hide_one(facts: &mut Facts, at: usize) {
    match at {
        0 => facts.routes = hidden(),
        1 => facts.peering_routes = hidden(),
        2 => facts.dynamic_routes = hidden(),
        3 => facts.policy_routes = hidden(),
        4 => facts.peerings = hidden(),
        5 => facts.allocations = hidden(),
        6 => facts.egress_firewall = hidden(),
        7 => facts.nats = hidden(),
        _ => {
            if let DestinationKind::CloudSql { network, .. } = &mut facts.destination.kind {
                *network = None;
            }
        }
    }
}

/// A fault in one word, by what is wrong: independent of what the diagnosis makes of it.
fn code(fault: &Fault) -> &'static str {
    match fault {
        Fault::NoVpcAccess { .. } => "vpc-access-missing",
        Fault::EgressBypasses { .. } | Fault::ConnectorWithoutIpv6 { .. } => "egress-excludes-database",
        Fault::WrongNetwork { .. } => "vpc-wrong-network",
        Fault::SubnetTooSmall { .. } | Fault::SubnetExhaustible { .. } => "subnet-exhausted",
        Fault::RangeConflict { .. } => "address-range-conflict",
        Fault::PeeringMissing { .. } => "peering-missing",
        Fault::PeeringInactive { .. } => "peering-inactive",
        Fault::PeeringRangeMismatch { .. } | Fault::PeeringRouteMissing { .. } => "peering-range-mismatch",
        Fault::EndpointMissing { .. }
        | Fault::EndpointNotAccepted { .. }
        | Fault::EndpointInOtherNetwork { .. }
        | Fault::EndpointInOtherRegion { .. } => "psc-endpoint-missing",
        Fault::FirewallDenies { direction: Direction::Egress, .. } => "firewall-denies-egress",
        Fault::FirewallDenies { direction: Direction::Ingress, .. } => "firewall-denies-ingress",
        Fault::FirewallDeniesProxyPort { .. } => "firewall-denies-proxy-port",
        Fault::ConnectorRulesMissing { .. } => "connector-health-rules-missing",
        Fault::RouteDiverted { .. } | Fault::RouteMissing { .. } => "route-diverted",
        Fault::EgressWithoutNat { .. } => "egress-without-nat",
    }
}

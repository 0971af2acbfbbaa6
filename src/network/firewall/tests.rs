//! What the documentation states, and what comes near to it.

use serde_json::json;

use super::*;
use crate::network::facts::{Connector, DirectVpc, Machine};

const DATABASE: &str = "10.20.0.3/32";

fn connector() -> Connector {
    Connector {
        name: "c".to_owned(),
        network: Network::parse("projects/p/global/networks/vpc").unwrap(),
        range: Fact::Known("10.8.0.0/28".parse().unwrap()),
        subnet: None,
        in_service_project: false,
    }
}

fn direct() -> DirectVpc {
    DirectVpc {
        network: Network::parse("projects/p/global/networks/vpc").unwrap(),
        subnet: "run".to_owned(),
        range: Fact::Known("10.9.0.0/24".parse().unwrap()),
        tags: vec!["api".to_owned()],
        service_account: Some("api@p.iam.gserviceaccount.com".to_owned()),
        max_instances: None,
    }
}

fn machine() -> Machine {
    Machine {
        name: "db".to_owned(),
        network: Network::parse("projects/p/global/networks/vpc").unwrap(),
        tags: vec!["postgres".to_owned()],
        service_account: Some("db@p.iam.gserviceaccount.com".to_owned()),
    }
}

fn packet(from: Party, to: Party) -> Packet {
    Packet { from, to, protocol: Protocol::Tcp, port: 5432 }
}

fn leaving() -> Packet {
    packet(Party::connector(&connector(), "r"), Party::address(DATABASE.parse().unwrap()))
}

fn entering(from: Party) -> Packet {
    packet(from, Party::machine(&machine(), DATABASE.parse().unwrap()))
}

/// A rule for everything, of JSON fields that say what is different.
fn rule(fields: serde_json::Value) -> Rule {
    let mut all = serde_json::json!({"name": "r", "priority": 1000, "direction": "egress", "action": "deny"});
    for (name, value) in fields.as_object().unwrap() {
        all[name] = value.clone();
    }
    serde_json::from_value(all).unwrap()
}

fn rules(rules: impl IntoIterator<Item = serde_json::Value>) -> Firewall {
    Firewall { rules: rules.into_iter().map(rule).collect(), ..Firewall::default() }
}

fn policy(rules: impl IntoIterator<Item = serde_json::Value>) -> Vec<Policy> {
    vec![Policy { name: "policy".to_owned(), rules: rules.into_iter().map(rule).collect() }]
}

/// `allowed NAME`, `denied NAME`, `inconclusive`.
fn said(decision: &Decision) -> String {
    match decision {
        Decision::Allowed { by } => format!("allowed {}", by.name),
        Decision::Denied { by } => format!("denied {}", by.name),
        Decision::Inconclusive { .. } => "inconclusive".to_owned(),
    }
}

fn egress(firewall: &Firewall) -> String {
    said(&decide(firewall, &leaving(), Direction::Egress))
}

#[track_caller]
fn assert_egress(expected: &str, of: impl IntoIterator<Item = serde_json::Value>) {
    assert_eq!(egress(&rules(of)), expected);
}

/// <https://cloud.google.com/firewall/docs/firewalls>, "Implied rules": "An egress rule whose action is allow […]
/// lets any instance send traffic to any destination", "An ingress rule whose action is deny […]".
#[test]
fn without_rules_all_may_leave_and_nothing_may_enter() {
    let empty = Firewall::default();
    assert_eq!(egress(&empty), "allowed allow all egress");
    let from = Party::direct(&direct());
    assert_eq!(said(&decide(&empty, &entering(from), Direction::Ingress)), "denied deny all ingress");
}

/// Reference of `firewalls`, `priority`: "Lower values indicate higher priority. […] DENY rules take precedence over
/// ALLOW rules if they have equal priority."
#[test]
fn priorities() {
    let allow = |priority: u32| json!({"name": "allow", "action": "allow", "priority": priority});
    let deny = |priority: u32| json!({"name": "deny", "priority": priority});
    assert_egress("denied deny", [allow(1000), deny(999)]);
    assert_egress("allowed allow", [deny(1000), allow(999)]);
    assert_egress("denied deny", [allow(1000), deny(1000)]);
    assert_egress("denied deny", [deny(65535)]);
    assert_egress("allowed allow all egress", [json!({"disabled": true, "priority": 0})]);
    assert_egress("allowed allow all egress", [json!({"direction": "ingress", "priority": 0})]);
}

/// <https://cloud.google.com/run/docs/configuring/vpc-connectors>: the tag `vpc-connector` restricts all connectors,
/// `vpc-connector-REGION-CONNECTOR_NAME` one of them.
#[test]
fn targets_of_connectors() {
    let deny = |targets: serde_json::Value| json!({"name": "deny", "targets": targets});
    for tag in ["vpc-connector", "vpc-connector-r-c"] {
        assert_egress("denied deny", [deny(json!({"tags": ["other", tag]}))]);
    }
    for tag in ["vpc-connector-r-other", "vpc-connector-other-c", "postgres"] {
        assert_egress("allowed allow all egress", [deny(json!({"tags": [tag]}))]);
    }
    assert_egress("allowed allow all egress", [deny(json!({"load_balancers": true}))]);
    assert_egress("inconclusive", [deny(json!({"service_accounts": ["a@p.iam.gserviceaccount.com"]}))]);
    assert_egress("inconclusive", [deny(json!({"secure_tags": ["tagValues/1"]}))]);
    let network = |project: &str, name: &str| json!({"networks": [{"project": project, "name": name}]});
    assert_egress("denied deny", [deny(network("p", "vpc"))]);
    assert_egress("allowed allow all egress", [deny(network("p", "other"))]);
    assert_egress("inconclusive", [deny(network("123", "vpc"))]);
}

/// <https://cloud.google.com/run/docs/configuring/vpc-direct-vpc>: egress rules see the revision's tags and identity;
/// "Firewall rules can't use Resource Manager tags attached to Cloud Run workloads".
#[test]
fn targets_of_direct_vpc_egress() {
    let says = |direct: &DirectVpc, targets: serde_json::Value| {
        let packet = packet(Party::direct(direct), Party::address(DATABASE.parse().unwrap()));
        said(&decide(&rules([json!({"name": "deny", "targets": targets})]), &packet, Direction::Egress))
    };
    assert_eq!(says(&direct(), json!({"tags": ["api"]})), "denied deny");
    assert_eq!(says(&direct(), json!({"tags": ["vpc-connector"]})), "allowed allow all egress");
    let account = json!({"service_accounts": ["api@p.iam.gserviceaccount.com"]});
    assert_eq!(says(&direct(), account.clone()), "denied deny");
    assert_eq!(says(&DirectVpc { service_account: None, ..direct() }, account), "inconclusive");
    assert_eq!(
        says(&direct(), json!({"service_accounts": ["b@p.iam.gserviceaccount.com"]})),
        "allowed allow all egress"
    );
    assert_eq!(says(&direct(), json!({"secure_tags": ["tagValues/1"]})), "allowed allow all egress");
}

/// <https://cloud.google.com/firewall/docs/firewalls>, "Protocols and ports".
#[test]
fn protocols_and_ports() {
    let deny = |protocol: &str, ports: &[&str]| {
        let traffic = Traffic {
            protocol: Protocol::parse(protocol),
            ports: ports.iter().map(|text| Ports::parse(text)).collect(),
        };
        json!({"name": "deny", "traffic": [traffic]})
    };
    for (protocol, ports) in [
        ("all", vec![]),
        ("tcp", vec![]),
        ("TCP", vec!["5432"]),
        ("6", vec!["22", "5000-6000"]),
        ("all", vec!["5432-5432"]),
    ] {
        assert_egress("denied deny", [deny(protocol, &ports)]);
    }
    for (protocol, ports) in
        [("udp", vec![]), ("17", vec!["5432"]), ("icmp", vec![]), ("tcp", vec!["5431", "5433-6000"])]
    {
        assert_egress("allowed allow all egress", [deny(protocol, &ports)]);
    }
    assert_egress("inconclusive", [deny("tcp", &["5432x"])]);
    assert_egress("denied deny", [deny("tcp", &["5432x", "5432"])]);
}

#[test]
fn destinations() {
    let deny = |to: serde_json::Value| json!({"name": "deny", "to": to});
    for range in ["0.0.0.0/0", "10.0.0.0/8", "10.20.0.0/24", "10.20.0.3/32"] {
        assert_egress("denied deny", [deny(json!({"ranges": ["192.168.0.0/16", range]}))]);
    }
    for range in ["10.20.0.4/32", "10.21.0.0/16", "::/0"] {
        assert_egress("allowed allow all egress", [deny(json!({"ranges": [range]}))]);
    }
    for kind in ["address-group", "fqdn", "region-code", "threat-intelligence", "unread"] {
        let opaque = json!([{"kind": kind, "value": "x"}]);
        assert_egress("inconclusive", [deny(json!({"opaque": opaque}))]);
        assert_egress("denied deny", [deny(json!({"opaque": opaque, "ranges": ["10.20.0.0/24"]}))]);
    }
    let narrowed =
        json!({"opaque": [{"kind": "network-type", "value": "INTERNET"}], "ranges": ["0.0.0.0/0"]});
    assert_egress("inconclusive", [deny(narrowed)]);
}

/// An undecidable rule matters only where it could decide, and otherwise than what follows.
#[test]
fn only_what_could_decide_otherwise_is_undecided() {
    let opaque = json!({"opaque": [{"kind": "fqdn", "value": "db.example"}]});
    let perhaps = |action: &str, priority: u32| json!({"action": action, "priority": priority, "to": opaque});
    let certain =
        |action: &str, priority: u32| json!({"name": "certain", "action": action, "priority": priority});
    assert_egress("denied certain", [perhaps("allow", 900), certain("deny", 800)]);
    assert_egress("inconclusive", [perhaps("allow", 800), certain("deny", 900)]);
    assert_egress("denied certain", [perhaps("deny", 800), certain("deny", 900)]);
    assert_egress("inconclusive", [perhaps("deny", 900), certain("allow", 900)]);
    assert_egress("denied certain", [perhaps("allow", 900), certain("deny", 900)]);
    let Decision::Inconclusive { rule: Some(rule), why } =
        decide(&rules([perhaps("deny", 1)]), &leaving(), Direction::Egress)
    else {
        panic!("decided")
    };
    assert_eq!(rule.to_string(), "VPC firewall rule r (priority 1)");
    assert_eq!(why.to_string(), "what the domain name db.example stands for is not read");
}

/// <https://cloud.google.com/firewall/docs/firewall-policies-rule-eval-order>
#[test]
fn the_order_of_policies() {
    let one = |name: &str, action: &str| [json!({"name": name, "action": action, "priority": 1})];
    let mut firewall = rules(one("vpc", "deny"));
    firewall.global = policy(one("global", "allow"));
    assert_eq!(egress(&firewall), "denied vpc");
    firewall.order = Order::BeforeClassicFirewall;
    assert_eq!(egress(&firewall), "allowed global");
    firewall.order = Order::Unread;
    assert_eq!(egress(&firewall), "inconclusive");
    let regional =
        Regional { system: policy(one("system", "deny")), network: policy(one("regional", "deny")) };
    firewall.order = Order::BeforeClassicFirewall;
    firewall.regional = Fact::Known(Regional { system: Vec::new(), ..regional.clone() });
    assert_eq!(egress(&firewall), "allowed global");
    firewall.global.clear();
    assert_eq!(egress(&firewall), "denied regional");
    firewall.order = Order::AfterClassicFirewall;
    assert_eq!(egress(&firewall), "denied vpc");
    firewall.regional = Fact::Known(regional);
    assert_eq!(egress(&firewall), "denied system");
    firewall.hierarchical =
        [policy(one("organization", "goto-next")), policy(one("folder", "allow"))].concat();
    assert_eq!(egress(&firewall), "allowed folder");
    firewall.order = Order::Unread;
    assert_eq!(egress(&firewall), "allowed folder", "the order does not matter here");
}

/// Regional policies that could not be read matter only where nothing decides before.
#[test]
fn unread_policies() {
    let mut firewall = rules([json!({"name": "deny"})]);
    firewall.regional = Fact::Hidden("403".to_owned());
    assert_eq!(egress(&firewall), "inconclusive", "Google's own policies come before VPC rules");
    firewall.hierarchical = policy([json!({"name": "organization", "action": "deny"})]);
    assert_eq!(egress(&firewall), "denied organization");
}

/// Reference of `firewallPolicies`, `action`: what `apply_security_profile_group` lets through, the profile decides.
#[test]
fn inspections_and_unknown_actions() {
    let mut firewall = rules([]);
    for action in [json!("inspect"), json!({"other": "mirror"})] {
        firewall.hierarchical = policy([json!({"action": action})]);
        assert_eq!(egress(&firewall), "inconclusive");
        firewall.hierarchical = policy([json!({"name": "first", "priority": 1}), json!({"action": action})]);
        assert_eq!(egress(&firewall), "denied first");
    }
}

#[test]
fn a_goto_that_may_match_forks_the_way() {
    let opaque = json!({"opaque": [{"kind": "address-group", "value": "g"}]});
    let mut firewall = rules([]);
    let with = |then: &str| {
        policy([
            json!({"name": "perhaps", "action": "goto-next", "priority": 1, "to": opaque}),
            json!({"name": "then", "action": then, "priority": 2}),
        ])
    };
    firewall.hierarchical = with("deny");
    let decision = decide(&firewall, &leaving(), Direction::Egress);
    assert!(matches!(decision, Decision::Inconclusive { rule: Some(rule), .. } if rule.name == "perhaps"));
    firewall.hierarchical = with("allow");
    assert_eq!(egress(&firewall), "allowed then", "what comes next allows too");
}

/// <https://cloud.google.com/run/docs/configuring/vpc-connectors>: "An implicit firewall rule with priority 1000 is
/// created on the VPC network to allow ingress from the connector's subnet or custom IP range to all destinations in
/// the network."
#[test]
fn connectors_come_in_by_an_implicit_rule() {
    let ingress = |connector: &Connector, rules: &Firewall| {
        said(&decide(rules, &entering(Party::connector(connector, "r")), Direction::Ingress))
    };
    let deny = |priority: u32| rules([json!({"name": "deny", "direction": "ingress", "priority": priority})]);
    assert_eq!(ingress(&connector(), &Firewall::default()), "allowed ");
    assert_eq!(ingress(&connector(), &deny(1001)), "allowed ");
    assert_eq!(ingress(&connector(), &deny(1000)), "denied deny", "deny wins at equal priority");
    assert_eq!(ingress(&connector(), &deny(999)), "denied deny");
    let shared = Connector { in_service_project: true, ..connector() };
    assert_eq!(ingress(&shared, &Firewall::default()), "inconclusive");
    let peered =
        Connector { network: Network::parse("projects/p/global/networks/b").unwrap(), ..connector() };
    assert_eq!(ingress(&peered, &Firewall::default()), "denied deny all ingress");
}

/// <https://cloud.google.com/run/docs/configuring/vpc-direct-vpc>, "not supported": "Network tags or service identity
/// in ingress firewall rules"; rules name the range of the whole subnet instead.
#[test]
fn direct_vpc_egress_comes_in_by_its_range_alone() {
    let ingress = |from: serde_json::Value| {
        let firewall =
            rules([json!({"name": "allow", "action": "allow", "direction": "ingress", "from": from})]);
        let packet = entering(Party::direct(&direct()));
        let without_effect: Vec<_> =
            without_effect(&firewall, &packet).into_iter().map(|rule| rule.name).collect();
        (said(&decide(&firewall, &packet, Direction::Ingress)), without_effect.concat())
    };
    let allowed = |from| ingress(from) == ("allowed allow".to_owned(), String::new());
    assert!(allowed(json!({"ranges": ["10.9.0.0/24"]})));
    assert!(allowed(json!({"tags": ["api"], "ranges": ["10.0.0.0/8"]})));
    let dropped = |from| ingress(from) == ("denied deny all ingress".to_owned(), "allow".to_owned());
    assert!(dropped(json!({"tags": ["api"]})));
    assert!(dropped(json!({"service_accounts": ["api@p.iam.gserviceaccount.com"]})));
    assert_eq!(ingress(json!({"tags": ["other"]})), ("denied deny all ingress".to_owned(), String::new()));
    assert_eq!(ingress(json!({"ranges": ["10.9.0.0/25"]})).0, "inconclusive", "half of the subnet");
}

#[test]
fn ingress_to_a_machine() {
    let says = |fields: serde_json::Value| {
        let mut fields = fields;
        fields["direction"] = json!("ingress");
        fields["action"] = json!("allow");
        fields["name"] = json!("allow");
        said(&decide(&rules([fields]), &entering(Party::direct(&direct())), Direction::Ingress))
    };
    let from = json!({"ranges": ["10.9.0.0/24"]});
    assert_eq!(says(json!({"from": from, "targets": {"tags": ["postgres"]}})), "allowed allow");
    assert_eq!(says(json!({"from": from, "targets": {"tags": ["web"]}})), "denied deny all ingress");
    assert_eq!(says(json!({"from": from, "to": {"ranges": ["10.20.0.0/24"]}})), "allowed allow");
    assert_eq!(says(json!({"from": from, "to": {"ranges": ["10.21.0.0/24"]}})), "denied deny all ingress");
    // Reference of `firewalls`, `priority`: "To avoid conflicts with the implied rules, use a priority number less
    // than 65535."
    assert_eq!(says(json!({"from": from, "priority": 65535})), "inconclusive");
}

#[test]
fn unread_addresses_of_the_service() {
    let hidden = DirectVpc { range: Fact::Hidden("403".to_owned()), ..direct() };
    let says = |range: &str| {
        let allow =
            json!({"name": "allow", "action": "allow", "direction": "ingress", "from": {"ranges": [range]}});
        said(&decide(&rules([allow]), &entering(Party::direct(&hidden)), Direction::Ingress))
    };
    assert_eq!(says("0.0.0.0/0"), "allowed allow");
    assert_eq!(says("10.0.0.0/8"), "inconclusive");
}

/// So many rules that work which grows with their square would take minutes.
#[test]
fn fifty_thousand_rules() {
    let near_miss = |priority: u32| {
        json!({"name": "deny", "priority": priority, "targets": {"tags": ["a", "b"]},
            "to": {"ranges": ["10.20.0.0/24", "0.0.0.0/0"]}, "traffic": [{"protocol": "tcp", "ports": []}]})
    };
    let misses = rules((0..50_000).map(near_miss));
    let hits = rules((0..50_000).map(|priority| json!({"name": "deny", "priority": 50_000 - priority})));
    let packet = leaving();
    let start = std::time::Instant::now();
    let missed = decide(&misses, &packet, Direction::Egress);
    let of_misses = start.elapsed();
    let hit = decide(&hits, &packet, Direction::Egress);
    let of_hits = start.elapsed() - of_misses;
    println!("50,000 rules that miss: {of_misses:?}, that match: {of_hits:?}");
    assert_eq!(
        (said(&missed), said(&hit)),
        ("allowed allow all egress".to_owned(), "denied deny".to_owned())
    );
    assert!(of_misses.max(of_hits) < crate::HANG, "{of_misses:?}, {of_hits:?}");
}

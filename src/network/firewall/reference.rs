//! A second, naive evaluator, and the property that both agree.
//!
//! It enumerates worlds: every address that the service may have, with every truth value of every criterion that
//! configuration does not decide. In one world all is definite, so it needs none of the real one's notions: it counts
//! priorities up from zero and asks each rule in turn.

use std::collections::BTreeSet;
use std::net::{IpAddr, Ipv4Addr};

use proptest::prelude::*;

use super::*;

/// Addresses of the universe: 10.0.0.0 to 10.0.0.7.
const SIZE: u8 = 8;
const LAST_PRIORITY: u32 = 3;
const TAGS: [&str; 3] = ["a", "b", "c"];

/// One world: an address, and which opaque criteria (by name) hold.
struct World<'a> {
    address: IpAddr,
    holds: &'a BTreeSet<String>,
}

fn applies(rule: &Rule, packet: &Packet, world: &World<'_>) -> bool {
    let target_has_tag = rule.targets.tags.is_empty()
        || rule.targets.tags.iter().any(|tag| packet.from.tags.iter().any(|own| own == tag));
    let Fact::Known(to) = &packet.to.range else { return false };
    let reaches = (rule.to.ranges.is_empty() && rule.to.opaque.is_empty())
        || rule.to.ranges.iter().any(|range| range.contains(&to.addr()))
        || rule.to.opaque.iter().any(|one| world.holds.contains(&one.value));
    let comes =
        rule.from.ranges.is_empty() || rule.from.ranges.iter().any(|range| range.contains(&world.address));
    let carried = rule.traffic.is_empty()
        || rule.traffic.iter().any(|one| {
            [Protocol::All, Protocol::Tcp].contains(&one.protocol)
                && (one.ports.is_empty()
                    || one.ports.iter().any(|ports| match ports {
                        Ports::Range { first, last } => *first <= packet.port && packet.port <= *last,
                        Ports::Unread => false,
                    }))
        });
    !rule.disabled && rule.direction == Direction::Egress && target_has_tag && reaches && comes && carried
}

/// Whether a list of rules lets the packet go; `None` where it leaves that to the next list.
fn ask(rules: &[Rule], packet: &Packet, world: &World<'_>) -> Option<bool> {
    for priority in 0..=LAST_PRIORITY {
        let here: Vec<&Rule> =
            rules.iter().filter(|rule| rule.priority == priority && applies(rule, packet, world)).collect();
        if here.iter().any(|rule| rule.action == Action::Deny) {
            return Some(false);
        }
        if here.iter().any(|rule| rule.action == Action::Allow) {
            return Some(true);
        }
        if here.iter().any(|rule| rule.action == Action::GotoNext) {
            return None;
        }
    }
    None
}

fn allowed(firewall: &Firewall, packet: &Packet, world: &World<'_>) -> bool {
    let Fact::Known(regional) = &firewall.regional else { return false };
    let mut lists: Vec<&[Rule]> = Vec::new();
    lists.extend(firewall.hierarchical.iter().map(|policy| policy.rules.as_slice()));
    lists.extend(regional.system.iter().map(|policy| policy.rules.as_slice()));
    let mut of_network: Vec<&[Rule]> = firewall.global.iter().map(|policy| policy.rules.as_slice()).collect();
    of_network.extend(regional.network.iter().map(|policy| policy.rules.as_slice()));
    match firewall.order {
        Order::AfterClassicFirewall | Order::Unread => of_network.insert(0, &firewall.rules),
        Order::BeforeClassicFirewall => of_network.push(&firewall.rules),
    }
    lists.extend(of_network);
    lists.iter().find_map(|rules| ask(rules, packet, world)).unwrap_or(true)
}

/// What happens in all worlds.
fn in_all_worlds(firewall: &Firewall, packet: &Packet, opaque: &[String]) -> BTreeSet<bool> {
    let Fact::Known(IpNet::V4(range)) = &packet.from.range else { return BTreeSet::new() };
    let mut seen = BTreeSet::new();
    for bits in 0..1_u32 << opaque.len() {
        let holds = (0..opaque.len()).filter(|at| bits >> at & 1 == 1).map(|at| opaque[at].clone()).collect();
        for address in u32::from(range.network())..=u32::from(range.broadcast()) {
            let address = IpAddr::V4(Ipv4Addr::from(address));
            seen.insert(allowed(firewall, packet, &World { address, holds: &holds }));
        }
    }
    seen
}

fn ranges() -> impl Strategy<Value = Vec<IpNet>> {
    let one = (0..SIZE, 29_u8..=32)
        .prop_map(|(last, prefix)| IpNet::new(IpAddr::from([10, 0, 0, last]), prefix).unwrap().trunc());
    prop::collection::vec(one, 0..3)
}

/// A rule; of `goto` only in policies, and with sources only where parts of the service's range shall be told apart.
fn any_rule(goto: bool, sources: bool) -> impl Strategy<Value = Rule> {
    let actions = if goto {
        vec![Action::Allow, Action::Deny, Action::GotoNext]
    } else {
        vec![Action::Allow, Action::Deny]
    };
    let tags = prop::collection::vec(prop::sample::select(TAGS.to_vec()).prop_map(str::to_owned), 0..2);
    let protocol = prop::sample::select(vec![Protocol::All, Protocol::Tcp, Protocol::Udp]);
    let ports = prop::collection::vec(
        (5430_u16..5434, 0_u16..3).prop_map(|(first, more)| Ports::Range { first, last: first + more }),
        0..2,
    );
    let traffic = prop::collection::vec(
        (protocol, ports).prop_map(|(protocol, ports)| Traffic { protocol, ports }),
        0..2,
    );
    let from = if sources { ranges().boxed() } else { Just(Vec::new()).boxed() };
    (
        (
            0..=LAST_PRIORITY,
            prop::sample::select(actions),
            prop::bool::weighted(0.1),
            prop::bool::weighted(0.1),
        ),
        (tags, ranges(), prop::bool::weighted(0.2), from, traffic),
    )
        .prop_map(|((priority, action, disabled, ingress), (tags, to, opaque, from, traffic))| Rule {
            name: String::new(),
            priority,
            direction: if ingress { Direction::Ingress } else { Direction::Egress },
            action,
            disabled,
            targets: Targets { tags, ..Targets::default() },
            from: Peers { ranges: from, ..Peers::default() },
            to: Peers {
                ranges: to,
                opaque: if opaque {
                    vec![Opaque { kind: OpaqueKind::Fqdn, value: String::new() }]
                } else {
                    Vec::new()
                },
                ..Peers::default()
            },
            traffic,
            link: None,
        })
}

/// A policy: no two rules of one priority, as in Google's.
fn policies(most: usize, sources: bool) -> impl Strategy<Value = Vec<Policy>> {
    let rules = prop::collection::vec(any_rule(true, sources), 0..4).prop_map(|mut rules| {
        for (at, rule) in rules.iter_mut().enumerate() {
            rule.priority = u32::try_from(at).unwrap();
        }
        rules.reverse();
        rules
    });
    prop::collection::vec(rules.prop_map(|rules| Policy { name: "policy".to_owned(), rules }), 0..=most)
}

fn firewalls(sources: bool) -> impl Strategy<Value = Firewall> {
    let order = prop::sample::select(vec![Order::AfterClassicFirewall, Order::BeforeClassicFirewall]);
    let regional = (policies(1, sources), policies(1, sources))
        .prop_map(|(system, network)| Fact::Known(Regional { system, network }));
    let rules = prop::collection::vec(any_rule(false, sources), 0..6);
    (order, policies(2, sources), rules, policies(1, sources), regional).prop_map(
        |(order, hierarchical, rules, global, regional)| Firewall {
            order,
            hierarchical,
            rules,
            global,
            regional,
        },
    )
}

/// Gives every opaque criterion a name of its own, so that each is true or false by itself; at most `most`.
fn name_opaque(firewall: &mut Firewall, most: usize) -> Vec<String> {
    let mut names = Vec::new();
    let Firewall { hierarchical, rules, global, regional, order: _ } = firewall;
    let mut all: Vec<&mut Rule> = rules.iter_mut().collect();
    let Fact::Known(Regional { system, network }) = regional else { return names };
    for policy in hierarchical.iter_mut().chain(global).chain(system).chain(network) {
        all.extend(&mut policy.rules);
    }
    for rule in all {
        if names.len() == most {
            rule.to.opaque.clear();
        }
        for one in &mut rule.to.opaque {
            one.value = format!("criterion-{}", names.len());
            names.push(one.value.clone());
        }
    }
    names
}

fn packet(range: &str, tags: &[String], to: u8) -> Packet {
    let party = |range: IpNet, tags: &[String]| Party {
        kind: PartyKind::Machine,
        range: Fact::Known(range),
        tags: tags.to_vec(),
        account: Account::None,
        network: None,
    };
    Packet {
        from: party(range.parse().unwrap(), tags),
        to: party(IpNet::from(IpAddr::from([10, 0, 0, to])), &[]),
        protocol: Protocol::Tcp,
        port: 5432,
    }
}

fn definite(decision: &Decision) -> Option<bool> {
    match decision {
        Decision::Allowed { .. } => Some(true),
        Decision::Denied { .. } => Some(false),
        Decision::Inconclusive { .. } => None,
    }
}

fn own_tags() -> impl Strategy<Value = Vec<String>> {
    prop::collection::vec(prop::sample::select(TAGS.to_vec()).prop_map(str::to_owned), 0..3)
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(1500))]

    /// Where each criterion is true or false by itself, both say the same, inconclusive included.
    #[test]
    fn agrees_with_the_naive_evaluator(
        mut firewall in firewalls(false),
        tags in own_tags(),
        to in 0..SIZE,
    ) {
        let opaque = name_opaque(&mut firewall, 6);
        let packet = packet("10.0.0.2/32", &tags, to);
        let worlds = in_all_worlds(&firewall, &packet, &opaque);
        let expected = if worlds.len() == 1 { worlds.first().copied() } else { None };
        prop_assert_eq!(definite(&decide(&firewall, &packet, Direction::Egress)), expected);
    }

    /// Where rules tell parts of the service's range apart, a definite answer holds for every address of it.
    #[test]
    fn a_definite_answer_holds_for_every_address(
        mut firewall in firewalls(true),
        tags in own_tags(),
        to in 0..SIZE,
        range in prop::sample::select(vec!["10.0.0.0/29", "10.0.0.4/30", "10.0.0.2/31", "10.0.0.1/32"]),
    ) {
        let opaque = name_opaque(&mut firewall, 4);
        let packet = packet(range, &tags, to);
        let decision = decide(&firewall, &packet, Direction::Egress);
        if let Some(definite) = definite(&decision) {
            prop_assert_eq!(in_all_worlds(&firewall, &packet, &opaque), BTreeSet::from([definite]));
        }
    }

    /// Neither the order in which rules are listed nor switched-off ones change the answer.
    #[test]
    fn the_order_of_lists_means_nothing(firewall in firewalls(true), tags in own_tags(), to in 0..SIZE) {
        let packet = packet("10.0.0.0/30", &tags, to);
        let mut other = firewall.clone();
        other.rules.reverse();
        other.rules.push(Rule { disabled: true, ..named_rule() });
        let (one, two) =
            (decide(&firewall, &packet, Direction::Egress), decide(&other, &packet, Direction::Egress));
        prop_assert_eq!(definite(&one), definite(&two));
    }

    #[test]
    fn a_firewall_survives_json(firewall in firewalls(true)) {
        let text = serde_json::to_string(&firewall).unwrap();
        prop_assert_eq!(serde_json::from_str::<Firewall>(&text).unwrap(), firewall);
    }
}

fn named_rule() -> Rule {
    Rule {
        name: "off".to_owned(),
        priority: 0,
        direction: Direction::Egress,
        action: Action::Deny,
        disabled: false,
        targets: Targets::default(),
        from: Peers::default(),
        to: Peers::default(),
        traffic: Vec::new(),
        link: None,
    }
}

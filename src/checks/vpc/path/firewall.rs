//! Effective firewalls, from Compute Engine's form into the evaluator's.

use google_cloud_compute_v1::model::network::NetworkFirewallPolicyEnforcementOrder;
use google_cloud_compute_v1::model::{
    Firewall as VpcRule, FirewallPolicyRule, FirewallPolicyRuleMatcher, FirewallPolicyRuleSecureTag, Network,
    NetworksGetEffectiveFirewallsResponse, RegionNetworkFirewallPoliciesGetEffectiveFirewallsResponse,
    firewall, firewall_policy_rule,
    networks_get_effective_firewalls_response_effective_firewall_policy as of_network,
    region_network_firewall_policies_get_effective_firewalls_response_effective_firewall_policy as of_region,
};

use crate::network;
use crate::network::Fact;
use crate::network::firewall::{
    Action, Direction, Firewall, Opaque, OpaqueKind, Order, Peers, Policy, Ports, Protocol, Regional, Rule,
    Targets, Traffic,
};

/// The priority of a VPC rule that states none.
const DEFAULT_PRIORITY: u32 = 1000;

/// The effective firewall of a network, and in one region.
pub(super) fn firewall(
    network: Option<&Network>,
    effective: &NetworksGetEffectiveFirewallsResponse,
    regional: Fact<&RegionNetworkFirewallPoliciesGetEffectiveFirewallsResponse>,
) -> Firewall {
    let mut found = Firewall {
        order: order(network),
        rules: effective.firewalls.iter().flat_map(vpc_rules).collect(),
        ..Firewall::default()
    };
    let mut system = Vec::new();
    for policy in &effective.firewall_policys {
        let name = policy.short_name.as_ref().or(policy.name.as_ref());
        let converted = named(name, &policy.rules);
        match &policy.r#type {
            Some(of_network::Type::Hierarchy) => found.hierarchical.push(converted),
            Some(of_network::Type::System) => system.push(converted),
            Some(of_network::Type::Network | of_network::Type::Unspecified) | None => {
                found.global.push(converted);
            }
            // Nobody knows when it is asked: before all others, it leaves inconclusive what it matches.
            Some(_) => found.hierarchical.insert(0, inconclusive(converted)),
        }
    }
    found.regional = match regional {
        Fact::Known(regional) => Fact::Known(of_its_region(regional, system)),
        Fact::Hidden(why) => Fact::Hidden(why),
    };
    found
}

/// What only the region's own answer tells; the rest of it is the network's answer again.
fn of_its_region(
    answer: &RegionNetworkFirewallPoliciesGetEffectiveFirewallsResponse,
    mut system: Vec<Policy>,
) -> Regional {
    let mut regional = Regional::default();
    for policy in &answer.firewall_policys {
        let converted = named(policy.display_name.as_ref().or(policy.name.as_ref()), &policy.rules);
        match &policy.r#type {
            Some(of_region::Type::NetworkRegional) => regional.network.push(converted),
            Some(of_region::Type::SystemGlobal | of_region::Type::SystemRegional) => system.push(converted),
            // The network's own answer has them.
            Some(of_region::Type::Hierarchy | of_region::Type::Network | of_region::Type::Unspecified)
            | None => {}
            Some(_) => regional.network.push(inconclusive(converted)),
        }
    }
    system.dedup();
    regional.system = system;
    regional
}

fn order(network: Option<&Network>) -> Order {
    match network.map(|network| &network.network_firewall_policy_enforcement_order) {
        Some(None | Some(NetworkFirewallPolicyEnforcementOrder::AfterClassicFirewall)) => {
            Order::AfterClassicFirewall
        }
        Some(Some(NetworkFirewallPolicyEnforcementOrder::BeforeClassicFirewall)) => {
            Order::BeforeClassicFirewall
        }
        Some(Some(_)) | None => Order::Unread,
    }
}

fn named(name: Option<&String>, rules: &[FirewallPolicyRule]) -> Policy {
    Policy { name: name.cloned().unwrap_or_default(), rules: rules.iter().flat_map(policy_rules).collect() }
}

/// A policy of a kind that is not known: what its rules do with what they match is not, either.
fn inconclusive(policy: Policy) -> Policy {
    let rules = policy.rules.into_iter();
    Policy {
        rules: rules.map(|rule| Rule { action: unknown("a policy of a new type"), ..rule }).collect(),
        ..policy
    }
}

fn unknown(what: &str) -> Action {
    Action::Other(what.to_owned())
}

/// A rule of a direction that is not known may be for either.
fn either_way(rule: Rule) -> Vec<Rule> {
    let rule = Rule { action: unknown("a rule of a new direction"), ..rule };
    vec![
        Rule { direction: Direction::Ingress, ..rule.clone() },
        Rule { direction: Direction::Egress, ..rule },
    ]
}

fn vpc_rules(rule: &VpcRule) -> Vec<Rule> {
    match &rule.direction {
        Some(firewall::Direction::Egress) => vec![vpc_rule(rule, Direction::Egress)],
        // Ingress is what a rule is for that says nothing.
        Some(firewall::Direction::Ingress) | None => vec![vpc_rule(rule, Direction::Ingress)],
        Some(_) => either_way(vpc_rule(rule, Direction::Ingress)),
    }
}

fn policy_rules(rule: &FirewallPolicyRule) -> Vec<Rule> {
    match &rule.direction {
        Some(firewall_policy_rule::Direction::Egress) => vec![policy_rule(rule, Direction::Egress)],
        Some(firewall_policy_rule::Direction::Ingress) | None => vec![policy_rule(rule, Direction::Ingress)],
        Some(_) => either_way(policy_rule(rule, Direction::Ingress)),
    }
}

fn vpc_rule(rule: &VpcRule, direction: Direction) -> Rule {
    let denied = rule.denied.iter().map(|one| traffic(one.ip_protocol.as_deref(), &one.ports));
    let allowed = rule.allowed.iter().map(|one| traffic(one.ip_protocol.as_deref(), &one.ports));
    let (action, matched): (Action, Vec<Traffic>) = if rule.denied.is_empty() {
        (Action::Allow, allowed.collect())
    } else {
        (Action::Deny, denied.collect())
    };
    let mut from = ranges(&rule.source_ranges);
    from.tags.clone_from(&rule.source_tags);
    from.service_accounts.clone_from(&rule.source_service_accounts);
    Rule {
        name: rule.name.clone().unwrap_or_default(),
        priority: priority(rule.priority),
        direction,
        action,
        disabled: rule.disabled.unwrap_or(false),
        targets: Targets {
            tags: rule.target_tags.clone(),
            service_accounts: rule.target_service_accounts.clone(),
            ..Targets::default()
        },
        from,
        to: ranges(&rule.destination_ranges),
        traffic: matched,
        link: rule.self_link.clone(),
    }
}

fn policy_rule(rule: &FirewallPolicyRule, direction: Direction) -> Rule {
    let none = FirewallPolicyRuleMatcher::default();
    let matcher = rule.r#match.as_ref().unwrap_or(&none);
    let layers = matcher.layer_4_configs.iter();
    Rule {
        name: rule.rule_name.clone().filter(|name| !name.is_empty()).unwrap_or_default(),
        priority: priority(rule.priority),
        direction,
        action: action(rule.action.as_deref().unwrap_or_default()),
        disabled: rule.disabled.unwrap_or(false),
        targets: Targets {
            tags: Vec::new(),
            service_accounts: rule.target_service_accounts.clone(),
            secure_tags: tags(&rule.target_secure_tags),
            networks: rule.target_resources.iter().filter_map(|link| network::Network::parse(link)).collect(),
            load_balancers: !rule.target_forwarding_rules.is_empty()
                || rule.target_type == Some(firewall_policy_rule::TargetType::InternalManagedLb),
        },
        from: sources(matcher),
        to: destinations(matcher),
        traffic: layers.map(|one| traffic(one.ip_protocol.as_deref(), &one.ports)).collect(),
        link: None,
    }
}

fn action(word: &str) -> Action {
    match word.to_ascii_lowercase().as_str() {
        "allow" => Action::Allow,
        // Older policies state the answer that an HTTP proxy would give: `deny(403)`.
        word if word == "deny" || word.starts_with("deny(") => Action::Deny,
        "goto_next" => Action::GotoNext,
        "apply_security_profile_group" => Action::Inspect,
        _ => Action::Other(word.to_owned()),
    }
}

fn sources(matcher: &FirewallPolicyRuleMatcher) -> Peers {
    let mut peers = ranges(&matcher.src_ip_ranges);
    let kinds: [(OpaqueKind, Vec<String>); 6] = [
        (OpaqueKind::AddressGroup, matcher.src_address_groups.clone()),
        (OpaqueKind::Fqdn, matcher.src_fqdns.clone()),
        (OpaqueKind::RegionCode, matcher.src_region_codes.clone()),
        (OpaqueKind::ThreatIntelligence, matcher.src_threat_intelligences.clone()),
        (OpaqueKind::SecureTag, tags(&matcher.src_secure_tags)),
        (OpaqueKind::NetworkType, matcher.src_networks.clone()),
    ];
    for (kind, values) in kinds {
        peers.opaque.extend(values.into_iter().map(|value| Opaque { kind, value }));
    }
    let context = matcher.src_network_context.as_ref().and_then(|one| one.name());
    let word = context.or(matcher.src_network_type.as_ref().and_then(|one| one.name()));
    peers.opaque.extend(network_type(word));
    peers
}

fn destinations(matcher: &FirewallPolicyRuleMatcher) -> Peers {
    let mut peers = ranges(&matcher.dest_ip_ranges);
    let kinds: [(OpaqueKind, &Vec<String>); 4] = [
        (OpaqueKind::AddressGroup, &matcher.dest_address_groups),
        (OpaqueKind::Fqdn, &matcher.dest_fqdns),
        (OpaqueKind::RegionCode, &matcher.dest_region_codes),
        (OpaqueKind::ThreatIntelligence, &matcher.dest_threat_intelligences),
    ];
    for (kind, values) in kinds {
        peers.opaque.extend(values.iter().map(|value| Opaque { kind, value: value.clone() }));
    }
    let context = matcher.dest_network_context.as_ref().and_then(|one| one.name());
    let word = context.or(matcher.dest_network_type.as_ref().and_then(|one| one.name()));
    peers.opaque.extend(network_type(word));
    peers
}

fn network_type(word: Option<&str>) -> Option<Opaque> {
    let word = word.filter(|word| !word.is_empty() && *word != "UNSPECIFIED")?;
    Some(Opaque { kind: OpaqueKind::NetworkType, value: word.to_owned() })
}

fn tags(tags: &[FirewallPolicyRuleSecureTag]) -> Vec<String> {
    tags.iter().filter_map(|tag| tag.name.clone()).collect()
}

/// Ranges; text that is none may match or not.
fn ranges(texts: &[String]) -> Peers {
    let mut peers = Peers::default();
    for text in texts {
        match range(text) {
            Some(range) => peers.ranges.push(range),
            None => peers.opaque.push(Opaque { kind: OpaqueKind::Unread, value: text.clone() }),
        }
    }
    peers
}

/// A range, or a single address.
pub(super) fn range(text: &str) -> Option<ipnet::IpNet> {
    let text = text.trim();
    text.parse().ok().or_else(|| text.parse::<std::net::IpAddr>().ok().map(ipnet::IpNet::from))
}

fn traffic(protocol: Option<&str>, ports: &[String]) -> Traffic {
    Traffic {
        protocol: Protocol::parse(protocol.unwrap_or("all")),
        ports: ports.iter().map(|text| Ports::parse(text)).collect(),
    }
}

fn priority(stated: Option<i32>) -> u32 {
    stated.and_then(|number| u32::try_from(number).ok()).unwrap_or(DEFAULT_PRIORITY)
}

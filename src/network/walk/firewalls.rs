//! The firewall links: out of the service, into the machine, and towards the connector.

use super::private_access::unread;
use super::{Fault, Gap, Seen, Verdict};
use crate::network::facts::{DestinationKind, EgressPath, Facts, Machine, Reading};
use crate::network::firewall::{
    Decision, Direction, Packet, Party, Protocol, RuleRef, decide, without_effect,
};
use crate::network::ranges::{HEALTH_CHECKS, SERVERLESS, single};

/// The port of PostgreSQL.
const POSTGRES: u16 = 5432;
/// The port of the Cloud SQL proxies.
const PROXY: u16 = 3307;

/// Out of the service, one verdict a port.
pub(super) fn egress(facts: &Facts, party: &Party) -> Vec<(u16, Verdict)> {
    let firewall = match facts.egress_firewall.read() {
        Ok(firewall) => firewall,
        Err(why) => return all_unread(facts, Reading::EgressFirewall, why),
    };
    let to = destination(facts);
    let decisions: Vec<(u16, Decision)> = facts
        .destination
        .ports
        .iter()
        .map(|&port| (port, decide(firewall, &first_packet(party, &to, port), Direction::Egress)))
        .collect();
    // Asked although nobody dials it: where it is open, somebody thought of the database and not of the proxies.
    let postgres = decide(firewall, &first_packet(party, &to, POSTGRES), Direction::Egress);
    let postgres_open = matches!(postgres, Decision::Allowed { .. });
    decisions
        .into_iter()
        .map(|(port, decision)| {
            let verdict = of_decision(decision, Direction::Egress, port, Vec::new());
            (port, if port == PROXY && postgres_open { as_proxy(verdict) } else { verdict })
        })
        .collect()
}

/// The verdict on the proxies' port where PostgreSQL's own is open.
fn as_proxy(verdict: Verdict) -> Verdict {
    if let Verdict::Broken(Fault::FirewallDenies { by, .. }) = verdict {
        return Verdict::Broken(Fault::FirewallDeniesProxyPort { by });
    }
    verdict
}

/// Into the machine, one verdict a port.
pub(super) fn ingress(facts: &Facts, party: &Party, machine: &Machine) -> Vec<(u16, Verdict)> {
    let firewall = match facts.ingress_firewall.read() {
        Ok(firewall) => firewall,
        Err(why) => return all_unread(facts, Reading::IngressFirewall, why),
    };
    let to = Party::machine(machine, single(facts.destination.address));
    facts
        .destination
        .ports
        .iter()
        .map(|&port| {
            let packet = first_packet(party, &to, port);
            let decision = decide(firewall, &packet, Direction::Ingress);
            let without_effect = match &decision {
                Decision::Denied { .. } => without_effect(firewall, &packet),
                Decision::Allowed { .. } | Decision::Inconclusive { .. } => Vec::new(),
            };
            (port, of_decision(decision, Direction::Ingress, port, without_effect))
        })
        .collect()
}

/// What a connector of another project needs of the network that it leads into, where Google makes no rules.
/// <https://cloud.google.com/run/docs/configuring/shared-vpc-service-projects>
pub(super) fn connector_rules(facts: &Facts, party: &Party) -> Option<Verdict> {
    match &facts.source.way {
        EgressPath::Connector(connector) if connector.in_service_project => {}
        EgressPath::Connector(_) | EgressPath::Direct(_) | EgressPath::None => return None,
    }
    let firewall = match facts.egress_firewall.read() {
        Ok(firewall) => firewall,
        Err(why) => return Some(unread(Reading::EgressFirewall, why)),
    };
    let needed = [
        (SERVERLESS, Protocol::Tcp, 667),
        (SERVERLESS, Protocol::Udp, 665),
        (SERVERLESS, Protocol::Udp, 666),
    ];
    let health = HEALTH_CHECKS.map(|range| (range, Protocol::Tcp, 667));
    let mut gap = None;
    for (from, protocol, port) in needed.into_iter().chain(health) {
        let traffic = match &protocol {
            Protocol::Udp => format!("udp:{port}"),
            Protocol::Tcp | Protocol::All | Protocol::Other(_) => format!("tcp:{port}"),
        };
        let packet = Packet { from: Party::address(from), to: party.clone(), protocol, port };
        match decide(firewall, &packet, Direction::Ingress) {
            Decision::Allowed { .. } => {}
            Decision::Denied { by } => {
                return Some(Verdict::Broken(Fault::ConnectorRulesMissing { from, traffic, by }));
            }
            Decision::Inconclusive { rule, why } => gap = gap.or(Some(Gap::FirewallUndecided { rule, why })),
        }
    }
    Some(gap.map_or(Verdict::Clear(Seen::ConnectorReachable), Verdict::Unknown))
}

fn destination(facts: &Facts) -> Party {
    let address = single(facts.destination.address);
    match &facts.destination.kind {
        DestinationKind::Machine(machine) => Party::machine(machine, address),
        DestinationKind::CloudSql { .. }
        | DestinationKind::PrivateServiceConnect
        | DestinationKind::Public
        | DestinationKind::Unknown => Party::address(address),
    }
}

fn first_packet(from: &Party, to: &Party, port: u16) -> Packet {
    Packet { from: from.clone(), to: to.clone(), protocol: Protocol::Tcp, port }
}

fn of_decision(decision: Decision, direction: Direction, port: u16, without_effect: Vec<RuleRef>) -> Verdict {
    match decision {
        Decision::Allowed { by } => Verdict::Clear(Seen::FirewallAllows { by }),
        Decision::Denied { by } => {
            Verdict::Broken(Fault::FirewallDenies { direction, port, by, without_effect })
        }
        Decision::Inconclusive { rule, why } => Verdict::Unknown(Gap::FirewallUndecided { rule, why }),
    }
}

fn all_unread(facts: &Facts, what: Reading, why: &str) -> Vec<(u16, Verdict)> {
    facts.destination.ports.iter().map(|&port| (port, unread(what, why))).collect()
}

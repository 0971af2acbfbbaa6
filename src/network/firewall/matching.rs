//! Whether a rule matches a packet: yes, no, or not to be known.

use ipnet::IpNet;

use super::{
    Account, Direction, OpaqueKind, Packet, Party, PartyKind, Peers, Ports, Protocol, Rule, Targets, Why,
};
use crate::network::ranges::overlap;
use crate::network::{Fact, Network};

/// The answer of one criterion, or of a rule.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Match {
    /// It matches every packet of the service.
    Yes,
    /// It matches none.
    No,
    /// It may match.
    Maybe(Why),
}

impl Match {
    /// Both must hold.
    fn and(self, other: impl FnOnce() -> Self) -> Self {
        match self {
            Self::No => Self::No,
            Self::Yes => other(),
            Self::Maybe(why) => match other() {
                Self::No => Self::No,
                Self::Yes | Self::Maybe(_) => Self::Maybe(why),
            },
        }
    }
}

/// Whether a rule takes effect on a packet. What is cheap and excludes most comes first: there may be thousands.
pub(super) fn matches(rule: &Rule, packet: &Packet, direction: Direction) -> Match {
    if rule.disabled || rule.direction != direction {
        return Match::No;
    }
    let target = match direction {
        Direction::Egress => &packet.from,
        Direction::Ingress => &packet.to,
    };
    traffic(rule, packet)
        .and(|| targets(&rule.targets, target))
        .and(|| peers(&rule.to, &packet.to, false))
        .and(|| peers(&rule.from, &packet.from, packet.stays_in_network()))
}

fn traffic(rule: &Rule, packet: &Packet) -> Match {
    if rule.traffic.is_empty() {
        return Match::Yes;
    }
    let mut unread = false;
    for entry in &rule.traffic {
        if entry.protocol != Protocol::All && entry.protocol != packet.protocol {
            continue;
        }
        if entry.ports.is_empty() {
            return Match::Yes;
        }
        for ports in &entry.ports {
            match ports {
                Ports::Range { first, last } if (*first..=*last).contains(&packet.port) => return Match::Yes,
                Ports::Range { .. } => {}
                Ports::Unread => unread = true,
            }
        }
    }
    if unread { Match::Maybe(Why::PortUnread) } else { Match::No }
}

fn targets(targets: &Targets, machine: &Party) -> Match {
    if targets.load_balancers {
        return Match::No;
    }
    in_network(&targets.networks, machine.network.as_ref()).and(|| {
        if targets.tags.is_empty() && targets.service_accounts.is_empty() && targets.secure_tags.is_empty() {
            return Match::Yes;
        }
        if targets.tags.iter().any(|tag| machine.tags.contains(tag)) {
            return Match::Yes;
        }
        match (has_account(&targets.service_accounts, machine), targets.secure_tags.first()) {
            (Match::No, Some(tag)) => secure_tag(tag, machine),
            (by_account, Some(_) | None) => by_account,
        }
    })
}

fn in_network(networks: &[Network], network: Option<&Network>) -> Match {
    if networks.is_empty() {
        return Match::Yes;
    }
    let Some(network) = network else { return Match::Maybe(Why::NetworkUnclear) };
    if network.project.is_some() && networks.contains(network) {
        Match::Yes
    } else if networks.iter().any(|one| one.same(network)) {
        Match::Maybe(Why::NetworkUnclear)
    } else {
        Match::No
    }
}

fn has_account(accounts: &[String], machine: &Party) -> Match {
    if accounts.is_empty() {
        return Match::No;
    }
    match &machine.account {
        Account::Is(account) if accounts.contains(account) => Match::Yes,
        Account::Is(_) | Account::None => Match::No,
        Account::Unknown => Match::Maybe(Why::AccountUnknown),
    }
}

/// No firewall rule sees the secure tags of a Cloud Run revision with direct VPC egress.
/// <https://cloud.google.com/run/docs/configuring/vpc-direct-vpc>, "not supported"
fn secure_tag(tag: &str, machine: &Party) -> Match {
    match machine.kind {
        PartyKind::Direct => Match::No,
        PartyKind::Connector { .. } | PartyKind::Machine | PartyKind::Address => {
            Match::Maybe(Why::Opaque { kind: OpaqueKind::SecureTag, value: tag.to_owned() })
        }
    }
}

/// `identified`: whether tags and accounts count, beside addresses.
fn peers(peers: &Peers, party: &Party, identified: bool) -> Match {
    let narrowing = peers.opaque.iter().find(|one| one.kind == OpaqueKind::NetworkType);
    let named = named(peers, party, identified);
    match (named, narrowing) {
        (Match::Yes | Match::No, Some(one)) => {
            Match::Maybe(Why::Opaque { kind: one.kind, value: one.value.clone() })
        }
        (named, Some(_) | None) => named,
    }
}

/// One of the ranges, tags, accounts and so on.
fn named(peers: &Peers, party: &Party, identified: bool) -> Match {
    if peers.ranges.is_empty()
        && peers.tags.is_empty()
        && peers.service_accounts.is_empty()
        && peers.opaque.iter().all(|one| one.kind == OpaqueKind::NetworkType)
    {
        return match &party.range {
            Fact::Known(IpNet::V6(_)) => Match::Maybe(Why::Ipv6),
            Fact::Known(IpNet::V4(_)) | Fact::Hidden(_) => Match::Yes,
        };
    }
    let mut best = in_ranges(&peers.ranges, &party.range);
    // Neither tags nor service accounts of a revision with direct VPC egress count in ingress rules.
    // <https://cloud.google.com/run/docs/configuring/vpc-direct-vpc>, "not supported"
    if identified && party.kind != PartyKind::Direct {
        if peers.tags.iter().any(|tag| party.tags.contains(tag)) {
            return Match::Yes;
        }
        best = either(best, has_account(&peers.service_accounts, party));
    }
    for one in &peers.opaque {
        let answer = match one.kind {
            OpaqueKind::SecureTag => secure_tag(&one.value, party),
            // Judged by the caller.
            OpaqueKind::NetworkType => Match::No,
            OpaqueKind::AddressGroup
            | OpaqueKind::Fqdn
            | OpaqueKind::RegionCode
            | OpaqueKind::ThreatIntelligence
            | OpaqueKind::Unread => Match::Maybe(Why::Opaque { kind: one.kind, value: one.value.clone() }),
        };
        best = either(best, answer);
    }
    best
}

fn either(one: Match, other: Match) -> Match {
    match (one, other) {
        (Match::Yes, _) | (_, Match::Yes) => Match::Yes,
        (Match::Maybe(why), _) | (Match::No, Match::Maybe(why)) => Match::Maybe(why),
        (Match::No, Match::No) => Match::No,
    }
}

fn in_ranges(ranges: &[IpNet], party: &Fact<IpNet>) -> Match {
    let party = match party {
        Fact::Known(party) => party,
        Fact::Hidden(why) => {
            // An address of IPv4, whichever: connectors and services have no other.
            if ranges.iter().any(|range| range.prefix_len() == 0 && matches!(range, IpNet::V4(_))) {
                return Match::Yes;
            }
            return match ranges {
                [] => Match::No,
                [_, ..] => Match::Maybe(Why::AddressesUnread { why: why.clone() }),
            };
        }
    };
    let mut some = false;
    for range in ranges {
        if range.contains(party) {
            return Match::Yes;
        }
        some |= overlap(range, party);
    }
    if some { Match::Maybe(Why::SomeAddresses) } else { Match::No }
}

/// Whether a rule would let the packet in if the tags or accounts of a direct-VPC sender counted (C16).
pub(super) fn would_match_by_identity(rule: &Rule, packet: &Packet) -> bool {
    let as_machine =
        Packet { from: Party { kind: PartyKind::Machine, ..packet.from.clone() }, ..packet.clone() };
    packet.from.kind == PartyKind::Direct
        && matches(rule, packet, Direction::Ingress) == Match::No
        && matches(rule, &as_machine, Direction::Ingress) == Match::Yes
}

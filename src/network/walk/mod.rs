//! The walk: each link of the way, in the order in which a packet meets them, with a verdict and its evidence.

mod addresses;
mod entry;
mod firewalls;
mod nat;
mod private_access;
mod route;
#[cfg(test)]
mod tests;
mod verdict;
mod words;

use serde::{Deserialize, Serialize};

use super::facts::{DestinationKind, EgressPath, Facts};
pub use verdict::{Conflict, Fault, Gap, Seen, Verdict};

/// The links of the way, in order.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Walk {
    /// Those that the packet meets; a link that this packet does not meet is not listed.
    pub steps: Vec<Step>,
}

/// One link of the way.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Step {
    /// Which.
    pub link: Link,
    /// How it is.
    pub verdict: Verdict,
}

/// What lies between a service and its database.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Link {
    /// The packet enters the VPC network, or need not.
    Entry,
    /// The network is the database's.
    Network,
    /// The subnet has addresses for the service's instances.
    Subnet,
    /// No range is in the way of the database's address.
    Addresses,
    /// The peering of private services access.
    Peering,
    /// The Private Service Connect endpoint.
    Endpoint,
    /// Firewall rules let the packet out.
    EgressFirewall {
        /// To this port.
        port: u16,
    },
    /// Firewall rules let Google's infrastructure reach the connector.
    ConnectorRules,
    /// A route leads to the database.
    Route,
    /// Firewall rules let the packet in.
    IngressFirewall {
        /// To this port.
        port: u16,
    },
    /// The internet is reached from the VPC network.
    Nat,
}

impl Walk {
    /// The first link that is broken. Those after it are judged by themselves, but may fail for its sake.
    pub fn first_broken(&self) -> Option<(Link, &Fault)> {
        self.steps.iter().find_map(|step| match &step.verdict {
            Verdict::Broken(fault) => Some((step.link, fault)),
            Verdict::Clear(_) | Verdict::Suspect(_) | Verdict::Unknown(_) => None,
        })
    }

    /// The verdict on a link; `None` where the packet does not meet it.
    pub fn verdict(&self, link: Link) -> Option<&Verdict> {
        self.steps.iter().find(|step| step.link == link).map(|step| &step.verdict)
    }
}

/// Walks the way from the service to its database.
///
/// Total: every combination of facts has an answer. A packet that does not enter the VPC network meets nothing else,
/// so the walk ends there.
pub fn walk(facts: &Facts) -> Walk {
    let mut steps = Vec::new();
    let mut met = |link, verdict| steps.push(Step { link, verdict });
    let (verdict, enters) = entry::entry(facts);
    met(Link::Entry, verdict);
    let (Some(party), true) = (facts.source.party(), enters) else { return Walk { steps } };

    if let Some(verdict) = entry::network(facts, &party) {
        met(Link::Network, verdict);
    }
    if let EgressPath::Direct(direct) = &facts.source.way {
        met(Link::Subnet, entry::subnet(direct));
    }
    if let Some(verdict) = addresses::addresses(facts) {
        met(Link::Addresses, verdict);
    }
    match &facts.destination.kind {
        DestinationKind::CloudSql { network, .. } => {
            met(Link::Peering, private_access::peering(facts, network.as_ref()));
        }
        DestinationKind::PrivateServiceConnect => met(Link::Endpoint, private_access::endpoint(facts)),
        DestinationKind::Machine(_) | DestinationKind::Public | DestinationKind::Unknown => {}
    }
    for (port, verdict) in firewalls::egress(facts, &party) {
        met(Link::EgressFirewall { port }, verdict);
    }
    if let Some(verdict) = firewalls::connector_rules(facts, &party) {
        met(Link::ConnectorRules, verdict);
    }
    met(Link::Route, route::route(facts, &party));
    if let DestinationKind::Machine(machine) = &facts.destination.kind {
        for (port, verdict) in firewalls::ingress(facts, &party, machine) {
            met(Link::IngressFirewall { port }, verdict);
        }
    }
    if let Some(verdict) = nat::nat(facts, &party) {
        met(Link::Nat, verdict);
    }
    Walk { steps }
}

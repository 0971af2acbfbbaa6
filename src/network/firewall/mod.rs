//! Firewall rules and policies that are in force in a network, and what they do with a packet.
//!
//! Sources: <https://cloud.google.com/firewall/docs/firewall-policies-rule-eval-order> (which comes when),
//! <https://cloud.google.com/firewall/docs/firewalls> (VPC rules), the reference of `firewalls` and
//! `firewallPolicies` in Compute Engine's API (what each field means), and for what serverless adds
//! <https://cloud.google.com/run/docs/configuring/vpc-connectors> and
//! <https://cloud.google.com/run/docs/configuring/vpc-direct-vpc>.

mod decision;
mod evaluate;
mod matching;
mod party;
#[cfg(test)]
mod reference;
#[cfg(test)]
mod tests;

pub use decision::{Decision, RuleKind, RuleRef, Why};
pub use evaluate::{decide, without_effect};
pub use party::{Account, Packet, Party, PartyKind};

use ipnet::IpNet;
use serde::{Deserialize, Serialize};

use super::{Fact, Network};

/// The effective firewall of a network, in one region.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct Firewall {
    /// Whether VPC rules or network policies come first.
    pub order: Order,
    /// Hierarchical policies: the organization's, then those of folders from the top down.
    pub hierarchical: Vec<Policy>,
    /// VPC firewall rules, in any order.
    pub rules: Vec<Rule>,
    /// Global network firewall policies, by priority of their association.
    pub global: Vec<Policy>,
    /// What only the region's own `getEffectiveFirewalls` tells.
    pub regional: Fact<Regional>,
}

/// `networkFirewallPolicyEnforcementOrder` of a network.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Order {
    /// VPC rules, then network policies; Google's default.
    #[default]
    AfterClassicFirewall,
    /// Network policies, then VPC rules.
    BeforeClassicFirewall,
    /// It was not read, or has a value that this version does not know.
    Unread,
}

/// Policies of one region.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct Regional {
    /// Google's own, evaluated right after hierarchical ones.
    pub system: Vec<Policy>,
    /// Regional network firewall policies, evaluated after global ones.
    pub network: Vec<Policy>,
}

impl Default for Fact<Regional> {
    /// None.
    fn default() -> Self {
        Self::Known(Regional::default())
    }
}

/// A firewall policy.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct Policy {
    /// Its name.
    pub name: String,
    /// Its rules, in any order.
    pub rules: Vec<Rule>,
}

/// A rule, of a VPC firewall or of a policy.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Rule {
    /// Its name, where it has one (rules of policies need not).
    pub name: String,
    /// 0 to 65535 in a VPC, to 2147483647 in a policy; the lowest number is evaluated first.
    pub priority: u32,
    /// Which packets it looks at.
    pub direction: Direction,
    /// What it does with those that match.
    pub action: Action,
    /// Whether it is switched off.
    #[serde(default)]
    pub disabled: bool,
    /// The machines that have it.
    #[serde(default)]
    pub targets: Targets,
    /// From where a packet must come.
    #[serde(default)]
    pub from: Peers,
    /// Where it must go.
    #[serde(default)]
    pub to: Peers,
    /// Protocols and ports; none is any.
    #[serde(default)]
    pub traffic: Vec<Traffic>,
    /// Its `selfLink`, where it has one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub link: Option<String>,
}

/// Which way a packet goes, checked from the machine.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, strum::Display)]
#[serde(rename_all = "kebab-case")]
#[strum(serialize_all = "kebab-case")]
pub enum Direction {
    /// To it.
    Ingress,
    /// From it.
    Egress,
}

/// What a rule does with a packet.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Action {
    /// Lets it through.
    Allow,
    /// Drops it.
    Deny,
    /// Ends the evaluation of its policy, and leaves the decision to what comes next.
    GotoNext,
    /// Hands it to an inspection whose answer no configuration tells (`apply_security_profile_group`).
    Inspect,
    /// An action that this version does not know, as Google names it.
    Other(String),
}

/// The machines that a rule applies to: all of the network where nothing is named.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct Targets {
    /// With one of these network tags.
    pub tags: Vec<String>,
    /// With one of these service accounts.
    pub service_accounts: Vec<String>,
    /// With one of these secure tags.
    pub secure_tags: Vec<String>,
    /// In one of these networks (`targetResources` of hierarchical rules).
    pub networks: Vec<Network>,
    /// Not machines at all, but the proxies of load balancers (`targetType`, `targetForwardingRules`).
    pub load_balancers: bool,
}

/// One end of the packets that a rule matches: any where nothing is named, else one of what is named.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct Peers {
    /// Ranges.
    pub ranges: Vec<IpNet>,
    /// Network tags of the machine that sends (`sourceTags`).
    pub tags: Vec<String>,
    /// Service accounts of the machine that sends (`sourceServiceAccounts`).
    pub service_accounts: Vec<String>,
    /// What cannot be decided from configuration.
    pub opaque: Vec<Opaque>,
}

/// A criterion whose meaning stands elsewhere.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Opaque {
    /// What kind of criterion.
    pub kind: OpaqueKind,
    /// Its value, as Google has it.
    pub value: String,
}

/// Criteria that configuration alone does not decide.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, strum::Display)]
#[serde(rename_all = "kebab-case")]
pub enum OpaqueKind {
    /// A group of addresses that is kept elsewhere.
    #[strum(serialize = "address group")]
    AddressGroup,
    /// A domain name, whatever it resolves to.
    #[strum(serialize = "domain name")]
    Fqdn,
    /// A country, by Google's geolocation of addresses.
    #[strum(serialize = "country")]
    RegionCode,
    /// A list of threat intelligence.
    #[strum(serialize = "threat intelligence list")]
    ThreatIntelligence,
    /// A secure tag (Resource Manager tag) of the machine that sends.
    #[strum(serialize = "secure tag")]
    SecureTag,
    /// Internet or not (`srcNetworkType`, `destNetworkType`, `…Context`), or a list of networks. Narrows what the other
    /// criteria name.
    #[strum(serialize = "network type")]
    NetworkType,
    /// Text that could not be read (a range that is none, say).
    #[strum(serialize = "unreadable criterion")]
    Unread,
}

/// A protocol with its ports.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Traffic {
    /// The protocol.
    pub protocol: Protocol,
    /// Destination ports; none is all.
    #[serde(default)]
    pub ports: Vec<Ports>,
}

/// A protocol, as rules name it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Protocol {
    /// `all`.
    All,
    /// TCP, by name or number 6.
    Tcp,
    /// UDP, by name or number 17.
    Udp,
    /// Another one, by name or number.
    Other(String),
}

impl Protocol {
    /// From a name or a number.
    pub fn parse(text: &str) -> Self {
        match text.to_ascii_lowercase().as_str() {
            "all" => Self::All,
            "tcp" | "6" => Self::Tcp,
            "udp" | "17" => Self::Udp,
            other => Self::Other(other.to_owned()),
        }
    }
}

/// A range of ports, both ends included.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Ports {
    /// One or more ports.
    Range {
        /// The first.
        first: u16,
        /// The last.
        last: u16,
    },
    /// Text that is neither a port nor a range of ports.
    Unread,
}

impl Ports {
    /// From `5432` or `5000-6000`.
    pub fn parse(text: &str) -> Self {
        let (first, last) = text.split_once('-').unwrap_or((text, text));
        match (first.trim().parse(), last.trim().parse()) {
            (Ok(first), Ok(last)) => Self::Range { first, last },
            (Err(_), _) | (_, Err(_)) => Self::Unread,
        }
    }
}

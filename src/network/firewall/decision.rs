//! What a firewall does with a packet, and which rule says so.

use std::fmt;

use serde::{Deserialize, Serialize};

use super::OpaqueKind;

/// What becomes of a packet.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(tag = "decision", rename_all = "kebab-case")]
pub enum Decision {
    /// It passes.
    Allowed {
        /// The rule that says so.
        by: RuleRef,
    },
    /// It is dropped.
    Denied {
        /// The rule that says so.
        by: RuleRef,
    },
    /// Configuration does not tell.
    Inconclusive {
        /// The rule that may or may not take effect, where it is one.
        rule: Option<RuleRef>,
        /// Why that is not known.
        why: Why,
    },
}

/// A rule, to be found again by whoever reads the report.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct RuleRef {
    /// What kind of rule.
    pub kind: RuleKind,
    /// Name of its policy, where it is part of one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub policy: Option<String>,
    /// Its name; empty where it has none.
    pub name: String,
    /// Its priority.
    pub priority: u32,
    /// Its `selfLink`, where it has one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub link: Option<String>,
}

/// Where a rule stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, strum::Display)]
#[serde(rename_all = "kebab-case")]
pub enum RuleKind {
    /// In a policy of an organization or folder.
    #[strum(serialize = "hierarchical firewall policy")]
    Hierarchical,
    /// In a policy that Google keeps for its own services.
    #[strum(serialize = "system firewall policy")]
    System,
    /// Among the network's own rules.
    #[strum(serialize = "VPC firewall rule")]
    Vpc,
    /// In a global network firewall policy.
    #[strum(serialize = "global network firewall policy")]
    Global,
    /// In a regional network firewall policy.
    #[strum(serialize = "regional network firewall policy")]
    Regional,
    /// Google's own, which lets a connector's packets reach all machines of its network; no list shows it.
    #[strum(serialize = "implicit rule of the connector")]
    Connector,
    /// What holds where nothing else does: all may leave, nothing may enter.
    #[strum(serialize = "implied rule of every network")]
    Implied,
}

/// Why configuration does not tell what a rule does.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "reason", rename_all = "kebab-case")]
pub enum Why {
    /// It names something whose meaning stands elsewhere.
    Opaque {
        /// What kind of criterion.
        kind: OpaqueKind,
        /// Its value.
        value: String,
    },
    /// It covers some of the service's addresses, not all.
    SomeAddresses,
    /// It names addresses, and those of the service could not be read.
    AddressesUnread {
        /// Why not.
        why: String,
    },
    /// It names service accounts, and the machine's is not known.
    AccountUnknown,
    /// It names the same network by other means (project number and project id, say), or only perhaps the same.
    NetworkUnclear,
    /// It names no addresses, and Google does not say whether that means IPv6 too.
    Ipv6,
    /// It names a port that could not be read.
    PortUnread,
    /// It stands at the priority of the implied rule that says the opposite.
    MeetsImpliedRule,
    /// It hands packets to an inspection, whose answer no configuration tells.
    Inspection,
    /// It has an action that this version does not know.
    ActionUnknown {
        /// As Google names it.
        action: String,
    },
    /// Policies that come before a decision could not be read.
    PoliciesUnread {
        /// Why not.
        why: String,
    },
    /// Whether VPC rules or network policies come first is not known, and matters.
    OrderUnread,
    /// Google does not say whether this rule of its own exists for a connector of another project.
    ConnectorElsewhere,
}

impl fmt::Display for RuleRef {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.kind)?;
        if let Some(policy) = &self.policy {
            write!(f, " {policy}, rule")?;
        }
        if !self.name.is_empty() {
            write!(f, " {}", self.name)?;
        }
        write!(f, " (priority {})", self.priority)
    }
}

impl fmt::Display for Why {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Opaque { kind, value } => write!(f, "what the {kind} {value} stands for is not read"),
            Self::SomeAddresses => write!(f, "it covers some of the service's addresses only"),
            Self::AddressesUnread { why } => write!(f, "the service's addresses could not be read: {why}"),
            Self::AccountUnknown => write!(f, "it names service accounts, and the sender's is not known"),
            Self::NetworkUnclear => {
                write!(f, "it names networks, and whether this is one of them is not certain")
            }
            Self::Ipv6 => write!(f, "it names no range, and Google does not say whether that includes IPv6"),
            Self::PortUnread => write!(f, "one of its ports could not be read"),
            Self::MeetsImpliedRule => write!(f, "it has the priority of the implied rule"),
            Self::Inspection => write!(f, "it hands packets to an inspection"),
            Self::ActionUnknown { action } => write!(f, "its action {action} is not known to this version"),
            Self::PoliciesUnread { why } => write!(f, "policies that come first could not be read: {why}"),
            Self::OrderUnread => write!(f, "whether network policies come before VPC rules is not known"),
            Self::ConnectorElsewhere => {
                write!(
                    f,
                    "Google does not say whether it exists where the connector stands in another project"
                )
            }
        }
    }
}

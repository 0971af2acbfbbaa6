//! Who sends a packet and who receives it, as firewall rules tell machines apart.

use ipnet::IpNet;
use serde::{Deserialize, Serialize};

use super::Protocol;
use crate::network::facts::{Connector, DirectVpc, Machine};
use crate::network::{Fact, Network};

/// One end of a packet.
#[derive(Clone, Debug, PartialEq)]
pub struct Party {
    /// What it is.
    pub kind: PartyKind,
    /// Its addresses. A service has many, and which of them a packet comes from nobody knows before.
    pub range: Fact<IpNet>,
    /// Its network tags.
    pub tags: Vec<String>,
    /// Its service account.
    pub account: Account,
    /// Its network.
    pub network: Option<Network>,
}

/// What is at one end of a packet.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum PartyKind {
    /// The instances of a Serverless VPC Access connector: machines of Google's, with tags.
    Connector {
        /// See [`Connector::in_service_project`].
        in_service_project: bool,
    },
    /// A Cloud Run revision with direct VPC egress.
    Direct,
    /// A virtual machine.
    Machine,
    /// Anything else; only its address is known.
    Address,
}

/// A service account, as far as it is known.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Account {
    /// This one.
    Is(String),
    /// None.
    None,
    /// It is not known.
    Unknown,
}

impl Party {
    /// Every connector's instances have two tags, and a service account that Google does not tell.
    /// <https://cloud.google.com/run/docs/configuring/vpc-connectors>
    pub fn connector(connector: &Connector, region: &str) -> Self {
        Self {
            kind: PartyKind::Connector { in_service_project: connector.in_service_project },
            range: connector.range.clone(),
            tags: vec!["vpc-connector".to_owned(), format!("vpc-connector-{region}-{}", connector.name)],
            account: Account::Unknown,
            network: Some(connector.network.clone()),
        }
    }

    /// A revision with direct VPC egress.
    pub fn direct(direct: &DirectVpc) -> Self {
        Self {
            kind: PartyKind::Direct,
            range: direct.range.clone(),
            tags: direct.tags.clone(),
            account: direct.service_account.clone().map_or(Account::Unknown, Account::Is),
            network: Some(direct.network.clone()),
        }
    }

    /// A machine with that address.
    pub fn machine(machine: &Machine, address: IpNet) -> Self {
        Self {
            kind: PartyKind::Machine,
            range: Fact::Known(address),
            tags: machine.tags.clone(),
            account: machine.service_account.clone().map_or(Account::None, Account::Is),
            network: Some(machine.network.clone()),
        }
    }

    /// Something of which only the address is known.
    pub fn address(range: IpNet) -> Self {
        Self {
            kind: PartyKind::Address,
            range: Fact::Known(range),
            tags: Vec::new(),
            account: Account::Unknown,
            network: None,
        }
    }
}

impl Packet {
    /// Whether both ends are in one network, as far as names tell. Tags and service accounts of a sender mean
    /// something only there. <https://cloud.google.com/firewall/docs/firewalls>
    pub(super) fn stays_in_network(&self) -> bool {
        match (&self.from.network, &self.to.network) {
            (Some(from), Some(to)) => from.same(to),
            (None, _) | (_, None) => false,
        }
    }
}

/// The first packet of a connection.
#[derive(Clone, Debug, PartialEq)]
pub struct Packet {
    /// Who sends it.
    pub from: Party,
    /// Who shall receive it.
    pub to: Party,
    /// TCP, but for the packets that keep a connector alive.
    pub protocol: Protocol,
    /// The port that it goes to.
    pub port: u16,
}

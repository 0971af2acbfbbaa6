//! What was read of the network, as plain data of our own.

use std::net::IpAddr;

use ipnet::IpNet;
use serde::{Deserialize, Serialize};

use super::Network;
use super::firewall::{Firewall, Party};
use super::routes::{PolicyRoute, Route};

/// Something that Google was asked for.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Fact<T> {
    /// The answer.
    Known(T),
    /// It could not be read, and why: a missing permission, an API that is off, an answer that made no sense.
    Hidden(String),
}

impl<T> Fact<T> {
    /// The answer, or why there is none.
    pub fn read(&self) -> Result<&T, &str> {
        match self {
            Self::Known(known) => Ok(known),
            Self::Hidden(why) => Err(why),
        }
    }
}

/// The facts that a verdict may lack, by name.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, strum::Display)]
#[serde(rename_all = "kebab-case")]
pub enum Reading {
    /// The range of the connector or of the subnet.
    #[strum(serialize = "the range of the service's addresses")]
    SourceRange,
    /// Effective firewall of the network that the service leaves into.
    #[strum(serialize = "the effective firewall of the service's network")]
    EgressFirewall,
    /// Effective firewall of the network and region of the database's machine.
    #[strum(serialize = "the effective firewall of the database's network")]
    IngressFirewall,
    /// Static and subnet routes.
    #[strum(serialize = "the routes")]
    Routes,
    /// Peerings of the network.
    #[strum(serialize = "the peerings of the network")]
    Peerings,
    /// Ranges allocated for private services access.
    #[strum(serialize = "the ranges allocated for private services access")]
    Allocations,
    /// Private Service Connect endpoints.
    #[strum(serialize = "the Private Service Connect endpoints")]
    Endpoints,
    /// Cloud NAT gateways.
    #[strum(serialize = "the Cloud NAT gateways")]
    Nats,
}

/// All that [`super::walk`] looks at.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Facts {
    /// Where the packet comes from.
    pub source: Source,
    /// Where it shall go.
    pub destination: Destination,
    /// Firewall of the network and region that the service leaves into.
    pub egress_firewall: Fact<Firewall>,
    /// Firewall of the network and region of the machine that runs the database; read only for such a database.
    pub ingress_firewall: Fact<Firewall>,
    /// Subnet and static routes of the service's network (`routes.list`).
    pub routes: Fact<Vec<Route>>,
    /// Routes imported from peerings (`networks.listPeeringRoutes`, `direction=INCOMING`, `imported` ones).
    pub peering_routes: Fact<Vec<Route>>,
    /// Routes learned by Cloud Routers, which `routes.list` does not show.
    pub dynamic_routes: Fact<Vec<Route>>,
    /// Policy-based routes (an API of its own, `networkconnectivity.googleapis.com`).
    pub policy_routes: Fact<Vec<PolicyRoute>>,
    /// Peerings of the service's network.
    pub peerings: Fact<Vec<Peering>>,
    /// Ranges reserved for private services access in the service's network (`purpose=VPC_PEERING`).
    pub allocations: Fact<Vec<IpNet>>,
    /// Private Service Connect endpoints (forwarding rules) with the database's address, in whatever network.
    pub endpoints: Fact<Vec<Endpoint>>,
    /// Cloud NAT gateways of the service's network and region.
    pub nats: Fact<Vec<Nat>>,
}

/// The service, as the network sees it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Source {
    /// Its region, `europe-west1`.
    pub region: String,
    /// Its way into a VPC network.
    pub way: EgressPath,
    /// Which packets take that way.
    pub egress: Egress,
}

/// How a service gets into a VPC network.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum EgressPath {
    /// Not at all.
    None,
    /// Through a Serverless VPC Access connector.
    Connector(Connector),
    /// By direct VPC egress.
    Direct(DirectVpc),
}

/// Which packets a service sends into the VPC network.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Egress {
    /// Those to private ranges; Cloud Run's default.
    PrivateRangesOnly,
    /// All of them.
    AllTraffic,
}

/// A Serverless VPC Access connector.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Connector {
    /// Short name.
    pub name: String,
    /// The network that it leads into.
    pub network: Network,
    /// Its `/28`.
    pub range: Fact<IpNet>,
    /// Short name of its subnet; `None` where it was made with a range, whose subnet Google hides.
    pub subnet: Option<String>,
    /// Whether it stands in another project than its network (Shared VPC): then somebody must have made the firewall
    /// rules that Google makes elsewhere.
    pub in_service_project: bool,
}

/// Direct VPC egress.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct DirectVpc {
    /// The network that it leads into.
    pub network: Network,
    /// Short name of the subnet.
    pub subnet: String,
    /// Primary IPv4 range of the subnet.
    pub range: Fact<IpNet>,
    /// Network tags of the revision.
    pub tags: Vec<String>,
    /// Service account of the revision, where known.
    pub service_account: Option<String>,
    /// Most instances that the revision may have, where known.
    pub max_instances: Option<u32>,
}

/// The database, as the network sees it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Destination {
    /// Its address.
    pub address: IpAddr,
    /// The ports that the service dials: 5432, or 3307 of the Cloud SQL proxies, or both.
    pub ports: Vec<u16>,
    /// What has that address.
    pub kind: DestinationKind,
}

/// What the database's address belongs to.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum DestinationKind {
    /// The private address of a Cloud SQL instance, behind private services access.
    CloudSql {
        /// The network that the instance is attached to, where known.
        network: Option<Network>,
        /// Networks that may dial it beside RFC 1918 (`authorizedNetworks`).
        authorized: Fact<Vec<IpNet>>,
    },
    /// A Private Service Connect endpoint of a Cloud SQL instance.
    PrivateServiceConnect,
    /// A machine in a VPC network.
    Machine(Machine),
    /// A public address.
    Public,
    /// Not known: an address that nothing which was read has.
    Unknown,
}

/// A virtual machine that runs a database.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Machine {
    /// Short name.
    pub name: String,
    /// The network of the interface with the database's address.
    pub network: Network,
    /// Its network tags.
    pub tags: Vec<String>,
    /// Its service account; `None` where it has none.
    pub service_account: Option<String>,
}

/// A peering of a VPC network.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Peering {
    /// Its name, `servicenetworking-googleapis-com` for private services access.
    pub name: String,
    /// The peer network, as Google has it.
    pub network: String,
    /// Whether both sides are connected (`state` is `ACTIVE`).
    pub active: bool,
    /// What Google says about the state (`stateDetails`).
    pub details: String,
    /// `exportSubnetRoutesWithPublicIp`, by default true.
    pub exports_public_ranges: bool,
    /// `importSubnetRoutesWithPublicIp`, by default false.
    pub imports_public_ranges: bool,
}

impl Peering {
    /// Whether Google's private services access made it: the names are Google's own.
    pub fn is_private_services_access(&self) -> bool {
        self.name == "servicenetworking-googleapis-com"
            || self.network.ends_with("/networks/servicenetworking")
    }
}

/// A Private Service Connect endpoint: a forwarding rule to a service attachment.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Endpoint {
    /// Short name of the forwarding rule.
    pub name: String,
    /// Its address.
    pub address: IpAddr,
    /// Its network.
    pub network: Network,
    /// Its region.
    pub region: String,
    /// Whether clients of other regions may use it (`allowPscGlobalAccess`).
    pub global_access: bool,
    /// `pscConnectionStatus`: `ACCEPTED`, `PENDING`, `REJECTED`, `CLOSED`, …
    pub status: String,
}

/// A Cloud NAT gateway for machines (public, `ENDPOINT_TYPE_VM`).
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Nat {
    /// Short name.
    pub name: String,
    /// What it translates.
    pub translates: Translated,
    /// Ports that each machine has, and so its connections to one place at once; `None`: as many as it needs.
    #[serde(default)]
    pub ports: Option<u32>,
}

/// Whose addresses a Cloud NAT gateway translates.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Translated {
    /// The primary ranges of all subnets of the region (`ALL_SUBNETWORKS_…`).
    AllSubnets,
    /// Those of some subnets: short names of the ones whose primary range is translated.
    Subnets(Vec<String>),
}

impl EgressPath {
    /// The network that it leads into.
    pub fn network(&self) -> Option<&Network> {
        match self {
            Self::None => None,
            Self::Connector(connector) => Some(&connector.network),
            Self::Direct(direct) => Some(&direct.network),
        }
    }

    /// The range that packets come from.
    pub fn range(&self) -> Option<&Fact<IpNet>> {
        match self {
            Self::None => None,
            Self::Connector(connector) => Some(&connector.range),
            Self::Direct(direct) => Some(&direct.range),
        }
    }
}

impl Source {
    /// The service as a party to a firewall's decision; `None` where it has no way into a network.
    pub fn party(&self) -> Option<Party> {
        match &self.way {
            EgressPath::None => None,
            EgressPath::Connector(connector) => Some(Party::connector(connector, &self.region)),
            EgressPath::Direct(direct) => Some(Party::direct(direct)),
        }
    }
}

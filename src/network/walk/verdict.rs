//! How a link of the way is.

use std::net::IpAddr;

use ipnet::IpNet;
use serde::{Deserialize, Serialize};

use crate::network::facts::Reading;
use crate::network::firewall::{Direction, RuleRef, Why};
use crate::network::routes::Route;

/// How a link of the way is.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Verdict {
    /// The packet passes.
    Clear(Seen),
    /// The packet does not pass: what was read proves it.
    Broken(Fault),
    /// The packet may not pass: what was read points to it, and does not prove it.
    Suspect(Fault),
    /// It cannot be told.
    Unknown(Gap),
}

/// What was seen where a packet passes.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(tag = "seen", rename_all = "kebab-case")]
pub enum Seen {
    /// The egress setting sends the packet into the VPC network.
    Enters {
        /// The network.
        network: String,
    },
    /// The packet leaves for the internet without entering a VPC network, and its address is public.
    LeavesDirectly,
    /// Service and database are in one network.
    OneNetwork {
        /// The network.
        network: String,
    },
    /// The subnet has addresses enough.
    SubnetFits {
        /// Its range.
        range: IpNet,
    },
    /// No range is in the way.
    NoConflict,
    /// The peering is up.
    PeeringActive {
        /// Its name.
        peering: String,
        /// The range, allocated or imported, that has the database's address.
        range: IpNet,
    },
    /// The endpoint accepts connections.
    EndpointAccepted {
        /// Its name.
        endpoint: String,
    },
    /// A rule lets the packet through.
    FirewallAllows {
        /// The rule.
        by: RuleRef,
    },
    /// Google's infrastructure reaches the connector.
    ConnectorReachable,
    /// A route leads to the database.
    RouteLeads {
        /// The route.
        route: Route,
        /// Whether policy-based routes, which come first, were read too.
        policy_routes_read: bool,
    },
    /// A Cloud NAT gateway translates the service's addresses.
    Translated {
        /// The gateway.
        nat: String,
        /// Ports that each machine has; `None`: as many as it needs.
        #[serde(default)]
        ports: Option<u32>,
    },
}

/// What is wrong with a link.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(tag = "fault", rename_all = "kebab-case")]
pub enum Fault {
    /// The address is private, and the service has no way into a VPC network.
    NoVpcAccess {
        /// The database's address.
        address: IpAddr,
    },
    /// `private-ranges-only` sends the address past the VPC network.
    EgressBypasses {
        /// The database's address.
        address: IpAddr,
    },
    /// Connectors carry no IPv6. <https://docs.cloud.google.com/run/docs/known-issues>
    ConnectorWithoutIpv6 {
        /// The database's address.
        address: IpAddr,
    },
    /// The service leaves into another network than the database's.
    WrongNetwork {
        /// The network of the service.
        service: String,
        /// The network of the database.
        database: String,
    },
    /// The subnet is smaller than direct VPC egress needs.
    SubnetTooSmall {
        /// The subnet.
        subnet: String,
        /// Its range.
        range: IpNet,
        /// The longest prefix that will do.
        at_most: u8,
    },
    /// The subnet has fewer addresses than the service may need.
    SubnetExhaustible {
        /// The subnet.
        subnet: String,
        /// Its range.
        range: IpNet,
        /// Addresses that machines can have.
        usable: u32,
        /// Addresses that the service takes at its limit of instances.
        needed: u32,
        /// That limit.
        max_instances: u32,
    },
    /// A range is in the way of the database's address.
    RangeConflict {
        /// The range, or the address.
        range: IpNet,
        /// Why it is in the way.
        conflict: Conflict,
    },
    /// The network has no peering of private services access.
    PeeringMissing {
        /// The network.
        network: String,
    },
    /// The peering is down.
    PeeringInactive {
        /// Its name.
        peering: String,
        /// What Google says about its state.
        details: String,
    },
    /// Neither an allocated range nor an imported route has the database's address.
    PeeringRangeMismatch {
        /// The peering.
        peering: String,
        /// The database's address.
        address: IpAddr,
        /// The ranges that are allocated.
        allocated: Vec<IpNet>,
    },
    /// The database's address is allocated, and the peering brings no route to it.
    PeeringRouteMissing {
        /// The peering.
        peering: String,
        /// The database's address.
        address: IpAddr,
    },
    /// No Private Service Connect endpoint has the address.
    EndpointMissing {
        /// The address.
        address: IpAddr,
    },
    /// The endpoint is not connected.
    EndpointNotAccepted {
        /// The endpoint.
        endpoint: String,
        /// Its state, as Google names it.
        status: String,
    },
    /// The endpoint stands in another network.
    EndpointInOtherNetwork {
        /// The endpoint.
        endpoint: String,
        /// Its network.
        network: String,
    },
    /// The endpoint stands in another region, and is for its own region only.
    EndpointInOtherRegion {
        /// The endpoint.
        endpoint: String,
        /// Its region.
        region: String,
    },
    /// A firewall rule drops the packet.
    FirewallDenies {
        /// Out of the service, or into the machine.
        direction: Direction,
        /// The port that it goes to.
        port: u16,
        /// The rule.
        by: RuleRef,
        /// Rules that would let it in by a tag or service account, which direct VPC egress does not carry along.
        without_effect: Vec<RuleRef>,
    },
    /// The database's own port is open, and the port of the Cloud SQL proxies is not.
    FirewallDeniesProxyPort {
        /// The rule.
        by: RuleRef,
    },
    /// A Shared VPC lacks a rule that connectors of other projects need.
    ConnectorRulesMissing {
        /// From where Google must reach the connector.
        from: IpNet,
        /// By which protocol and port, `tcp:667`.
        traffic: String,
        /// The rule that drops it.
        by: RuleRef,
    },
    /// Packets go elsewhere.
    RouteDiverted {
        /// The route that they take.
        route: Route,
    },
    /// No route leads to the address.
    RouteMissing {
        /// The address.
        address: IpAddr,
    },
    /// All traffic goes into the VPC network, and nothing leads out of it.
    EgressWithoutNat {
        /// Whether the database itself is out there; otherwise everything else is that the service calls.
        database_outside: bool,
    },
}

/// Why a range is in the way.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Conflict {
    /// It lies in the range of Docker's bridge inside Cloud SQL.
    DockerBridge,
    /// It lies in a range that an older list of known issues calls unreachable from Cloud Run.
    OnceReserved,
    /// It is the service's own range, and has the database's address.
    HasDatabase,
    /// It is a public range used privately, which the peering does not tell the database's network of.
    NotExported,
    /// It is none of RFC 1918 and not among the instance's authorized networks.
    NotAuthorized,
}

/// Why a link cannot be judged.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(tag = "gap", rename_all = "kebab-case")]
pub enum Gap {
    /// A fact could not be read.
    Unread {
        /// Which.
        what: Reading,
        /// Why not.
        why: String,
    },
    /// A firewall's configuration does not decide.
    FirewallUndecided {
        /// The rule that may or may not take effect, where it is one.
        rule: Option<RuleRef>,
        /// Why.
        why: Why,
    },
    /// A policy-based route may take the packet elsewhere.
    PolicyRoute {
        /// Its name.
        name: String,
    },
    /// Several routes are equally good, and lead to different places.
    RoutesTie {
        /// They.
        routes: Vec<Route>,
    },
    /// A route leads out of what can be read: to a machine, a tunnel, a hub.
    Beyond {
        /// The route.
        route: Route,
    },
    /// Google does not say whether `private-ranges-only` carries such an address.
    CarriageUndocumented {
        /// The address.
        address: IpAddr,
    },
    /// The address is public and nothing that was read has it: private use of a public range, or the internet.
    AddressUnplaced {
        /// The address.
        address: IpAddr,
    },
    /// Google hides the subnet of a connector that was made with a range, and says that NAT cannot name it.
    HiddenSubnet,
}

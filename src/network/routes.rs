//! Which route a packet takes.
//!
//! Source: <https://cloud.google.com/vpc/docs/routes>, "Applicability and order": policy-based routes first; then
//! subnet routes, of the network and of its peers, which no static route can be more specific than; then the static
//! and dynamic routes with the longest prefix, of these the ones with the lowest priority number.

use std::net::IpAddr;

use ipnet::IpNet;
use serde::{Deserialize, Serialize};

use super::Fact;
use super::ranges::overlap;

/// A route of a VPC network.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Route {
    /// Its name; empty for an imported one.
    pub name: String,
    /// Destinations that it is for.
    pub range: IpNet,
    /// Where it comes from.
    pub kind: RouteKind,
    /// Where it leads.
    pub hop: Hop,
    /// The lowest number wins; means nothing for subnet routes.
    pub priority: u32,
    /// It is for senders with one of these tags; none is all.
    #[serde(default)]
    pub tags: Vec<String>,
}

/// Where a route comes from.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, strum::Display)]
#[serde(rename_all = "kebab-case")]
#[strum(serialize_all = "kebab-case")]
pub enum RouteKind {
    /// A subnet of the network.
    Subnet,
    /// A subnet of a peer.
    PeeringSubnet,
    /// A static route of the network.
    Static,
    /// A route that a Cloud Router learned.
    Dynamic,
    /// A static or dynamic route of a peer.
    PeeringCustom,
}

/// Where a route leads.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Hop {
    /// The network itself.
    Network,
    /// A peering, by its name.
    Peering(String),
    /// The internet.
    InternetGateway,
    /// A machine, by name or address.
    Instance(String),
    /// An internal load balancer.
    LoadBalancer(String),
    /// A VPN tunnel.
    VpnTunnel(String),
    /// An Interconnect attachment.
    Interconnect(String),
    /// A Network Connectivity Center hub.
    Hub(String),
    /// Something that this version does not know.
    Other(String),
}

/// A policy-based route.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct PolicyRoute {
    /// Short name.
    pub name: String,
    /// The lowest number wins.
    pub priority: u32,
    /// Sources that it is for; none is all.
    pub from: Option<IpNet>,
    /// Destinations that it is for; none is all.
    pub to: Option<IpNet>,
    /// Whether it is for TCP (or for all protocols).
    pub tcp: bool,
    /// It is for machines with one of these tags; none is all.
    pub tags: Vec<String>,
    /// Whether it only exempts packets from other policy-based routes (`nextHopOtherRoutes`).
    pub default_routing: bool,
}

/// The routes of a network that a packet may take.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Selection<'a> {
    /// None.
    None,
    /// This one.
    One(&'a Route),
    /// Any of these; there are at least two.
    Tied(Vec<&'a Route>),
}

/// The route that a packet to that address takes, sent by a machine with these tags.
pub fn select<'a>(
    routes: impl IntoIterator<Item = &'a Route>,
    address: IpAddr,
    tags: &[String],
) -> Selection<'a> {
    let fitting = routes.into_iter().filter(|route| {
        route.range.contains(&address)
            && (route.tags.is_empty() || route.tags.iter().any(|tag| tags.contains(tag)))
    });
    let (of_subnets, custom): (Vec<&Route>, Vec<&Route>) = fitting.partition(|route| route.kind.is_subnet());
    if !of_subnets.is_empty() {
        return choose(longest(of_subnets));
    }
    let longest = longest(custom);
    let (imported, mut best): (Vec<&Route>, Vec<&Route>) =
        longest.into_iter().partition(|route| route.kind == RouteKind::PeeringCustom);
    // Priorities count among routes of one network; own and imported routes are not weighed against each other here.
    keep_first(&mut best);
    let mut imported = imported;
    keep_first(&mut imported);
    best.extend(imported);
    choose(best)
}

impl RouteKind {
    /// Whether it is a subnet's, which comes before all others.
    pub fn is_subnet(self) -> bool {
        match self {
            Self::Subnet | Self::PeeringSubnet => true,
            Self::Static | Self::Dynamic | Self::PeeringCustom => false,
        }
    }
}

fn longest(mut routes: Vec<&Route>) -> Vec<&Route> {
    let most = routes.iter().map(|route| route.range.prefix_len()).max();
    routes.retain(|route| Some(route.range.prefix_len()) == most);
    routes
}

fn keep_first(routes: &mut Vec<&Route>) {
    let first = routes.iter().map(|route| route.priority).min();
    routes.retain(|route| Some(route.priority) == first);
}

fn choose(routes: Vec<&Route>) -> Selection<'_> {
    match routes.as_slice() {
        [] => Selection::None,
        [one] => Selection::One(one),
        [_, _, ..] => Selection::Tied(routes),
    }
}

/// The policy-based route that may take the packet elsewhere.
pub fn policy_route<'a>(
    routes: &'a [PolicyRoute],
    address: IpAddr,
    from: &Fact<IpNet>,
    tags: &[String],
) -> Option<&'a PolicyRoute> {
    let fits = |route: &&PolicyRoute| {
        let comes = match (&route.from, from) {
            (Some(range), Fact::Known(from)) => overlap(range, from),
            (None, _) | (Some(_), Fact::Hidden(_)) => true,
        };
        let goes = route.to.is_none_or(|range| range.contains(&address));
        let tagged = route.tags.is_empty() || route.tags.iter().any(|tag| tags.contains(tag));
        route.tcp && comes && goes && tagged
    };
    let first = routes.iter().filter(fits).min_by_key(|route| route.priority)?;
    // An exemption that is for part of the service's addresses leaves the rest to the next route.
    let exempts_all = first.default_routing
        && match (&first.from, from) {
            (None, _) => true,
            (Some(range), Fact::Known(from)) => range.contains(from),
            (Some(_), Fact::Hidden(_)) => false,
        };
    (!exempts_all).then_some(first)
}

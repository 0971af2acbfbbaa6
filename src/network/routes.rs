//! Which route a packet takes.
//!
//! Source: <https://cloud.google.com/vpc/docs/routes>, "Applicability and order": policy-based routes first
//! (<https://cloud.google.com/vpc/docs/policy-based-routes>: the lowest priority number, never the longest prefix); then
//! subnet routes, of the network and of its peers, which no static route can be more specific than; then the static
//! and dynamic routes with the longest prefix, of these the ones with the lowest priority number.

use std::net::IpAddr;

use ipnet::{IpNet, Ipv4Net, Ipv6Net};
use serde::{Deserialize, Serialize};

use super::Fact;

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
    /// A policy-based route, which comes before all others.
    Policy,
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
    /// Destinations that it is for.
    pub to: IpNet,
    /// Whether it is for TCP (or for all protocols).
    pub tcp: bool,
    /// It is for machines with one of these tags; none is all.
    pub tags: Vec<String>,
    /// The load balancer that it sends packets to (`nextHopIlbIp`); `None`: it only exempts them from other policy-based
    /// routes (`nextHopOtherRoutes`).
    pub hop: Option<String>,
}

impl PolicyRoute {
    /// As a route among others, for words about it; `None` where it leads nowhere itself.
    pub fn as_route(&self) -> Option<Route> {
        Some(Route {
            name: self.name.clone(),
            range: self.to,
            kind: RouteKind::Policy,
            hop: Hop::LoadBalancer(self.hop.clone()?),
            priority: self.priority,
            tags: self.tags.clone(),
        })
    }
}

/// What policy-based routes do with the packets of a service.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Diversion<'a> {
    /// Nothing.
    None,
    /// This one takes some elsewhere, or may.
    Some(&'a PolicyRoute),
    /// This one, or another, takes each of them elsewhere.
    All(&'a PolicyRoute),
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
            Self::Static | Self::Dynamic | Self::PeeringCustom | Self::Policy => false,
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

/// What policy-based routes do with packets to that address, from a range of senders with these tags.
pub fn divert<'a>(
    routes: &'a [PolicyRoute],
    address: IpAddr,
    from: &Fact<IpNet>,
    tags: &[String],
) -> Diversion<'a> {
    let meant: Vec<&PolicyRoute> = routes
        .iter()
        .filter(|route| {
            let tagged = route.tags.is_empty() || route.tags.iter().any(|tag| tags.contains(tag));
            route.tcp && route.to.contains(&address) && tagged
        })
        .collect();
    // Of a sender of whom nothing is known, everything is possible.
    let anywhere =
        if address.is_ipv4() { IpNet::V4(Ipv4Net::default()) } else { IpNet::V6(Ipv6Net::default()) };
    let senders = from.read().ok().filter(|range| range.addr().is_ipv4() == address.is_ipv4());
    let senders = senders.map_or(anywhere, IpNet::trunc);
    // What becomes of a packet changes only where a range of senders begins or has ended.
    let ranges = meant.iter().filter_map(|route| route.from);
    let edges = ranges.flat_map(|range| [Some(range.network()), after(range.broadcast())]).flatten();
    let samples = edges.filter(|edge| senders.contains(edge)).chain([senders.network()]);
    let fates: Vec<Diversion<'_>> = samples.map(|sender| fate(&meant, sender)).collect();
    let diverts = fates.iter().find_map(|fate| match fate {
        Diversion::None => None,
        Diversion::Some(route) | Diversion::All(route) => Some(*route),
    });
    match diverts {
        None => Diversion::None,
        Some(route) if fates.iter().all(|fate| matches!(fate, Diversion::All(_))) => Diversion::All(route),
        Some(route) => Diversion::Some(route),
    }
}

/// The same for one sender. Of several routes with the same priority Google takes one, and does not say which.
fn fate<'a>(meant: &[&'a PolicyRoute], sender: IpAddr) -> Diversion<'a> {
    let fitting = || meant.iter().filter(|route| route.from.is_none_or(|range| range.contains(&sender)));
    let Some(first) = fitting().map(|route| route.priority).min() else { return Diversion::None };
    let mut best = fitting().filter(|route| route.priority == first);
    let diverts = best.clone().find(|route| route.hop.is_some());
    match diverts {
        None => Diversion::None,
        Some(route) if best.any(|route| route.hop.is_none()) => Diversion::Some(route),
        Some(route) => Diversion::All(route),
    }
}

/// The address after this one.
fn after(address: IpAddr) -> Option<IpAddr> {
    match address {
        IpAddr::V4(v4) => u32::from(v4).checked_add(1).map(|next| IpAddr::V4(next.into())),
        IpAddr::V6(v6) => u128::from(v6).checked_add(1).map(|next| IpAddr::V6(next.into())),
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const TO: IpAddr = IpAddr::V4(std::net::Ipv4Addr::new(10, 20, 0, 3));

    fn net(text: &str) -> IpNet {
        text.parse().unwrap()
    }

    fn route(priority: u32, from: Option<&str>, to: &str, hop: bool) -> PolicyRoute {
        PolicyRoute {
            name: format!("pbr-{priority}"),
            priority,
            from: from.map(net),
            to: net(to),
            tcp: true,
            tags: Vec::new(),
            hop: hop.then(|| "10.1.0.9".to_owned()),
        }
    }

    fn known(range: &str) -> Fact<IpNet> {
        Fact::Known(net(range))
    }

    /// What the documentation says of policy-based routes, a line each.
    #[test]
    fn the_documentations_own_statements() {
        let from = &known("10.9.0.0/24");
        let all = route(500, None, "0.0.0.0/0", true);
        let is = |routes: &[PolicyRoute]| match divert(routes, TO, from, &[]) {
            Diversion::None => "none".to_owned(),
            Diversion::Some(route) => format!("some {}", route.name),
            Diversion::All(route) => format!("all {}", route.name),
        };
        assert_eq!(is(&[]), "none");
        assert_eq!(is(std::slice::from_ref(&all)), "all pbr-500");
        // "the one with the lowest-numbered priority value wins", and no longest prefix counts.
        let narrow = route(900, None, "10.20.0.3/32", true);
        assert_eq!(is(&[narrow, all.clone()]), "all pbr-500");
        // DEFAULT_ROUTING "excludes matching packets being applied on other PBRs with a lower priority".
        let exempt = |priority, from| route(priority, from, "10.20.0.0/16", false);
        assert_eq!(is(&[exempt(100, None), all.clone()]), "none");
        assert_eq!(is(&[exempt(900, None), all.clone()]), "all pbr-500");
        assert_eq!(is(&[exempt(100, Some("10.9.0.0/25")), all.clone()]), "some pbr-500");
        assert_eq!(is(&[exempt(100, Some("10.9.0.0/25"))]), "none");
        let halves = [exempt(100, Some("10.9.0.0/25")), exempt(200, Some("10.9.0.128/25")), all.clone()];
        assert_eq!(is(&halves), "none");
        // Of the same priority, "a deterministic, internal algorithm" takes one.
        assert_eq!(is(&[exempt(500, None), all.clone()]), "some pbr-500");
        // Filters: protocol, IP version, destination, source, tags.
        assert_eq!(is(&[PolicyRoute { tcp: false, ..all.clone() }]), "none");
        assert_eq!(is(&[route(1, None, "::/0", true)]), "none");
        assert_eq!(is(&[route(1, None, "10.21.0.0/16", true)]), "none");
        assert_eq!(is(&[route(1, Some("10.10.0.0/16"), "0.0.0.0/0", true)]), "none");
        assert_eq!(is(&[route(1, Some("10.9.0.7/32"), "0.0.0.0/0", true)]), "some pbr-1");
        let tagged = PolicyRoute { tags: vec!["vpc-connector".to_owned()], ..all };
        assert_eq!(is(std::slice::from_ref(&tagged)), "none");
        assert_eq!(
            divert(std::slice::from_ref(&tagged), TO, from, &["vpc-connector".to_owned()]),
            Diversion::All(&tagged)
        );
    }

    #[test]
    fn of_unknown_senders_everything_is_possible() {
        let hidden = &Fact::Hidden("no".to_owned());
        let all = [route(500, None, "0.0.0.0/0", true)];
        let some = [route(500, Some("10.9.0.0/24"), "0.0.0.0/0", true)];
        assert_eq!(divert(&all, TO, hidden, &[]), Diversion::All(&all[0]));
        assert_eq!(divert(&some, TO, hidden, &[]), Diversion::Some(&some[0]));
        // A subnet has ranges of both versions; only the one that was read is known.
        let v6 = [route(500, Some("fd20::/64"), "::/0", true)];
        let to = "fd20:1::3".parse().unwrap();
        assert_eq!(divert(&v6, to, &known("10.9.0.0/24"), &[]), Diversion::Some(&v6[0]));
    }

    /// The reference: every sender asks every route.
    fn one_by_one(routes: &[PolicyRoute], senders: u8) -> (bool, bool) {
        let mut fates = (0..senders).map(|host| {
            let sender = IpAddr::from([10, 9, 0, host]);
            let mut first: Vec<&PolicyRoute> = Vec::new();
            for route in routes {
                let fits = route.tcp
                    && route.tags.is_empty()
                    && route.to.contains(&TO)
                    && route.from.is_none_or(|range| range.contains(&sender));
                let before = first.first().map(|one| one.priority);
                if !fits || before.is_some_and(|before| before < route.priority) {
                    continue;
                }
                if before.is_some_and(|before| before > route.priority) {
                    first.clear();
                }
                first.push(route);
            }
            let leading = first.iter().filter(|route| route.hop.is_some()).count();
            (leading > 0, leading > 0 && leading == first.len())
        });
        fates.try_fold((false, true), |(any, all), (may, must)| Some((any | may, all & must))).unwrap()
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(20_000))]

        #[test]
        fn as_every_single_packet_says(
            routes in prop::collection::vec(
                (0_u32..4, 0_u8..17, 24_u8..=32, prop::bool::ANY, prop::bool::ANY, prop::bool::weighted(0.8), prop::bool::weighted(0.8)),
                0..6,
            ),
            prefix in 27_u8..=31,
        ) {
            let routes: Vec<PolicyRoute> = routes
                .into_iter()
                .map(|(priority, host, length, from_all, hop, to_it, tcp)| {
                    let from = IpNet::new([10, 9, 0, host].into(), length).unwrap().trunc();
                    let to = if to_it { "10.20.0.0/16" } else { "10.21.0.0/16" };
                    PolicyRoute { from: (!from_all).then_some(from), tcp, ..route(priority, None, to, hop) }
                })
                .collect();
            let senders = IpNet::new([10, 9, 0, 0].into(), prefix).unwrap();
            let (any, all) = one_by_one(&routes, 1 << (32 - prefix));
            let found = divert(&routes, TO, &Fact::Known(senders), &[]);
            prop_assert_eq!(any, found != Diversion::None);
            prop_assert_eq!(all, matches!(found, Diversion::All(_)));
        }
    }
}

//! Where the routes of the service's network lead the packet.

use super::private_access::unread;
use super::{Fault, Gap, Seen, Verdict};
use crate::network::Fact;
use crate::network::facts::{DestinationKind, Facts, Peering, Reading};
use crate::network::firewall::Party;
use crate::network::ranges::in_private_range;
use crate::network::routes::{Diversion, Hop, PolicyRoute, Route, RouteKind, Selection, divert, select};

/// Where a packet goes next.
pub(super) enum Lead<'a> {
    /// To a subnet of the network.
    Local(&'a Route),
    /// To a subnet of a peer.
    Peer(&'a Route),
    /// To the internet.
    Internet(&'a Route),
    /// To something whose own routes cannot be read: a machine, a tunnel, a hub, a peer's routes.
    Beyond(&'a Route),
    /// To the load balancer of a policy-based route, whose machines are not looked into.
    Policy(&'a PolicyRoute),
    /// Likewise, some of the packets or maybe none.
    MayPolicy(&'a PolicyRoute),
    /// To one of several, which are not alike.
    Tie(Vec<&'a Route>),
    /// No route fits.
    Nowhere,
}

/// Where the routes that were read lead; why they were not read, else.
pub(super) fn lead<'a>(facts: &'a Facts, party: &Party) -> Result<Lead<'a>, &'a str> {
    let address = facts.destination.address;
    if let Ok(routes) = facts.policy_routes.read() {
        match divert(routes, address, &party.range, &party.tags) {
            Diversion::None => {}
            Diversion::Some(route) => return Ok(Lead::MayPolicy(route)),
            Diversion::All(route) => return Ok(Lead::Policy(route)),
        }
    }
    let own = facts.routes.read()?;
    let more = [&facts.peering_routes, &facts.dynamic_routes];
    let all = own.iter().chain(more.into_iter().filter_map(|fact| fact.read().ok()).flatten());
    Ok(match select(all, address, &party.tags) {
        Selection::None => Lead::Nowhere,
        Selection::One(route) => of_route(route),
        Selection::Tied(routes) => {
            let Some((first, rest)) = routes.split_first() else { return Ok(Lead::Nowhere) };
            let alike = |one: &Lead<'_>, other: &Lead<'_>| {
                std::mem::discriminant(one) == std::mem::discriminant(other)
            };
            let lead = of_route(first);
            let same = rest.iter().all(|route| alike(&lead, &of_route(route)) && first.hop == route.hop);
            if same { lead } else { Lead::Tie(routes) }
        }
    })
}

fn of_route(route: &Route) -> Lead<'_> {
    match route.kind {
        RouteKind::Subnet => return Lead::Local(route),
        RouteKind::PeeringSubnet => {
            return match &route.hop {
                // A hub brings routes of whatever is attached to it.
                Hop::Hub(_) => Lead::Beyond(route),
                Hop::Network
                | Hop::Peering(_)
                | Hop::InternetGateway
                | Hop::Instance(_)
                | Hop::LoadBalancer(_)
                | Hop::VpnTunnel(_)
                | Hop::Interconnect(_)
                | Hop::Other(_) => Lead::Peer(route),
            };
        }
        RouteKind::Static | RouteKind::Dynamic | RouteKind::PeeringCustom | RouteKind::Policy => {}
    }
    match &route.hop {
        Hop::InternetGateway => Lead::Internet(route),
        Hop::Network
        | Hop::Peering(_)
        | Hop::Instance(_)
        | Hop::LoadBalancer(_)
        | Hop::VpnTunnel(_)
        | Hop::Interconnect(_)
        | Hop::Hub(_)
        | Hop::Other(_) => Lead::Beyond(route),
    }
}

/// Whether the packet gets to the database by the routes of the network.
pub(super) fn route(facts: &Facts, party: &Party) -> Verdict {
    match lead(facts, party) {
        Ok(lead) => judge(facts, lead),
        Err(why) => unread(Reading::Routes, why),
    }
}

fn judge(facts: &Facts, lead: Lead<'_>) -> Verdict {
    let address = facts.destination.address;
    match lead {
        Lead::Tie(routes) => {
            Verdict::Unknown(Gap::RoutesTie { routes: routes.into_iter().cloned().collect() })
        }
        // What stands behind the load balancer may pass packets on, as with any other route to a machine.
        Lead::Policy(route) => match route.as_route().filter(|_| in_service_network(facts)) {
            Some(route) => Verdict::Suspect(Fault::RouteDiverted { route }),
            None => Verdict::Unknown(Gap::PolicyRoute { name: route.name.clone() }),
        },
        Lead::MayPolicy(route) => Verdict::Unknown(Gap::PolicyRoute { name: route.name.clone() }),
        Lead::Nowhere => lost(facts, Fault::RouteMissing { address }),
        Lead::Internet(route) => match facts.destination.kind {
            DestinationKind::Public => leads(facts, route),
            // Connectivity Tests: PRIVATE_TRAFFIC_TO_INTERNET, a drop.
            DestinationKind::CloudSql { .. }
            | DestinationKind::PrivateServiceConnect
            | DestinationKind::Machine(_) => lost(facts, Fault::RouteDiverted { route: route.clone() }),
            DestinationKind::Unknown if in_private_range(address) => {
                lost(facts, Fault::RouteDiverted { route: route.clone() })
            }
            DestinationKind::Unknown => Verdict::Unknown(Gap::AddressUnplaced { address }),
        },
        Lead::Local(route) => match facts.destination.kind {
            // A local subnet has the address that the instance has: the packet never leaves the network.
            DestinationKind::CloudSql { .. } | DestinationKind::Public => by_subnet(facts, route),
            DestinationKind::PrivateServiceConnect
            | DestinationKind::Machine(_)
            | DestinationKind::Unknown => leads(facts, route),
        },
        Lead::Peer(route) => match facts.destination.kind {
            DestinationKind::CloudSql { .. } if !of_services(facts, route) => by_subnet(facts, route),
            DestinationKind::Public => by_subnet(facts, route),
            DestinationKind::CloudSql { .. }
            | DestinationKind::PrivateServiceConnect
            | DestinationKind::Machine(_)
            | DestinationKind::Unknown => leads(facts, route),
        },
        // What stands there may pass packets on, but a database of this network is reached by a subnet route.
        Lead::Beyond(route) if in_service_network(facts) => {
            Verdict::Suspect(Fault::RouteDiverted { route: route.clone() })
        }
        Lead::Beyond(route) => Verdict::Unknown(Gap::Beyond { route: route.clone() }),
    }
}

/// Whether the database is known to be in the network that the service leaves into.
fn in_service_network(facts: &Facts) -> bool {
    let database = match &facts.destination.kind {
        DestinationKind::CloudSql { network, .. } => network.as_ref(),
        DestinationKind::Machine(machine) => Some(&machine.network),
        DestinationKind::PrivateServiceConnect | DestinationKind::Public | DestinationKind::Unknown => None,
    };
    facts.source.way.network().zip(database).is_some_and(|(service, database)| service.same(database))
}

fn leads(facts: &Facts, route: &Route) -> Verdict {
    let policy_routes_read = matches!(facts.policy_routes, Fact::Known(_));
    Verdict::Clear(Seen::RouteLeads { route: route.clone(), policy_routes_read })
}

/// Proven only where no route that was not read can lead to the database.
fn lost(facts: &Facts, fault: Fault) -> Verdict {
    if all_read(facts) { Verdict::Broken(fault) } else { Verdict::Suspect(fault) }
}

/// A subnet route takes the packet elsewhere.
fn by_subnet(facts: &Facts, route: &Route) -> Verdict {
    let fault = Fault::RouteDiverted { route: route.clone() };
    if subnets_read(facts) { Verdict::Broken(fault) } else { Verdict::Suspect(fault) }
}

/// Whether all was read that could come before a subnet route: policy-based routes, and other subnets'.
pub(super) fn subnets_read(facts: &Facts) -> bool {
    facts.policy_routes.read().is_ok() && facts.peering_routes.read().is_ok()
}

/// Whether all routes were read, of whatever kind.
pub(super) fn all_read(facts: &Facts) -> bool {
    let routes = [&facts.routes, &facts.peering_routes, &facts.dynamic_routes];
    routes.into_iter().all(|routes| routes.read().is_ok()) && facts.policy_routes.read().is_ok()
}

/// Whether the peering of that route is the one of private services access; where peerings were not read, its name
/// tells.
fn of_services(facts: &Facts, route: &Route) -> bool {
    let Hop::Peering(name) = &route.hop else { return false };
    let by_name = Peering {
        name: name.clone(),
        network: String::new(),
        active: true,
        details: String::new(),
        exports_public_ranges: false,
        imports_public_ranges: false,
    };
    match facts.peerings.read() {
        Ok(peerings) => peerings.iter().any(|one| one.name == *name && one.is_private_services_access()),
        Err(_) => by_name.is_private_services_access(),
    }
}

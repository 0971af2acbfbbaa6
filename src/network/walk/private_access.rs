//! How a network reaches Cloud SQL: by the peering of private services access, or by an endpoint of its own.

use ipnet::IpNet;

use super::{Fault, Gap, Seen, Verdict};
use crate::network::facts::{Facts, Peering, Reading};
use crate::network::ranges::{is_special_use, single};
use crate::network::routes::{Hop, Route, RouteKind};
use crate::network::{Fact, Network};

/// Whether the peering is there, up, and has the database's address.
///
/// An allocation may be deleted or changed while instances keep their addresses, so what counts is the imported route;
/// where that was not read, allocations only point to a fault.
pub(super) fn peering(facts: &Facts, database: Option<&Network>) -> Verdict {
    let peerings = match facts.peerings.read() {
        Ok(peerings) => peerings,
        Err(why) => return unread(Reading::Peerings, why),
    };
    let service = facts.source.way.network();
    let mut of_services = peerings.iter().filter(|one| one.is_private_services_access());
    let Some(found) = of_services.clone().find(|one| one.active).or_else(|| of_services.next()) else {
        let fault =
            Fault::PeeringMissing { network: service.map(|one| one.name.clone()).unwrap_or_default() };
        // In another network than this there may be one; whether it should be here depends on the database's.
        let here = service.zip(database).is_some_and(|(service, database)| service.same(database));
        return if here { Verdict::Broken(fault) } else { Verdict::Suspect(fault) };
    };
    if !found.active {
        let (peering, details) = (found.name.clone(), found.details.clone());
        return Verdict::Broken(Fault::PeeringInactive { peering, details });
    }
    covered(facts, found)
}

fn covered(facts: &Facts, found: &Peering) -> Verdict {
    let address = facts.destination.address;
    let peering = found.name.clone();
    if let Some(route) = imported(facts, found) {
        return Verdict::Clear(Seen::PeeringActive { peering, range: route.range });
    }
    let allocated = match facts.allocations.read() {
        Ok(allocated) => allocated,
        Err(why) => return unread(Reading::Allocations, why),
    };
    let within: Option<IpNet> = allocated.iter().find(|range| range.contains(&address)).copied();
    match (within, &facts.peering_routes) {
        // "Whether subnet routes with public IP range are imported. The default value is false." (reference of
        // `networks`, `importSubnetRoutesWithPublicIp`)
        (Some(_), Fact::Hidden(_)) if !found.imports_public_ranges && !is_special_use(&single(address)) => {
            Verdict::Suspect(Fault::PeeringRouteMissing { peering, address })
        }
        (Some(range), Fact::Hidden(_)) => Verdict::Clear(Seen::PeeringActive { peering, range }),
        (Some(_), Fact::Known(_)) => Verdict::Broken(Fault::PeeringRouteMissing { peering, address }),
        (None, known) => {
            let fault = Fault::PeeringRangeMismatch { peering, address, allocated: allocated.clone() };
            match known {
                Fact::Known(_) => Verdict::Broken(fault),
                Fact::Hidden(_) => Verdict::Suspect(fault),
            }
        }
    }
}

/// The subnet route to the database that the peering brings.
fn imported<'a>(facts: &'a Facts, peering: &Peering) -> Option<&'a Route> {
    let own = facts.routes.read().ok().into_iter().flatten();
    let imported = facts.peering_routes.read().ok().into_iter().flatten();
    own.chain(imported).find(|route| {
        route.kind == RouteKind::PeeringSubnet
            && route.hop == Hop::Peering(peering.name.clone())
            && route.range.contains(&facts.destination.address)
    })
}

/// Whether an endpoint in this network has the address, and is connected.
///
/// "By default, the endpoint can be accessed only from the same region" unless global access is on; endpoints of
/// published services are not reached from peer networks, but through a hub (Network Connectivity Center) they may be.
/// <https://cloud.google.com/vpc/docs/about-accessing-vpc-hosted-services-endpoints>
pub(super) fn endpoint(facts: &Facts) -> Verdict {
    let endpoints = match facts.endpoints.read() {
        Ok(endpoints) => endpoints,
        Err(why) => return unread(Reading::Endpoints, why),
    };
    let address = facts.destination.address;
    let here = |network: &Network| facts.source.way.network().is_some_and(|service| service.same(network));
    let mut at_address = endpoints.iter().filter(|endpoint| endpoint.address == address);
    let Some(found) = at_address.clone().find(|one| here(&one.network)).or_else(|| at_address.next()) else {
        return Verdict::Broken(Fault::EndpointMissing { address });
    };
    let endpoint = found.name.clone();
    match found.status.as_str() {
        "ACCEPTED" => {}
        "PENDING" | "REJECTED" | "CLOSED" | "NEEDS_ATTENTION" => {
            return Verdict::Broken(Fault::EndpointNotAccepted { endpoint, status: found.status.clone() });
        }
        // One of the future, or none.
        other => {
            return unread(
                Reading::Endpoints,
                &format!("{endpoint} is in state {other}, which is not known"),
            );
        }
    }
    if !here(&found.network) {
        let network = found.network.name.clone();
        return Verdict::Suspect(Fault::EndpointInOtherNetwork { endpoint, network });
    }
    if found.region != facts.source.region && !found.global_access {
        return Verdict::Broken(Fault::EndpointInOtherRegion { endpoint, region: found.region.clone() });
    }
    Verdict::Clear(Seen::EndpointAccepted { endpoint })
}

pub(super) fn unread(what: Reading, why: &str) -> Verdict {
    Verdict::Unknown(Gap::Unread { what, why: why.to_owned() })
}

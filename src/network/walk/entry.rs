//! Into the VPC network: the egress setting, the network, the subnet.

use ipnet::IpNet;

use super::route::{Lead, all_read, lead, subnets_read};
use super::{Fault, Gap, Seen, Verdict};
use crate::network::facts::{DestinationKind, DirectVpc, Egress, EgressPath, Facts, Reading};
use crate::network::firewall::Party;
use crate::network::ranges::{carried_as_private_range, in_private_range};
use crate::network::{Fact, Network};

/// The verdict, and whether the packet is in the network afterwards.
pub(super) fn entry(facts: &Facts) -> (Verdict, bool) {
    let address = facts.destination.address;
    let private = match facts.destination.kind {
        DestinationKind::CloudSql { .. }
        | DestinationKind::PrivateServiceConnect
        | DestinationKind::Machine(_) => true,
        DestinationKind::Public => false,
        DestinationKind::Unknown => in_private_range(address),
    };
    let unplaced = matches!(facts.destination.kind, DestinationKind::Unknown) && !private;
    let Some(network) = facts.source.way.network() else {
        return match (private, unplaced) {
            (true, _) => (Verdict::Broken(Fault::NoVpcAccess { address }), false),
            (false, true) => (Verdict::Unknown(Gap::AddressUnplaced { address }), false),
            (false, false) => (Verdict::Clear(Seen::LeavesDirectly), false),
        };
    };
    let carried = match facts.source.egress {
        Egress::AllTraffic => Some(true),
        Egress::PrivateRangesOnly => carried_as_private_range(address),
    };
    let connector = matches!(facts.source.way, EgressPath::Connector(_));
    match carried {
        Some(true) if connector && address.to_canonical().is_ipv6() => {
            (Verdict::Broken(Fault::ConnectorWithoutIpv6 { address }), false)
        }
        Some(true) => (Verdict::Clear(Seen::Enters { network: network.name.clone() }), true),
        Some(false) if private => (Verdict::Broken(Fault::EgressBypasses { address }), false),
        Some(false) if unplaced => (Verdict::Unknown(Gap::AddressUnplaced { address }), false),
        Some(false) => (Verdict::Clear(Seen::LeavesDirectly), false),
        None => (Verdict::Unknown(Gap::CarriageUndocumented { address }), false),
    }
}

/// Whether the service is in the database's network; `None` where the database has none, or none that is known.
///
/// "VPC Network Peering doesn't provide transitive routing" (<https://cloud.google.com/vpc/docs/vpc-peering>): another
/// network reaches a Cloud SQL instance only where a route of its own leads to it, by VPN or a hub.
pub(super) fn network(facts: &Facts, party: &Party) -> Option<Verdict> {
    let service = facts.source.way.network()?;
    let (database, peerable) = match &facts.destination.kind {
        DestinationKind::CloudSql { network, .. } => (network.as_ref()?, false),
        DestinationKind::Machine(machine) => (&machine.network, true),
        DestinationKind::PrivateServiceConnect | DestinationKind::Public | DestinationKind::Unknown => {
            return None;
        }
    };
    if service.same(database) {
        return Some(Verdict::Clear(Seen::OneNetwork { network: service.name.clone() }));
    }
    Some(match lead(facts, party) {
        Ok(Lead::Beyond(route)) => Verdict::Unknown(Gap::Beyond { route: route.clone() }),
        // A peer's machines are reached by its subnet routes; the link `Route` says how.
        Ok(Lead::Peer(_)) if peerable => return None,
        Ok(Lead::Policy(route) | Lead::MayPolicy(route)) => {
            Verdict::Unknown(Gap::PolicyRoute { name: route.name.clone() })
        }
        Ok(Lead::Local(_) | Lead::Peer(_)) => wrong(service, database, subnets_read(facts)),
        Ok(Lead::Nowhere | Lead::Internet(_)) => wrong(service, database, all_read(facts)),
        Ok(Lead::Tie(_)) | Err(_) => wrong(service, database, false),
    })
}

fn wrong(service: &Network, database: &Network, proven: bool) -> Verdict {
    let fault = Fault::WrongNetwork { service: service.beside(database), database: database.beside(service) };
    if proven { Verdict::Broken(fault) } else { Verdict::Suspect(fault) }
}

/// "Your subnet's IPv4 range must be /26 or larger", "Cloud Run reserves IP addresses in blocks of 16", "Cloud Run
/// uses two times (2X) the number of IP addresses as the number of instances".
/// <https://cloud.google.com/run/docs/configuring/vpc-direct-vpc>, "IP address allocation"
pub(super) fn subnet(direct: &DirectVpc) -> Verdict {
    const AT_MOST: u8 = 26;
    const BLOCK: u32 = 16;
    /// Network, gateway, second-to-last and broadcast address. <https://cloud.google.com/vpc/docs/subnets>
    const RESERVED: u32 = 4;
    let range = match &direct.range {
        Fact::Known(range) => *range,
        Fact::Hidden(why) => {
            return Verdict::Unknown(Gap::Unread { what: Reading::SourceRange, why: why.clone() });
        }
    };
    let IpNet::V4(v4) = range else { return Verdict::Clear(Seen::SubnetFits { range }) };
    if v4.prefix_len() > AT_MOST {
        let subnet = direct.subnet.clone();
        return Verdict::Broken(Fault::SubnetTooSmall { subnet, range, at_most: AT_MOST });
    }
    let size = 1_u32.checked_shl(u32::from(32 - v4.prefix_len())).unwrap_or(u32::MAX);
    let usable = size.saturating_sub(RESERVED);
    let max_instances = direct.max_instances.unwrap_or_default();
    // Up to whole blocks.
    let needed = max_instances.saturating_mul(2).div_ceil(BLOCK).saturating_mul(BLOCK);
    if needed > usable {
        let subnet = direct.subnet.clone();
        return Verdict::Suspect(Fault::SubnetExhaustible { subnet, range, usable, needed, max_instances });
    }
    Verdict::Clear(Seen::SubnetFits { range })
}

/// The subnet that Cloud NAT would have to translate, or that there is none to name.
pub(super) fn subnet_name(way: &EgressPath) -> Option<&str> {
    match way {
        EgressPath::None => None,
        EgressPath::Connector(connector) => connector.subnet.as_deref(),
        EgressPath::Direct(direct) => Some(&direct.subnet),
    }
}

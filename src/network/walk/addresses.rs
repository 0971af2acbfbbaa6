//! Ranges that are in the way of the database's address.

use ipnet::IpNet;

use super::{Conflict, Fault, Gap, Seen, Verdict};
use crate::network::Fact;
use crate::network::facts::{DestinationKind, Facts, Reading};
use crate::network::ranges::{DOCKER_BRIDGE, ONCE_RESERVED, is_rfc_1918, is_special_use, overlap, single};

/// `None` for addresses that no range of the service can be in the way of.
pub(super) fn addresses(facts: &Facts) -> Option<Verdict> {
    let source = facts.source.way.range()?;
    let database = single(facts.destination.address);
    let sql = match &facts.destination.kind {
        DestinationKind::CloudSql { authorized, .. } => Some(authorized),
        // They may well stand in the service's own subnet.
        DestinationKind::PrivateServiceConnect | DestinationKind::Machine(_) | DestinationKind::Unknown => {
            None
        }
        DestinationKind::Public => return None,
    };
    if let Some(authorized) = sql
        && let Some(verdict) = cloud_sql(facts, database, source, authorized)
    {
        return Some(verdict);
    }
    if overlap(&ONCE_RESERVED, &database) {
        return Some(Verdict::Suspect(conflict(database, Conflict::OnceReserved)));
    }
    Some(Verdict::Clear(Seen::NoConflict))
}

/// What Cloud SQL adds: its tenant network has ranges of its own, and knows ours by the peering only.
fn cloud_sql(
    facts: &Facts,
    database: IpNet,
    source: &Fact<IpNet>,
    authorized: &Fact<Vec<IpNet>>,
) -> Option<Verdict> {
    if overlap(&DOCKER_BRIDGE, &database) {
        return Some(Verdict::Broken(conflict(database, Conflict::DockerBridge)));
    }
    let range = match source {
        Fact::Known(range) => range.trunc(),
        Fact::Hidden(why) => {
            let why = why.clone();
            return Some(Verdict::Unknown(Gap::Unread { what: Reading::SourceRange, why }));
        }
    };
    if DOCKER_BRIDGE.contains(&range) {
        return Some(Verdict::Broken(conflict(range, Conflict::DockerBridge)));
    }
    if range.contains(&database) {
        return Some(Verdict::Broken(conflict(range, Conflict::HasDatabase)));
    }
    if overlap(&DOCKER_BRIDGE, &range) {
        return Some(Verdict::Suspect(conflict(range, Conflict::DockerBridge)));
    }
    if !is_special_use(&range) && not_exported(facts) {
        return Some(Verdict::Broken(conflict(range, Conflict::NotExported)));
    }
    let known = match authorized {
        Fact::Known(ranges) => ranges.iter().any(|one| one.contains(&range)),
        Fact::Hidden(_) => true,
    };
    // Reported from the field, in no page of the documentation that was read: hence no proof.
    (!is_rfc_1918(&range) && !known).then(|| Verdict::Suspect(conflict(range, Conflict::NotAuthorized)))
}

/// "IPv4 special-use ranges are always exported to peers and are not controlled by this field."
/// (reference of `networks`, `exportSubnetRoutesWithPublicIp`)
fn not_exported(facts: &Facts) -> bool {
    let Ok(peerings) = facts.peerings.read() else { return false };
    let mut active = peerings.iter().filter(|one| one.active && one.is_private_services_access()).peekable();
    active.peek().is_some() && active.all(|peering| !peering.exports_public_ranges)
}

fn conflict(range: IpNet, conflict: Conflict) -> Fault {
    Fault::RangeConflict { range, conflict }
}

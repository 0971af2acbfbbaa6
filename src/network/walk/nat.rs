//! Out of the VPC network again.

use super::entry::subnet_name;
use super::private_access::unread;
use super::route::{Lead, all_read, lead};
use super::{Fault, Gap, Seen, Verdict};
use crate::network::facts::{DestinationKind, Egress, Facts, Reading, Translated};
use crate::network::firewall::Party;

/// Whether what the service sends to the internet gets there; `None` where it does not go through the VPC network.
///
/// "If you set --vpc-egress=all-traffic, you must set up Cloud NAT to reach the public internet."
/// <https://cloud.google.com/run/docs/configuring/networking-best-practices>
pub(super) fn nat(facts: &Facts, party: &Party) -> Option<Verdict> {
    if facts.source.egress != Egress::AllTraffic {
        return None;
    }
    let public = matches!(facts.destination.kind, DestinationKind::Public);
    if public && !matches!(lead(facts, party), Ok(Lead::Internet(_)) | Err(_)) {
        // The packet does not go out by the internet gateway; a machine of the user's own may translate it.
        return None;
    }
    let nats = match facts.nats.read() {
        Ok(nats) => nats,
        Err(why) => return Some(unread(Reading::Nats, why)),
    };
    let subnet = subnet_name(&facts.source.way);
    let covering = nats.iter().find(|nat| match (&nat.translates, subnet) {
        (Translated::AllSubnets, Some(_)) => true,
        (Translated::Subnets(subnets), Some(subnet)) => subnets.iter().any(|one| one == subnet),
        (Translated::AllSubnets | Translated::Subnets(_), None) => false,
    });
    if let Some(nat) = covering {
        return Some(Verdict::Clear(Seen::Translated { nat: nat.name.clone(), ports: nat.ports }));
    }
    if subnet.is_none() && nats.iter().any(|nat| nat.translates == Translated::AllSubnets) {
        // "the subnet that is created is hidden and cannot be used in firewall rules and NAT configurations"
        // <https://cloud.google.com/run/docs/configuring/vpc-connectors>; whether "all subnets" has it, no page says.
        return Some(Verdict::Unknown(Gap::HiddenSubnet));
    }
    let fault = Fault::EgressWithoutNat { database_outside: public };
    // A route that was not read may lead out by a machine or tunnel of the user's own.
    let by_gateway = matches!(lead(facts, party), Ok(Lead::Internet(_))) && all_read(facts);
    Some(if public && by_gateway { Verdict::Broken(fault) } else { Verdict::Suspect(fault) })
}

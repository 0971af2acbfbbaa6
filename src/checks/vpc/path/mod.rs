//! The way from the service to its database, as Google's control plane has it: read, converted, walked.
//!
//! Each check of the way shows one link of the walk. The reads behind it are shared by all of them.

mod collect;
mod convert;
pub(super) mod destination;
mod firewall;
pub(super) mod source;

use crate::checks::{Check, USUAL};
use crate::live::Scope;
use crate::live::service::{failed, not_applicable, not_visible, passed};
use crate::network::{DestinationKind, Facts, Fault, Gap, Link, Reading, Verdict, walk};
use crate::record::finding::{Finding, OwnOpinion, PathFinding};
use crate::record::{CheckId, Family, Inconclusive, Outcome, check_id, words};

/// The way, and what of it could not be read.
struct Known {
    /// What carries the service's traffic into the network.
    by: String,
    facts: Facts,
    unread: Vec<(Reading, Inconclusive)>,
    /// Why it could not be read what has the database's address, where that is not known.
    unplaced: Option<Inconclusive>,
}

/// What the walk says of the whole way, for a second opinion to be compared with.
pub(super) async fn own_opinion(scope: &Scope) -> OwnOpinion {
    let known = match collect::collect(scope).await {
        Ok(known) => known,
        Err(outcome) => return OwnOpinion::Open { because: words::outcome(Some(&outcome)) },
    };
    let walked = walk(&known.facts);
    let worst = walked.steps.iter().map(|step| &step.verdict).min_by_key(|verdict| match verdict {
        Verdict::Broken(_) => 0,
        Verdict::Suspect(_) => 1,
        Verdict::Unknown(_) => 2,
        Verdict::Clear(_) => 3,
    });
    match worst {
        Some(Verdict::Broken(fault)) => OwnOpinion::Broken { fault: fault.to_string() },
        Some(Verdict::Suspect(fault)) => OwnOpinion::Broken { fault: format!("{fault} (not proven)") },
        Some(Verdict::Unknown(gap)) => OwnOpinion::Open { because: gap.to_string() },
        Some(Verdict::Clear(_)) => OwnOpinion::Clear,
        None => OwnOpinion::Open { because: "no link of the way was looked at".to_owned() },
    }
}

/// What the walk says of the links that a check is about.
async fn look(scope: &Scope, meant: fn(Link) -> bool, nothing: &str) -> Outcome {
    let known = match collect::collect(scope).await {
        Ok(known) => known,
        Err(outcome) => return outcome,
    };
    judge(&known, meant, nothing)
}

fn judge(known: &Known, meant: fn(Link) -> bool, nothing: &str) -> Outcome {
    let walked = walk(&known.facts);
    let verdicts: Vec<&Verdict> =
        walked.steps.iter().filter(|step| meant(step.link)).map(|step| &step.verdict).collect();
    let broken = verdicts.iter().find_map(|verdict| match verdict {
        Verdict::Broken(fault) => Some((fault, true)),
        Verdict::Clear(_) | Verdict::Suspect(_) | Verdict::Unknown(_) => None,
    });
    let suspect = || {
        verdicts.iter().find_map(|verdict| match verdict {
            Verdict::Suspect(fault) => Some((fault, false)),
            Verdict::Clear(_) | Verdict::Broken(_) | Verdict::Unknown(_) => None,
        })
    };
    if let Some((fault, proven)) = broken.or_else(suspect) {
        return fails(known, fault, proven);
    }
    let gap = verdicts.iter().find_map(|verdict| match verdict {
        Verdict::Unknown(gap) => Some(gap),
        Verdict::Clear(_) | Verdict::Broken(_) | Verdict::Suspect(_) => None,
    });
    if let Some(gap) = gap {
        return unknown(known, gap);
    }
    let seen: Vec<String> = verdicts.iter().map(ToString::to_string).collect();
    if !seen.is_empty() {
        return passed(seen.join("; "));
    }
    // Whether these links are met depends on what has the address.
    let by_kind = meant(Link::Peering) || meant(Link::IngressFirewall { port: 0 });
    match (&known.facts.destination.kind, &known.unplaced) {
        (DestinationKind::Unknown, Some(why)) if by_kind => Outcome::Inconclusive { why: why.clone() },
        (DestinationKind::Unknown, None) if by_kind => {
            not_visible(format!("nothing that was read has the address {}", known.facts.destination.address))
        }
        _ => not_applicable(nothing),
    }
}

fn fails(known: &Known, fault: &Fault, proven: bool) -> Outcome {
    failed(Finding::Path(PathFinding::Way {
        by: known.by.clone(),
        port: known.facts.destination.ports.first().copied().unwrap_or(5432),
        address: known.facts.destination.address,
        fault: fault.clone(),
        proven,
    }))
}

fn unknown(known: &Known, gap: &Gap) -> Outcome {
    if let Gap::Unread { what, .. } = gap
        && let Some((_, why)) = known.unread.iter().find(|(reading, _)| reading == what)
    {
        return Outcome::Inconclusive { why: why.clone() };
    }
    not_visible(gap.to_string())
}

/// What explains that a link of the way does not hold: the packet does not enter the network as it is meant to.
const ENTERED: &[CheckId] =
    &[check_id::VPC_ACCESS_PRESENT, check_id::VPC_CONNECTOR_READY, check_id::VPC_NETWORK_MATCHES];

/// A check of some links of the way.
macro_rules! link {
    ($name:ident, $id:expr, $holds:literal, $place:ident, $links:pat, $nothing:literal, $above:expr) => {
        /// A check of one link; see its page.
        pub(in crate::checks) static $name: Check = Check {
            id: $id,
            holds: $holds,
            family: Family::Vpc,
            place: crate::checks::place::$place,
            explained_by: $above,
            subjects: crate::checks::database::declared,
            run: |scope| Box::pin(look(scope, |link| matches!(link, $links), $nothing)),
            ..USUAL
        };
    };
}

link!(
    SUBNET,
    check_id::SUBNET_LARGE_ENOUGH,
    "The subnet of direct VPC egress has addresses for the service's instances",
    of_service,
    Link::Subnet,
    "the service does not use direct VPC egress",
    ENTERED
);
link!(
    RANGES,
    check_id::ADDRESS_RANGE_FREE,
    "No other range has the database's address",
    of_service,
    Link::Addresses,
    "no other range can have the database's address",
    ENTERED
);
link!(
    PRIVATE_ACCESS,
    check_id::PRIVATE_ACCESS_ACTIVE,
    "Private services access, or Private Service Connect, leads to the database",
    of_service,
    Link::Peering | Link::Endpoint,
    "the database is not reached through private services access or Private Service Connect",
    ENTERED
);
link!(
    EGRESS_FIREWALL,
    check_id::EGRESS_FIREWALL_ALLOWS,
    "Firewall rules let the service's packets out to the database",
    of_vpc,
    Link::EgressFirewall { .. } | Link::ConnectorRules,
    "no packet to the database enters the VPC network",
    ENTERED
);
link!(
    INGRESS_FIREWALL,
    check_id::INGRESS_FIREWALL_ALLOWS,
    "Firewall rules let the service's packets in to the database's machine",
    of_service,
    Link::IngressFirewall { .. },
    "the database runs on no machine of the VPC network",
    ENTERED
);
link!(
    ROUTE,
    check_id::ROUTE_LEADS_TO_DATABASE,
    "The route that packets take leads to the database",
    of_service,
    Link::Route,
    "no packet to the database enters the VPC network",
    &[check_id::PRIVATE_ACCESS_ACTIVE]
);
link!(
    NAT,
    check_id::NAT_PRESENT,
    "Where all traffic goes into the VPC, Cloud NAT leads out of it",
    of_service,
    Link::Nat,
    "the egress setting leaves the internet outside the VPC",
    ENTERED
);

#[cfg(test)]
mod tests;

//! `egress-bypasses-database`.

use std::net::IpAddr;

use super::{Expected, Fault, Subject, When, subject};
use crate::diagnosis::Verdict;
use crate::diagnosis::cause::CauseCode;
use crate::sandbox::world::{Egress, World};

pub(super) static FAULT: Fault = Fault {
    code: "egress-bypasses-database",
    what: "The database stands in a privately used public range, which `private-ranges-only` does not send into the VPC.",
    expects: Expected { cause: CauseCode::EgressBypassesDatabase, verdict: Verdict::Unhealthy },
    when: When::BeforeDeploy,
    subject: &PRIVATE_RANGES_ONLY,
    change: inject,
};

fn inject(world: &mut World, service: usize) {
    if let Some(from) = subject::dialled(world, service) {
        subject::move_database(world, from, IpAddr::from([11, 20, 0, 3]));
    }
}

/// A service that sends private ranges only into the network of a database that it dials by address.
static PRIVATE_RANGES_ONLY: Subject = Subject {
    has: "a private database that it dials by address with the egress private-ranges-only",
    fits: |world, service| {
        let egress = service.newest().and_then(|revision| revision.vpc.egress());
        (subject::PRIVATE_DATABASE.fits)(world, service)
            && (subject::ADDRESS.fits)(world, service)
            && egress == Some(Egress::PrivateRangesOnly)
    },
};

//! `vpc-network-not-found`.

use super::{Expected, Fault, Subject, When, subject};
use crate::diagnosis::Verdict;
use crate::diagnosis::cause::CauseCode;
use crate::sandbox::world::{Flaw, VpcWorld, World};

pub(super) static FAULT: Fault = Fault {
    code: "vpc-network-not-found",
    what: "The network that the new revision is to leave into does not exist; the old revision serves on.",
    expects: Expected { cause: CauseCode::VpcNetworkNotFound, verdict: Verdict::Unhealthy },
    when: When::BeforeDeploy,
    subject: &DIRECT,
    change: inject,
};

fn inject(world: &mut World, service: usize) {
    if let Some(revision) = subject::revision(world, service) {
        revision.flaw = Some(Flaw::NetworkMissing);
    }
}

/// A service that leaves into a network without a connector.
static DIRECT: Subject = Subject {
    has: "direct VPC egress",
    fits: |_, service| {
        service.newest().is_some_and(|revision| matches!(revision.vpc, VpcWorld::Direct { .. }))
    },
};

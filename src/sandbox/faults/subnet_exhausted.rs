//! `subnet-exhausted`.

use ipnet::Ipv4Net;

use super::{Expected, Fault, Subject, When, subject};
use crate::diagnosis::Verdict;
use crate::diagnosis::cause::CauseCode;
use crate::sandbox::world::{VpcWorld, World};

pub(super) static FAULT: Fault = Fault {
    code: "subnet-exhausted",
    what: "The subnetwork of direct VPC egress is a /28: its few addresses are taken.",
    expects: Expected { cause: CauseCode::SubnetExhausted, verdict: Verdict::Unhealthy },
    when: When::AfterDeploy,
    subject: &DIRECT,
    change: inject,
};

fn inject(world: &mut World, service: usize) {
    let Some(VpcWorld::Direct { subnetwork, .. }) =
        subject::revision(world, service).map(|one| one.vpc.clone())
    else {
        return;
    };
    let Some(network) = subject::network(world, service) else { return };
    for subnet in network.subnets.iter_mut().filter(|subnet| subnet.name == subnetwork) {
        subnet.range = Ipv4Net::new(subnet.range.network(), 28).unwrap_or(subnet.range);
    }
}

/// A service that reaches its private database by direct VPC egress.
static DIRECT: Subject = Subject {
    has: "a private database behind direct VPC egress",
    fits: |world, service| {
        let vpc = service.newest().map(|revision| &revision.vpc);
        (subject::PRIVATE_DATABASE.fits)(world, service) && matches!(vpc, Some(VpcWorld::Direct { .. }))
    },
};

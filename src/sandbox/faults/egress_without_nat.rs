//! `egress-without-nat`.

use super::{Expected, Fault, When, subject};
use crate::diagnosis::Verdict;
use crate::diagnosis::cause::CauseCode;
use crate::sandbox::world::World;

pub(super) static FAULT: Fault = Fault {
    code: "egress-without-nat",
    what: "All traffic goes into the VPC network, the database has a public address, and there is no Cloud NAT.",
    expects: Expected { cause: CauseCode::EgressWithoutNat, verdict: Verdict::Unhealthy },
    when: When::AfterDeploy,
    subject: &subject::PUBLIC_THROUGH_VPC,
    change: inject,
};

fn inject(world: &mut World, service: usize) {
    if let Some(network) = subject::network(world, service) {
        network.nats.clear();
    }
}

//! `peering-range-mismatch`.

use super::{Expected, Fault, When, subject};
use crate::diagnosis::Verdict;
use crate::diagnosis::cause::CauseCode;
use crate::sandbox::world::{PrivateServices, World};

pub(super) static FAULT: Fault = Fault {
    code: "peering-range-mismatch",
    what: "The peering with Google's services leads to another range than the database's.",
    expects: Expected { cause: CauseCode::PeeringRangeMismatch, verdict: Verdict::Unhealthy },
    when: When::BeforeDeploy,
    subject: &subject::PRIVATE_DATABASE,
    change: inject,
};

fn inject(world: &mut World, service: usize) {
    if let Some(network) = subject::network(world, service) {
        network.private_services = PrivateServices::WithoutRange;
    }
}

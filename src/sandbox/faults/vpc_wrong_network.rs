//! `vpc-wrong-network`.

use super::{Expected, Fault, When, subject};
use crate::diagnosis::Verdict;
use crate::diagnosis::cause::CauseCode;
use crate::sandbox::world::World;

pub(super) static FAULT: Fault = Fault {
    code: "vpc-wrong-network",
    what: "The database's instance is attached to another network than the service leaves into.",
    expects: Expected { cause: CauseCode::VpcWrongNetwork, verdict: Verdict::Unhealthy },
    when: When::BeforeDeploy,
    subject: &subject::PRIVATE_DATABASE,
    change: inject,
};

fn inject(world: &mut World, service: usize) {
    if let Some(instance) = subject::instance(world, service) {
        instance.network = instance.network.as_ref().map(|network| format!("{network}-data"));
    }
}

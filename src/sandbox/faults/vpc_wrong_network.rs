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
    applies: subject::private_database,
    inject,
};

fn inject(world: &mut World) {
    if let Some(instance) = subject::instance_mut(world) {
        instance.network = instance.network.as_ref().map(|network| format!("{network}-data"));
    }
}

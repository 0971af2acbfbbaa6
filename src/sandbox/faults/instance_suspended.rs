//! `instance-suspended`.

use super::{Expected, Fault, When, subject};
use crate::diagnosis::Verdict;
use crate::diagnosis::cause::CauseCode;
use crate::sandbox::world::{InstanceState, World};

pub(super) static FAULT: Fault = Fault {
    code: "instance-suspended",
    what: "Google suspended the instance.",
    expects: Expected { cause: CauseCode::InstanceSuspended, verdict: Verdict::Unhealthy },
    when: When::AfterDeploy,
    subject: &subject::DATABASE,
    change: inject,
};

fn inject(world: &mut World, service: usize) {
    if let Some(instance) = subject::instance(world, service) {
        instance.state = InstanceState::Suspended;
    }
}

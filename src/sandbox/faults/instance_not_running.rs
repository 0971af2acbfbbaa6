//! `instance-not-running`.

use super::{Expected, Fault, When, subject};
use crate::diagnosis::Verdict;
use crate::diagnosis::cause::CauseCode;
use crate::sandbox::world::{InstanceState, World};

pub(super) static FAULT: Fault = Fault {
    code: "instance-not-running",
    what: "The instance is under maintenance.",
    expects: Expected { cause: CauseCode::InstanceNotRunning, verdict: Verdict::Unhealthy },
    when: When::AfterDeploy,
    subject: &subject::DATABASE,
    change: inject,
};

fn inject(world: &mut World, service: usize) {
    if let Some(instance) = subject::instance(world, service) {
        instance.state = InstanceState::Maintenance;
    }
}

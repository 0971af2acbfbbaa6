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
    applies: subject::database,
    inject,
};

fn inject(world: &mut World) {
    if let Some(instance) = subject::instance_mut(world) {
        instance.state = InstanceState::Maintenance;
    }
}

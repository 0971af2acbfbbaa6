//! `instance-stopped`.

use super::{Expected, Fault, When, subject};
use crate::diagnosis::Verdict;
use crate::diagnosis::cause::CauseCode;
use crate::sandbox::world::{Activation, World};

pub(super) static FAULT: Fault = Fault {
    code: "instance-stopped",
    what: "The owner stopped the instance: RUNNABLE, with activation policy NEVER.",
    expects: Expected { cause: CauseCode::InstanceStopped, verdict: Verdict::Unhealthy },
    when: When::AfterDeploy,
    subject: &subject::DATABASE,
    change: inject,
};

fn inject(world: &mut World, service: usize) {
    if let Some(instance) = subject::instance(world, service) {
        instance.activation = Activation::Never;
    }
}

//! `instance-not-found`.

use super::{Expected, Fault, When, subject};
use crate::diagnosis::Verdict;
use crate::diagnosis::cause::CauseCode;
use crate::sandbox::world::World;

pub(super) static FAULT: Fault = Fault {
    code: "instance-not-found",
    what: "The instance that the pipeline names is deleted.",
    expects: Expected { cause: CauseCode::InstanceNotFound, verdict: Verdict::Unhealthy },
    when: When::AfterDeploy,
    subject: &subject::NAMED_INSTANCE,
    change: inject,
};

fn inject(world: &mut World, service: usize) {
    if let Some(name) = subject::instance(world, service).map(|instance| instance.connection_name()) {
        world.instances.retain(|instance| instance.connection_name() != name);
    }
}

//! `instance-crashing`.

use super::{Expected, Fault, When, subject};
use crate::diagnosis::Verdict;
use crate::diagnosis::cause::CauseCode;
use crate::sandbox::world::{HealthRoute, World};

pub(super) static FAULT: Fault = Fault {
    code: "instance-crashing",
    what: "The process ends while it answers health.",
    expects: Expected { cause: CauseCode::InstanceCrashing, verdict: Verdict::Unhealthy },
    when: When::AfterDeploy,
    subject: &subject::ANY,
    change: inject,
};

fn inject(world: &mut World, service: usize) {
    if let Some(revision) = subject::revision(world, service) {
        revision.code.health = HealthRoute::Ends;
    }
}

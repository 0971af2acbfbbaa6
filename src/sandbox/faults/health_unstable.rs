//! `health-unstable`.

use super::{Expected, Fault, When, subject};
use crate::diagnosis::Verdict;
use crate::diagnosis::cause::CauseCode;
use crate::sandbox::world::{HealthRoute, World};

pub(super) static FAULT: Fault = Fault {
    code: "health-unstable",
    what: "Every second health answer comes from a replica that lost its configuration.",
    expects: Expected { cause: CauseCode::HealthUnstable, verdict: Verdict::Unhealthy },
    when: When::BeforeDeploy,
    applies: subject::any,
    inject,
};

fn inject(world: &mut World) {
    if let Some(revision) = subject::revision_mut(world) {
        revision.code.health = HealthRoute::Flaps;
    }
}

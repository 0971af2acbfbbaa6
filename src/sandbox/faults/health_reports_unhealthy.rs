//! `health-reports-unhealthy`.

use super::{Expected, Fault, When, subject};
use crate::diagnosis::Verdict;
use crate::diagnosis::cause::CauseCode;
use crate::sandbox::world::{HealthRoute, World};

pub(super) static FAULT: Fault = Fault {
    code: "health-reports-unhealthy",
    what: "The service says that it is unhealthy, and names nothing.",
    expects: Expected { cause: CauseCode::HealthReportsUnhealthy, verdict: Verdict::Unhealthy },
    when: When::BeforeDeploy,
    applies: subject::any,
    inject,
};

fn inject(world: &mut World) {
    if let Some(revision) = subject::revision_mut(world) {
        revision.code.health = HealthRoute::Maintenance;
    }
}

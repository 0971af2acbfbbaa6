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
    subject: &subject::ANY,
    change: inject,
};

fn inject(world: &mut World, service: usize) {
    if let Some(revision) = subject::revision(world, service) {
        revision.code.health = HealthRoute::Maintenance;
    }
}

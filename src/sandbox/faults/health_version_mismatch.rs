//! `health-version-mismatch`.

use super::{Expected, Fault, When, subject};
use crate::diagnosis::Verdict;
use crate::diagnosis::cause::CauseCode;
use crate::sandbox::world::World;

pub(super) static FAULT: Fault = Fault {
    code: "health-version-mismatch",
    what: "Another build than the deployed one answers.",
    expects: Expected { cause: CauseCode::HealthVersionMismatch, verdict: Verdict::Unhealthy },
    when: When::AfterDeploy,
    subject: &subject::TELLS_VERSION,
    change: inject,
};

fn inject(world: &mut World, service: usize) {
    if let Some(revision) = subject::revision(world, service) {
        revision.code.other_build = true;
    }
}

//! `health-not-judgeable`.

use super::{Expected, Fault, When, subject};
use crate::diagnosis::Verdict;
use crate::diagnosis::cause::CauseCode;
use crate::sandbox::world::{HealthRoute, World};

pub(super) static FAULT: Fault = Fault {
    code: "health-not-judgeable",
    what: "The health path answers 200 with the start page of a single-page application.",
    expects: Expected { cause: CauseCode::HealthNotJudgeable, verdict: Verdict::Unhealthy },
    when: When::BeforeDeploy,
    subject: &subject::ANY,
    change: inject,
};

fn inject(world: &mut World, service: usize) {
    if let Some(revision) = subject::revision(world, service) {
        revision.code.health = HealthRoute::StartPage;
    }
}

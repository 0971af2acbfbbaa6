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
    applies: subject::any,
    inject,
};

fn inject(world: &mut World) {
    if let Some(revision) = subject::revision_mut(world) {
        revision.code.health = HealthRoute::StartPage;
    }
}

//! `journey-step-failed`.

use super::{Expected, Fault, When, subject};
use crate::diagnosis::Verdict;
use crate::diagnosis::cause::CauseCode;
use crate::sandbox::world::World;

pub(super) static FAULT: Fault = Fault {
    code: "journey-step-failed",
    what: "Tokens are checked with another signing secret than they are issued with; health is good.",
    expects: Expected { cause: CauseCode::JourneyStepFailed, verdict: Verdict::Unhealthy },
    when: When::BeforeDeploy,
    subject: &subject::WALKED,
    change: inject,
};

fn inject(world: &mut World, service: usize) {
    if let Some(revision) = subject::revision(world, service) {
        revision.code.checks_tokens_with = Some("the secret of another deploy".to_owned());
    }
}

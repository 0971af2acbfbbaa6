//! `request-timed-out`.

use super::{Expected, Fault, When, subject};
use crate::diagnosis::Verdict;
use crate::diagnosis::cause::CauseCode;
use crate::sandbox::world::{HealthRoute, World};

pub(super) static FAULT: Fault = Fault {
    code: "request-timed-out",
    what: "The health handler takes longer than a request may.",
    expects: Expected { cause: CauseCode::RequestTimedOut, verdict: Verdict::Unhealthy },
    when: When::AfterDeploy,
    subject: &subject::ANY,
    change: inject,
};

fn inject(world: &mut World, service: usize) {
    if let Some(revision) = subject::revision(world, service) {
        revision.code.health = HealthRoute::Hangs;
    }
}

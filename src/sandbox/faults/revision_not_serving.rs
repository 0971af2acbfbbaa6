//! `revision-not-serving`.

use super::{Expected, Fault, When, subject};
use crate::diagnosis::Verdict;
use crate::diagnosis::cause::CauseCode;
use crate::sandbox::world::{Traffic, World};

pub(super) static FAULT: Fault = Fault {
    code: "revision-not-serving",
    what: "The traffic is pinned to the revision before, and the new one gets none.",
    expects: Expected { cause: CauseCode::RevisionNotServing, verdict: Verdict::Unhealthy },
    when: When::AfterDeploy,
    applies: subject::any,
    inject,
};

fn inject(world: &mut World) {
    if let Some(service) = subject::any_mut(world)
        && let Some(before) = service.revisions.first()
    {
        service.traffic = Traffic::Pinned(before.name.clone());
    }
}

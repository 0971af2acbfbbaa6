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
    subject: &subject::ANY,
    change: inject,
};

fn inject(world: &mut World, service: usize) {
    if let Some(service) = world.services.get_mut(service)
        && let Some(before) = service.revisions.first()
    {
        service.traffic = Traffic::Pinned(before.name.clone());
    }
}

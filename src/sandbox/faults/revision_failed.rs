//! `revision-failed`.

use super::{Expected, Fault, When, subject};
use crate::diagnosis::Verdict;
use crate::diagnosis::cause::CauseCode;
use crate::sandbox::world::{Flaw, World};

pub(super) static FAULT: Fault = Fault {
    code: "revision-failed",
    what: "The import of the new image takes longer than Cloud Run waits; the old revision serves on.",
    expects: Expected { cause: CauseCode::RevisionFailed, verdict: Verdict::Unhealthy },
    when: When::BeforeDeploy,
    subject: &subject::ANY,
    change: inject,
};

fn inject(world: &mut World, service: usize) {
    if let Some(revision) = subject::revision(world, service) {
        revision.flaw = Some(Flaw::Slow);
    }
}

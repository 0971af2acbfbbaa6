//! `container-out-of-memory`.

use super::{Expected, Fault, When, subject};
use crate::diagnosis::Verdict;
use crate::diagnosis::cause::CauseCode;
use crate::sandbox::world::{Flaw, World};

pub(super) static FAULT: Fault = Fault {
    code: "container-out-of-memory",
    what: "The container of the new revision is ended for its memory while it starts; the old one serves on.",
    expects: Expected { cause: CauseCode::ContainerOutOfMemory, verdict: Verdict::Unhealthy },
    when: When::BeforeDeploy,
    subject: &subject::ANY,
    change: inject,
};

fn inject(world: &mut World, service: usize) {
    if let Some(revision) = subject::revision(world, service) {
        revision.flaw = Some(Flaw::Memory);
    }
}

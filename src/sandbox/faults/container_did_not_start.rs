//! `container-did-not-start`.

use super::{Expected, Fault, When, subject};
use crate::diagnosis::Verdict;
use crate::diagnosis::cause::CauseCode;
use crate::sandbox::world::World;

pub(super) static FAULT: Fault = Fault {
    code: "container-did-not-start",
    what: "The container of the new revision never listens on its port; the old revision serves on.",
    expects: Expected { cause: CauseCode::ContainerDidNotStart, verdict: Verdict::Unhealthy },
    when: When::BeforeDeploy,
    subject: &subject::ANY,
    change: inject,
};

fn inject(world: &mut World, service: usize) {
    if let Some(revision) = subject::revision(world, service) {
        revision.code.starts = false;
    }
}

//! `image-not-found`.

use super::{Expected, Fault, When, subject};
use crate::diagnosis::Verdict;
use crate::diagnosis::cause::CauseCode;
use crate::sandbox::world::{Flaw, World};

pub(super) static FAULT: Fault = Fault {
    code: "image-not-found",
    what: "The image of the new revision does not exist; the old revision serves on.",
    expects: Expected { cause: CauseCode::ImageNotFound, verdict: Verdict::Unhealthy },
    when: When::BeforeDeploy,
    subject: &subject::ANY,
    change: inject,
};

fn inject(world: &mut World, service: usize) {
    if let Some(revision) = subject::revision(world, service) {
        revision.flaw = Some(Flaw::ImageMissing);
    }
}

//! `image-access-denied`.

use super::{Expected, Fault, When, subject};
use crate::diagnosis::Verdict;
use crate::diagnosis::cause::CauseCode;
use crate::sandbox::world::{Flaw, World};

pub(super) static FAULT: Fault = Fault {
    code: "image-access-denied",
    what: "Cloud Run's service agent may not read the image of the new revision; the old one serves on.",
    expects: Expected { cause: CauseCode::ImageAccessDenied, verdict: Verdict::Unhealthy },
    when: When::BeforeDeploy,
    subject: &subject::ANY,
    change: inject,
};

fn inject(world: &mut World, service: usize) {
    if let Some(revision) = subject::revision(world, service) {
        revision.flaw = Some(Flaw::ImageForbidden);
    }
}

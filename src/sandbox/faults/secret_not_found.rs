//! `secret-not-found`.

use super::{Expected, Fault, When, subject};
use crate::diagnosis::Verdict;
use crate::diagnosis::cause::CauseCode;
use crate::sandbox::world::World;

pub(super) static FAULT: Fault = Fault {
    code: "secret-not-found",
    what: "The secret that the revision refers to does not exist.",
    expects: Expected { cause: CauseCode::SecretNotFound, verdict: Verdict::Unhealthy },
    when: When::BeforeDeploy,
    subject: &subject::SECRET,
    change: inject,
};

fn inject(world: &mut World, service: usize) {
    if let Some(at) = world.services.get(service).and_then(subject::credential) {
        world.secrets.retain(|secret| secret.project != at.project || secret.name != at.name);
    }
}

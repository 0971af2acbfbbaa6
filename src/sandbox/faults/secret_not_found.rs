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
    applies: subject::secret,
    inject,
};

fn inject(world: &mut World) {
    if let Some((project, name, _)) = subject::secret_reference(world) {
        world.secrets.retain(|secret| secret.project != project || secret.name != name);
    }
}

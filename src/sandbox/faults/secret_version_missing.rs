//! `secret-version-missing`.

use super::{Expected, Fault, When, subject};
use crate::diagnosis::Verdict;
use crate::diagnosis::cause::CauseCode;
use crate::sandbox::world::World;

pub(super) static FAULT: Fault = Fault {
    code: "secret-version-missing",
    what: "The secret has no version like the one that the revision refers to.",
    expects: Expected { cause: CauseCode::SecretVersionMissing, verdict: Verdict::Unhealthy },
    when: When::BeforeDeploy,
    subject: &subject::SECRET,
    change: inject,
};

fn inject(world: &mut World, service: usize) {
    let Some((secret, version)) = subject::secret(world, service) else { return };
    if version == "latest" {
        secret.versions.clear();
    } else if let Some(number) = secret.number(&version) {
        secret.versions.retain(|version| version.number != number);
    }
}

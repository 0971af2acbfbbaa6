//! `secret-version-disabled`.

use super::{Expected, Fault, When, subject};
use crate::diagnosis::Verdict;
use crate::diagnosis::cause::CauseCode;
use crate::sandbox::world::{VersionState, World};

pub(super) static FAULT: Fault = Fault {
    code: "secret-version-disabled",
    what: "The version of the secret is disabled after the deploy, so that no new instance can start.",
    expects: Expected { cause: CauseCode::SecretVersionDisabled, verdict: Verdict::Unhealthy },
    when: When::AfterDeploy,
    subject: &subject::SECRET,
    change: inject,
};

fn inject(world: &mut World, service: usize) {
    if let Some(version) = subject::version(world, service) {
        version.state = VersionState::Disabled;
    }
}

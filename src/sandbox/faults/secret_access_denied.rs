//! `secret-access-denied`.

use super::{Expected, Fault, When, subject};
use crate::diagnosis::Verdict;
use crate::diagnosis::cause::CauseCode;
use crate::sandbox::world::World;

pub(super) static FAULT: Fault = Fault {
    code: "secret-access-denied",
    what: "The runtime service account may not read the secret, so that the new revision fails and the old one serves on.",
    expects: Expected { cause: CauseCode::SecretAccessDenied, verdict: Verdict::Unhealthy },
    when: When::BeforeDeploy,
    subject: &subject::SECRET,
    change: inject,
};

fn inject(world: &mut World, service: usize) {
    let account = subject::revision(world, service).map(|revision| revision.service_account.clone());
    if let Some((secret, _)) = subject::secret(world, service) {
        secret.accessors.retain(|accessor| Some(accessor) != account.as_ref());
    }
}

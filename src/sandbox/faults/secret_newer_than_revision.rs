//! `secret-newer-than-revision`.

use secrecy::SecretString;

use super::{Expected, Fault, When, subject};
use crate::diagnosis::Verdict;
use crate::diagnosis::cause::CauseCode;
use crate::sandbox::random;
use crate::sandbox::world::{Added, World};

pub(super) static FAULT: Fault = Fault {
    code: "secret-newer-than-revision",
    what: "The password was rotated, in the database and in the secret, while instances of the revision ran.",
    expects: Expected { cause: CauseCode::SecretNewerThanRevision, verdict: Verdict::Unhealthy },
    when: When::AfterDeploy,
    subject: &subject::LATEST,
    change: inject,
};

fn inject(world: &mut World, service: usize) {
    let Some(old) = subject::password(world, service) else { return };
    // Its instances run with what was true when they started.
    let running = world.services.get(service).and_then(|one| world.inject(one.newest()?).ok());
    if let Some(revision) = subject::revision(world, service) {
        revision.running = running;
    }
    let new = random::word(24);
    if let Some((secret, version)) = subject::secret(world, service) {
        let number = secret.versions.iter().map(|version| version.number).max().unwrap_or_default() + 1;
        if let Some(mut newest) = secret.version(&version).cloned() {
            newest.number = number;
            newest.added = Added::After;
            subject::change_payload(&mut newest, |payload| payload.replace(&old, &new));
            secret.versions.push(newest);
        }
    }
    if let Some(role) = subject::role(world, service) {
        role.password = Some(SecretString::from(new));
    }
}

//! `secret-corrupted`.

use super::{Expected, Fault, When, subject};
use crate::diagnosis::Verdict;
use crate::diagnosis::cause::CauseCode;
use crate::sandbox::random;
use crate::sandbox::world::World;

pub(super) static FAULT: Fault = Fault {
    code: "secret-corrupted",
    what: "The payload of the secret is not the one that its checksum was made of.",
    expects: Expected { cause: CauseCode::SecretCorrupted, verdict: Verdict::Unhealthy },
    when: When::BeforeDeploy,
    subject: &subject::PASSWORD,
    change: inject,
};

fn inject(world: &mut World, service: usize) {
    let Some(password) = subject::password(world, service) else { return };
    if let Some(version) = subject::version(world, service) {
        version.corrupted = true;
        subject::change_payload(version, |payload| payload.replace(&password, &random::word(24)));
    }
}

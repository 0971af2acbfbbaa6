//! `credential-placeholder`.

use super::{Expected, Fault, When, subject};
use crate::diagnosis::Verdict;
use crate::diagnosis::cause::CauseCode;
use crate::sandbox::world::World;

pub(super) static FAULT: Fault = Fault {
    code: "credential-placeholder",
    what: "A dummy stands in the secret in the password's place.",
    expects: Expected { cause: CauseCode::CredentialPlaceholder, verdict: Verdict::Unhealthy },
    when: When::BeforeDeploy,
    subject: &subject::PASSWORD,
    change: inject,
};

fn inject(world: &mut World, service: usize) {
    let Some(password) = subject::password(world, service) else { return };
    if let Some(version) = subject::version(world, service) {
        subject::change_payload(version, |payload| payload.replace(&password, "changeme"));
    }
}

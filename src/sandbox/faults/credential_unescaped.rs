//! `credential-unescaped`.

use secrecy::SecretString;

use super::{Expected, Fault, When, subject};
use crate::diagnosis::Verdict;
use crate::diagnosis::cause::CauseCode;
use crate::sandbox::random;
use crate::sandbox::world::World;

pub(super) static FAULT: Fault = Fault {
    code: "credential-unescaped",
    what: "The password has an `@`, which stands raw in the connection string.",
    expects: Expected { cause: CauseCode::CredentialUnescaped, verdict: Verdict::Unhealthy },
    when: When::BeforeDeploy,
    subject: &subject::CONNECTION_STRING,
    change: inject,
};

fn inject(world: &mut World, service: usize) {
    let Some(old) = subject::password(world, service) else { return };
    let raw = format!("{}@{}", random::word(8), random::word(8));
    if let Some(role) = subject::role(world, service) {
        role.password = Some(SecretString::from(raw.clone()));
    }
    if let Some(version) = subject::version(world, service) {
        subject::change_payload(version, |payload| payload.replace(&old, &raw));
    }
}

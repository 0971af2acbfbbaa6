//! `credential-quoted`.

use super::{Expected, Fault, When, subject};
use crate::diagnosis::Verdict;
use crate::diagnosis::cause::CauseCode;
use crate::sandbox::world::World;

pub(super) static FAULT: Fault = Fault {
    code: "credential-quoted",
    what: "Quotes stand around the payload of the secret, and are part of it.",
    expects: Expected { cause: CauseCode::CredentialQuoted, verdict: Verdict::Unhealthy },
    when: When::BeforeDeploy,
    subject: &subject::SECRET,
    change: inject,
};

fn inject(world: &mut World, service: usize) {
    if let Some(version) = subject::version(world, service) {
        subject::change_payload(version, |payload| format!("\"{payload}\""));
    }
}

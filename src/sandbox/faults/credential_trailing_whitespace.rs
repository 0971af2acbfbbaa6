//! `credential-trailing-whitespace`.

use super::{Expected, Fault, When, subject};
use crate::diagnosis::Verdict;
use crate::diagnosis::cause::CauseCode;
use crate::sandbox::world::World;

pub(super) static FAULT: Fault = Fault {
    code: "credential-trailing-whitespace",
    what: "The secret's payload ends in a line feed, as `echo` without `-n` leaves it.",
    expects: Expected { cause: CauseCode::CredentialTrailingWhitespace, verdict: Verdict::Unhealthy },
    when: When::BeforeDeploy,
    subject: &subject::SECRET,
    change: inject,
};

fn inject(world: &mut World, service: usize) {
    if let Some(version) = subject::version(world, service) {
        subject::change_payload(version, |payload| format!("{payload}\n"));
    }
}

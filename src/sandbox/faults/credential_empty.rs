//! `credential-empty`.

use super::{Expected, Fault, When, subject};
use crate::diagnosis::Verdict;
use crate::diagnosis::cause::CauseCode;
use crate::sandbox::world::World;

pub(super) static FAULT: Fault = Fault {
    code: "credential-empty",
    what: "The secret's payload is empty.",
    expects: Expected { cause: CauseCode::CredentialEmpty, verdict: Verdict::Unhealthy },
    when: When::BeforeDeploy,
    subject: &subject::SECRET,
    change: inject,
};

fn inject(world: &mut World, service: usize) {
    if let Some(version) = subject::version(world, service) {
        subject::change_payload(version, |_| String::new());
    }
}

//! `credential-unreadable`.

use super::{Expected, Fault, When, subject};
use crate::diagnosis::Verdict;
use crate::diagnosis::cause::CauseCode;
use crate::sandbox::world::World;

pub(super) static FAULT: Fault = Fault {
    code: "credential-unreadable",
    what: "The secret of the connection string holds the bare password.",
    expects: Expected { cause: CauseCode::CredentialUnreadable, verdict: Verdict::Unhealthy },
    when: When::BeforeDeploy,
    subject: &subject::CONNECTION_STRING,
    change: inject,
};

fn inject(world: &mut World, service: usize) {
    let Some(password) = subject::password(world, service) else { return };
    if let Some(version) = subject::version(world, service) {
        subject::change_payload(version, |_| password);
    }
}

//! `connect-privilege-missing`.

use super::{Expected, Fault, When, subject};
use crate::diagnosis::Verdict;
use crate::diagnosis::cause::CauseCode;
use crate::sandbox::world::World;

pub(super) static FAULT: Fault = Fault {
    code: "connect-privilege-missing",
    what: "Nobody but its owner may connect to the database.",
    expects: Expected { cause: CauseCode::ConnectPrivilegeMissing, verdict: Verdict::Unhealthy },
    when: When::AfterDeploy,
    subject: &subject::DATABASE,
    change: inject,
};

fn inject(world: &mut World, service: usize) {
    if let Some(database) = subject::database(world, service) {
        database.public_connect = false;
    }
}

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
    applies: subject::database,
    inject,
};

fn inject(world: &mut World) {
    if let Some(database) = subject::database_mut(world) {
        database.public_connect = false;
    }
}

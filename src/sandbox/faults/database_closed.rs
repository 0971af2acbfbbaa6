//! `database-closed`.

use super::{Expected, Fault, When, subject};
use crate::diagnosis::Verdict;
use crate::diagnosis::cause::CauseCode;
use crate::sandbox::world::World;

pub(super) static FAULT: Fault = Fault {
    code: "database-closed",
    what: "The database accepts no connections.",
    expects: Expected { cause: CauseCode::DatabaseClosed, verdict: Verdict::Unhealthy },
    when: When::AfterDeploy,
    applies: subject::database,
    inject,
};

fn inject(world: &mut World) {
    if let Some(database) = subject::database_mut(world) {
        database.allows_connections = false;
    }
}

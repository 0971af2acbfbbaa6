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
    subject: &subject::DATABASE,
    change: inject,
};

fn inject(world: &mut World, service: usize) {
    if let Some(database) = subject::database(world, service) {
        database.allows_connections = false;
    }
}

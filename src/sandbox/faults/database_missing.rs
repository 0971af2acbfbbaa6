//! `database-missing`.

use super::{Expected, Fault, When, subject};
use crate::diagnosis::Verdict;
use crate::diagnosis::cause::CauseCode;
use crate::sandbox::world::World;

pub(super) static FAULT: Fault = Fault {
    code: "database-missing",
    what: "The database does not exist on the server.",
    expects: Expected { cause: CauseCode::DatabaseMissing, verdict: Verdict::Unhealthy },
    when: When::AfterDeploy,
    applies: subject::database,
    inject,
};

fn inject(world: &mut World) {
    let name = subject::database_mut(world).map(|database| database.name.clone());
    if let Some(instance) = subject::instance_mut(world) {
        instance.databases.retain(|database| Some(&database.name) != name.as_ref());
    }
}

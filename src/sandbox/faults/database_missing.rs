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
    subject: &subject::DATABASE,
    change: inject,
};

fn inject(world: &mut World, service: usize) {
    let Some(name) = subject::database(world, service).map(|database| database.name.clone()) else { return };
    if let Some(instance) = subject::instance(world, service) {
        instance.databases.retain(|database| database.name != name);
    }
}

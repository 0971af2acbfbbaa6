//! `database-variable-missing`.

use super::{Expected, Fault, When, subject};
use crate::diagnosis::Verdict;
use crate::diagnosis::cause::CauseCode;
use crate::sandbox::world::World;

pub(super) static FAULT: Fault = Fault {
    code: "database-variable-missing",
    what: "The new revision lacks the variable that holds the database's host or connection string.",
    expects: Expected { cause: CauseCode::DatabaseVariableMissing, verdict: Verdict::Unhealthy },
    when: When::BeforeDeploy,
    subject: &subject::DATABASE,
    change: inject,
};

fn inject(world: &mut World, service: usize) {
    let Some(service) = world.services.get_mut(service) else { return };
    let variables = service.database.as_ref().map(|variables| variables.names());
    let Some(first) = variables.and_then(|names| names.first().map(|&name| name.to_owned())) else { return };
    if let Some(revision) = service.newest_mut() {
        revision.env.retain(|variable| variable.name != first);
    }
}

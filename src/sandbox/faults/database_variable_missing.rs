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
    applies: subject::database,
    inject,
};

fn inject(world: &mut World) {
    let Some(service) = subject::any_mut(world) else { return };
    let first =
        service.database.as_ref().and_then(|database| database.names().first().map(|&name| name.to_owned()));
    if let Some(revision) = service.newest_mut() {
        revision.env.retain(|variable| Some(&variable.name) != first.as_ref());
    }
}

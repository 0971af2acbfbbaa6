//! `schema-missing`.

use super::{Expected, Fault, When, subject};
use crate::diagnosis::Verdict;
use crate::diagnosis::cause::CauseCode;
use crate::sandbox::world::World;

pub(super) static FAULT: Fault = Fault {
    code: "schema-missing",
    what: "A table that the pipeline expects is not there.",
    expects: Expected { cause: CauseCode::SchemaMissing, verdict: Verdict::Unhealthy },
    when: When::AfterDeploy,
    subject: &subject::TABLES,
    change: inject,
};

fn inject(world: &mut World, service: usize) {
    let Some(expects) = subject::expects(world, service) else { return };
    let (Some(first), Some(database)) = (expects.tables.first(), subject::database(world, service)) else {
        return;
    };
    if let Some(table) = database.table(first.raw()).cloned() {
        database.tables.retain(|one| *one != table);
    }
}

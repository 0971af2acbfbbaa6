//! `schema-behind`.

use super::{Expected, Fault, When, subject};
use crate::diagnosis::Verdict;
use crate::diagnosis::cause::CauseCode;
use crate::sandbox::world::Cell;
use crate::sandbox::world::World;

pub(super) static FAULT: Fault = Fault {
    code: "schema-behind",
    what: "The newest migration of the repository was not run.",
    expects: Expected { cause: CauseCode::SchemaBehind, verdict: Verdict::Unhealthy },
    when: When::AfterDeploy,
    subject: &subject::MIGRATIONS,
    change: inject,
};

fn inject(world: &mut World, service: usize) {
    let Some(migrations) = subject::expects(world, service).and_then(|expects| expects.migrations) else {
        return;
    };
    let Some(table) = subject::database(world, service).and_then(|one| one.table_mut(migrations.table()))
    else {
        return;
    };
    if !migrations.tool.notes_only_the_head() {
        table.rows.pop();
        return;
    }
    // It stands where the repository did before, if that had anything.
    let before = migrations.known.iter().find(|known| !migrations.heads.contains(known));
    table.rows.truncate(usize::from(before.is_some()));
    let cell = table.rows.first_mut().and_then(|row| row.first_mut());
    if let (Some(before), Some(cell)) = (before, cell) {
        *cell = match cell {
            Cell::Number(_) => before.parse().map_or(Cell::Null, Cell::Number),
            Cell::Null | Cell::Truth(_) | Cell::Text(_) => Cell::Text(before.clone()),
        };
    }
}

//! What the database holds.

use crate::diagnosis::cause::CauseCode;
use crate::model::PrivilegeKind;
use crate::sandbox::faults::parts::{self, on};
use crate::sandbox::faults::{Fault, subject};
use crate::sandbox::world::{Cell, World};

pub(in crate::sandbox::faults) static FAULTS: &[Fault] = &[
    Fault::after_deploy(
        CauseCode::MigrationsPending,
        "The newest migration of the repository was not run.",
        &subject::MIGRATIONS,
        migrations_pending,
    ),
    Fault::after_deploy(
        CauseCode::ExtensionMissing,
        "An extension that the pipeline expects is not installed.",
        &subject::EXTENSIONS,
        |world, service| {
            let Some((expects, database)) = parts::expected(world, service) else { return };
            let Some(first) = expects.extensions.first() else { return };
            database.extensions.retain(|one| one != first.raw());
        },
    ),
    Fault::after_deploy(
        CauseCode::SchemaMissing,
        "A table that the pipeline expects is not there.",
        &subject::TABLES,
        |world, service| {
            let Some((expects, database)) = parts::expected(world, service) else { return };
            let Some(first) = expects.tables.first() else { return };
            if let Some(table) = database.table(first.raw()).cloned() {
                database.tables.retain(|one| *one != table);
            }
        },
    ),
    Fault::after_deploy(
        CauseCode::SchemaPermissionDenied,
        "The service's role lacks a privilege that the pipeline expects.",
        &subject::PRIVILEGES,
        schema_permission_denied,
    ),
    Fault::after_deploy(
        CauseCode::QueryResultMismatch,
        "A query of the pipeline gives something else than it must.",
        &subject::QUERIES,
        |world, service| {
            let Some((expects, database)) = parts::expected(world, service) else { return };
            let Some(first) = expects.queries.first() else { return };
            for claim in database.claims.iter_mut().filter(|claim| claim.query == first.query.raw()) {
                // No row is never what a value or a number of rows was; where none is expected, one is too many.
                claim.rows = if claim.rows.is_empty() { vec![Cell::Number(1)] } else { Vec::new() };
            }
        },
    ),
];

fn migrations_pending(world: &mut World, service: usize) {
    let Some((expects, database)) = parts::expected(world, service) else { return };
    let Some(migrations) = expects.migrations else { return };
    let Some(table) = database.table_mut(migrations.table()) else { return };
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

fn schema_permission_denied(world: &mut World, service: usize) {
    let Some((expects, database)) = parts::expected(world, service) else { return };
    let Some(first) = expects.privileges.first() else { return };
    let privileges = first.privileges.iter().map(|one| one.raw().to_uppercase());
    match first.kind {
        PrivilegeKind::Table => {
            on(database.table_mut(first.on.raw()), |table| table.withheld.extend(privileges));
        }
        PrivilegeKind::Schema => {
            let schema = first.on.raw();
            database.withheld.extend(privileges.map(|one| (schema.to_owned(), one)));
        }
    }
}

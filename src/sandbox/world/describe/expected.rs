//! What a pipeline expects of a database: in the healthy world it is there.

use crate::model::{DatabaseExpectation, Gives, MigrationTool, Migrations, PrivilegeKind};
use crate::sandbox::world::{Cell, Claim, DatabaseLink, DatabaseWorld, Kind, TableWorld, World};

impl World {
    /// The database of a service comes to hold what the pipeline expects of it.
    pub(super) fn hold(&mut self, instance: usize, link: &DatabaseLink) {
        let databases = self.instances.get_mut(instance).map(|instance| &mut instance.databases);
        let Some(database) = databases.into_iter().flatten().find(|database| database.name == link.name)
        else {
            return;
        };
        let DatabaseExpectation { tables, extensions, privileges, queries, migrations } = &link.expects;
        let of_privileges =
            privileges.iter().filter(|one| one.kind == PrivilegeKind::Table).map(|one| &one.on);
        for table in tables.iter().chain(of_privileges) {
            add(database, TableWorld::named(table.raw()));
        }
        for extension in extensions {
            if !database.extensions.iter().any(|one| one == extension.raw()) {
                database.extensions.push(extension.raw().to_owned());
            }
        }
        if let Some(migrations) = migrations {
            add(database, noted(migrations));
        }
        for query in queries {
            database.claims.push(Claim { query: query.query.raw().to_owned(), rows: claimed(&query.gives) });
        }
    }
}

fn add(database: &mut DatabaseWorld, table: TableWorld) {
    if !database.tables.iter().any(|one| one.schema == table.schema && one.name == table.name) {
        database.tables.push(table);
    }
}

/// Rows that are as the pipeline says.
fn claimed(gives: &Gives) -> Vec<Cell> {
    match gives {
        Gives::Equals(text) => vec![Cell::Text(text.clone())],
        Gives::AtLeast(number) | Gives::AtMost(number) => vec![Cell::Text(number.to_string())],
        // More than a few thousand say nothing more.
        Gives::Rows(count) | Gives::RowsAtLeast(count) => {
            vec![Cell::Number(1); usize::try_from(*count).unwrap_or(usize::MAX).min(5000)]
        }
    }
}

/// The table in which the tool notes that everything was run.
fn noted(migrations: &Migrations) -> TableWorld {
    let columns: &[(&str, Kind)] = match migrations.tool {
        MigrationTool::Alembic => &[("version_num", Kind::Text)],
        MigrationTool::Flyway => &[("version", Kind::Text), ("success", Kind::Truth)],
        MigrationTool::Sqlx => &[("version", Kind::Long), ("success", Kind::Truth)],
        MigrationTool::Prisma => {
            &[("migration_name", Kind::Text), ("finished_at", Kind::Text), ("rolled_back_at", Kind::Text)]
        }
        MigrationTool::Django => &[("app", Kind::Text), ("name", Kind::Text)],
        MigrationTool::Rails => &[("version", Kind::Text)],
        MigrationTool::GolangMigrate => &[("version", Kind::Long), ("dirty", Kind::Truth)],
    };
    let ran = if migrations.tool.notes_only_the_head() { &migrations.heads } else { &migrations.known };
    let text = |text: &str| Cell::Text(text.to_owned());
    let number = |text: &str| text.parse().map_or(Cell::Null, Cell::Number);
    let row = |name: &String| match migrations.tool {
        MigrationTool::Alembic | MigrationTool::Rails => vec![text(name)],
        MigrationTool::Flyway => vec![text(name), Cell::Truth(true)],
        MigrationTool::Sqlx => vec![number(name), Cell::Truth(true)],
        MigrationTool::Prisma => vec![text(name), text("2026-01-31 12:00:00+00"), Cell::Null],
        MigrationTool::Django => {
            let (app, name) = name.split_once('.').unwrap_or(("", name));
            vec![text(app), text(name)]
        }
        MigrationTool::GolangMigrate => vec![number(name), Cell::Truth(false)],
    };
    TableWorld {
        columns: columns.iter().map(|(name, kind)| ((*name).to_owned(), *kind)).collect(),
        rows: ran.iter().map(row).collect(),
        ..TableWorld::named(migrations.table())
    }
}

//! Where the database stands, against where the repository does.

use crate::checks::database::expected::{asked, refused};
use crate::live::Scope;
use crate::live::service::{failed, passed};
use crate::model::{MigrationTool, Migrations, migration_order};
use crate::record::finding::{DatabaseFinding, Finding};
use crate::record::{Inconclusive, Outcome};

/// How many of the migrations that were not run are named.
const NAMED: usize = 5;

pub(super) fn run(scope: &Scope) -> Result<Outcome, Box<Outcome>> {
    let (expect, answers, holdings) = asked(scope)?;
    let (Some(migrations), Some(applied)) = (&expect.migrations, &holdings.migrations) else {
        return Err(Box::new(Outcome::Inconclusive {
            why: Inconclusive::Defect { detail: "the migrations were not asked for".to_owned() },
        }));
    };
    match applied {
        Err(stop) => {
            let asked = format!("table {}", migrations.table());
            Ok(refused(scope, answers, &asked, stop))
        }
        Ok(applied) => Ok(match judge(migrations, applied) {
            Ok(detail) => passed(detail),
            Err(finding) => failed(Finding::Database(*finding)),
        }),
    }
}

/// What the tool noted, held against the repository.
fn judge(migrations: &Migrations, applied: &[(String, bool)]) -> Result<String, Box<DatabaseFinding>> {
    let (tool, table) = (migrations.tool.to_string(), migrations.table().to_owned());
    let head = joined(&migrations.heads);
    if let Some((migration, _)) = applied.iter().find(|(_, well)| !well) {
        let migration = migration.clone();
        return Err(Box::new(DatabaseFinding::MigrationFailed { tool, table, migration }));
    }
    let ran: Vec<&str> = applied.iter().map(|(migration, _)| migration.as_str()).collect();
    let at = stands_at(migrations.tool, &ran);
    let pending = pending(migrations, &ran);
    if pending.is_empty() {
        let ahead = newest(migrations.tool, &ran).is_some_and(|newest| {
            migrations.heads.iter().all(|head| migration_order(head) < migration_order(newest))
        });
        let and = if ahead { ", and is ahead of it" } else { "" };
        return Ok(format!(
            "{table} has all {} migrations of the repository (up to {head}){and}",
            migrations.known.len()
        ));
    }
    if migrations.tool == MigrationTool::Alembic
        && let Some(unknown) = ran.iter().find(|one| !migrations.known.iter().any(|known| known == *one))
    {
        let at = (*unknown).to_owned();
        return Err(Box::new(DatabaseFinding::MigrationUnknown { tool, table, at, head }));
    }
    let count = match migrations.tool {
        // It notes only where it stands, and its revisions have no order by name.
        MigrationTool::Alembic => None,
        MigrationTool::Flyway
        | MigrationTool::Sqlx
        | MigrationTool::Prisma
        | MigrationTool::Django
        | MigrationTool::Rails
        | MigrationTool::GolangMigrate => Some(pending.len()),
    };
    let pending = pending.into_iter().take(NAMED).map(str::to_owned).collect();
    Err(Box::new(DatabaseFinding::MigrationsBehind { tool, table, at, head, pending, count }))
}

/// The migrations of the repository that the database has not seen.
fn pending<'a>(migrations: &'a Migrations, ran: &[&str]) -> Vec<&'a str> {
    let known = migrations.known.iter().map(String::as_str);
    match migrations.tool {
        MigrationTool::Alembic => {
            let heads = migrations.heads.iter().map(String::as_str);
            heads.filter(|head| !ran.contains(head)).collect()
        }
        // A baseline stands for all before it; golang-migrate notes the last one only.
        MigrationTool::Flyway | MigrationTool::GolangMigrate => {
            let reached = ran.iter().map(|one| migration_order(one)).max();
            known
                .filter(|one| reached.as_ref().is_none_or(|reached| migration_order(one) > *reached))
                .collect()
        }
        MigrationTool::Sqlx | MigrationTool::Rails => {
            let ran: std::collections::BTreeSet<_> = ran.iter().map(|one| migration_order(one)).collect();
            known.filter(|one| !ran.contains(&migration_order(one))).collect()
        }
        MigrationTool::Prisma | MigrationTool::Django => {
            let ran: std::collections::BTreeSet<&str> = ran.iter().copied().collect();
            known.filter(|one| !ran.contains(one)).collect()
        }
    }
}

/// The newest migration that was run, where they have an order by number.
fn newest<'a>(tool: MigrationTool, ran: &[&'a str]) -> Option<&'a str> {
    match tool {
        MigrationTool::Alembic | MigrationTool::Prisma | MigrationTool::Django => None,
        MigrationTool::Flyway | MigrationTool::Sqlx | MigrationTool::Rails | MigrationTool::GolangMigrate => {
            ran.iter().copied().max_by_key(|one| migration_order(one))
        }
    }
}

/// Where a database stands, for people.
fn stands_at(tool: MigrationTool, ran: &[&str]) -> Option<String> {
    match tool {
        MigrationTool::Alembic if ran.is_empty() => None,
        MigrationTool::Alembic => Some(ran.join(", ")),
        MigrationTool::Django => Some(format!("{} migrations", ran.len())),
        MigrationTool::Prisma => ran.iter().max().map(|one| (*one).to_owned()),
        MigrationTool::Flyway | MigrationTool::Sqlx | MigrationTool::Rails | MigrationTool::GolangMigrate => {
            newest(tool, ran).map(str::to_owned)
        }
    }
}

fn joined(heads: &[String]) -> String {
    match heads {
        [] => "nothing".to_owned(),
        [one] => one.clone(),
        [first, .., last] if heads.len() > NAMED => format!("{first} … {last}"),
        several => several.join(", "),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::Stated;

    fn migrations(tool: MigrationTool, known: &[&str], heads: &[&str]) -> Migrations {
        let owned = |all: &[&str]| all.iter().map(|one| (*one).to_owned()).collect();
        let folder = Stated::known("migrations", crate::live::testing::place());
        Migrations { tool, folder, table: None, known: owned(known), heads: owned(heads) }
    }

    fn said(migrations: &Migrations, applied: &[&str]) -> String {
        let applied: Vec<(String, bool)> =
            applied.iter().map(|one| (one.trim_end_matches('!').to_owned(), !one.ends_with('!'))).collect();
        judge(migrations, &applied).unwrap_or_else(|finding| finding.to_string())
    }

    #[test]
    fn alembic_is_held_by_its_heads() {
        let one = migrations(MigrationTool::Alembic, &["a", "b"], &["b"]);
        assert!(said(&one, &["b"]).contains("all 2 migrations"));
        assert_eq!(
            said(&one, &["a"]),
            "alembic_version stands at a, the repository's alembic migrations at b"
        );
        assert_eq!(
            said(&one, &[]),
            "alembic_version stands at nothing, the repository's alembic migrations at b"
        );
        assert!(said(&one, &["z"]).contains("which the repository's alembic migrations do not have"));
        let two = migrations(MigrationTool::Alembic, &["a", "b", "c"], &["b", "c"]);
        assert!(said(&two, &["c", "b"]).contains("all 3"));
        assert!(said(&two, &["b"]).contains("at b, c"));
    }

    #[test]
    fn numbers_are_held_by_their_order() {
        let flyway = migrations(MigrationTool::Flyway, &["1", "2", "10"], &["10"]);
        assert!(said(&flyway, &["1", "2", "10"]).contains("all 3"));
        assert!(said(&flyway, &["2"]).ends_with("1 not run, first 10"));
        assert!(said(&flyway, &["010"]).contains("all 3"), "a baseline stands for what is before it");
        assert!(said(&flyway, &["1", "2!"]).contains("failed half-way"));
        let golang = migrations(MigrationTool::GolangMigrate, &["1", "2", "3"], &["3"]);
        assert!(said(&golang, &["1"]).ends_with("2 not run, first 2, 3"));
        assert!(said(&golang, &["4"]).ends_with("and is ahead of it"));
        assert!(said(&golang, &["3!"]).contains("failed"));
        assert!(said(&golang, &[]).contains("stands at nothing"));
        let sqlx = migrations(MigrationTool::Sqlx, &["1", "2", "3"], &["3"]);
        assert!(
            said(&sqlx, &["1", "3"]).ends_with("1 not run, first 2"),
            "a hole is a migration that was not run"
        );
        let rails = migrations(MigrationTool::Rails, &["20260101000000"], &["20260101000000"]);
        assert!(said(&rails, &["20250101000000"]).contains("1 not run"));
    }

    #[test]
    fn names_are_held_one_by_one() {
        let django = migrations(MigrationTool::Django, &["a.0001", "b.0001"], &["a.0001", "b.0001"]);
        assert!(said(&django, &["auth.0001", "a.0001", "b.0001"]).contains("all 2"));
        assert!(said(&django, &["a.0001"]).contains("stands at 1 migrations"));
        let prisma = migrations(MigrationTool::Prisma, &["1_a", "2_b"], &["2_b"]);
        assert!(said(&prisma, &["1_a"]).ends_with("1 not run, first 2_b"));
        assert!(said(&prisma, &["1_a", "2_b!"]).contains("failed"));
    }
}

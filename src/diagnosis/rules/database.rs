//! Rules for findings about the database behind a login that works.

use super::super::cause::CauseCode;
use super::super::view::View;
use super::Judgement;
use super::login::{identifier, sql};
use super::postgres::{describe_instance, instance, instance_project};
use crate::model::resource::instance_of;
use crate::record::finding::{DatabaseFinding, list};
use crate::text::shell::command;

pub(super) fn judge(view: &View<'_>, finding: &DatabaseFinding) -> Judgement {
    let seen = finding.to_string();
    match finding {
        DatabaseFinding::ReadOnly { standby: true, .. } => {
            Judgement::proven(CauseCode::DatabaseReadOnly, format!("{seen}: every write of the service fails (25006)"))
                .fix("let the service dial the primary", describe_instance(view))
                .fix("or, where the service only reads, leave it so: the check is advisory unless `require:` names it", None)
        }
        DatabaseFinding::ReadOnly { standby: false, user, database } => {
            Judgement::proven(CauseCode::DatabaseReadOnly, format!("{seen}: every write of the service fails (25006)"))
                .fix("see where it is set: for the server, the database or the role", sql("SELECT source, setting FROM pg_settings WHERE name = 'default_transaction_read_only'"))
                .fix("take it back for the role or the database", sql(&format!(
                    "ALTER ROLE {} IN DATABASE {} RESET default_transaction_read_only",
                    identifier(user),
                    identifier(database)
                )))
        }
        DatabaseFinding::NoHeadroom { .. } => Judgement::likely(
            CauseCode::ConnectionSlotsExhausted,
            format!("under load the server will have no connection slot left: {seen}"),
        )
        .suspect("the service may never grow so far, or its pools may stay smaller", None)
        .fix("cap the service: pool size times instances must stay below what is left", super::update_service(view, &["--max-instances=N"]))
        .fix("or make its pool smaller, or let a pooler (PgBouncer) share the connections", None)
        .fix("or raise max_connections, which restarts the instance", raise(view)),
        DatabaseFinding::NearlyFull { .. } => Judgement::likely(
            CauseCode::ConnectionSlotsExhausted,
            format!("the server is nearly out of connection slots: {seen}"),
        )
        .fix("see who holds them", sql("SELECT usename, application_name, state, count(*) FROM pg_stat_activity GROUP BY 1, 2, 3 ORDER BY 4 DESC"))
        .fix("end idle sessions, or make pools smaller", None)
        .fix("or raise max_connections, which restarts the instance", raise(view)),
        DatabaseFinding::PoolTooLarge { .. } => {
            Judgement::likely(CauseCode::ConnectionSlotsExhausted, format!("under load connections will fail: {seen}"))
                .fix("make the pool smaller: an instance never gets more", None)
        }
        DatabaseFinding::TablesMissing { missing, .. } => {
            let none = matches!(finding, DatabaseFinding::TablesMissing { present: 0, .. });
            let judgement = Judgement::proven(
                CauseCode::SchemaMissing,
                format!("the login works, but {seen}: a service that swallows this error looks as if nobody existed"),
            )
            .fix("run the migrations against this database", None)
            .fix("see what is there", sql("SELECT schemaname, tablename FROM pg_tables WHERE schemaname NOT IN ('pg_catalog', 'information_schema')"));
            let judgement = if none {
                judgement.suspect("the service dials another database than the migrations did", describe_instance(view))
            } else {
                judgement
            };
            if missing.iter().any(|table| !table.contains('.')) {
                judgement.suspect("they stand in a schema that is not in the role's search_path", sql("SHOW search_path"))
            } else {
                judgement
            }
        }
        DatabaseFinding::ExtensionsMissing { missing, .. } => {
            let judgement = Judgement::proven(
                CauseCode::ExtensionMissing,
                format!("the login works, but {seen}: statements that use it fail"),
            );
            missing.iter().fold(judgement, |judgement, one| {
                judgement.fix(format!("install {one} (in this very database)"), sql(&format!("CREATE EXTENSION IF NOT EXISTS {}", identifier(one))))
            })
        }
        DatabaseFinding::PrivilegesMissing { missing, user, .. } => {
            let judgement = Judgement::proven(
                CauseCode::SchemaPermissionDenied,
                format!("the login works, but {seen}: its statements fail (42501)"),
            );
            missing.iter().fold(judgement, |judgement, one| {
                let (privilege, on) = one.split_once(" on ").unwrap_or((one, "TABLE"));
                let on = on.replacen("table ", "TABLE ", 1).replacen("schema ", "SCHEMA ", 1);
                judgement.fix(
                    format!("grant {one}"),
                    sql(&format!("GRANT {privilege} ON {on} TO {}", identifier(user))),
                )
            })
        }
        DatabaseFinding::AnswerUnexpected { .. } => Judgement::proven(
            CauseCode::QueryResultMismatch,
            format!("the login works, but {seen}"),
        )
        .fix("look at the data that the query reads: a seed or a migration may not have run here", None)
        .fix("or correct the expectation in the pipeline file", None),
        DatabaseFinding::Refused { sqlstate, user, .. } => refused(view, sqlstate, user, &seen),
        DatabaseFinding::MigrationsBehind { tool, .. } => Judgement::proven(
            CauseCode::MigrationsPending,
            format!("the code is newer than its schema: {seen}"),
        )
        .fix("run the migrations before the new revision takes traffic", run_migrations(tool)),
        DatabaseFinding::MigrationUnknown { tool, .. } => Judgement::likely(
            CauseCode::MigrationsPending,
            format!("schema and code come from different states of the repository: {seen}"),
        )
        .suspect("another branch, or a newer deploy, has migrated this database", None)
        .suspect("the service dials the database of another stage", describe_instance(view))
        .fix("deploy the code that knows this migration, or run this repository's", run_migrations(tool)),
        DatabaseFinding::MigrationFailed { tool, .. } => Judgement::proven(
            CauseCode::MigrationsPending,
            format!("the schema is half-way between two states: {seen}"),
        )
        .fix("fix the migration, take its mark away, and run it again", repair(tool)),
    }
}

/// What a server refuses to answer is what the service would meet.
fn refused(view: &View<'_>, sqlstate: &str, user: &str, seen: &str) -> Judgement {
    let claim = format!("the login works, but {seen}");
    match sqlstate {
        "42P01" | "42703" | "3F000" | "42883" => Judgement::proven(CauseCode::SchemaMissing, claim)
            .fix("run the migrations against this database", None)
            .suspect("it stands in a schema that is not in the role's search_path", sql("SHOW search_path")),
        "42501" => Judgement::proven(CauseCode::SchemaPermissionDenied, claim).fix(
            "grant the role what it needs",
            sql(&format!("GRANT USAGE ON SCHEMA public TO {}", identifier(user))),
        ),
        "25006" => Judgement::proven(CauseCode::QueryResultMismatch, claim)
            .fix("expect something that can be read: the gate writes nothing", None),
        "57014" => Judgement::likely(CauseCode::QueryResultMismatch, claim)
            .fix("make the query cheaper, or give it an index: the gate waits ten seconds", None),
        _ => Judgement::likely(CauseCode::QueryResultMismatch, claim).fix(
            "correct what the pipeline file asks for, if the service does not ask so",
            describe_instance(view),
        ),
    }
}

fn raise(view: &View<'_>) -> Option<String> {
    let instance = instance(view)?;
    let project = instance_project(view, instance);
    let words =
        ["gcloud", "sql", "instances", "patch", instance_of(instance), "--database-flags=max_connections=N"];
    Some(command(words.into_iter().chain([&*project])))
}

/// The command that runs the migrations, as the tool's own documentation has it.
fn run_migrations(tool: &str) -> Option<String> {
    let command = match tool {
        "alembic" => "alembic upgrade head",
        "flyway" => "flyway migrate",
        "sqlx" => "sqlx migrate run",
        "prisma" => "npx prisma migrate deploy",
        "django" => "python manage.py migrate",
        "rails" => "bin/rails db:migrate",
        "golang-migrate" => "migrate -path FOLDER -database \"$DATABASE_URL\" up",
        _ => return None,
    };
    Some(command.to_owned())
}

/// The command that takes the mark of a failed migration away.
fn repair(tool: &str) -> Option<String> {
    let command = match tool {
        "flyway" => "flyway repair",
        "prisma" => "npx prisma migrate resolve --rolled-back MIGRATION",
        "golang-migrate" => "migrate -path FOLDER -database \"$DATABASE_URL\" force VERSION",
        _ => return None,
    };
    Some(command.to_owned())
}

/// A finding in the causes' own words is its link of the chain, but for what the numbers would drown.
pub(super) fn clause(finding: &DatabaseFinding) -> String {
    match finding {
        DatabaseFinding::NoHeadroom { instances, pool, room, .. } => {
            format!("{instances} instances with {pool} connections each do not fit into {room} slots")
        }
        DatabaseFinding::NearlyFull { free, .. } => format!("only {free} connection slots are free"),
        DatabaseFinding::PoolTooLarge { pool, .. } => format!("an instance may want {pool} connections"),
        DatabaseFinding::TablesMissing { missing, database, .. } => {
            format!("database {database} has no {}", list("table", missing))
        }
        DatabaseFinding::ReadOnly { .. }
        | DatabaseFinding::ExtensionsMissing { .. }
        | DatabaseFinding::PrivilegesMissing { .. }
        | DatabaseFinding::AnswerUnexpected { .. }
        | DatabaseFinding::Refused { .. }
        | DatabaseFinding::MigrationsBehind { .. }
        | DatabaseFinding::MigrationUnknown { .. }
        | DatabaseFinding::MigrationFailed { .. } => finding.to_string(),
    }
}

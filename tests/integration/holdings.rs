//! What a database holds, against what a pipeline file expects: a real server and the sandbox are asked the same and
//! must answer alike.

use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use rungate::connection::{Connection, SslMode};
use rungate::model::DatabaseExpectation;
use rungate::pipeline;
use rungate::probe::dial::System;
use rungate::probe::postgres::{Bounds, QueryAnswer, Session, Stop, describe, holdings, login, slots};
use rungate::record::finding::PostgresFinding;
use rungate::sandbox::{self, SandboxOptions, faults};
use secrecy::ExposeSecret as _;

use crate::common::pg::{PASSWORD, Postgres};
use crate::common::{Rungate, skip};
use crate::conformance::{LeadsTo, execute_in, plan_of, said};

const BOUNDS: Bounds = Bounds { connect: Duration::from_secs(5), step: Duration::from_secs(20) };

fn data(file: &str) -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("tests/data/database").join(file)
}

/// The schema that the pipeline of the tests expects.
const SCHEMA: &[&str] = &[
    "CREATE EXTENSION pgcrypto",
    "CREATE TABLE users (id bigint, email text)",
    "INSERT INTO users VALUES (1, 'ada@example.com')",
    "CREATE SCHEMA audit",
    "CREATE TABLE audit.events (id bigint)",
    "CREATE TABLE roles (name text)",
    "INSERT INTO roles VALUES ('admin')",
    "CREATE TABLE alembic_version (version_num text)",
    "INSERT INTO alembic_version VALUES ('b2')",
    "GRANT SELECT, INSERT ON users TO auth",
    "GRANT SELECT ON roles, alembic_version TO auth",
    "GRANT USAGE ON SCHEMA audit TO auth",
];

/// The sandbox's fault, the statements that do the same to a real server, and what is said of both.
pub(crate) const CASES: &[(Option<&str>, &str, (&str, &str))] = &[
    (None, "", ("-", "-")),
    (
        Some("database-read-only"),
        "ALTER ROLE auth SET default_transaction_read_only = on",
        ("database-writable: takes no writes", "database-read-only"),
    ),
    (
        Some("migrations-pending"),
        "UPDATE alembic_version SET version_num = 'a1'",
        (
            "database-migrated: alembic_version stands at a1, the repository's alembic migrations at b2",
            "migrations-pending",
        ),
    ),
    (
        Some("extension-missing"),
        "DROP EXTENSION pgcrypto",
        ("database-has-extensions: database auth has no extension pgcrypto", "extension-missing"),
    ),
    (
        Some("schema-permission-denied"),
        "REVOKE SELECT, INSERT ON users FROM auth",
        (
            "database-grants-privileges: role auth lacks SELECT on table users, INSERT on table users in database auth",
            "schema-permission-denied",
        ),
    ),
    (
        Some("query-result-mismatch"),
        "DELETE FROM roles",
        ("database-queries-match: roles gives 0, expected at least 1", "query-result-mismatch"),
    ),
    // Last: everything that reads the table fails with it.
    (
        Some("schema-missing"),
        "DROP TABLE users",
        (
            "database-has-tables: database auth has no table users (1 of 2 expected tables are there)",
            "schema-missing",
        ),
    ),
];

#[tokio::test(flavor = "multi_thread")]
async fn a_real_server_and_the_sandbox_hold_the_same() {
    let plan = plan_of(data("rungate.yaml"));
    let Some(server) = Postgres::start(&["shared_preload_libraries="]) else {
        return skip("no PostgreSQL server");
    };
    let healthy = sandbox::start(&plan.targets, &[], SandboxOptions::default()).await.unwrap();
    let role = healthy.world().instances[0].role("auth").unwrap();
    let password = role.password.as_ref().unwrap().expose_secret();
    execute_in(server.port, "postgres", &format!("CREATE ROLE auth LOGIN PASSWORD '{password}'")).await;
    println!("{:<26} {:<100} {:<26} root cause", "trouble", "both", "cause");
    for (fault, sql, expected) in CASES {
        let trouble = fault.unwrap_or("(none)");
        let chosen: Vec<_> = fault.iter().map(|code| faults::find(code).unwrap()).collect();
        let broken = sandbox::start(&plan.targets, &chosen, SandboxOptions::default()).await.unwrap();
        let in_sandbox = said(&plan, &broken, broken.dial()).await;

        execute_in(server.port, "postgres", "DROP DATABASE IF EXISTS auth WITH (FORCE)").await;
        execute_in(server.port, "postgres", "ALTER ROLE auth RESET ALL").await;
        execute_in(server.port, "postgres", "CREATE DATABASE auth").await;
        for sql in SCHEMA.iter().chain([sql]).filter(|sql| !sql.is_empty()) {
            execute_in(server.port, "auth", sql).await;
        }
        let really = said(&plan, &healthy, Arc::new(LeadsTo(server.port))).await;

        println!("{trouble:<26} {:<100} {}", really.0, really.1);
        // The sandbox has no row for a number: its claim is emptied instead.
        let in_sandbox = (in_sandbox.0.replace("roles gives no row", "roles gives 0"), in_sandbox.1);
        let expected = (expected.0.to_owned(), expected.1.to_owned());
        assert_eq!(in_sandbox, expected, "{trouble}, sandbox");
        assert_eq!(really, expected, "{trouble}, PostgreSQL");
    }
}

async fn session(server: &Postgres, user: &str) -> Session {
    let connection = Connection {
        host: "127.0.0.1".to_owned(),
        port: server.port,
        user: user.to_owned(),
        password: Some(PASSWORD.into()),
        database: "postgres".to_owned(),
        sslmode: SslMode::Disable,
        ..Connection::default()
    };
    login(&System, "service", &[([127, 0, 0, 1], server.port).into()], &connection, BOUNDS).await.unwrap()
}

#[tokio::test]
async fn slots_are_counted_with_every_limit() {
    let settings = ["max_connections=20", "superuser_reserved_connections=2", "max_wal_senders=0"];
    let Some(server) = Postgres::start(&settings) else { return skip("no PostgreSQL server") };
    let role = format!("CREATE ROLE app LOGIN CONNECTION LIMIT 7 PASSWORD '{PASSWORD}'");
    execute_in(server.port, "postgres", &role).await;
    execute_in(server.port, "postgres", "ALTER DATABASE postgres CONNECTION LIMIT 9").await;
    let (one, other, root) =
        (session(&server, "app").await, session(&server, "app").await, session(&server, "postgres").await);
    let found = slots(&one, BOUNDS).await.unwrap();
    assert_eq!((found.most, found.reserved), (20, 2));
    assert_eq!((found.role_limit, found.database_limit), (Some(7), Some(9)));
    assert_eq!(found.by_role, 2, "{found:?}");
    // Whoever has just left may still be on the way out.
    assert!((3..=5).contains(&found.in_use) && found.in_database == found.in_use, "{found:?}");
    let state = describe(&one, BOUNDS).await.unwrap();
    assert!(!state.in_recovery && !state.read_only && !state.version.is_empty());
    for session in [one, other, root] {
        session.close().await;
    }
}

#[tokio::test]
async fn a_standby_says_so() {
    let standby = |data: &std::path::Path| std::fs::write(data.join("standby.signal"), "").unwrap();
    let Some(server) = Postgres::start_with(&["hot_standby=on"], standby) else {
        return skip("no PostgreSQL server");
    };
    let session = session(&server, "postgres").await;
    let state = describe(&session, BOUNDS).await.unwrap();
    assert!(state.in_recovery && !state.read_only, "{state:?}");
    slots(&session, BOUNDS).await.unwrap();
    session.close().await;
}

/// What a pipeline file expects.
fn expectation(text: &str) -> DatabaseExpectation {
    let folder = tempfile::tempdir().unwrap();
    let indented: String = text.lines().map(|line| format!("\n        {line}")).collect();
    let file = folder.path().join("rungate.yaml");
    let text = format!(
        "version: 1\nservices:\n  - name: a\n    database:\n      dsn: DATABASE_URL\n      expect:{indented}\n"
    );
    std::fs::write(&file, text).unwrap();
    let request = pipeline::Request { files: vec![file], directory: ".".into(), ..Default::default() };
    let loaded = pipeline::load(&request).unwrap();
    loaded.pipeline.services[0].database.clone().unwrap().expect
}

/// Statements that would change something, take the whole memory or never end do none of it, and the questions after
/// them are answered.
#[tokio::test]
async fn no_query_changes_anything_or_takes_what_it_likes() {
    let Some(server) = Postgres::start(&[]) else { return skip("no PostgreSQL server") };
    execute_in(server.port, "postgres", "CREATE SEQUENCE counter").await;
    execute_in(
        server.port,
        "postgres",
        "CREATE FUNCTION divides_by_zero() RETURNS int LANGUAGE sql AS 'SELECT 1/0'",
    )
    .await;
    let expected = expectation(
        "tables: ['no such', '\"', \"o'clock\", pg_class]
queries:
  - {query: \"SELECT nextval('counter')\", rows: 1}
  - {query: \"SELECT repeat('x', 10000000)\", equals: x}
  - {query: 'SELECT g FROM generate_series(1, 1000000) g', equals: 1}
  - {query: SELECT divides_by_zero(), equals: 1}
  - {query: SELECT pg_sleep(600), rows: 1}
  - {query: \"SELECT ') ; DROP SEQUENCE counter; --'\", rows: 1}
  - {query: SELECT NULL, equals: ''}
  - {query: 'SELECT 1, 2, 3 WHERE false', equals: 1}
  - {query: SELECT 7 -- seven, at_least: 7}",
    );
    let session = session(&server, "postgres").await;
    let bounds = Bounds { step: Duration::from_secs(3), ..BOUNDS };
    let found = holdings(&session, &expected, bounds).await.unwrap();
    let tables: Vec<bool> = found.tables.into_iter().map(Result::unwrap).collect();
    assert_eq!(tables, [false, false, false, true]);
    let sqlstate = |answer: &Result<QueryAnswer, Stop>| match answer {
        Err(Stop::Found(PostgresFinding::QueryFailed { sqlstate, .. })) => sqlstate.clone(),
        other => format!("{other:?}").chars().take(60).collect(),
    };
    let said: Vec<String> = found.queries.iter().map(sqlstate).collect();
    let beginning = format!("Ok(Value(Some(\"{}", "x".repeat(60));
    let beginning: String = beginning.chars().take(60).collect();
    assert_eq!(
        said,
        [
            "25006",
            &beginning,
            "Ok(Several)",
            "22012",
            "57014",
            "Ok(Rows(1))",
            "Ok(Value(None))",
            "Ok(Nothing)",
            "Ok(Value(Some(\"7\")))"
        ]
    );
    // The session is as good as before.
    assert!(describe(&session, BOUNDS).await.is_ok());
    session.close().await;
    execute_in(server.port, "postgres", "DO $$ BEGIN ASSERT nextval('counter') = 1; END $$").await;
}

/// The whole binary: each of these faults is drilled on a pipeline that says what its database must hold.
#[test]
fn the_drill_names_what_is_missing() {
    let codes = [
        "database-read-only",
        "migrations-pending",
        "extension-missing",
        "schema-missing",
        "schema-permission-denied",
        "query-result-mismatch",
    ];
    let file = data("rungate.yaml").display().to_string();
    let mut arguments = vec!["drill", &file];
    arguments.extend(codes.iter().flat_map(|code| ["--fault", code]));
    let ran = Rungate::new().run(&arguments);
    assert_eq!(ran.status, 0, "{}", ran.all());
    assert!(ran.stdout.contains("6 of 6 faults named right, 0 not applicable, 0 wrong"), "{}", ran.all());
}

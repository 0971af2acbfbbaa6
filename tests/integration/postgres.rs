//! The steps to the database, made with a real server.

use std::net::SocketAddr;
use std::path::Path;
use std::process::Command;
use std::time::Duration;

use rungate::probe::dial::System;
use rungate::probe::postgres::{
    Bounds, Connection, Session, SslAnswer, SslMode, Stop, ask_for_tls, connect, describe, login, resolve,
};
use rungate::run::finding::PostgresFinding;

use crate::common::listener::nobody;
use crate::common::pg::{PASSWORD, Postgres};

const BOUNDS: Bounds = Bounds { connect: Duration::from_secs(2), step: Duration::from_secs(20) };

/// The way that the superuser goes.
fn superuser(port: u16) -> Connection {
    Connection {
        host: "127.0.0.1".to_owned(),
        port,
        user: "postgres".to_owned(),
        password: Some(PASSWORD.into()),
        database: "postgres".to_owned(),
        ..Connection::default()
    }
}

async fn log_in(connection: &Connection) -> Result<Session, Stop> {
    let addresses = [SocketAddr::from(([127, 0, 0, 1], connection.port))];
    login(&System, "service", &addresses, connection, BOUNDS).await
}

/// The SQLSTATE with which a login is refused.
async fn refusal(connection: &Connection) -> String {
    match log_in(connection).await {
        Err(Stop::Found(PostgresFinding::LoginRefused { sqlstate, user, database, message, .. })) => {
            assert_eq!((user, database), (connection.user.clone(), connection.database.clone()));
            assert!(!message.contains(PASSWORD));
            sqlstate
        }
        other => panic!("expected a refusal, got {other:?}"),
    }
}

/// Runs a statement as the superuser, with the driver itself.
async fn execute(port: u16, sql: &str) {
    let mut config = tokio_postgres::Config::new();
    config.host("127.0.0.1").port(port).user("postgres").password(PASSWORD).dbname("postgres");
    let (client, driver) = config.connect(tokio_postgres::NoTls).await.unwrap();
    let driver = tokio::spawn(driver);
    client.batch_execute(sql).await.unwrap();
    drop(client);
    drop(driver.await);
}

#[tokio::test]
async fn each_step_and_each_refusal_of_a_login() {
    let Some(server) = Postgres::start(&[]) else { return };
    let right = superuser(server.port);

    let addresses = resolve(&System, "service", "127.0.0.1", server.port, BOUNDS).await.unwrap();
    let (mut stream, address) = connect(&System, "service", &addresses, BOUNDS).await.unwrap();
    assert_eq!(ask_for_tls(&mut stream, address, BOUNDS.step).await, Ok(SslAnswer::NotOffered));

    let session = log_in(&right).await.unwrap();
    assert!(!session.tls);
    let seen = describe(&session, BOUNDS).await.unwrap();
    assert!(seen.version.starts_with(|c: char| c.is_ascii_digit()), "{seen:?}");
    assert!(!seen.in_recovery);
    session.close().await;

    execute(server.port, "CREATE ROLE sleeper NOLOGIN PASSWORD 'asleep'").await;
    execute(server.port, "CREATE DATABASE closed ALLOW_CONNECTIONS false").await;
    execute(server.port, "CREATE ROLE plain LOGIN PASSWORD 'plain'").await;
    execute(server.port, "CREATE DATABASE private").await;
    execute(server.port, "REVOKE CONNECT ON DATABASE private FROM PUBLIC").await;
    execute(server.port, "CREATE ROLE narrow LOGIN PASSWORD 'narrow' CONNECTION LIMIT 0").await;
    let as_user = |user: &str, database: &str| Connection {
        user: user.to_owned(),
        password: Some(if user == "sleeper" { "asleep" } else { user }.into()),
        database: database.to_owned(),
        ..superuser(server.port)
    };
    let wrong = Connection { password: Some("wrong".into()), ..right.clone() };
    let newline = Connection { password: Some(format!("{PASSWORD}\n").into()), ..right.clone() };
    let missing = Connection { database: "missing".to_owned(), ..right.clone() };
    for (connection, expected) in [
        (&wrong, "28P01"),
        (&newline, "28P01"),
        (&missing, "3D000"),
        (&as_user("nobody", "postgres"), "28P01"),
        (&as_user("sleeper", "postgres"), "28000"),
        (&as_user("postgres", "closed"), "28P01"),
        (&Connection { database: "closed".to_owned(), ..right.clone() }, "55000"),
        (&as_user("plain", "private"), "42501"),
        (&as_user("narrow", "postgres"), "53300"),
    ] {
        assert_eq!(refusal(connection).await, expected, "{connection:?}");
    }

    let strict = Connection { sslmode: SslMode::Require, ..right.clone() };
    let unsupported = log_in(&strict).await;
    assert!(
        matches!(unsupported, Err(Stop::Found(PostgresFinding::TlsUnsupported { .. }))),
        "{unsupported:?}"
    );

    server.stop();
    let refused = log_in(&right).await;
    assert!(matches!(refused, Err(Stop::Found(PostgresFinding::Refused { .. }))), "{refused:?}");
}

#[tokio::test]
async fn a_server_without_a_free_slot() {
    let settings = ["max_connections=3", "superuser_reserved_connections=0", "max_wal_senders=0"];
    let Some(server) = Postgres::start(&settings) else { return };
    let connection = superuser(server.port);
    let mut held = Vec::new();
    for _ in 0..3 {
        held.push(log_in(&connection).await.unwrap());
    }
    assert_eq!(refusal(&connection).await, "53300");
    for session in held {
        session.close().await;
    }
    // The farewell frees the slots; the server needs a moment to notice.
    for _ in 0..50 {
        if let Ok(session) = log_in(&connection).await {
            return session.close().await;
        }
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
    panic!("no slot became free");
}

#[tokio::test]
async fn a_server_with_tls_and_a_certificate_of_its_own() {
    if Command::new("openssl").arg("version").output().is_err() {
        println!("skipped: no openssl to make a certificate with");
        return;
    }
    let Some(server) = Postgres::start_with(&["ssl=on"], certificate) else { return };
    for sslmode in [SslMode::Prefer, SslMode::Require, SslMode::VerifyFull] {
        let session = log_in(&Connection { sslmode, ..superuser(server.port) }).await.unwrap();
        assert!(session.tls, "{sslmode}");
        assert!(!describe(&session, BOUNDS).await.unwrap().in_recovery);
        session.close().await;
    }
    let plain = log_in(&Connection { sslmode: SslMode::Disable, ..superuser(server.port) }).await.unwrap();
    assert!(!plain.tls);
    plain.close().await;
    let wrong = Connection { password: Some("wrong".into()), ..superuser(server.port) };
    let Err(Stop::Found(PostgresFinding::LoginRefused { sqlstate, tls: true, .. })) = log_in(&wrong).await
    else {
        panic!("expected a refusal over TLS")
    };
    assert_eq!(sqlstate, "28P01");
}

/// Signs itself, as any test server's would.
fn certificate(data: &Path) {
    let output = Command::new("openssl")
        .args(["req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "2", "-subj", "/CN=localhost"])
        .arg("-keyout")
        .arg(data.join("server.key"))
        .arg("-out")
        .arg(data.join("server.crt"))
        .output()
        .unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
}

#[tokio::test]
async fn names_without_address_and_ports_without_listener() {
    // No label of a name has more than 63 letters: the resolver knows without asking anybody.
    let host = format!("{}.invalid", "x".repeat(64));
    let none = resolve(&System, "service", &host, 5432, BOUNDS).await;
    assert_eq!(none, Err(PostgresFinding::NameUnresolvable { host }.into()));
    let address = nobody();
    let refused = connect(&System, "service", &[address], BOUNDS).await.unwrap_err();
    assert_eq!(refused, PostgresFinding::Refused { addresses: vec![address] }.into());
}

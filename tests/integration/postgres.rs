//! The steps to the database, made with real servers: every refusal that one can give is produced, and named.

use std::net::SocketAddr;
use std::path::Path;
use std::time::Duration;

use rungate::checks::graph;
use rungate::connection::{Authorities, Connection, Identity, SslMode, Trust};
use rungate::diagnosis::diagnose;
use rungate::probe::dial::System;
use rungate::probe::postgres::{
    Agreement, Bounds, Method, Session, SslAnswer, Stop, Verified, agree_on_tls, ask_for_tls, connect,
    describe, login, resolve, try_all,
};
use rungate::record::finding::{Finding, PostgresFinding};
use rungate::sandbox::certificates::{Authority, Signed, Validity};

use crate::common::listener::nobody;
use crate::common::pg::{PASSWORD, Postgres, execute_in};
use crate::common::until;
use crate::records;

const BOUNDS: Bounds = Bounds { connect: Duration::from_secs(5), step: Duration::from_secs(20) };

/// The way that the superuser goes.
pub(crate) fn superuser(port: u16) -> Connection {
    Connection {
        host: "127.0.0.1".to_owned(),
        port,
        user: "postgres".to_owned(),
        password: Some(PASSWORD.into()),
        database: "postgres".to_owned(),
        ..Connection::default()
    }
}

pub(crate) async fn log_in(connection: &Connection) -> Result<Session, Stop> {
    let addresses = [SocketAddr::from(([127, 0, 0, 1], connection.port))];
    login(&System, "service", &addresses, connection, BOUNDS).await
}

/// Runs statements as the superuser, with the driver itself.
pub(crate) async fn execute(port: u16, statements: &[&str]) {
    execute_in(port, "postgres", statements).await;
}

/// What a login came to, in a few words, and the cause that the gate would name for it with its confidence.
pub(crate) fn named(end: &Result<Session, Stop>) -> (String, String) {
    let finding = match end {
        Ok(session) => {
            let how = if session.tls { "TLS" } else { "plain" };
            return (format!("in, {how}, {:?}", session.method), "-".to_owned());
        }
        Err(Stop::Inconclusive(why)) => return (format!("inconclusive: {why:?}"), "-".to_owned()),
        Err(Stop::Found(finding)) => finding,
    };
    let text = serde_json::to_string(finding).unwrap();
    assert!(!text.contains(PASSWORD) && !format!("{finding}").contains(PASSWORD), "{finding}");
    let mut record = records::healthy();
    records::fail(&mut record, "database-login", Finding::Postgres(finding.clone()));
    let diagnosis = diagnose(&record, graph());
    let cause = &diagnosis.causes[0];
    let confidence = format!("{:?}", cause.confidence).to_lowercase();
    let seen = match finding {
        PostgresFinding::LoginRefused { sqlstate, stage, .. } => format!("{sqlstate} {stage:?}"),
        PostgresFinding::CertificateInvalid { problem, .. } => {
            let problem = serde_json::to_value(problem).unwrap();
            format!("certificate {}", problem["problem"].as_str().unwrap())
        }
        PostgresFinding::NameUnresolvable { .. }
        | PostgresFinding::Refused { .. }
        | PostgresFinding::TimedOut { .. }
        | PostgresFinding::Unreachable { .. }
        | PostgresFinding::NotPostgres { .. }
        | PostgresFinding::Cut { .. }
        | PostgresFinding::TlsUnsupported { .. }
        | PostgresFinding::ClientCertificateRefused { .. }
        | PostgresFinding::TlsFailed { .. }
        | PostgresFinding::ServerUnproven { .. }
        | PostgresFinding::SessionUnwanted { .. }
        | PostgresFinding::QueryFailed { .. } => {
            serde_json::to_value(finding).unwrap()["kind"].as_str().unwrap().to_owned()
        }
    };
    (seen, format!("{} {confidence}", cause.code))
}

/// Logs in, and holds what came of it and the cause against what is expected.
async fn expect(rows: &[(&str, Connection, &str, &str)]) {
    let mut wrong = Vec::new();
    for (row, connection, seen, cause) in rows {
        let end = log_in(connection).await;
        let found = named(&end);
        println!("{row:<6} {:<10} {:<12} {:<32} {}", connection.user, connection.sslmode, found.0, found.1);
        if (found.0.as_str(), found.1.as_str()) != (*seen, *cause) {
            wrong.push(format!("{row} {}: {found:?} instead of {seen} / {cause}", connection.user));
        }
        if let Ok(session) = end {
            session.close().await;
        }
    }
    assert!(wrong.is_empty(), "{wrong:#?}");
}

fn authorities(pem: &str) -> Trust {
    let authorities = Authorities::of_pem(pem.as_bytes(), "the test's authority", true).unwrap();
    Trust { authorities: Some(authorities), identity: None }
}

fn install(data: &Path, server: &Signed) {
    std::fs::write(data.join("server.crt"), &server.certificate).unwrap();
    std::fs::write(data.join("server.key"), &server.key).unwrap();
}

/// Rows P01 to P10, P13: what a server refuses by its users, databases, limits, and rules.
#[tokio::test]
async fn each_step_and_each_refusal_of_a_login() {
    let Some(server) = Postgres::start(&["password_encryption=scram-sha-256"]) else { return };
    let right = superuser(server.port);

    let addresses = resolve(&System, "service", "127.0.0.1", server.port, BOUNDS).await.unwrap();
    let (mut stream, address) = connect(&System, "service", &addresses, BOUNDS).await.unwrap();
    assert_eq!(ask_for_tls(&mut stream, address, BOUNDS.step).await, Ok(SslAnswer::NotOffered));

    let session = log_in(&right).await.unwrap();
    assert!(!session.tls && session.method == Method::Scram);
    let seen = describe(&session, BOUNDS).await.unwrap();
    assert!(seen.version.starts_with(|c: char| c.is_ascii_digit()), "{seen:?}");
    assert!(!seen.in_recovery);
    session.close().await;

    execute(
        server.port,
        &[
            "CREATE ROLE sleeper NOLOGIN PASSWORD 'sleeper'",
            "CREATE ROLE plain LOGIN PASSWORD 'plain'",
            "CREATE ROLE expired LOGIN PASSWORD 'expired' VALID UNTIL '2020-01-01'",
            "CREATE ROLE narrow LOGIN PASSWORD 'narrow' CONNECTION LIMIT 0",
            "SET password_encryption = md5; CREATE ROLE old LOGIN PASSWORD 'old'",
            "CREATE ROLE clear LOGIN PASSWORD 'clear'",
            "CREATE ROLE trusted LOGIN",
            "CREATE ROLE outsider LOGIN PASSWORD 'outsider'",
            "CREATE ROLE unwanted LOGIN PASSWORD 'unwanted'",
            "CREATE DATABASE closed ALLOW_CONNECTIONS false",
            "CREATE DATABASE private",
            "REVOKE CONNECT ON DATABASE private FROM PUBLIC",
            "CREATE DATABASE tight CONNECTION LIMIT 0",
        ],
    )
    .await;
    server.admit(
        "host all unwanted 127.0.0.1/32 reject\n\
         host all old 127.0.0.1/32 md5\n\
         host all clear 127.0.0.1/32 password\n\
         host all trusted,nobody 127.0.0.1/32 trust\n\
         host all postgres,sleeper,plain,expired,narrow,ghost 127.0.0.1/32 scram-sha-256\n",
    );
    let user = |user: &str| Connection {
        user: user.to_owned(),
        password: Some(user.into()),
        ..superuser(server.port)
    };
    let database = |user: &str, name: &str| Connection {
        user: user.to_owned(),
        password: Some(user.into()),
        database: name.to_owned(),
        ..superuser(server.port)
    };
    let with = |password: &str| Connection { password: Some(password.into()), ..right.clone() };
    let asking = |options: &str| Connection { options: Some(options.to_owned()), ..right.clone() };
    let sslmode = |mode: SslMode, one: Connection| Connection { sslmode: mode, ..one };
    expect(&[
        ("-", right.clone(), "in, plain, Scram", "-"),
        ("-", user("old"), "in, plain, Md5", "-"),
        (
            "-",
            Connection { user: "old".into(), ..user("x") },
            "28P01 DuringProof",
            "password-rejected likely",
        ),
        ("-", user("clear"), "in, plain, Cleartext", "-"),
        ("-", user("trusted"), "in, plain, Nothing", "-"),
        ("P01", with("wrong"), "28P01 DuringProof", "password-rejected likely"),
        ("P01", with(&format!("{PASSWORD}\n")), "28P01 DuringProof", "password-rejected likely"),
        ("P01", user("ghost"), "28P01 DuringProof", "password-rejected likely"),
        ("P01", user("expired"), "28P01 DuringProof", "password-rejected likely"),
        ("P02", user("outsider"), "28000 BeforeProof", "pg-hba-rejected proven"),
        ("P02", user("unwanted"), "28000 BeforeProof", "pg-hba-rejected proven"),
        ("P02", sslmode(SslMode::Disable, user("outsider")), "28000 BeforeProof", "pg-hba-rejected proven"),
        ("P02", sslmode(SslMode::Allow, user("outsider")), "28000 BeforeProof", "pg-hba-rejected proven"),
        ("P03", user("sleeper"), "28000 AfterProof", "login-not-allowed proven"),
        ("P03", user("nobody"), "28000 AfterProof", "login-not-allowed proven"),
        (
            "P05",
            Connection { database: "missing".to_owned(), ..right.clone() },
            "3D000 AfterProof",
            "database-missing proven",
        ),
        ("P06", database("plain", "private"), "42501 AfterProof", "connect-privilege-missing proven"),
        (
            "P07",
            Connection { database: "closed".to_owned(), ..right.clone() },
            "55000 AfterProof",
            "database-disallows-connections proven",
        ),
        ("P10", user("narrow"), "53300 AfterProof", "connection-slots-exhausted proven"),
        ("P10", database("plain", "tight"), "53300 AfterProof", "connection-slots-exhausted proven"),
        ("P13", asking("-c no_such_setting=1"), "42704 AfterProof", "connection-parameter-invalid proven"),
        ("P13", asking("-c work_mem=lots"), "22023 AfterProof", "connection-parameter-invalid proven"),
        ("T06", sslmode(SslMode::Require, right.clone()), "tls-unsupported", "tls-unsupported proven"),
    ])
    .await;

    server.stop();
    expect(&[("P18", right, "refused", "database-refused proven")]).await;
}

/// Rows P08 and P09.
#[tokio::test]
async fn a_server_without_a_free_slot() {
    let settings = ["max_connections=3", "superuser_reserved_connections=1", "max_wal_senders=0"];
    let Some(server) = Postgres::start(&settings) else { return };
    execute(server.port, &["CREATE ROLE plain LOGIN PASSWORD 'plain'"]).await;
    let connection = superuser(server.port);
    let plain = Connection { user: "plain".into(), password: Some("plain".into()), ..connection.clone() };
    let mut held = Vec::new();
    for _ in 0..2 {
        held.push(log_in(&connection).await.unwrap());
    }
    let reserved = ("P08", plain.clone(), "53300 AfterProof", "connection-slots-exhausted proven");
    expect(&[reserved]).await;
    held.push(log_in(&connection).await.unwrap());
    expect(&[("P09", connection.clone(), "53300 BeforeProof", "connection-slots-exhausted proven")]).await;
    for session in held {
        session.close().await;
    }
    // The farewell frees the slots; the server needs a moment to notice.
    until("a slot is free", async || match log_in(&connection).await {
        Ok(session) => {
            session.close().await;
            true
        }
        Err(_) => false,
    })
    .await;
}

/// Rows P02, P04, T01 to T06 of a server with TLS: what its rules demand, and what the service verifies.
#[tokio::test]
async fn a_server_with_tls_is_verified_as_the_service_does() {
    let (authority, stranger) = (Authority::new("ours").unwrap(), Authority::new("theirs").unwrap());
    let certificate = authority.server(&["127.0.0.1", "localhost"], Validity::Now).unwrap();
    let Some(server) = Postgres::start_with(&["ssl=on"], |data| install(data, &certificate)) else { return };
    execute(server.port, &["CREATE ROLE strict LOGIN PASSWORD 'strict'"]).await;
    execute(server.port, &["CREATE ROLE naked LOGIN PASSWORD 'naked'"]).await;
    server.admit(
        "hostssl all strict 127.0.0.1/32 scram-sha-256\n\
         hostnossl all naked 127.0.0.1/32 scram-sha-256\n\
         host all postgres 127.0.0.1/32 scram-sha-256\n",
    );
    let ours = authorities(&authority.pem);
    let with = |sslmode: SslMode, trust: &Trust| Connection {
        sslmode,
        trust: trust.clone(),
        ..superuser(server.port)
    };
    let user = |user: &str, sslmode: SslMode| Connection {
        user: user.to_owned(),
        password: Some(user.into()),
        sslmode,
        ..superuser(server.port)
    };
    let nobody = Trust::default();
    let other = authorities(&stranger.pem);
    expect(&[
        ("-", with(SslMode::Disable, &nobody), "in, plain, Scram", "-"),
        ("-", with(SslMode::Allow, &nobody), "in, plain, Scram", "-"),
        ("-", with(SslMode::Prefer, &nobody), "in, TLS, Scram", "-"),
        ("-", with(SslMode::Require, &nobody), "in, TLS, Scram", "-"),
        ("-", with(SslMode::VerifyCa, &ours), "in, TLS, Scram", "-"),
        ("-", with(SslMode::VerifyFull, &ours), "in, TLS, Scram", "-"),
        (
            "-",
            Connection { host: "localhost".into(), ..with(SslMode::VerifyFull, &ours) },
            "in, TLS, Scram",
            "-",
        ),
        (
            "T05",
            with(SslMode::VerifyCa, &other),
            "certificate unknown-issuer",
            "tls-certificate-invalid proven",
        ),
        (
            "T05",
            with(SslMode::Require, &other),
            "certificate unknown-issuer",
            "tls-certificate-invalid proven",
        ),
        ("-", with(SslMode::Prefer, &other), "in, TLS, Scram", "-"),
        (
            "T03",
            Connection { host: "db.example.com".into(), ..with(SslMode::VerifyFull, &ours) },
            "certificate other-name",
            "tls-certificate-invalid proven",
        ),
        (
            "-",
            Connection { host: "db.example.com".into(), ..with(SslMode::VerifyCa, &ours) },
            "in, TLS, Scram",
            "-",
        ),
        ("T01", user("strict", SslMode::Disable), "28000 BeforeProof", "tls-required proven"),
        ("-", user("strict", SslMode::Allow), "in, TLS, Scram", "-"),
        ("-", user("strict", SslMode::Prefer), "in, TLS, Scram", "-"),
        ("-", user("naked", SslMode::Prefer), "in, plain, Scram", "-"),
        ("P02", user("naked", SslMode::Require), "28000 BeforeProof", "pg-hba-rejected proven"),
        (
            "P01",
            Connection { password: Some("wrong".into()), ..with(SslMode::Prefer, &nobody) },
            "28P01 DuringProof",
            "password-rejected likely",
        ),
    ])
    .await;

    let addresses = [SocketAddr::from(([127, 0, 0, 1], server.port))];
    let agreed = async |connection: Connection| {
        agree_on_tls(&System, "service", &addresses, &connection, BOUNDS).await.unwrap().0
    };
    let Agreement::Secured(seen) = agreed(with(SslMode::VerifyFull, &ours)).await else { panic!("TLS") };
    assert_eq!(seen.verified, Verified::AuthorityAndName("the test's authority".to_owned()));
    assert!(seen.version == "TLS 1.3" && !seen.certificate_asked && !seen.certificate_sent);
    assert!(seen.not_after.unwrap().to_string().starts_with("4000-01-01"));
    let Agreement::Secured(unverified) = agreed(with(SslMode::VerifyFull, &nobody)).await else {
        panic!("TLS")
    };
    assert_eq!(unverified.verified, Verified::No, "what is not known is not claimed");
    assert_eq!(agreed(with(SslMode::Disable, &nobody)).await, Agreement::NotAsked);

    for (validity, problem) in
        [(Validity::Over, "certificate expired"), (Validity::NotYet, "certificate not-yet-valid")]
    {
        let certificate = authority.server(&["127.0.0.1"], validity).unwrap();
        server.file("data/server.crt", &certificate.certificate);
        server.file("data/server.key", &certificate.key);
        server.admit("host all postgres 127.0.0.1/32 scram-sha-256\n");
        expect(&[
            ("T05", with(SslMode::VerifyCa, &ours), problem, "tls-certificate-invalid proven"),
            ("-", with(SslMode::Require, &nobody), "in, TLS, Scram", "-"),
        ])
        .await;
    }
}

/// Rows P04 and T02.
#[tokio::test]
async fn a_server_that_asks_for_client_certificates() {
    let (authority, stranger) = (Authority::new("ours").unwrap(), Authority::new("theirs").unwrap());
    let certificate = authority.server(&["127.0.0.1"], Validity::Now).unwrap();
    let settings = ["ssl=on", "ssl_ca_file=root.crt"];
    let started = Postgres::start_with(&settings, |data| {
        install(data, &certificate);
        std::fs::write(data.join("root.crt"), &authority.pem).unwrap();
    });
    let Some(server) = started else { return };
    execute(server.port, &["CREATE ROLE holder LOGIN PASSWORD 'holder'"]).await;
    server.admit(
        "hostssl all holder 127.0.0.1/32 scram-sha-256 clientcert=verify-ca\n\
         host all postgres 127.0.0.1/32 scram-sha-256\n",
    );
    let identity = |signed: &Signed| {
        let identity = Identity::of_pem(signed.certificate.as_bytes(), signed.key.as_bytes()).unwrap();
        Trust { authorities: None, identity: Some(identity) }
    };
    let holder = |sslmode: SslMode, trust: Trust| Connection {
        user: "holder".to_owned(),
        password: Some("holder".into()),
        sslmode,
        trust,
        ..superuser(server.port)
    };
    let known = identity(&authority.client("holder").unwrap());
    let unknown = identity(&stranger.client("holder").unwrap());
    expect(&[
        ("-", holder(SslMode::Require, known.clone()), "in, TLS, Scram", "-"),
        (
            "P04",
            holder(SslMode::Require, Trust::default()),
            "28000 BeforeProof",
            "client-certificate-required likely",
        ),
        (
            "P04",
            holder(SslMode::Prefer, Trust::default()),
            "28000 BeforeProof",
            "client-certificate-required likely",
        ),
        (
            "T02",
            holder(SslMode::Require, unknown),
            "client-certificate-refused",
            "client-certificate-required proven",
        ),
        ("-", Connection { sslmode: SslMode::Require, ..superuser(server.port) }, "in, TLS, Scram", "-"),
    ])
    .await;
}

/// Rows P11, P12, P16: a standby, one that does not take logins yet, and sessions that are ended.
#[tokio::test]
async fn standbys_starting_servers_and_ended_sessions() {
    let Some(primary) = Postgres::start(&["wal_level=replica"]) else { return };
    let Some(standby) = primary.standby(&["hot_standby=on"], false) else { return };
    let session = log_in(&superuser(standby.port)).await.unwrap();
    assert!(describe(&session, BOUNDS).await.unwrap().in_recovery);
    session.close().await;

    let Some(starting) = primary.standby(&["hot_standby=off"], true) else { return };
    let waits = ("P11", superuser(starting.port), "57P03 BeforeProof", "database-starting proven");
    expect(&[waits]).await;

    let session = log_in(&superuser(primary.port)).await.unwrap();
    execute(
        primary.port,
        &["SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE application_name = 'rungate'"],
    )
    .await;
    let ended = describe(&session, BOUNDS).await.unwrap_err();
    match &ended {
        Stop::Found(PostgresFinding::QueryFailed { sqlstate, .. }) => assert_eq!(sqlstate, "57P01"),
        // The driver may notice the end before it reads why.
        Stop::Found(PostgresFinding::Cut { step, .. }) => assert_eq!(step, "query"),
        Stop::Found(other) => panic!("{other}"),
        Stop::Inconclusive(why) => panic!("{why:?}"),
    }
}

/// Row P11 in all its words: a server that shuts down, one that recovers from a crash, one that starts; and row P25.
#[tokio::test]
async fn servers_that_are_not_ready_say_so_in_each_of_their_words() {
    let Some(server) = Postgres::start(&[]) else { return };
    let said = |end: Result<Session, Stop>| match end {
        Err(Stop::Found(PostgresFinding::LoginRefused { message, .. })) => message,
        other => panic!("{other:?}"),
    };
    let way = superuser(server.port);
    let starting = "database-starting proven";

    // A checkpointer that does not hear keeps the server from coming up again after a crash of one of its processes.
    let held = log_in(&way).await.unwrap();
    if server.signal("checkpointer", "-STOP") {
        server.once_said("terminating any other active server processes", || {
            assert!(server.signal("postgres: postgres postgres", "-KILL"));
        });
        expect(&[("P11", way.clone(), "57P03 BeforeProof", starting)]).await;
        assert_eq!(said(log_in(&way).await), "the database system is in recovery mode");
    } else {
        println!("SKIPPED: recovery mode: no pgrep to find the server's processes with");
    }
    held.close().await;
    server.signal("checkpointer", "-CONT");
    // After five seconds the server ends its children itself.
    let mut session = None;
    until("the server is up again", async || {
        session = log_in(&way).await.ok();
        session.is_some()
    })
    .await;
    let session = session.unwrap();

    // Asked with less time than it takes: the server's own time limit ends it.
    let short = Bounds { step: Duration::from_millis(500), ..BOUNDS };
    let slow = rungate::model::DatabaseExpectation {
        queries: vec![rungate::model::QueryExpectation {
            name: "slow".to_owned(),
            query: rungate::model::Stated::known(
                "SELECT pg_sleep(5)",
                rungate::model::Place { file: "test".into(), line: 1, column: 1 },
            ),
            gives: rungate::model::Gives::Equals(String::new()),
        }],
        ..Default::default()
    };
    let given = rungate::probe::postgres::holdings(&session, &slow, short).await;
    println!("P25 {given:?}");
    assert!(format!("{given:?}").contains("57014"), "{given:?}");

    server.stop_smartly();
    expect(&[("P11", way.clone(), "57P03 BeforeProof", starting)]).await;
    assert_eq!(said(log_in(&way).await), "the database system is shutting down");
    session.close().await;
}

#[tokio::test]
async fn names_without_address_and_ports_without_listener() {
    // No label of a name has more than 63 letters: the resolver knows without asking anybody.
    let host = format!("{}.invalid", "x".repeat(64));
    let none = resolve(&System, "service", &host, 5432, BOUNDS).await;
    assert_eq!(none, Err(PostgresFinding::NameUnresolvable { host }.into()));
    let address = nobody();
    let refused = connect(&System, "service", &[address], BOUNDS).await.unwrap_err();
    assert_eq!(refused, PostgresFinding::Refused { addresses: vec![address], others: vec![] }.into());
}

#[tokio::test]
async fn every_address_of_a_name_is_tried_and_told() {
    let listener = tokio::net::TcpListener::bind(("127.0.0.1", 0)).await.unwrap();
    let (open, closed) = (listener.local_addr().unwrap(), nobody());
    let (taken, _, others) = try_all(&System, "service", &[closed, open], BOUNDS).await.unwrap();
    assert_eq!(taken, open);
    assert_eq!(others.len(), 1);
    assert_eq!((others[0].address, others[0].end.as_str()), (closed, "refused"));
}

//! Several servers of one connection string, against real ones: a primary, its standby, and ports on which nothing
//! listens; and the same asked of psql, which is libpq.

use std::process::Command;
use std::time::Duration;

use rungate::connection::{Connection, DsnServer, SessionTarget, parse_dsn};
use rungate::probe::dial::System;
use rungate::probe::postgres::{Bounds, Stop, candidates, login_in_turn};
use rungate::record::finding::PostgresFinding;
use secrecy::ExposeSecret as _;

use crate::common::listener::nobody;
use crate::common::pg::{PASSWORD, Postgres};
use crate::common::skip;

const BOUNDS: Bounds = Bounds { connect: Duration::from_secs(5), step: Duration::from_secs(20) };

/// The port that the gate logs in to, or in a word why it does not.
async fn ours(dsn: &str) -> String {
    let dsn = parse_dsn(dsn).unwrap();
    let mut servers = dsn.servers.into_iter();
    let DsnServer { host, port } = servers.next().unwrap();
    let connection = Connection {
        host,
        port,
        others: servers.collect(),
        target: dsn.target,
        user: dsn.user.unwrap(),
        password: dsn.password.map(|password| password.expose_secret().into()),
        database: dsn.database.unwrap(),
        ..Connection::default()
    };
    let all = candidates(&System, "s", &connection.servers(), BOUNDS).await;
    match login_in_turn(&System, "s", &all, &connection, BOUNDS).await {
        Ok(turned) => {
            let port = turned.server.port;
            turned.given.close().await;
            port.to_string()
        }
        Err(Stop::Found(PostgresFinding::SessionUnwanted { .. })) => "unwanted".to_owned(),
        Err(Stop::Found(PostgresFinding::Refused { .. })) => "refused".to_owned(),
        Err(Stop::Found(PostgresFinding::LoginRefused { sqlstate, .. })) => sqlstate,
        Err(other) => panic!("{other:?}"),
    }
}

/// The same of psql.
fn libpqs(dsn: &str) -> String {
    let asked = Command::new("psql")
        .env_clear()
        .env("PATH", "/usr/bin:/bin:/usr/local/bin")
        .args(["-X", "-A", "-t", "-w", "-c", "SELECT inet_server_port()", dsn])
        .output()
        .unwrap();
    let error = String::from_utf8_lossy(&asked.stderr);
    if asked.status.success() {
        return String::from_utf8_lossy(&asked.stdout).trim().to_owned();
    }
    // Of several servers, the last line tells of the last.
    let unwanted = ["session is read-only", "session is not read-only", "hot standby mode"];
    if unwanted.iter().any(|words| error.contains(words)) {
        "unwanted"
    } else if error.contains("password authentication failed") {
        "28P01"
    } else if error.contains("Connection refused") {
        "refused"
    } else {
        panic!("{error}")
    }
    .to_owned()
}

#[tokio::test]
async fn servers_are_tried_in_turn_as_libpq_tries_them() {
    let Some(primary) = Postgres::start(&["wal_level=replica"]) else { return skip("no PostgreSQL server") };
    let Some(standby) = primary.standby(&["hot_standby=on"], false) else { return };
    let (dead, gone) = (nobody().port(), nobody().port());
    let (p, s) = (primary.port, standby.port);
    let psql = crate::common::installed("psql");
    if !psql {
        println!("SKIPPED: no psql to ask the same");
    }
    let password = PASSWORD.replace(' ', "%20");
    let mut wrong = Vec::new();
    for (ports, attributes, password, expected) in [
        (vec![p], "", password.as_str(), p.to_string()),
        (vec![dead, p], "", &password, p.to_string()),
        (vec![p, dead], "", &password, p.to_string()),
        (vec![dead, gone], "", &password, "refused".to_owned()),
        (vec![s, p], "any", &password, s.to_string()),
        (vec![s, p], "read-write", &password, p.to_string()),
        (vec![s, p], "primary", &password, p.to_string()),
        (vec![p, s], "standby", &password, s.to_string()),
        (vec![p, s], "read-only", &password, s.to_string()),
        (vec![p, s], "prefer-standby", &password, s.to_string()),
        (vec![p, dead], "prefer-standby", &password, p.to_string()),
        (vec![dead, s], "read-write", &password, "unwanted".to_owned()),
        (vec![s], "read-write", &password, "unwanted".to_owned()),
        (vec![p], "standby", &password, "unwanted".to_owned()),
        // A refused login is not tried elsewhere.
        (vec![p, s], "", "wrong", "28P01".to_owned()),
        (vec![dead, p], "", "wrong", "28P01".to_owned()),
    ] {
        let hosts: Vec<String> = ports.iter().map(|port| format!("127.0.0.1:{port}")).collect();
        let attributes =
            if attributes.is_empty() { String::new() } else { format!("?target_session_attrs={attributes}") };
        let dsn = format!("postgresql://postgres:{password}@{}/postgres{attributes}", hosts.join(","));
        let seen = ours(&dsn).await;
        let theirs = if psql { libpqs(&dsn) } else { seen.clone() };
        println!("{:<24} {:<40} rungate: {seen:<10} libpq: {theirs}", hosts.len(), attributes);
        // Of a dead server and an unwanted one, libpq's last line and the gate's weight may differ.
        let same = seen == theirs || ports.contains(&dead) && expected == "unwanted";
        if !same || (seen != expected && !(expected == "unwanted" && seen == "refused")) {
            wrong.push(format!("{ports:?} {attributes}: {seen}, libpq {theirs}, expected {expected}"));
        }
    }
    assert!(wrong.is_empty(), "{wrong:#?}");
    assert_eq!(
        parse_dsn("host=a target_session_attrs=prefer-standby").unwrap().target,
        SessionTarget::PreferStandby
    );
}

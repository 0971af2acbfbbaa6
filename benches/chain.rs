//! How long the way to a database takes, from a name to `SELECT 1`: `cargo bench --bench chain`.
//!
//! Against one local server, in turns: the gate's steps in this process, `rungate probe` as a process (with a look at the
//! connections more), and what people use by hand, `psql -c 'select 1'` and `pg_isready` (which does not log in).
#![allow(clippy::disallowed_methods, reason = "the tests' server waits for its start in its own thread")]
#![allow(
    clippy::print_stdout,
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    dead_code,
    reason = "a benchmark prints, and stops at the first surprise; of the tests' helpers it takes some"
)]

#[path = "../tests/integration/common/listener.rs"]
mod listener;
#[path = "../tests/integration/common/pg.rs"]
mod pg;
#[path = "../tests/integration/common/wait.rs"]
mod wait;

use std::fs;
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use rungate::connection::Connection;
use rungate::probe::dial::System;
use rungate::probe::postgres::{Bounds, ask_for_tls, connect, describe, login, resolve};

/// Turns; each makes every way once, so that a busy moment of the machine meets them alike.
const TURNS: usize = 40;

const BOUNDS: Bounds = Bounds { connect: Duration::from_secs(5), step: Duration::from_secs(10) };

fn main() {
    // `cargo test --benches` only wants to know that it builds.
    if !std::env::args().any(|argument| argument == "--bench") {
        return;
    }
    let Some(server) = pg::Postgres::start(&[]) else {
        println!("SKIPPED: no PostgreSQL server");
        return;
    };
    let runtime = tokio::runtime::Runtime::new().unwrap();
    let connection = Connection {
        host: "localhost".to_owned(),
        port: server.port,
        user: "postgres".to_owned(),
        password: Some(pg::PASSWORD.into()),
        database: "postgres".to_owned(),
        ..Connection::default()
    };
    let port = server.port.to_string();
    let variables = [
        ("PGHOST", "localhost"),
        ("PGPORT", &port),
        ("PGUSER", "postgres"),
        ("PGPASSWORD", pg::PASSWORD),
        ("PGDATABASE", "postgres"),
    ];
    let process = |program: &str, arguments: &[&str]| {
        let began = Instant::now();
        let mut command = Command::new(program);
        command.args(arguments).envs(variables).stdout(Stdio::null()).stderr(Stdio::null());
        assert!(command.status().unwrap().success(), "{program} {arguments:?}");
        began.elapsed()
    };
    let mut times: [Vec<Duration>; 4] = Default::default();
    for _ in 0..TURNS {
        let began = Instant::now();
        runtime.block_on(chain(&connection));
        times[0].push(began.elapsed());
        times[1].push(process(env!("CARGO_BIN_EXE_rungate"), &["probe", "--quiet"]));
        times[2].push(process("psql", &["-X", "-q", "-c", "select 1"]));
        times[3].push(process("pg_isready", &["-q"]));
    }
    println!("{TURNS} turns against a local server, median and 95th percentile in ms");
    let names = [
        "steps in one process: name, TCP, SSLRequest, login, SELECT 1",
        "rungate probe (a process; and its connections)",
        "psql -c 'select 1' (a process)",
        "pg_isready (a process; no login)",
    ];
    for (name, mut all) in names.into_iter().zip(times) {
        all.sort_unstable();
        let at = |share: f64| ms(all[(all.len() as f64 * share) as usize]);
        println!("{name:<64} {:>8.1} {:>8.1}", at(0.5), at(0.95));
    }
    println!(
        "peak memory of rungate probe (VmHWM, as seen while it ran)       {:>8.1} MiB",
        peak(&variables) / 1024.0
    );
}

/// The whole chain, as the checks make it: the port and the protocol are tried on a connection of their own.
async fn chain(connection: &Connection) {
    let addresses = resolve(&System, "bench", &connection.host, connection.port, BOUNDS).await.unwrap();
    let (mut stream, address) = connect(&System, "bench", &addresses, BOUNDS).await.unwrap();
    ask_for_tls(&mut stream, address, BOUNDS.step).await.unwrap();
    drop(stream);
    let session = login(&System, "bench", &[address], connection, BOUNDS).await.unwrap();
    describe(&session, BOUNDS).await.unwrap();
    session.close().await;
}

/// The most memory that a probe was seen to have, in KiB.
fn peak(variables: &[(&str, &str)]) -> f64 {
    let mut child = Command::new(env!("CARGO_BIN_EXE_rungate"))
        .args(["probe", "--quiet"])
        .envs(variables.iter().copied())
        .stdout(Stdio::null())
        .spawn()
        .unwrap();
    let mut most = 0.0;
    while child.try_wait().unwrap().is_none() {
        let status = fs::read_to_string(format!("/proc/{}/status", child.id())).unwrap_or_default();
        let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:"));
        let kib = line.and_then(|line| line.split_whitespace().next()?.parse::<f64>().ok());
        most = kib.unwrap_or(0.0).max(most);
    }
    most
}

fn ms(duration: Duration) -> f64 {
    duration.as_secs_f64() * 1000.0
}

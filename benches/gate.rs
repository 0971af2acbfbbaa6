//! How long the gate takes: `cargo bench`.
//!
//! Two questions. How soon does the process do anything (`--help`)? And how near does a whole check come to the
//! longest chain of answers that depend on each other, when every answer of the control plane takes 50 ms?

#![expect(
    clippy::print_stdout,
    clippy::unwrap_used,
    reason = "a benchmark prints, and stops at the first surprise"
)]

use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

/// What each answer of the control plane is delayed by.
const LATENCY: Duration = Duration::from_millis(50);
/// The longest chain: the service names its revision, the revision its connector, the connector its network, the
/// network its peerings, and of a peering the routes are listed.
const CHAIN: u32 = 5;

/// The incident's own system; one success is enough, so that no pause between two health answers is measured.
const PIPELINE: &str = "\
version: 1
services:
  - name: auth-staging
    project: acme-staging
    region: europe-west1
    service_account: auth-runtime@acme-staging.iam.gserviceaccount.com
    vpc: { connector: auth-connector, egress: private-ranges-only }
    env: { DB_HOST: 10.20.0.3, DB_PORT: '5432', DB_NAME: auth, DB_USER: auth }
    secrets: { DB_PASSWORD: 'auth-db-password:3', JWT_SECRET: 'auth-jwt-secret:1' }
    health: { path: /auth/health, successes: 1 }
    database: { host: DB_HOST, port: DB_PORT, user: DB_USER, password: DB_PASSWORD, name: DB_NAME }
";

fn main() {
    // `cargo test --benches` only wants to know that it builds.
    if !std::env::args().any(|argument| argument == "--bench") {
        return;
    }
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(folder.path().join("rungate.yaml"), PIPELINE).unwrap();
    let run = |arguments: &[&str]| {
        let began = Instant::now();
        let mut command = Command::new(env!("CARGO_BIN_EXE_rungate"));
        let command =
            command.args(arguments).current_dir(&folder).stdout(Stdio::null()).stderr(Stdio::null());
        assert!(command.status().unwrap().success(), "rungate {arguments:?}");
        began.elapsed()
    };
    let latency = format!("{}ms", LATENCY.as_millis());
    let check = ["check", "--sandbox", "--quiet"];
    let delayed = [&check[..], &["--sandbox-latency", &latency]].concat();

    let help = median(20, || run(&["--help"]));
    let at_once = median(20, || run(&check));
    let slow = median(20, || run(&delayed));
    let chain = LATENCY * CHAIN;

    println!("process start to --help                    {:>8.1} ms", ms(help));
    println!("check in the sandbox, no latency           {:>8.1} ms", ms(at_once));
    println!("check in the sandbox, {latency} an answer        {:>8.1} ms", ms(slow));
    println!("longest chain: {CHAIN} answers of {latency}            {:>8.1} ms", ms(chain));
    // What the check takes without any latency is the stand-in's cloud and its certificates, mostly.
    println!(
        "what latency adds / longest chain          {:>8.2}    (aim: at most 1.2)",
        ms(slow.saturating_sub(at_once)) / ms(chain)
    );
}

fn median(times: usize, mut run: impl FnMut() -> Duration) -> Duration {
    let mut all: Vec<Duration> = (0..times).map(|_| run()).collect();
    all.sort_unstable();
    all[all.len() / 2]
}

fn ms(duration: Duration) -> f64 {
    duration.as_secs_f64() * 1000.0
}

//! What asking for health costs: `cargo bench --bench health`.
//!
//! A healthy endpoint asked once, beside `curl`; and a pipeline of 1,000 endpoints that take 20 ms each, against the
//! ideal at the configured concurrency, with the gate's peak memory. The server is a process of its own.

#![expect(
    clippy::print_stdout,
    clippy::unwrap_used,
    reason = "a benchmark prints, and stops at the first surprise"
)]

use std::fmt::Write as _;
use std::future::pending;
use std::io::{BufRead as _, BufReader};
use std::process::{Child, Command, Stdio};
use std::sync::Arc;
use std::time::{Duration, Instant};

use axum::Router;
use axum::extract::State;
use axum::routing::get;
use rungate::checks::{self, CHECKS};
use rungate::diagnosis::settling;
use rungate::health::{Level, judge};
use rungate::live::RunSettings;
use rungate::pipeline;
use rungate::plan::{self, Plan};
use rungate::probe::Outside;
use rungate::probe::dial::System;
use rungate::probe::google::{Auth, Endpoints, Google, Timeouts};
use rungate::probe::http::Http;
use rungate::record::Vantage;
use rungate::run::{Options, execute};
use rungate::text::vault::Vault;
use url::Url;

const ENDPOINTS: u32 = 1000;
const ANSWER: Duration = Duration::from_millis(20);
/// What the command line has where nobody says otherwise.
const CONCURRENCY: u32 = 64;
const BODY: &str = r#"{"status":"healthy","database_status":"ok"}"#;

fn main() {
    let arguments: Vec<String> = std::env::args().collect();
    let value = |name: &str| arguments.iter().find_map(|one| one.strip_prefix(name));
    let runtime = || tokio::runtime::Builder::new_multi_thread().enable_all().build().unwrap();
    if let Some(delay) = value("--serve=") {
        runtime().block_on(serve(Duration::from_millis(delay.parse().unwrap())));
    } else if let Some(base) = value("--endpoints=") {
        runtime().block_on(endpoints(base));
    } else if arguments.iter().any(|argument| argument == "--bench") {
        once();
        let server = Server::start(ANSWER);
        let itself = std::env::current_exe().unwrap();
        assert!(Command::new(itself).arg(format!("--endpoints={}", server.base)).status().unwrap().success());
    }
}

/// A process that answers health after a while, until it is dropped.
struct Server {
    process: Child,
    base: String,
}

impl Server {
    fn start(delay: Duration) -> Self {
        let itself = std::env::current_exe().unwrap();
        let mut process = Command::new(itself)
            .arg(format!("--serve={}", delay.as_millis()))
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let mut base = String::new();
        BufReader::new(process.stdout.take().unwrap()).read_line(&mut base).unwrap();
        Self { process, base: base.trim().to_owned() }
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        drop(self.process.kill());
        drop(self.process.wait());
    }
}

async fn serve(delay: Duration) {
    let answer = async |State(delay): State<Duration>| {
        tokio::time::sleep(delay).await;
        ([("content-type", "application/json")], BODY)
    };
    let listener = tokio::net::TcpListener::bind(("127.0.0.1", 0)).await.unwrap();
    println!("http://{}", listener.local_addr().unwrap());
    axum::serve(listener, Router::new().fallback(get(answer)).with_state(delay)).await.unwrap();
}

/// One question, as a process of curl and within the gate: with a new client, as in a run of one service, and again on
/// the connection that is there.
fn once() {
    let server = Server::start(Duration::ZERO);
    let url = format!("{}/health", server.base);
    let curl = || {
        let began = Instant::now();
        let mut command = Command::new("curl");
        let command = command.args(["-sS", "--noproxy", "*", "-o", "/dev/null", &url]);
        command.status().is_ok_and(|status| status.success()).then(|| began.elapsed())
    };
    let curl: Option<Vec<Duration>> = (0..50).map(|_| curl()).collect();
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    let asked = Url::parse(&url).unwrap();
    let ask = async |http: &Http| {
        let began = Instant::now();
        let answer = http.get(&asked).await.unwrap();
        let judgement = judge(answer.status, answer.content_type.as_deref(), &answer.body);
        assert_eq!(judgement.level, Level::Healthy);
        began.elapsed()
    };
    let first = (0..50).map(|_| runtime.block_on(ask(&Http::new(Duration::from_secs(10))))).collect();
    let http = Http::new(Duration::from_secs(10));
    runtime.block_on(ask(&http));
    let again = (0..50).map(|_| runtime.block_on(ask(&http))).collect();
    match curl {
        Some(all) => println!("curl, a process                            {:>8.2} ms", ms(median(all))),
        None => println!("curl, a process                             not here"),
    }
    println!("asked and judged, client and connection new {:>7.2} ms", ms(median(first)));
    println!("asked and judged, connection kept          {:>8.2} ms", ms(median(again)));
}

/// The gate's check of health for every endpoint, without those that ask the control plane.
async fn endpoints(base: &str) {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("rungate.yaml");
    let mut text = "version: 1\nservices:\n".to_owned();
    for index in 0..ENDPOINTS {
        write!(
            text,
            "  - name: service-{index}
    project: acme-staging
    region: europe-west1
    url: {base}/{index}
    health: {{ path: /health, successes: 1 }}
"
        )
        .unwrap();
    }
    std::fs::write(&file, text).unwrap();
    let request = pipeline::Request {
        files: vec![file],
        directory: folder.path().to_owned(),
        known_checks: CHECKS.iter().map(|check| check.id.as_str()).collect(),
        ..Default::default()
    };
    let loaded = pipeline::load(&request).unwrap();
    let health = [checks::find("health-healthy").unwrap()];
    let plan = plan::build(&loaded.pipeline, &health, &plan::Defaults::default()).unwrap();
    let wall = run(&plan).await;
    let ideal = ANSWER * ENDPOINTS.div_ceil(CONCURRENCY);
    println!(
        "{ENDPOINTS} endpoints of {} ms, {CONCURRENCY} at once     {:>8.0} ms",
        ANSWER.as_millis(),
        ms(wall)
    );
    println!(
        "ideal: {} rounds                           {:>8.0} ms",
        ENDPOINTS.div_ceil(CONCURRENCY),
        ms(ideal)
    );
    println!("wall / ideal                               {:>8.2}", ms(wall) / ms(ideal));
    let peak = peak().map_or_else(|| "unknown".to_owned(), |kib| format!("{:.1}", kib / 1024.0));
    println!("peak memory of the gate                    {peak:>8} MiB");
}

async fn run(plan: &Plan) -> Duration {
    let vault = Arc::new(Vault::default());
    let outside = Outside {
        google: Google::new(&Endpoints::default(), Auth::Anonymous, Arc::clone(&vault), Timeouts::default()),
        http: Http::new(Duration::from_secs(10)),
        dial: Arc::new(System),
        vault,
    };
    let options = Options {
        settings: Arc::new(RunSettings {
            vantage: Vantage::Runner,
            inspect_secrets: false,
            connect_timeout: Duration::from_secs(5),
            step_timeout: Duration::from_secs(10),
            fewest_answers: 1,
        }),
        deadline: Duration::from_secs(120),
        concurrency: usize::try_from(CONCURRENCY).unwrap(),
        accepted_unproven: Vec::new(),
        sandbox: false,
    };
    let began = Instant::now();
    let record =
        execute(plan, Arc::new(outside), &options, &mut settling(checks::graph()), pending(), &mut |_| {})
            .await;
    let wall = began.elapsed();
    assert_eq!(record.nodes.iter().filter(|node| node.passed()).count(), record.nodes.len());
    assert_eq!(record.nodes.len(), usize::try_from(ENDPOINTS).unwrap());
    wall
}

fn median(mut all: Vec<Duration>) -> Duration {
    all.sort_unstable();
    all[all.len() / 2]
}

fn ms(duration: Duration) -> f64 {
    duration.as_secs_f64() * 1000.0
}

/// The most memory that this process ever had, in KiB, where the system tells.
fn peak() -> Option<f64> {
    let status = std::fs::read_to_string("/proc/self/status").ok()?;
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:"))?;
    line.trim().trim_end_matches(" kB").trim().parse().ok()
}

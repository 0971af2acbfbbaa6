//! What the facts of many services cost: `cargo bench --bench facts`.
//!
//! One run of the gate in the sandbox for 1, 20 and 200 services of one region, every answer of the control plane
//! taking 50 ms: wall time, requests, and the memory of gate and sandbox together. Each size is a process of its own.

#![expect(
    clippy::print_stdout,
    clippy::unwrap_used,
    reason = "a benchmark prints, and stops at the first surprise"
)]

use std::fmt::Write as _;
use std::future::pending;
use std::process::Command;
use std::sync::Arc;
use std::time::{Duration, Instant};

use rungate::checks::{CHECKS, graph};
use rungate::diagnosis::{Verdict, diagnose, settling};
use rungate::live::RunSettings;
use rungate::pipeline;
use rungate::plan::{self, Plan};
use rungate::probe::Outside;
use rungate::probe::google::{Auth, Google, Timeouts};
use rungate::probe::http::Http;
use rungate::record::Vantage;
use rungate::run::{Options, execute};
use rungate::sandbox::{self, SandboxOptions};
use rungate::text::vault::Vault;

const SIZES: [usize; 3] = [1, 20, 200];
const LATENCY: Duration = Duration::from_millis(50);

fn main() {
    let arguments: Vec<String> = std::env::args().collect();
    if let Some(size) = arguments.iter().find_map(|one| one.strip_prefix("--services=")) {
        measure(size.parse().unwrap());
    } else if arguments.iter().any(|argument| argument == "--bench") {
        println!("services   wall ms   requests   requests a service   peak MiB");
        for size in SIZES {
            let itself = std::env::current_exe().unwrap();
            assert!(Command::new(itself).arg(format!("--services={size}")).status().unwrap().success());
        }
    }
}

fn measure(size: usize) {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("rungate.yaml");
    let mut text = "version: 1\nservices:\n".to_owned();
    for index in 0..size {
        write!(
            text,
            "  - name: service-{index}
    project: acme-staging
    region: europe-west1
    vpc: {{ connector: connector, egress: private-ranges-only }}
    env: {{ DB_HOST: 10.20.0.3, DB_NAME: auth, DB_USER: auth }}
    secrets: {{ DB_PASSWORD: 'db-password:3' }}
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
    let plan = plan::build(&sandbox::fill(&loaded.pipeline), CHECKS, &plan::Defaults::default()).unwrap();
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build().unwrap();
    runtime.block_on(run(&plan, size));
}

async fn run(plan: &Plan, size: usize) {
    let options = SandboxOptions { latency: LATENCY };
    let cloud = sandbox::start(&plan.targets, &[], options).await.unwrap();
    let vault = Arc::new(Vault::default());
    let services = plan.targets.iter().map(|target| (&*target.project, &*target.region));
    let outside = Outside {
        google: Google::new(&cloud.endpoints(), Auth::Anonymous, Arc::clone(&vault), Timeouts::default())
            .expecting(services),
        http: Http::new(Duration::from_secs(10)),
        dial: cloud.dial(),
        vault,
    };
    let options = Options {
        settings: Arc::new(RunSettings {
            vantage: Vantage::InVpc,
            inspect_secrets: true,
            connect_timeout: Duration::from_secs(5),
            step_timeout: Duration::from_secs(10),
            fewest_answers: 1,
        }),
        deadline: Duration::from_secs(120),
        concurrency: 64,
        accepted_unproven: Vec::new(),
        sandbox: true,
    };
    let began = Instant::now();
    let record =
        execute(plan, Arc::new(outside), &options, &mut settling(graph()), pending(), &mut |_| {}).await;
    let wall = began.elapsed();
    assert_eq!(diagnose(&record, graph()).verdict, Verdict::Healthy, "{size} services");
    let requests: u64 = cloud.requests().values().sum();
    println!(
        "{size:>8} {:>9.0} {requests:>10} {:>20.1} {:>10}",
        wall.as_secs_f64() * 1000.0,
        requests as f64 / size as f64,
        peak().map_or_else(|| "unknown".to_owned(), |kib| format!("{:.1}", kib / 1024.0)),
    );
}

/// The most memory that this process ever had, in KiB, where the system tells.
fn peak() -> Option<f64> {
    let status = std::fs::read_to_string("/proc/self/status").ok()?;
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:"))?;
    line.trim().trim_end_matches(" kB").trim().parse().ok()
}

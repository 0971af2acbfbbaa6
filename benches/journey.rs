//! What a journey costs beside its answers: `cargo bench --bench journey`.
//!
//! One journey of 10 steps, each answered after 20 ms by a server on loopback that keeps its connections: wall time of
//! the whole run against the sum of the answers, and the same for 20 such journeys side by side.

#![expect(
    clippy::print_stdout,
    clippy::unwrap_used,
    reason = "a benchmark prints, and stops at the first surprise"
)]

use std::future::pending;
use std::sync::Arc;
use std::time::{Duration, Instant};

use axum::{Json, Router};
use rungate::checks::{self, CHECKS};
use rungate::diagnosis::settling;
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

const STEPS: usize = 10;
const ANSWER: Duration = Duration::from_millis(20);
const ROUNDS: usize = 5;

fn main() {
    if !std::env::args().any(|argument| argument == "--bench") {
        return;
    }
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build().unwrap();
    runtime.block_on(async {
        println!("journeys   steps   answers ms   wall ms   beside");
        for journeys in [1, 20] {
            measure(journeys).await;
        }
    });
}

async fn measure(journeys: usize) {
    let answer = async || {
        tokio::time::sleep(ANSWER).await;
        Json(serde_json::json!({"valid": true, "token": "captured-from-every-answer"}))
    };
    let listener = tokio::net::TcpListener::bind(("127.0.0.1", 0)).await.unwrap();
    let address = listener.local_addr().unwrap();
    tokio::spawn(async move { axum::serve(listener, Router::new().fallback(answer)).await });

    let plan = planned(&address.to_string(), journeys);
    let mut best = Duration::MAX;
    for _ in 0..ROUNDS {
        best = best.min(run(&plan).await);
    }
    // Journeys run side by side: the answers of one are waited for.
    let answers = ANSWER * u32::try_from(STEPS).unwrap();
    println!(
        "{journeys:>8} {STEPS:>7} {:>12} {:>9.1} {:>7.1}%",
        answers.as_millis(),
        best.as_secs_f64() * 1000.0,
        (best.as_secs_f64() / answers.as_secs_f64() - 1.0) * 100.0,
    );
}

fn planned(address: &str, journeys: usize) -> Plan {
    let mut text = format!(
        "version: 1\nservices:\n- name: auth\n  project: p\n  region: r\n  url: http://{address}\n  journeys:\n"
    );
    for journey in 0..journeys {
        text.push_str(&format!("  - name: journey {journey}\n    steps:\n"));
        for step in 0..STEPS {
            let bearer = if step == 0 { "" } else { ", bearer: ((token))" };
            text.push_str(&format!(
                "    - {{name: step {step}, request: {{path: /step/{step}, json: {{n: {step}}}{bearer}}}, \
                 expect: {{status: 200, json: $.valid == true}}, capture: {{token: $.token}}}}\n"
            ));
        }
    }
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("rungate.yaml");
    std::fs::write(&file, text).unwrap();
    let request = pipeline::Request {
        files: vec![file],
        directory: folder.path().to_owned(),
        known_checks: CHECKS.iter().map(|check| check.id.as_str()).collect(),
        ..Default::default()
    };
    let loaded = pipeline::load(&request).unwrap();
    let table = [checks::find("journey-step-works").unwrap()];
    plan::build(&loaded.pipeline, &table, &plan::Defaults::default()).unwrap()
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
        deadline: Duration::from_secs(60),
        concurrency: 64,
        accepted_unproven: Vec::new(),
        sandbox: false,
    };
    let began = Instant::now();
    let record =
        execute(plan, Arc::new(outside), &options, &mut settling(checks::graph()), pending(), &mut |_| {})
            .await;
    let wall = began.elapsed();
    assert!(record.nodes.iter().all(|node| node.passed()), "{:?}", record.nodes);
    wall
}

//! A run that is ended early leaves valid reports that name what did not run.

use std::io::Read as _;
use std::net::TcpListener;
use std::process::Stdio;
use std::time::{Duration, Instant};

use serde_json::Value;

use crate::common::{HANG, Rungate, pipeline, wait_until};

/// How long the sandbox is silent (`--sandbox-latency`): a run that waits for its answer takes longer, however
/// fast the machine; one that ends by itself takes less, however loaded it is.
const SILENCE: Duration = Duration::from_secs(60);

/// Ends a run by a signal while it waits for an answer that never comes.
fn interrupted(signal: &str) -> (i32, Value, String, Duration) {
    let rungate = Rungate::new();
    let file = pipeline("rungate.yaml");
    let reports = ["--report", "json=run.json", "--report", "junit=TEST-rungate.xml"];
    // A control plane that takes connections and says nothing: its first one tells that the checks have begun.
    let silent = TcpListener::bind(("127.0.0.1", 0)).unwrap();
    silent.set_nonblocking(true).unwrap();
    let mut command = rungate.command(&[&["check", &file], &reports[..]].concat());
    let address = format!("http://{}/", silent.local_addr().unwrap());
    for api in ["RUN", "VPCACCESS", "SECRETMANAGER", "SQL", "COMPUTE", "CLOUDRESOURCEMANAGER", "LOGGING"] {
        command.env(format!("CLOUDSDK_API_ENDPOINT_OVERRIDES_{api}"), &address);
    }
    command.env("CLOUDSDK_AUTH_DISABLE_CREDENTIALS", "true");
    let mut child = command.stdout(Stdio::null()).stderr(Stdio::piped()).spawn().unwrap();
    let mut asked = None;
    wait_until("the run asks the control plane", || {
        asked = silent.accept().ok();
        asked.is_some()
    });
    let began = Instant::now();
    let sent =
        std::process::Command::new("kill").args(["-s", signal, &child.id().to_string()]).status().unwrap();
    assert!(sent.success());
    let status = child.wait().unwrap().code().expect("it ends by itself, not by the signal");
    drop(asked);
    let mut stderr = String::new();
    child.stderr.take().unwrap().read_to_string(&mut stderr).unwrap();
    let json = serde_json::from_str(&rungate.read("run.json")).unwrap_or_else(|_| panic!("{stderr}"));
    (status, json, rungate.read("TEST-rungate.xml"), began.elapsed())
}

#[test]
fn signals_end_the_run_with_their_own_status() {
    for (signal, expected) in [("INT", 130), ("TERM", 143)] {
        let (status, json, xml, took) = interrupted(signal);
        assert_eq!(status, expected);
        assert_eq!(json["exit_code"], expected);
        assert_ne!(json["verdict"], "healthy");
        assert!(took < HANG, "{took:?}");
        let skipped =
            json["checks"].as_array().unwrap().iter().filter(|check| check["outcome"] == "skipped").count();
        assert!(skipped > 0, "what did not run is named: {json}");
        assert!(xml.contains(&format!("SIG{signal}")) && xml.contains("<error"), "{xml}");
    }
}

#[test]
fn the_deadline_really_ends_the_run() {
    let rungate = Rungate::new();
    let file = pipeline("rungate.yaml");
    let began = Instant::now();
    let arguments = [
        "check",
        &file,
        "--sandbox",
        "--sandbox-latency",
        "60s",
        "--deadline",
        "1s",
        "--report",
        "json=run.json",
    ];
    let ran = rungate.run(&arguments);
    assert!(began.elapsed() < SILENCE, "{:?}", began.elapsed());
    assert_eq!(ran.status, 3, "{}", ran.all());
    let json: Value = serde_json::from_str(&rungate.read("run.json")).unwrap();
    assert_eq!(json["verdict"], "inconclusive");
    assert!(ran.stdout.contains("deadline"), "{}", ran.all());
}

//! Real health libraries of real frameworks, each before a real PostgreSQL server that is then really stopped: judged
//! right without a word of configuration, healthy before and unhealthy after.
//!
//! The libraries come from PyPI and npm at pinned versions, once, into `target/frameworks`. Where Python, Node or their
//! registries are not there, the test says so and is skipped; `RUNGATE_REQUIRE_FRAMEWORKS=1` makes that a failure.

use std::fs::File;
use std::hash::{DefaultHasher, Hash as _, Hasher as _};
use std::net::TcpStream;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use rungate::diagnosis::{self, Verdict};
use rungate::record::{AttemptVerdict, Fact, HealthAttempt, RunRecord};

use crate::common::pg::{PASSWORD, Postgres};
use crate::common::{HANG, Rungate, listener, root, skip};
use crate::standin::{check, control_plane};

/// A service made with a framework, gone when it is dropped.
struct App {
    process: Child,
    url: String,
    log: PathBuf,
}

impl Drop for App {
    fn drop(&mut self) {
        drop(self.process.kill());
        drop(self.process.wait());
    }
}

impl App {
    fn start(mut command: Command, port: u16, log: &Path) -> Self {
        let output = File::create(log).unwrap();
        command.stdin(Stdio::null()).stdout(output.try_clone().unwrap()).stderr(output);
        let process = command.spawn().unwrap();
        let mut app = Self { process, url: format!("http://127.0.0.1:{port}"), log: log.to_owned() };
        let began = Instant::now();
        while TcpStream::connect(("127.0.0.1", port)).is_err() {
            let ended = app.process.try_wait().unwrap().is_some();
            let said = || std::fs::read_to_string(&app.log).unwrap_or_default();
            assert!(!ended && began.elapsed() < HANG, "the service does not start: {}", said());
            std::thread::sleep(Duration::from_millis(50));
        }
        app
    }

    /// What the gate makes of it.
    fn judged(&self) -> (RunRecord, Verdict) {
        let rungate = Rungate::new();
        let file = format!(
            "version: 1\nservices:\n  - name: auth\n    project: demo-project\n    region: europe-west1\n    url: {}\n    \
             health: {{ window: 4s, interval: 200ms }}\n",
            self.url
        );
        rungate.file("rungate.yaml", file);
        let output =
            check(&rungate, &control_plane(), &["--quiet", "--save-run", "run.json"]).output().unwrap();
        let record: RunRecord = serde_json::from_str(&rungate.read("run.json")).unwrap();
        let diagnosis = diagnosis::diagnose(&record, rungate::checks::graph());
        assert_eq!(output.status.code(), Some(i32::from(diagnosis.exit_code)));
        (record, diagnosis.verdict)
    }
}

fn attempts(record: &RunRecord) -> Vec<&HealthAttempt> {
    let facts = record.nodes.iter().flat_map(|node| &node.facts);
    facts
        .filter_map(|fact| match fact {
            Fact::HealthAttempt(attempt) => Some(attempt),
            _ => None,
        })
        .collect()
}

/// The folder of a kind of libraries, filled by this command where it is not there yet; `None`: it cannot be filled.
fn libraries(kind: &str, list: &str, fill: impl Fn(&Path) -> Vec<Command>) -> Option<PathBuf> {
    let mut hasher = DefaultHasher::new();
    list.hash(&mut hasher);
    let all = root().join("target/frameworks");
    let folder = all.join(format!("{kind}-{:016x}", hasher.finish()));
    if folder.join("whole").is_file() {
        return Some(folder);
    }
    drop(std::fs::remove_dir_all(&folder));
    std::fs::create_dir_all(&folder).unwrap();
    for mut command in fill(&folder) {
        let ran = command.stdin(Stdio::null()).output();
        let problem = match &ran {
            Ok(output) if output.status.success() => None,
            Ok(output) => {
                Some(String::from_utf8_lossy(&output.stderr).lines().last().unwrap_or_default().to_owned())
            }
            Err(error) => Some(error.to_string()),
        };
        if let Some(problem) = problem {
            let reason = format!("the libraries from {kind} cannot be installed: {problem}");
            assert!(!required(), "RUNGATE_REQUIRE_FRAMEWORKS=1, but {reason}");
            skip(&reason);
            return None;
        }
    }
    File::create(folder.join("whole")).unwrap();
    Some(folder)
}

#[expect(clippy::disallowed_methods, reason = "a test reads its own environment")]
fn required() -> bool {
    std::env::var_os("RUNGATE_REQUIRE_FRAMEWORKS").is_some_and(|value| value == "1")
}

fn data() -> PathBuf {
    root().join("tests/data/frameworks")
}

fn python() -> Option<PathBuf> {
    let list = data().join("requirements.txt");
    libraries("pypi", &std::fs::read_to_string(&list).unwrap(), |folder| {
        let mut make = Command::new("python3");
        make.args(["-m", "venv"]).arg(folder.join("venv"));
        let mut install = Command::new(folder.join("venv/bin/python"));
        install.args([
            "-m",
            "pip",
            "install",
            "--quiet",
            "--disable-pip-version-check",
            "--no-deps",
            "--requirement",
        ]);
        install.arg(&list);
        vec![make, install]
    })
    .map(|folder| folder.join("venv/bin/python"))
}

fn node() -> Option<PathBuf> {
    let list = data().join("package.json");
    libraries("npm", &std::fs::read_to_string(&list).unwrap(), |folder| {
        std::fs::copy(&list, folder.join("package.json")).unwrap();
        let mut install = Command::new("npm");
        install.args([
            "install",
            "--silent",
            "--no-audit",
            "--no-fund",
            "--no-package-lock",
            "--ignore-scripts",
        ]);
        install.current_dir(folder);
        vec![install]
    })
    .map(|folder| folder.join("node_modules"))
}

fn apps(database: &str, folder: &Path) -> Vec<(&'static str, App)> {
    let mut apps = Vec::new();
    if let Some(python) = python() {
        for (name, module) in [("FastAPI", "fastapi_app"), ("django-health-check", "django_app")] {
            let port = listener::nobody().port();
            let mut command = Command::new(&python);
            command.args([
                "-m",
                "uvicorn",
                &format!("{module}:app"),
                "--host",
                "127.0.0.1",
                "--port",
                &port.to_string(),
            ]);
            command.args(["--log-level", "warning", "--lifespan", "off", "--app-dir"]).arg(data());
            command.env("DATABASE_URL", database).env("PYTHONDONTWRITEBYTECODE", "1");
            apps.push((name, App::start(command, port, &folder.join(module))));
        }
    }
    if let Some(modules) = node() {
        for (name, script) in [("@godaddy/terminus", "terminus_app.js"), ("NestJS Terminus", "nest_app.js")] {
            let port = listener::nobody().port();
            let mut command = Command::new("node");
            command.arg(data().join(script)).env("NODE_PATH", &modules);
            command.env("DATABASE_URL", database).env("PORT", port.to_string());
            apps.push((name, App::start(command, port, &folder.join(script))));
        }
    }
    apps
}

#[test]
fn real_health_libraries_are_judged_right_before_and_after_their_database_stops() {
    let Some(server) = Postgres::start(&[]) else { return };
    let password = PASSWORD.replace(' ', "%20");
    let database = format!("postgresql://postgres:{password}@127.0.0.1:{}/postgres", server.port);
    let folder = tempfile::tempdir().unwrap();
    let apps = apps(&database, folder.path());
    for (name, app) in &apps {
        let (record, verdict) = app.judged();
        assert_eq!(verdict, Verdict::Healthy, "{name}: {record:?}");
        let named = record
            .nodes
            .iter()
            .flat_map(|node| &node.facts)
            .any(|fact| matches!(fact, Fact::DependencyUp { dependency } if dependency.database));
        assert!(named, "{name}: its database is not recognised: {:?}", attempts(&record));
    }
    server.stop();
    for (name, app) in &apps {
        let (record, verdict) = app.judged();
        assert_eq!(verdict, Verdict::Unhealthy, "{name}");
        let attempts = attempts(&record);
        assert!(
            attempts.iter().all(|attempt| attempt.verdict != AttemptVerdict::Healthy),
            "{name}: {attempts:?}"
        );
        assert!(attempts.iter().any(|attempt| attempt.url.contains("/health")), "{name}: {attempts:?}");
    }
}

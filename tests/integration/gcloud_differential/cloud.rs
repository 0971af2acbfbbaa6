//! Real gcloud against a server on loopback that takes every deploy and remembers what gcloud would have deployed.

use std::collections::{HashMap, HashSet};
use std::io::{ErrorKind, Read as _};
use std::net::TcpStream;
use std::path::Path;
use std::process::Command;
use std::sync::{Arc, Mutex};

use serde_json::{Value as Json, json};

use crate::standin::{listen, send};

pub(crate) const PROJECT: &str = "demo-project";
pub(crate) const REGION: &str = "europe-west1";

/// What became of a command.
#[derive(Debug)]
pub(crate) enum Came {
    /// The service that gcloud sent to Cloud Run, and whether it opened it to everybody.
    Deployed(Json, bool),
    /// What gcloud said instead.
    Refused(String),
}

/// What the server knows.
#[derive(Default)]
struct State {
    /// Services that are there before a command, by name.
    there: HashMap<String, Json>,
    /// Their revisions, by name.
    revisions: HashMap<String, Json>,
    /// Services as gcloud sent them.
    sent: HashMap<String, Json>,
    /// Services that were opened to everybody.
    open: HashSet<String>,
}

/// The stand-in.
pub(crate) struct Cloud {
    state: Arc<Mutex<State>>,
    address: String,
}

impl Cloud {
    pub(crate) fn start() -> Self {
        let state = Arc::new(Mutex::new(State::default()));
        let shared = Arc::clone(&state);
        let address = listen(move |stream| talk(&shared, stream));
        Self { state, address: format!("http://{address}") }
    }

    /// A service that is there, as a deploy has sent it: under a new name, with a revision that serves.
    pub(crate) fn put(&self, name: &str, sent: &Json) {
        let mut service = sent.clone();
        service["metadata"]["name"] = json!(name);
        service["metadata"]["generation"] = json!(1);
        if service["spec"]["traffic"].is_null() {
            service["spec"]["traffic"] = json!([{"percent": 100, "latestRevision": true}]);
        }
        // By this gcloud would look for the revision among all.
        service["spec"]["template"]["metadata"]["labels"] = json!({});
        let revision = format!("{name}-00001-abc");
        service["status"] = json!({
            "observedGeneration": 1,
            "conditions": [{"type": "Ready", "status": "True"}],
            "latestReadyRevisionName": revision,
            "latestCreatedRevisionName": revision,
        });
        let mut state = self.state.lock().unwrap();
        let of_revision = json!({
            "apiVersion": "serving.knative.dev/v1",
            "kind": "Revision",
            "metadata": {"name": revision, "annotations": {}, "labels": {}},
            "spec": service["spec"]["template"]["spec"],
            "status": {},
        });
        state.revisions.insert(revision, of_revision);
        state.there.insert(name.to_owned(), service);
    }

    /// Runs gcloud with these words in a folder; the service is of that name. The words must hold `--async`: nothing
    /// comes up here that gcloud could wait for. `None`: gcloud is not installed.
    pub(crate) fn run(&self, name: &str, words: &[String], folder: &Path) -> Option<Came> {
        let mut command = Command::new("gcloud");
        for of_the_user in
            ["CLOUDSDK_AUTH_ACCESS_TOKEN", "CLOUDSDK_ACTIVE_CONFIG_NAME", "HTTP_PROXY", "NO_PROXY"]
        {
            command.env_remove(of_the_user);
        }
        let configuration = tempfile::tempdir().unwrap();
        command
            .current_dir(folder)
            .args(words)
            .env("CLOUDSDK_CONFIG", configuration.path())
            .env("CLOUDSDK_CORE_PROJECT", PROJECT)
            .env("CLOUDSDK_CORE_DISABLE_PROMPTS", "1")
            .env("CLOUDSDK_CORE_DISABLE_USAGE_REPORTING", "true")
            .env("CLOUDSDK_COMPONENT_MANAGER_DISABLE_UPDATE_CHECK", "true")
            .env("CLOUDSDK_AUTH_DISABLE_CREDENTIALS", "true")
            .env("CLOUDSDK_API_ENDPOINT_OVERRIDES_SERVICEUSAGE", format!("{}/", self.address))
            .env("CLOUDSDK_API_ENDPOINT_OVERRIDES_CLOUDRESOURCEMANAGER", format!("{}/", self.address))
            // gcloud puts the region before Cloud Run's host name: the server stands in as the proxy to it.
            .env("CLOUDSDK_API_ENDPOINT_OVERRIDES_RUN", "http://run.sandbox.test/")
            .env("http_proxy", &self.address)
            .env("no_proxy", "127.0.0.1");
        let output = match command.output() {
            Ok(output) => output,
            Err(error) if error.kind() == ErrorKind::NotFound => return None,
            Err(error) => panic!("gcloud: {error}"),
        };
        let said = String::from_utf8_lossy(&output.stderr).into_owned();
        let state = self.state.lock().unwrap();
        Some(match state.sent.get(name) {
            Some(sent) if output.status.success() => Came::Deployed(sent.clone(), state.open.contains(name)),
            _ => Came::Refused(said),
        })
    }
}

/// Answers one request, which comes with its whole URL where it comes through the proxy.
fn talk(state: &Mutex<State>, stream: &mut TcpStream) {
    let Some((head, body)) = request(stream) else { return };
    let mut words = head.split(' ');
    let (method, url) = (words.next().unwrap_or_default(), words.next().unwrap_or_default());
    let path = url.split('?').next().unwrap_or_default();
    let last = path.rsplit('/').next().unwrap_or_default();
    let mut state = state.lock().unwrap();
    let answer = if path.contains("/serving.knative.dev/") {
        if method == "GET" {
            state.there.get(last).or_else(|| state.revisions.get(last)).cloned()
        } else {
            let name = body["metadata"]["name"].as_str().unwrap_or_default().to_owned();
            state.sent.insert(name, body.clone());
            Some(body)
        }
    } else if let Some((name, action)) = last.split_once(':') {
        if action == "setIamPolicy" && body.to_string().contains("allUsers") {
            state.open.insert(name.to_owned());
        }
        Some(json!({}))
    } else {
        // Whether an API is switched on, and what number a project has.
        Some(json!({"name": last, "state": "ENABLED", "projectId": last, "projectNumber": "123456789"}))
    };
    drop(state);
    let json = "Content-Type: application/json\r\n";
    match answer {
        Some(answer) => send(stream, 200, json, answer.to_string().as_bytes()),
        None => send(stream, 404, json, br#"{"error":{"code":404,"message":"no","status":"NOT_FOUND"}}"#),
    }
}

pub(crate) fn request(stream: &mut TcpStream) -> Option<(String, Json)> {
    let mut head = Vec::new();
    let mut byte = [0];
    while !head.ends_with(b"\r\n\r\n") {
        if stream.read(&mut byte).ok()? == 0 {
            return None;
        }
        head.extend(byte);
    }
    let head = String::from_utf8_lossy(&head).into_owned();
    let length = head.lines().find_map(|line| {
        let (name, value) = line.split_once(':')?;
        name.eq_ignore_ascii_case("content-length").then(|| value.trim().parse::<usize>().ok())?
    });
    let mut body = vec![0; length.unwrap_or(0)];
    stream.read_exact(&mut body).ok()?;
    Some((head, serde_json::from_slice(&body).unwrap_or(Json::Null)))
}

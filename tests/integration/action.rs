//! The composite action, its own steps carried out as a runner would: inputs by environment, environment files, bash.

use std::collections::{BTreeMap, BTreeSet};
use std::io::{Read as _, Write as _};
use std::net::TcpListener;
use std::path::{Path, PathBuf};
use std::process::Command;

use rungate::pipeline::INPUTS_OF_THE_ACTION;
use rungate::pipeline::source::Source;
use rungate::pipeline::yaml::{self, Node};
use serde_json::Value;

use crate::common::{Ran, root};

fn action() -> Node {
    let text = std::fs::read_to_string(root().join("action.yml")).unwrap();
    yaml::parse(&Source::new("action.yml", &text)).unwrap().remove(0)
}

/// A job's machine: a workspace, a temporary folder, and what GitHub sets.
struct Runner {
    folder: tempfile::TempDir,
    environment: BTreeMap<String, String>,
    /// Folders before those of the system on the path.
    path: Vec<PathBuf>,
}

/// What the action left.
struct Done {
    ran: Ran,
    /// Of the action, not of its steps.
    outputs: BTreeMap<String, String>,
    summary: String,
    /// What was put on the path of later steps.
    path: String,
    /// The keys under which something was looked up in the cache.
    cached: Vec<String>,
}

impl Runner {
    fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        for name in ["workspace", "temp", "tools", "home"] {
            std::fs::create_dir(folder.path().join(name)).unwrap();
        }
        let at = |name: &str| folder.path().join(name).display().to_string();
        let set = [
            ("CI", "true".to_owned()),
            ("GITHUB_ACTIONS", "true".to_owned()),
            ("GITHUB_ACTION_PATH", root().display().to_string()),
            ("GITHUB_REPOSITORY", "acme/shop".to_owned()),
            ("GITHUB_WORKFLOW_REF", "acme/shop/.github/workflows/deploy.yaml@refs/heads/main".to_owned()),
            ("GITHUB_WORKSPACE", at("workspace")),
            ("RUNNER_TEMP", at("temp")),
            ("RUNNER_TOOL_CACHE", at("tools")),
            ("HOME", at("home")),
        ];
        let environment = set.into_iter().map(|(name, value)| (name.to_owned(), value)).collect();
        Self { folder, environment, path: Vec::new() }
    }

    fn at(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    /// Puts a file into the workspace.
    fn file(&self, name: &str, text: &str) {
        let path = self.at("workspace").join(name);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(path, text).unwrap();
    }

    /// A program of the test's own, before those of the system.
    fn program(&mut self, name: &str, script: &str) {
        use std::os::unix::fs::PermissionsExt as _;
        let folder = self.at("programs");
        std::fs::create_dir_all(&folder).unwrap();
        std::fs::write(folder.join(name), format!("#!/bin/bash\n{script}\n")).unwrap();
        std::fs::set_permissions(folder.join(name), std::fs::Permissions::from_mode(0o755)).unwrap();
        if !self.path.contains(&folder) {
            self.path.push(folder);
        }
    }

    /// Runs the action on the binary under test.
    fn gate(&self, inputs: &[(&str, &str)]) -> Done {
        let binary = [("binary", env!("CARGO_BIN_EXE_rungate"))];
        self.run(&binary.iter().chain(inputs).copied().collect::<Vec<_>>())
    }

    fn run(&self, inputs: &[(&str, &str)]) -> Done {
        let action = action();
        let declared = action.get("inputs").unwrap().entries();
        let mut contexts: BTreeMap<String, String> = declared
            .iter()
            .map(|input| (format!("inputs.{}", input.key), text(input.value.get("default"))))
            .collect();
        for (name, value) in inputs {
            let known = contexts.insert(format!("inputs.{name}"), (*value).to_owned());
            assert!(known.is_some(), "action.yml has no input {name}");
        }
        let set = |name: &str| self.environment.get(name).cloned().unwrap_or_default();
        contexts.insert("github.action_ref".to_owned(), set("TEST_ACTION_REF"));
        contexts.insert("github.action_repository".to_owned(), set("TEST_ACTION_REPOSITORY"));
        contexts.insert("github.token".to_owned(), "ghs_token".to_owned());
        let mut done = Done {
            ran: Ran { status: 0, stdout: String::new(), stderr: String::new() },
            outputs: BTreeMap::new(),
            summary: String::new(),
            path: String::new(),
            cached: Vec::new(),
        };
        for (number, step) in action.at(&["runs", "steps"]).unwrap().items().iter().enumerate() {
            if done.ran.status == 0 && wanted(step, &contexts) {
                self.step(number, step, &mut contexts, &mut done);
            }
        }
        for output in action.get("outputs").unwrap().entries() {
            let value = evaluated(&text(output.value.get("value")), &contexts);
            done.outputs.insert(output.key.clone(), value);
        }
        done
    }

    fn step(&self, number: usize, step: &Node, contexts: &mut BTreeMap<String, String>, done: &mut Done) {
        if let Some(uses) = step.get("uses").and_then(Node::text) {
            let (name, commit) = uses.split_once('@').unwrap();
            assert!(name == "actions/cache" && commit.len() == 40, "{uses}");
            done.cached.push(evaluated(&text(step.at(&["with", "key"])), contexts));
            return;
        }
        let id = text(step.get("id"));
        let file = |name: &str| self.at(&format!("{name}-{number}"));
        for name in ["output", "summary", "path", "env"] {
            std::fs::write(file(name), "").unwrap();
        }
        std::fs::write(file("script.sh"), text(step.get("run"))).unwrap();
        let mut command = Command::new("bash");
        assert_eq!(text(step.get("shell")), "bash");
        let system = ["/usr/local/bin", "/usr/bin", "/bin"].map(PathBuf::from);
        let path = std::env::join_paths(self.path.iter().cloned().chain(system)).unwrap();
        command
            .args(["--noprofile", "--norc", "-eo", "pipefail"])
            .arg(file("script.sh"))
            .current_dir(self.at("workspace"))
            .env_clear()
            .env("PATH", path)
            .envs(&self.environment)
            .env("GITHUB_OUTPUT", file("output"))
            .env("GITHUB_STEP_SUMMARY", file("summary"))
            .env("GITHUB_PATH", file("path"))
            .env("GITHUB_ENV", file("env"));
        for variable in step.get("env").map(Node::entries).unwrap_or_default() {
            command.env(&variable.key, evaluated(&text(Some(&variable.value)), contexts));
        }
        let ran = Ran::of(command.output().unwrap());
        for (name, value) in written(&std::fs::read_to_string(file("output")).unwrap()) {
            contexts.insert(format!("steps.{id}.outputs.{name}"), value);
        }
        done.summary += &std::fs::read_to_string(file("summary")).unwrap();
        done.path += &std::fs::read_to_string(file("path")).unwrap();
        done.ran.status = ran.status;
        done.ran.stdout += &ran.stdout;
        done.ran.stderr += &ran.stderr;
    }
}

fn text(node: Option<&Node>) -> String {
    node.and_then(Node::text).unwrap_or_default().to_owned()
}

/// A step's condition: of the one form that the action uses, besides none.
fn wanted(step: &Node, contexts: &BTreeMap<String, String>) -> bool {
    let condition = text(step.get("if"));
    if condition.is_empty() {
        return true;
    }
    let (left, right) = condition.split_once(" == ").unwrap();
    looked_up(left, contexts) == right.trim_matches('\'')
}

/// A value: a text, or one look-up and nothing else.
fn evaluated(value: &str, contexts: &BTreeMap<String, String>) -> String {
    match value.strip_prefix("${{ ").and_then(|rest| rest.strip_suffix(" }}")) {
        Some(path) => looked_up(path, contexts),
        None => {
            assert!(!value.contains("${{"), "{value} is more than a look-up");
            value.to_owned()
        }
    }
}

fn looked_up(path: &str, contexts: &BTreeMap<String, String>) -> String {
    assert!(path.chars().all(|c| c.is_ascii_alphanumeric() || "._".contains(c)), "{path} is no look-up");
    let known = contexts.get(path).cloned();
    // GitHub gives an empty text for an output that no step wrote.
    known.unwrap_or_else(|| path.starts_with("steps.").then(String::new).unwrap_or_else(|| panic!("{path}")))
}

/// What stands in a file of outputs: `NAME=VALUE`, and `NAME<<END` with lines up to `END`.
fn written(text: &str) -> Vec<(String, String)> {
    let mut outputs = Vec::new();
    let mut lines = text.lines();
    while let Some(line) = lines.next() {
        match (line.split_once("<<"), line.split_once('=')) {
            (Some((name, end)), other) if other.is_none_or(|(before, _)| before.len() > name.len()) => {
                let value: Vec<&str> = lines.by_ref().take_while(|line| *line != end).collect();
                outputs.push((name.to_owned(), value.join("\n")));
            }
            (_, Some((name, value))) => outputs.push((name.to_owned(), value.to_owned())),
            (_, None) => panic!("no output: {line}"),
        }
    }
    outputs
}

fn workflow() -> String {
    std::fs::read_to_string(root().join("pipelines/github-workflow.yaml")).unwrap()
}

#[test]
fn inputs_are_documented_known_to_the_reader_and_given_to_a_script() {
    let action = action();
    let inputs = action.get("inputs").unwrap().entries();
    let names: BTreeSet<&str> = inputs.iter().map(|input| input.key.as_str()).collect();
    assert_eq!(names, INPUTS_OF_THE_ACTION.iter().copied().collect(), "the reader of workflows knows them");
    let page = std::fs::read_to_string(root().join("docs/github.md")).unwrap();
    let steps = action.at(&["runs", "steps"]).unwrap().items();
    let given: Vec<String> = steps
        .iter()
        .flat_map(|step| step.get("env").map(Node::entries).unwrap_or_default())
        .map(|variable| text(Some(&variable.value)))
        .collect();
    for input in inputs {
        assert!(text(input.value.get("description")).len() > 20, "{} says nothing", input.key);
        assert!(
            given.contains(&format!("${{{{ inputs.{} }}}}", input.key)),
            "{} reaches no script",
            input.key
        );
        assert!(page.contains(&format!("| `{}` |", input.key)), "docs/github.md lacks input {}", input.key);
    }
    for output in action.get("outputs").unwrap().entries() {
        assert!(text(output.value.get("description")).len() > 10, "{} says nothing", output.key);
        assert!(
            page.contains(&format!("| `{}` |", output.key)),
            "docs/github.md lacks output {}",
            output.key
        );
    }
    for step in steps {
        assert!(!text(step.get("run")).contains("${{"), "an expression in a script");
    }
}

#[test]
fn the_incident_without_any_input_but_the_sandbox() {
    let runner = Runner::new();
    runner.file(".github/workflows/deploy.yaml", &workflow());
    runner.file(".github/workflows/other.yaml", &workflow().replace("auth-staging", "other-staging"));
    let done = runner.gate(&[("sandbox", "true"), ("args", "--fault vpc-connector-not-ready")]);
    assert_eq!(done.ran.status, 1, "{}", done.ran.all());
    assert_eq!(done.outputs["verdict"], "unhealthy", "{}", done.ran.all());
    assert_eq!(done.outputs["root_cause_code"], "vpc-connector-not-ready");
    assert!(done.outputs["root_cause"].contains("auth-connector"), "{:?}", done.outputs);
    assert!(done.outputs["revision"].starts_with("auth-staging-00002-"), "{:?}", done.outputs);
    assert!(done.outputs["url"].starts_with("http://127.0.0.1:"), "{:?}", done.outputs);
    let json: Value = serde_json::from_str(&std::fs::read_to_string(&done.outputs["json"]).unwrap()).unwrap();
    assert_eq!(json["files"][0], ".github/workflows/deploy.yaml", "the workflow that runs it");
    assert_eq!(json["causes"][0]["code"], "vpc-connector-not-ready");
    assert!(std::fs::read_to_string(&done.outputs["junit"]).unwrap().contains("<failure"));
    assert!(std::fs::read_to_string(&done.outputs["html"]).unwrap().contains("</html>"));
    assert!(done.summary.contains("vpc-connector-not-ready"), "{}", done.summary);
    let annotation = format!("{}{}", done.ran.stdout, done.ran.stderr);
    let errors: Vec<&str> = annotation.lines().filter(|line| line.starts_with("::error ")).collect();
    assert!(errors[0].contains("file=.github/workflows/deploy.yaml,line="), "{errors:?}");
    assert!(errors[0].contains("auth-connector"), "{errors:?}");

    // From a folder of the repository, the workflow is still named as GitHub knows it.
    runner.file("apps/auth/README.md", "");
    let done = runner.gate(&[
        ("sandbox", "true"),
        ("args", "--fault vpc-connector-not-ready"),
        ("working_directory", "apps/auth"),
    ]);
    let all = done.ran.all();
    let error = all.lines().find(|line| line.starts_with("::error ")).unwrap_or_else(|| panic!("{all}"));
    assert!(error.contains("file=.github/workflows/deploy.yaml,line="), "{error}");
}

#[test]
fn the_healthy_world_and_two_uses_in_one_job() {
    let runner = Runner::new();
    runner.file(
        "apps/auth/service.yaml",
        &std::fs::read_to_string(root().join("pipelines/service.yaml")).unwrap(),
    );
    let inputs = [
        ("sandbox", "true"),
        ("pipeline", "service.yaml"),
        ("working_directory", "apps/auth"),
        ("service", "auth-staging"),
        ("require", "vpc-access-matches, configuration-unchanged"),
        ("report_junit", "out/TEST-gate.xml"),
        ("report_html", "false"),
    ];
    let first = runner.gate(&inputs);
    assert_eq!(first.ran.status, 0, "{}", first.ran.all());
    assert_eq!((&*first.outputs["verdict"], &*first.outputs["root_cause_code"]), ("healthy", ""));
    assert!(!first.ran.all().contains("::error"), "{}", first.ran.all());
    let junit = runner.at("workspace/apps/auth/out/TEST-gate.xml");
    assert_eq!(Path::new(&first.outputs["junit"]).canonicalize().unwrap(), junit.canonicalize().unwrap());
    assert_eq!(first.outputs["html"], "", "a report that is not wanted");
    assert!(!first.ran.all().contains("::warning"), "{}", first.ran.all());

    let second = runner.gate(&inputs);
    assert_ne!(first.outputs["json"], second.outputs["json"], "each use has a report of its own");
    assert!(Path::new(&first.outputs["json"]).is_file() && Path::new(&second.outputs["json"]).is_file());
    assert!(
        second.ran.stdout.contains("::warning title=rungate::report_junit was written to"),
        "{}",
        second.ran.all()
    );
}

#[test]
fn a_pull_request_of_a_fork_is_looked_at_without_credentials() {
    let runner = Runner::new();
    runner.file(".github/workflows/deploy.yaml", &workflow());
    let done = runner.gate(&[
        ("dry_run", "true"),
        // One set of inputs serves the pull request and the deploy: what is about the deploy does not apply.
        ("url", "https://auth.example.com"),
        ("accept_unproven", "database"),
        ("require", "database-login"),
        ("report_json", "findings.json"),
    ]);
    assert_eq!(done.ran.status, 0, "{}", done.ran.all());
    assert!(done.ran.stdout.contains("would check auth-staging"), "{}", done.ran.all());
    assert!(!done.ran.all().to_lowercase().contains("credential file"), "{}", done.ran.all());
    let json: Value = serde_json::from_str(&std::fs::read_to_string(&done.outputs["json"]).unwrap()).unwrap();
    assert!(json["planned"].as_array().is_some_and(|planned| planned.len() > 10), "{json:#}");
}

#[test]
fn what_a_workflow_gives_is_never_run() {
    let runner = Runner::new();
    runner.file("service.yaml", &std::fs::read_to_string(root().join("pipelines/service.yaml")).unwrap());
    let evil = "$(touch pwned) `touch pwned`; touch pwned # ' \"\n::set-output name=x::y\ntouch pwned";
    for input in [
        "service",
        "region",
        "project_id",
        "require",
        "deadline",
        "accept_unproven",
        "pipeline",
        "args",
        "working_directory",
        "version",
        "dry_run",
    ] {
        let done = runner.gate(&[("sandbox", "true"), (input, evil)]);
        assert_eq!(done.ran.status, 2, "{input}: {}", done.ran.all());
        assert!(!runner.at("workspace/pwned").exists(), "{input} was run: {}", done.ran.all());
        let all = done.ran.all();
        let commands = all.lines().filter(|line| line.starts_with("::set-output"));
        assert_eq!(commands.count(), 0, "{input}: {}", done.ran.all());
    }
}

#[test]
fn a_wrong_input_is_told_by_its_name() {
    let runner = Runner::new();
    let step = "      - uses: acme/rungate@v1\n        with: {acept_unproven: database}\n";
    runner.file(".github/workflows/deploy.yaml", &(workflow() + step));
    let told = |inputs: &[(&str, &str)], words: &[&str]| {
        let done = runner.gate(inputs);
        assert_eq!(done.ran.status, 2, "{}", done.ran.all());
        for word in words {
            assert!(done.ran.all().contains(word), "{word}: {}", done.ran.all());
        }
    };
    let bare = Runner::new().gate(&[]);
    assert!(
        bare.ran.status == 2 && bare.ran.stdout.contains("actions/checkout comes before"),
        "{}",
        bare.ran.all()
    );
    // GitHub gives an unknown input to nobody, but it stands in the workflow.
    told(&[], &["no input `acept_unproven`", "did you mean `accept_unproven`?", "deploy.yaml:"]);
    told(&[("dry_run", "yes")], &["::error title=rungate::the input dry_run is neither true nor false: yes"]);
    told(&[("binary", "nowhere/rungate")], &["the input binary names nowhere/rungate"]);
    told(&[("working_directory", "nowhere")], &["the input working_directory names nowhere"]);
    told(&[("pipeline", "--sandbox")], &["options go into args"]);
    told(&[("args", "--report 'json=x")], &["a quote in the input args has no end"]);
    let file = [("pipeline", "deploy.yaml"), ("working_directory", ".github/workflows")];
    for (input, value, words) in [
        ("accept_unproven", "databse", ["--accept-unproven", "database"]),
        ("deadline", "5 parsecs", ["--deadline", "parsecs"]),
        ("url", "auth.example.com", ["--url", "https://HOST"]),
        ("args", "--dry-runn", ["--dry-runn", "--dry-run"]),
    ] {
        let inputs: Vec<_> = file.into_iter().chain([(input, value)]).collect();
        told(&inputs, &words);
    }
}

/// Serves files of a release, until the test ends.
fn release(files: Vec<(String, Vec<u8>)>) -> String {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap();
    std::thread::spawn(move || {
        for stream in listener.incoming() {
            let mut stream = stream.unwrap();
            let mut request = Vec::new();
            let mut byte = [0];
            while !request.ends_with(b"\r\n\r\n") && stream.read(&mut byte).is_ok_and(|read| read > 0) {
                request.extend(byte);
            }
            let line = String::from_utf8_lossy(&request).into_owned();
            let path = line.split(' ').nth(1).unwrap_or_default();
            let (status, body) = match files.iter().find(|(name, _)| name == path) {
                Some((_, body)) => ("200 OK", body.as_slice()),
                None => ("404 Not Found", &b""[..]),
            };
            let head =
                format!("HTTP/1.1 {status}\r\nContent-Length: {}\r\nConnection: close\r\n\r\n", body.len());
            drop(stream.write_all(head.as_bytes()).and_then(|()| stream.write_all(body)));
        }
    });
    format!("http://{address}")
}

/// An archive with a stand-in of the binary, its name, and its checksum as `SHA256SUMS` has it.
fn archive(folder: &Path) -> (String, Vec<u8>, String) {
    let machine = if cfg!(target_arch = "aarch64") { "aarch64" } else { "x86_64" };
    let system = if cfg!(target_os = "macos") { "apple-darwin" } else { "unknown-linux-musl" };
    let name = format!("rungate-0.1.0-{machine}-{system}.tar.gz");
    let script = "cd \"$1\" && printf '#!/bin/sh\\necho \"released: $*\"\\n' >rungate && chmod +x rungate && \
        tar -czf \"$2\" rungate && { sha256sum \"$2\" 2>/dev/null || shasum -a 256 \"$2\"; }";
    let made = Command::new("bash").args(["-c", script, "-"]).arg(folder).arg(&name).output().unwrap();
    assert!(made.status.success(), "{}", String::from_utf8_lossy(&made.stderr));
    let bytes = std::fs::read(folder.join(&name)).unwrap();
    (name, bytes, String::from_utf8(made.stdout).unwrap())
}

#[test]
fn a_release_is_used_only_with_its_checksum_and_attestation() {
    let folder = tempfile::tempdir().unwrap();
    let (name, bytes, sums) = archive(folder.path());
    let at = |file: &str| format!("/acme/rungate/releases/download/v0.1.0/{file}");
    let good = release(vec![(at(&name), bytes.clone()), (at("SHA256SUMS"), sums.clone().into())]);
    let bent = release(vec![(at(&name), [bytes.as_slice(), b"x"].concat()), (at("SHA256SUMS"), sums.into())]);
    let used = |server: &str, reference: &str, gh: &str, inputs: &[(&str, &str)]| {
        let mut runner = Runner::new();
        for (variable, value) in [
            ("GITHUB_SERVER_URL", server),
            ("TEST_ACTION_REF", reference),
            ("TEST_ACTION_REPOSITORY", "acme/rungate"),
        ] {
            runner.environment.insert(variable.to_owned(), value.to_owned());
        }
        runner.program("gh", gh);
        runner.file("service.yaml", "");
        runner.run(inputs)
    };
    let verified = "echo \"$GH_TOKEN $*\" >>\"$RUNNER_TEMP/gh\"; echo \"gh $*\"";
    // A tag of the action is its version; a given version counts more.
    for (reference, inputs) in
        [("v0.1.0", &[][..]), ("main", &[("version", "0.1.0")]), ("v9.9.9", &[("version", "v0.1.0")])]
    {
        let done = used(&good, reference, verified, inputs);
        assert_eq!(done.ran.status, 0, "{}", done.ran.all());
        assert!(done.ran.stdout.contains("released: check"), "{}", done.ran.all());
        assert!(done.ran.stdout.contains("attestation verified"), "{}", done.ran.all());
        assert!(done.path.contains("0.1.0") && done.cached.is_empty(), "later steps find it: {}", done.path);
    }
    let refused = |done: Done, word: &str| {
        assert_eq!(done.ran.status, 2, "{}", done.ran.all());
        assert!(
            done.ran.stdout.contains(word) && !done.ran.stdout.contains("released:"),
            "{}",
            done.ran.all()
        );
    };
    refused(used(&bent, "v0.1.0", verified, &[]), "is not what SHA256SUMS of its release says");
    refused(used(&good, "v0.2.0", verified, &[]), "release 0.2.0 of acme/rungate has no");
    let forged = "[ \"$2\" = --help ] || { echo 'no attestations found'; exit 1; }";
    refused(used(&good, "v0.1.0", forged, &[]), "has no attestation of acme/rungate's release workflow");
    refused(used(&good, "v0.1.0", verified, &[("version", "latest")]), "is no version such as 1.2.3");
    // An old gh knows nothing of attestations: that is said, and the checksum still counts.
    let done = used(&good, "v0.1.0", "exit 1", &[]);
    assert!(done.ran.stdout.contains("its attestation was not verified"), "{}", done.ran.all());
    assert!(done.ran.stdout.contains("released: check"), "{}", done.ran.all());
}

#[test]
fn without_a_release_the_source_is_built_once_and_cached_by_what_it_is() {
    let mut runner = Runner::new();
    runner.environment.insert("TEST_ACTION_REF".to_owned(), "main".to_owned());
    runner.file("service.yaml", "");
    runner.program(
        "cargo",
        "for a; do [ \"$p\" != --target-dir ] || t=$a; p=$a; done; echo \"cargo $*\"; mkdir -p \"$t/release\"\n\
         printf '#!/bin/sh\\necho \"built: $*\"\\n' >\"$t/release/rungate\"; chmod +x \"$t/release/rungate\"",
    );
    let first = runner.run(&[]);
    assert_eq!(first.ran.status, 0, "{}", first.ran.all());
    assert!(first.ran.stdout.contains("cargo build --release --locked"), "{}", first.ran.all());
    assert!(first.ran.stdout.contains("built: check"), "{}", first.ran.all());
    let [key] = first.cached.as_slice() else { panic!("one look-up in the cache: {:?}", first.cached) };
    assert!(key.starts_with("rungate-"), "{key}");
    let second = runner.run(&[]);
    assert_eq!(second.cached, first.cached);
    assert!(!second.ran.stdout.contains("cargo build"), "{}", second.ran.all());

    let mut bare = Runner::new();
    bare.program("cargo", "exit 7");
    let done = bare.run(&[]);
    assert!(
        done.ran.status == 2 && done.ran.stdout.contains("could not be built from its source"),
        "{}",
        done.ran.all()
    );
}

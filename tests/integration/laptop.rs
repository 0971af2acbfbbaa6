//! What a laptop is given: `init`, `doctor`, `schema`, `completions`, `man`.

use std::path::Path;
use std::process::Command;

use rungate::sandbox::Sandbox;
use serde_json::Value;

use crate::common::{Ran, Rungate, root};
use crate::sandbox::{endpoint, incident};

/// What `read --json` shows of the services: what was understood, wherever it stands.
fn understood(gate: &Rungate, file: &str) -> Vec<(Value, Value, Value)> {
    let ran = gate.run(&["read", "--json", file]);
    assert_eq!(ran.status, 0, "{}", ran.all());
    let read: Value = serde_json::from_str(&ran.stdout).unwrap();
    // One file is an object, several are a list of them.
    let files = read.as_array().map_or(std::slice::from_ref(&read), Vec::as_slice);
    let services = files.iter().flat_map(|file| file["services"].as_array().unwrap());
    let mut found: Vec<_> =
        services.map(|one| (one["name"].clone(), one["region"].clone(), one["env"].clone())).collect();
    found.sort_by_key(|(name, region, _)| format!("{name}{region}"));
    found
}

fn samples() -> Vec<std::path::PathBuf> {
    let mut files = Vec::new();
    for folder in ["pipelines", "../shared/corpus/open"] {
        let Ok(entries) = std::fs::read_dir(root().join(folder)) else {
            crate::common::skip(&format!("{folder} is not here"));
            continue;
        };
        files.extend(entries.map(|entry| entry.unwrap().path()).filter(|path| {
            let name = path.file_name().unwrap().to_string_lossy();
            (name.ends_with(".yaml") || name.ends_with(".yml")) && name != "rungate.yaml"
        }));
    }
    files.sort();
    files
}

/// Whatever deploys, the file that `init` writes is read without a problem, and changes nothing of what is deployed.
#[test]
fn init_writes_what_check_reads() {
    let mut written = 0;
    for sample in samples() {
        let gate = Rungate::new();
        let name = sample.file_name().unwrap().to_str().unwrap().to_owned();
        gate.file(&name, std::fs::read(&sample).unwrap());
        let before = gate.run(&["read", "--json", &name]);
        let ran = gate.run(&["init", &name]);
        if before.status != 0 || ran.status == 2 {
            // It deploys no service, or takes files along that were not copied.
            assert!(!gate.path("rungate.yaml").exists(), "{name}: {}", ran.all());
            continue;
        }
        assert_eq!(ran.status, 0, "{name}: {}", ran.all());
        let text = gate.read("rungate.yaml");
        assert_eq!(understood(&gate, &name), understood(&gate, "rungate.yaml"), "{name}:\n{text}");
        assert!(valid(&schema(&gate), &text), "{name}:\n{text}");
        written += 1;
    }
    assert!(written >= 3, "{written}");
}

#[test]
fn init_and_the_sandbox_give_a_verdict_from_a_build_file_alone() {
    let gate = Rungate::new();
    gate.file("cloudbuild.yaml", std::fs::read(root().join("pipelines/cloudbuild.yaml")).unwrap());
    let ran = gate.run(&["init", "--schema"]);
    assert_eq!(ran.status, 0, "{}", ran.all());
    assert!(ran.stderr.contains("rungate check --sandbox"), "{}", ran.stderr);
    assert!(gate.read("rungate.yaml").starts_with("# yaml-language-server: $schema=rungate.schema.json\n"));
    assert_eq!(gate.read("rungate.schema.json"), gate.run(&["schema"]).stdout);
    let ran = gate.run(&["check", "--sandbox", "--project", "acme-staging", "--region", "europe-west1"]);
    assert_eq!(ran.status, 0, "{}", ran.all());
    assert!(ran.stdout.starts_with("HEALTHY"), "{}", ran.stdout);
}

#[test]
fn init_overwrites_nothing_unasked() {
    let gate = Rungate::new();
    gate.file("cloudbuild.yaml", std::fs::read(root().join("pipelines/cloudbuild.yaml")).unwrap());
    gate.file("rungate.yaml", "mine");
    let ran = gate.run(&["init", "cloudbuild.yaml"]);
    assert_eq!(ran.status, 2, "{}", ran.all());
    assert!(ran.stderr.contains("--force"), "{}", ran.stderr);
    assert_eq!(gate.read("rungate.yaml"), "mine");
    let shown = gate.run(&["init", "cloudbuild.yaml", "--output", "-"]);
    assert!(shown.status == 0 && shown.stdout.contains("pipeline: cloudbuild.yaml"), "{}", shown.all());
    assert_eq!(gate.run(&["init", "cloudbuild.yaml", "--force"]).status, 0);
    assert_eq!(gate.read("rungate.yaml"), shown.stdout);
}

#[test]
fn init_without_a_pipeline_says_where_it_looked() {
    let gate = Rungate::new();
    let ran = gate.run(&["init"]);
    assert_eq!(ran.status, 2, "{}", ran.all());
    assert!(ran.stderr.contains("cloudbuild.yaml") && ran.stderr.contains("help:"), "{}", ran.stderr);
}

fn schema(gate: &Rungate) -> Value {
    let ran = gate.run(&["schema"]);
    assert_eq!(ran.status, 0, "{}", ran.all());
    serde_json::from_str(&ran.stdout).unwrap()
}

/// A YAML text against a schema, as an editor sees it.
fn valid(schema: &Value, text: &str) -> bool {
    let document: Value = serde_yaml::from_str(text).unwrap();
    jsonschema::validator_for(schema).unwrap().is_valid(&document)
}

fn native(folder: &str) -> Vec<(String, String)> {
    let entries = std::fs::read_dir(root().join("tests/data/pipelines/native").join(folder)).unwrap();
    let paths = entries.map(|entry| entry.unwrap().path());
    let yaml = paths.filter(|path| path.extension().is_some_and(|end| end == "yaml"));
    yaml.map(|path| (path.display().to_string(), std::fs::read_to_string(&path).unwrap())).collect()
}

#[test]
fn the_schema_takes_what_the_reader_takes() {
    let schema = schema(&Rungate::new());
    let sample = std::fs::read_to_string(root().join("pipelines/rungate.yaml")).unwrap();
    for (name, text) in native("ok").into_iter().chain([("pipelines/rungate.yaml".to_owned(), sample)]) {
        let document: Value = serde_yaml::from_str(&text).unwrap();
        let validator = jsonschema::validator_for(&schema).unwrap();
        let wrong: Vec<String> = validator
            .iter_errors(&document)
            .map(|error| format!("{}: {error}", error.instance_path()))
            .collect();
        assert!(wrong.is_empty(), "{name}: {wrong:#?}");
    }
    for (name, text) in native("err") {
        // The others are no YAML, or wrong in what only the files together show.
        if ["bad-values", "unknown-keys", "long-line"].iter().any(|one| name.contains(one)) {
            assert!(!valid(&schema, &text), "{name}");
        }
    }
}

/// `doctor` against the sandbox's control plane.
async fn doctor(sandbox: &Sandbox, arguments: &[&str]) -> Ran {
    let gate = Rungate::new();
    let mut command = gate.command(&[&["doctor", "rungate.yaml"], arguments].concat());
    std::fs::copy(root().join("pipelines/rungate.yaml"), gate.path("rungate.yaml")).unwrap();
    reaching(&mut command, sandbox);
    let output = tokio::task::spawn_blocking(move || command.output().unwrap()).await.unwrap();
    drop(gate);
    Ran::of(output)
}

fn reaching(command: &mut Command, sandbox: &Sandbox) {
    let address = endpoint(sandbox);
    for api in ["CLOUDRESOURCEMANAGER", "SECRETMANAGER"] {
        command.env(format!("CLOUDSDK_API_ENDPOINT_OVERRIDES_{api}"), &address);
    }
    command.env("CLOUDSDK_AUTH_ACCESS_TOKEN", "ya29.planted-token");
    for bundle in ["/etc/ssl/certs/ca-certificates.crt", "/etc/pki/tls/certs/ca-bundle.crt"] {
        if Path::new(bundle).is_file() {
            command.env("SSL_CERT_FILE", bundle);
        }
    }
}

#[tokio::test]
async fn doctor_finds_nothing_missing_where_nothing_is() {
    let sandbox = incident(&[]).await;
    let ran = doctor(&sandbox, &[]).await;
    assert_eq!(ran.status, 0, "{}", ran.all());
    for part in [
        "✓ rungate.yaml (rungate file)",
        "auth-staging: name, project and region",
        "all 5 of roles/run.viewer",
        "nothing is missing",
    ] {
        assert!(ran.stdout.contains(part), "{part:?} is not in\n{}", ran.stdout);
    }
    assert!(!ran.all().contains("planted-token"));
}

#[tokio::test]
async fn doctor_names_each_missing_permission_with_the_command_that_grants_it() {
    let sandbox = incident(&["permission-missing"]).await;
    let ran = doctor(&sandbox, &[]).await;
    assert_eq!(ran.status, 1, "{}", ran.all());
    for part in [
        "5 of 5 missing: run.services.get",
        "$ gcloud projects add-iam-policy-binding acme-staging --role=roles/run.viewer",
        "$ gcloud secrets add-iam-policy-binding auth-db-password",
    ] {
        assert!(ran.stdout.contains(part), "{part:?} is not in\n{}", ran.stdout);
    }
}

#[test]
fn doctor_says_what_the_files_leave_open_and_asks_nobody_offline() {
    let gate = Rungate::new();
    gate.file(
        "cloudbuild.yaml",
        "steps:\n- name: gcr.io/cloud-builders/gcloud\n  args: [run, deploy, auth, '--region=$_REGION']\n",
    );
    let ran = gate.run(&["doctor", "--offline"]);
    assert_eq!(ran.status, 1, "{}", ran.all());
    assert!(ran.stdout.contains("auth: the files leave open its project, region"), "{}", ran.stdout);
    assert!(ran.stdout.contains("not asked for (--offline)"), "{}", ran.stdout);
    let ran = gate.run(&["doctor", "--offline", "--region", "europe-west1", "--project", "p"]);
    assert!(ran.stdout.contains("auth: name, project and region are known"), "{}", ran.stdout);
}

#[test]
fn doctor_names_the_login_where_there_are_no_credentials() {
    let gate = Rungate::new();
    gate.file("cloudbuild.yaml", std::fs::read(root().join("pipelines/cloudbuild.yaml")).unwrap());
    let mut command = gate.command(&["doctor"]);
    // A metadata server that is not there answers at once.
    command.env("GCE_METADATA_HOST", "127.0.0.1:9").env("HOME", gate.path("nobody"));
    let ran = Ran::of(command.output().unwrap());
    assert_eq!(ran.status, 1, "{}", ran.all());
    assert!(ran.stdout.contains("✗ nobody to ask Google's APIs as"), "{}", ran.stdout);
}

#[test]
fn completions_and_manual_pages_cover_every_command() {
    let gate = Rungate::new();
    let command = <rungate::cli::arguments::Arguments as clap::CommandFactory>::command();
    let commands: Vec<String> = command.get_subcommands().map(|one| one.get_name().to_owned()).collect();
    for shell in ["bash", "zsh", "fish", "powershell", "elvish"] {
        let ran = gate.run(&["completions", shell]);
        assert_eq!(ran.status, 0, "{}", ran.all());
        for command in &commands {
            assert!(ran.stdout.contains(command.as_str()), "{shell}: {command}");
        }
    }
    assert!(gate.run(&["man"]).stdout.contains(".TH rungate"));
    assert_eq!(gate.run(&["man", "--output", "pages"]).status, 0);
    for command in &commands {
        assert!(gate.path(&format!("pages/rungate-{command}.1")).is_file(), "{command}");
    }
}

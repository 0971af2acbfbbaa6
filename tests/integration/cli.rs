//! Bad input: one clear message, exit status 2, nothing lost, and nothing waited for.

use std::time::Instant;

use crate::common::{HANG, Ran, Rungate, pipeline};

/// Runs it, and asserts a refusal that says these words.
fn refused(rungate: &Rungate, arguments: &[&str], words: &[&str]) -> Ran {
    let began = Instant::now();
    let ran = rungate.run(arguments);
    let took = began.elapsed();
    assert_eq!(ran.status, 2, "{arguments:?}: {}", ran.all());
    for word in words {
        assert!(ran.stderr.contains(word), "{arguments:?} should say {word:?}: {}", ran.all());
    }
    assert!(!ran.stderr.contains("panicked"), "{}", ran.all());
    assert!(took < HANG, "{arguments:?} took {took:?}");
    ran
}

#[test]
fn no_file_says_what_was_looked_for() {
    refused(&Rungate::new(), &["check"], &["rungate.yaml", "cloudbuild.yaml"]);
}

#[test]
fn files_that_are_no_pipeline() {
    let rungate = Rungate::new();
    rungate.file("empty.yaml", "");
    rungate.file("text.yaml", "a: [1, 2\n");
    rungate.file("other.yaml", "hello: world\n");
    rungate.file("latin1.yaml", b"name: caf\xe9\n");
    std::fs::create_dir(rungate.path("folder.yaml")).unwrap();
    let big = std::fs::File::create(rungate.path("big.yaml")).unwrap();
    big.set_len(100 << 20).unwrap();
    refused(&rungate, &["check", "missing.yaml"], &["missing.yaml"]);
    refused(&rungate, &["check", "empty.yaml"], &["empty.yaml", "empty"]);
    refused(&rungate, &["check", "text.yaml"], &["text.yaml:"]);
    refused(&rungate, &["check", "other.yaml"], &["other.yaml"]);
    refused(&rungate, &["check", "latin1.yaml"], &["latin1.yaml", "UTF-8"]);
    refused(&rungate, &["check", "big.yaml"], &["big.yaml", "MiB"]);
}

#[test]
fn a_yaml_bomb_is_refused_with_its_place() {
    let rungate = Rungate::new();
    let mut bomb = "a: &a [x, x, x, x, x, x, x, x, x]\n".to_owned();
    for (name, of) in ('b'..='z').zip('a'..='y') {
        bomb.push_str(&format!("{name}: &{name} [*{of}, *{of}, *{of}, *{of}, *{of}, *{of}, *{of}, *{of}]\n"));
    }
    rungate.file("bomb.yaml", bomb);
    refused(&rungate, &["check", "bomb.yaml"], &["bomb.yaml:"]);
    rungate.file("deep.yaml", "[".repeat(100_000));
    refused(&rungate, &["check", "deep.yaml"], &["deep.yaml"]);
}

#[test]
fn every_problem_of_a_native_file_is_reported_at_once_with_its_place() {
    let rungate = Rungate::new();
    rungate.file(
        "rungate.yaml",
        "version: 1\nservices:\n  - name: a\n    project: p\n    region: r\n    helth:\n      path: /health\n  - name: b\n    project: p\n    region: r\n    health:\n      window: 90 parsecs\n",
    );
    let ran = refused(&rungate, &["check"], &["rungate.yaml:6:5", "helth", "health", "rungate.yaml:12:15"]);
    assert!(ran.stderr.contains("parsecs"), "{}", ran.all());
}

#[test]
fn a_pipeline_that_deploys_nothing_and_one_that_deploys_twice() {
    let rungate = Rungate::new();
    rungate.file("cloudbuild.yaml", "steps:\n  - name: gcr.io/cloud-builders/docker\n    args: [build, .]\n");
    refused(&rungate, &["check"], &["cloudbuild.yaml", "deploy"]);
    let service = "  - name: twin\n    project: p\n    region: r\n";
    rungate.file("twins.yaml", format!("version: 1\nservices:\n{service}{service}"));
    refused(&rungate, &["check", "twins.yaml"], &["twin", "twins.yaml:3", "twins.yaml:6"]);
}

#[test]
fn reports_are_refused_before_the_first_probe() {
    let rungate = Rungate::new();
    let file = pipeline("rungate.yaml");
    let with = |reports: &[&str], words: &[&str]| {
        let mut arguments = vec!["check", &file, "--sandbox"];
        reports.iter().for_each(|report| arguments.extend(["--report", report]));
        refused(&rungate, &arguments, words);
    };
    with(&["junit=no/such/folder/report.xml"], &["no/such/folder"]);
    with(&["junit=."], &["directory"]);
    with(&["junit=a.xml", "json=a.xml"], &["a.xml", "twice"]);
    with(&["junit=-", "json=-"], &["twice"]);
    with(&["pdf=a.pdf"], &["pdf", "junit"]);
    with(&["junit"], &["FORMAT=PATH"]);
    assert_eq!(std::fs::read_dir(rungate.path("")).unwrap().count(), 0, "nothing is left behind");
}

#[test]
fn unknown_words_are_met_with_the_nearest_known_ones() {
    let rungate = Rungate::new();
    let file = pipeline("rungate.yaml");
    let fault = ["check", &file, "--sandbox", "--fault", "vpc-connector-not-redy"];
    refused(&rungate, &fault, &["vpc-connector-not-redy", "vpc-connector-not-ready"]);
    refused(&rungate, &["drill", &file, "--fault", "nonsense"], &["nonsense", "drill --list"]);
    refused(&rungate, &["explain", "pasword-rejected"], &["password-rejected"]);
    refused(&rungate, &["check", &file, "--deadline", "5 parsecs"], &["5 parsecs"]);
    refused(&rungate, &["chek"], &["check"]);
}

#[test]
fn a_refusal_still_leaves_the_reports_that_were_asked_for() {
    let rungate = Rungate::new();
    rungate.file("rungate.yaml", "nonsense: true\n");
    refused(
        &rungate,
        &["check", "--report", "junit=TEST-rungate.xml", "--report", "json=run.json"],
        &["nonsense"],
    );
    let json: serde_json::Value = serde_json::from_str(&rungate.read("run.json")).unwrap();
    assert_eq!(json["exit_code"], 2);
    assert_ne!(json["verdict"], "healthy");
    let xml = rungate.read("TEST-rungate.xml");
    assert!(xml.contains("<error"), "{xml}");
}

#[test]
fn a_closed_pipe_keeps_the_verdict() {
    let rungate = Rungate::new();
    let file = pipeline("rungate.yaml");
    let arguments = ["check", &file, "--sandbox", "--quiet", "--fault", "database-refused"];
    let mut child = rungate.command(&arguments).stdout(std::process::Stdio::piped()).spawn().unwrap();
    drop(child.stdout.take());
    assert_eq!(child.wait().unwrap().code(), Some(1));
}

#[test]
fn a_saved_run_that_is_none() {
    let rungate = Rungate::new();
    rungate.file("run.json", "{\"version\": 99}");
    refused(&rungate, &["diagnose", "run.json"], &["run.json", "--save-run"]);
    refused(&rungate, &["diagnose", "missing.json"], &["missing.json"]);
    refused(&rungate, &["diagnose", "."], &["--save-run"]);
}

#[test]
fn an_unresolved_project_says_how_to_state_it() {
    let rungate = Rungate::new();
    rungate.file(
        "cloudbuild.yaml",
        "steps:\n  - name: gcr.io/google.com/cloudsdktool/cloud-sdk\n    entrypoint: gcloud\n    args: [run, deploy, web, --image, i, --region, europe-west1]\n",
    );
    refused(&rungate, &["check"], &["project", "web", "--project"]);
}

#[test]
fn substitutions_of_the_command_line_win_over_the_files() {
    let rungate = Rungate::new();
    rungate.file(
        "cloudbuild.yaml",
        "steps:\n- name: gcr.io/cloud-builders/gcloud\n  args: [run, deploy, 'auth-$_ENV', --project=$PROJECT_ID, '--region=${_REGION:-r}']\nsubstitutions: {_ENV: dev}\n",
    );
    let read = |arguments: &[&str]| {
        let mut all = vec!["read", "--json", "cloudbuild.yaml"];
        all.extend(arguments);
        let ran = rungate.run(&all);
        assert_eq!(ran.status, 0, "{}", ran.all());
        let json: serde_json::Value = serde_json::from_str(&ran.stdout).unwrap();
        let service = json["services"][0].clone();
        ["name", "project", "region"].map(|key| service[key].as_str().unwrap().to_owned())
    };
    assert_eq!(read(&[]), ["auth-dev", "$PROJECT_ID", "${_REGION:-r}"]);
    let given = ["--substitution", "_ENV=prod", "--substitution=PROJECT_ID=p", "--substitution", "_REGION=e"];
    assert_eq!(read(&given), ["auth-prod", "p", "e"]);
    let ran = rungate.run(&["read", "cloudbuild.yaml", "--substitution", "_ENV"]);
    assert!(ran.status == 2 && ran.stderr.contains("KEY=VALUE"), "{}", ran.all());
}

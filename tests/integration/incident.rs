//! The founding incident, end to end, once per true cause. Every time the same symptom: 200 from everything, and a
//! health body that says the database is down. Only the hidden cause differs, and the gate must name it.

use serde_json::Value;

use crate::common::{Ran, Rungate, pipeline, root, skip};

/// The faults that the first version must name, as its issue lists them.
const FOUNDING: &[&str] = &[
    "vpc-access-missing",
    "vpc-connector-not-found",
    "vpc-connector-not-ready",
    "vpc-connector-wrong-region",
    "vpc-wrong-network",
    "egress-excludes-database",
    "instance-stopped",
    "instance-address-mismatch",
    "secret-version-disabled",
    "secret-access-denied",
    "database-variable-missing",
    "credential-trailing-whitespace",
    "password-rejected",
    "database-missing",
    "connection-slots-exhausted",
    "database-refused",
    "database-unreachable",
    "revision-not-serving",
    "health-reports-database-down",
    "permission-missing",
];

/// Runs the gate on a sample pipeline in the sandbox; the JSON report is given back too.
fn gate(rungate: &Rungate, file: &str, more: &[&str]) -> (Ran, Value) {
    let file = pipeline(file);
    let mut arguments = vec!["check", &file, "--sandbox", "--quiet", "--report", "json=run.json"];
    arguments.extend(more);
    let ran = rungate.run(&arguments);
    let json = serde_json::from_str(&rungate.read("run.json")).unwrap_or_else(|_| panic!("{}", ran.all()));
    (ran, json)
}

#[test]
fn the_healthy_world_is_healthy_in_every_format() {
    for file in ["rungate.yaml", "cloudbuild.yaml", "github-workflow.yaml", "service.yaml"] {
        let rungate = Rungate::new();
        let (ran, json) = gate(&rungate, file, &[]);
        assert_eq!(ran.status, 0, "{file}: {}", ran.all());
        assert_eq!(json["verdict"], "healthy", "{file}");
        assert_eq!(json["exit_code"], 0, "{file}");
        assert_eq!(json["causes"], Value::Array(vec![]), "{file}");
        assert_eq!(json["services"][0]["name"], "auth-staging", "{file}");
    }
}

#[test]
fn every_founding_fault_is_named_first_with_proof_and_remedy() {
    std::thread::scope(|scope| {
        for fault in FOUNDING {
            scope.spawn(move || {
                let rungate = Rungate::new();
                let (ran, json) = gate(&rungate, "rungate.yaml", &["--fault", fault]);
                let status = if *fault == "permission-missing" { 3 } else { 1 };
                assert_eq!(ran.status, status, "{fault}: {}", ran.all());
                assert_eq!(json["exit_code"], status, "{fault}");
                let cause = &json["causes"][0];
                assert_eq!(cause["code"], *fault, "{}", ran.all());
                assert_eq!(cause["service"], "auth-staging", "{fault}");
                assert!(cause["claim"].as_str().is_some_and(|claim| !claim.is_empty()), "{fault}: {cause}");
                assert!(cause["evidence"].as_array().is_some_and(|all| !all.is_empty()), "{fault}: {cause}");
                assert!(cause["fix"].as_array().is_some_and(|all| !all.is_empty()), "{fault}: {cause}");
                assert!(ran.stdout.contains(fault), "the text names it: {}", ran.all());
            });
        }
    });
}

#[test]
fn the_report_validates_and_fails_where_the_verdict_does() {
    if !crate::common::installed("xmllint") || !root().join("../shared/junit-10.xsd").exists() {
        return skip("xmllint or the JUnit schema is not here");
    }
    for (more, failing) in [
        (&[][..], false),
        (&["--fault", "vpc-connector-not-ready"], true),
        (&["--fault", "permission-missing"], true),
    ] {
        let rungate = Rungate::new();
        let arguments: Vec<&str> =
            more.iter().copied().chain(["--report", "junit=TEST-rungate.xml"]).collect();
        gate(&rungate, "rungate.yaml", &arguments);
        let validated = std::process::Command::new("xmllint")
            .args(["--noout", "--schema"])
            .arg(root().join("../shared/junit-10.xsd"))
            .arg(rungate.path("TEST-rungate.xml"))
            .output()
            .unwrap();
        assert!(validated.status.success(), "{}", String::from_utf8_lossy(&validated.stderr));
        let xml = rungate.read("TEST-rungate.xml");
        assert_eq!(xml.contains("<failure") || xml.contains("<error"), failing, "{xml}");
    }
}

#[test]
fn a_saved_run_is_judged_the_same_again() {
    let rungate = Rungate::new();
    let more = ["--fault", "instance-stopped", "--save-run", "saved.json"];
    let (first, live) = gate(&rungate, "rungate.yaml", &more);
    let again = rungate.run(&["diagnose", "saved.json", "--report", "json=again.json"]);
    let replayed: Value = serde_json::from_str(&rungate.read("again.json")).unwrap();
    assert_eq!(again.status, first.status);
    assert_eq!(replayed["causes"], live["causes"]);
    assert_eq!(again.stdout, first.stdout);
}

/// The sample with this health path in place of its own.
fn with_health_path(rungate: &Rungate, path: &str) -> String {
    let sample = std::fs::read_to_string(pipeline("rungate.yaml")).unwrap();
    let changed = sample.replace("/auth/health", path);
    assert_ne!(changed, sample, "the sample states its health path");
    rungate.file("changed.yaml", changed).display().to_string()
}

#[test]
fn a_database_that_nothing_proved_is_undecided_until_it_is_accepted() {
    // Seen from outside, with a liveness route for health, nobody has seen the database work.
    let rungate = Rungate::new();
    let file = with_health_path(&rungate, "/live");
    let outside =
        ["check", &file, "--sandbox", "--quiet", "--vantage", "runner", "--report", "json=run.json"];
    let ran = rungate.run(&outside);
    assert_eq!(ran.status, 3, "{}", ran.all());
    let json: Value = serde_json::from_str(&rungate.read("run.json")).unwrap();
    assert_eq!(json["verdict"], "inconclusive");
    assert_eq!(json["causes"][0]["code"], "not-observable", "{}", ran.all());
    for way in ["health body", "--vantage in-vpc", "--accept-unproven database"] {
        assert!(ran.stdout.contains(way), "{way}: {}", ran.all());
    }
    let accepted: Vec<&str> = outside.into_iter().chain(["--accept-unproven", "database"]).collect();
    let ran = rungate.run(&accepted);
    assert_eq!(ran.status, 0, "{}", ran.all());
}

#[test]
fn a_liveness_route_does_not_hide_a_database_that_is_seen_to_fail() {
    let rungate = Rungate::new();
    let file = with_health_path(&rungate, "/live");
    let ran = rungate.run(&["check", &file, "--sandbox", "--quiet", "--fault", "password-rejected"]);
    assert_eq!(ran.status, 1, "{}", ran.all());
    assert!(ran.stdout.contains("password-rejected"), "{}", ran.all());
}

#[test]
fn from_outside_the_services_own_word_proves_the_database() {
    let rungate = Rungate::new();
    let (ran, json) = gate(&rungate, "rungate.yaml", &["--vantage", "runner"]);
    assert_eq!(ran.status, 0, "{}", ran.all());
    let login =
        json["checks"].as_array().unwrap().iter().find(|check| check["id"] == "database-login").unwrap();
    assert_eq!(login["outcome"], "skipped", "{login}");
}

#[test]
fn several_faults_are_all_named() {
    let rungate = Rungate::new();
    let more = ["--fault", "vpc-connector-not-ready", "--fault", "instance-stopped"];
    let (ran, json) = gate(&rungate, "rungate.yaml", &more);
    assert_eq!(ran.status, 1);
    let mut codes: Vec<&str> =
        json["causes"].as_array().unwrap().iter().filter_map(|cause| cause["code"].as_str()).collect();
    codes.sort_unstable();
    assert_eq!(codes, ["instance-stopped", "vpc-connector-not-ready"], "{}", ran.all());
}

#[test]
fn the_drill_is_all_right() {
    let rungate = Rungate::new();
    let ran = rungate.run(&["drill", &pipeline("rungate.yaml")]);
    assert_eq!(ran.status, 0, "{}", ran.all());
    for fault in FOUNDING {
        let row = ran.stdout.lines().find(|line| line.split_whitespace().next() == Some(fault));
        assert!(row.is_some_and(|row| row.contains(" right ")), "{fault}: {}", ran.all());
    }
    assert!(!ran.stdout.contains("WRONG"), "{}", ran.all());
}

/// The one fault that the sample gives nothing to break for: it dials an address.
#[test]
fn a_host_name_without_an_address_is_named() {
    let rungate = Rungate::new();
    let sample = std::fs::read_to_string(pipeline("rungate.yaml")).unwrap();
    let file =
        rungate.file("named.yaml", sample.replace("10.20.0.3", "auth-db.internal")).display().to_string();
    let ran = rungate.run(&["drill", &file, "--fault", "database-name-unresolvable"]);
    assert_eq!(ran.status, 0, "{}", ran.all());
    assert!(ran.stdout.contains("1 of 1 faults named right"), "{}", ran.all());
}

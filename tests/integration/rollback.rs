//! `--on-failure rollback`: only of what is unhealthy, only what this deploy changed, and said in every report.

use serde_json::Value;

use crate::common::{Ran, Rungate, pipeline};

fn check(gate: &Rungate, extra: &[&str]) -> Ran {
    let sample = pipeline("rungate.yaml");
    let common = ["check", sample.as_str(), "--sandbox", "--save-run", "run.json", "--report", "text=-"];
    let reports = ["--report", "json=r.json", "--report", "junit=r.xml"];
    gate.run(&[&common[..], &reports[..], extra].concat())
}

fn rollback(gate: &Rungate) -> Value {
    let run: Value = serde_json::from_str(&gate.read("run.json")).unwrap();
    run["services"][0]["rollback"].clone()
}

#[test]
fn an_unhealthy_service_gets_its_old_revision_back() {
    let gate = Rungate::new();
    let ran = check(&gate, &["--fault", "vpc-connector-not-ready", "--on-failure", "rollback"]);
    assert_eq!(ran.status, 1, "{}", ran.all());
    let done = rollback(&gate);
    assert_eq!(done["rollback"], "done", "{done}");
    assert_eq!(done["percent"], 100);
    let (from, to) = (done["from"].as_str().unwrap(), done["to"].as_str().unwrap());
    assert!(from.starts_with("auth-staging-00002-") && to.starts_with("auth-staging-00001-"), "{done}");
    for report in [&ran.stdout, &gate.read("r.json"), &gate.read("r.xml")] {
        let flat = report.split_whitespace().collect::<Vec<_>>().join(" ");
        assert!(
            flat.contains(&format!("rolled back: 100 % of the traffic went from {from} back to {to}")),
            "{report}"
        );
    }
    // The root cause is still the deploy's, and the record can be judged again.
    assert!(ran.stdout.starts_with("UNHEALTHY: vpc-connector-not-ready"), "{}", ran.stdout);
    assert_eq!(gate.run(&["diagnose", "run.json"]).status, 1);
}

#[test]
fn nothing_is_rolled_back_unasked_or_without_need() {
    let gate = Rungate::new();
    assert_eq!(check(&gate, &["--fault", "vpc-connector-not-ready"]).status, 1);
    assert_eq!(rollback(&gate), Value::Null);
    let ran = check(&gate, &["--on-failure", "rollback"]);
    assert_eq!((ran.status, rollback(&gate)), (0, Value::Null), "{}", ran.all());
}

#[test]
fn what_is_undecided_is_left_alone() {
    let gate = Rungate::new();
    let ran = check(&gate, &["--fault", "permission-missing", "--on-failure", "rollback"]);
    assert_eq!((ran.status, rollback(&gate)), (3, Value::Null), "{}", ran.all());
}

#[test]
fn a_revision_that_never_served_has_nothing_to_give_back() {
    let gate = Rungate::new();
    let ran = check(&gate, &["--fault", "container-did-not-start", "--on-failure", "rollback"]);
    assert_eq!(ran.status, 1, "{}", ran.all());
    let left = rollback(&gate);
    assert_eq!(left["rollback"], "not-needed", "{left}");
    assert!(left["because"].as_str().unwrap().contains("receives no traffic"), "{left}");
}

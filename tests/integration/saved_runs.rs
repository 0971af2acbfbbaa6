//! `report` and `merge`: saved runs rendered again, and several as one.

use serde_json::Value;

use crate::common::{Rungate, pipeline, root};

fn recorded(case: &str) -> String {
    root().join("tests/data/runs").join(case).join("run.json").display().to_string()
}

#[test]
fn a_saved_run_gives_the_same_reports_again() {
    let rungate = Rungate::new();
    let file = pipeline("rungate.yaml");
    let formats = ["text", "junit", "junit-github", "json", "html", "markdown", "github"];
    let mut first = vec!["check", &file, "--sandbox", "--quiet", "--fault", "secret-version-disabled"];
    let asked: Vec<String> = formats.iter().map(|format| format!("{format}=first.{format}")).collect();
    first.extend(asked.iter().flat_map(|one| ["--report", one.as_str()]));
    first.extend(["--save-run", "run.json"]);
    let ran = rungate.run(&first);
    assert_eq!(ran.status, 1, "{}", ran.all());
    let asked: Vec<String> = formats.iter().map(|format| format!("{format}=again.{format}")).collect();
    let mut again = vec!["report", "run.json"];
    again.extend(asked.iter().flat_map(|one| ["--report", one.as_str()]));
    let ran = rungate.run(&again);
    assert_eq!(ran.status, 1, "{}", ran.all());
    for format in formats {
        let (first, again) =
            (rungate.read(&format!("first.{format}")), rungate.read(&format!("again.{format}")));
        assert_eq!(first, again, "{format}");
    }
}

#[test]
fn merged_runs_have_the_worst_verdict_in_any_order() {
    let rungate = Rungate::new();
    // The same service in another region.
    let other = std::fs::read_to_string(recorded("healthy"))
        .unwrap()
        .replace("\"region\": \"europe-west1\"", "\"region\": \"us-east1\"");
    assert!(other.contains("us-east1"));
    rungate.file("us.json", other);
    let bad = recorded("vpc-connector-not-ready");
    let mut reports = Vec::new();
    for order in [[bad.as_str(), "us.json"], ["us.json", bad.as_str()]] {
        let ran = rungate.run(&["merge", order[0], order[1], "--save-run", "all.json", "--report", "json=-"]);
        assert_eq!(ran.status, 1, "{}", ran.all());
        reports.push(ran.stdout);
        let report: Value = serde_json::from_str(&reports[0]).unwrap();
        let verdicts: Vec<&str> = report["services"]
            .as_array()
            .unwrap()
            .iter()
            .map(|one| one["verdict"].as_str().unwrap())
            .collect();
        assert_eq!(verdicts.len(), 2, "{report}");
        assert!(verdicts.contains(&"healthy") && verdicts.contains(&"unhealthy"), "{verdicts:?}");
        assert_eq!(report["causes"][0]["code"], "vpc-connector-not-ready");
        let again = rungate.run(&["report", "all.json", "--report", "json=-"]);
        assert_eq!((again.status, &again.stdout), (1, reports.last().unwrap()));
    }
    assert_eq!(reports[0], reports[1]);
}

#[test]
fn what_cannot_be_merged_is_refused_and_contradictions_are_told() {
    let rungate = Rungate::new();
    let (good, bad) = (recorded("healthy"), recorded("vpc-connector-not-ready"));
    let twice = rungate.run(&["merge", &good, &good]);
    assert!(twice.status == 0 && twice.stderr.contains("more than once"), "{}", twice.all());
    let text = std::fs::read_to_string(&good).unwrap();
    rungate.file("v3.json", text.replacen("\"version\": 2", "\"version\": 3", 1));
    rungate.file("sandbox.json", text.replace("\"sandbox\": false", "\"sandbox\": true"));
    rungate.file("later.json", text.replace("00042", "00043"));
    rungate.file("broken.json", &text[..text.len() / 2]);
    for (name, why) in [
        ("v3.json", "version is 3"),
        ("sandbox.json", "sandbox"),
        ("later.json", "different revisions"),
        ("broken.json", "no record of a run"),
        ("missing.json", "missing.json"),
    ] {
        let ran = rungate.run(&["merge", &good, name]);
        assert!(ran.status == 2 && ran.stderr.contains(why), "{name}: {}", ran.all());
    }
    let both = rungate.run(&["merge", &good, &bad]);
    assert_eq!(both.status, 1, "{}", both.all());
    assert!(both.stderr.contains("the runs disagree about"), "{}", both.all());
    assert!(both.stdout.contains("the failure counts"), "{}", both.all());
    assert_eq!(rungate.run(&["merge"]).status, 2);
    let full = rungate.run(&["merge", &good, &bad, "--save-run", "/dev/full"]);
    assert!(full.status == 1 && full.stderr.contains("/dev/full"), "{}", full.all());
}

#[test]
fn a_record_of_version_1_is_judged_as_the_same_run_of_today() {
    let rungate = Rungate::new();
    let old = root().join("tests/data/records/version-1-permission.json").display().to_string();
    assert!(std::fs::read_to_string(&old).unwrap().contains("\"outcome\": \"broken\""));
    let reports = [old, recorded("permission-missing")].map(|run| {
        // `diagnose` is what the command was called then.
        let ran = rungate.run(&["diagnose", &run, "--report", "json=-"]);
        assert_eq!(ran.status, 3, "{}", ran.all());
        ran.stdout
    });
    assert_eq!(reports[0], reports[1]);
}

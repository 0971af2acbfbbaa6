//! A run as GitHub's runner sees it: environment files, masks, annotations; and what happens where they are missing.

use std::collections::BTreeMap;
use std::process::Command;

use crate::common::{Ran, Rungate, pipeline};

/// A run within a step, on the sandbox with this fault.
fn step(rungate: &Rungate, fault: Option<&str>, more: &[&str]) -> Command {
    let file = pipeline("rungate.yaml");
    let mut arguments = vec!["check", &file, "--sandbox", "--quiet"];
    arguments.extend(fault.iter().flat_map(|fault| ["--fault", fault]));
    arguments.extend(more);
    let mut command = rungate.command(&arguments);
    command.env("GITHUB_ACTIONS", "true").env("CI", "true");
    command.env("GITHUB_STEP_SUMMARY", "summary.md").env("GITHUB_OUTPUT", "outputs");
    command
}

/// The outputs as the runner reads them.
fn outputs(text: &str) -> BTreeMap<String, String> {
    let mut lines = text.lines();
    let mut all = BTreeMap::new();
    while let Some(head) = lines.next() {
        let (name, mark) = head.split_once("<<").unwrap();
        let value: Vec<&str> = lines.by_ref().take_while(|line| *line != mark).collect();
        all.insert(name.to_owned(), value.join("\n"));
    }
    all
}

#[test]
fn the_incident_in_a_step() {
    let rungate = Rungate::new();
    rungate.file("summary.md", "# of a step before\n");
    let more = ["--report", "junit=TEST-rungate.xml", "--report", "html=rungate.html"];
    let ran = Ran::of(step(&rungate, Some("vpc-connector-not-ready"), &more).output().unwrap());
    assert_eq!(ran.status, 1, "{}", ran.all());
    assert!(ran.stdout.starts_with("UNHEALTHY: vpc-connector-not-ready"), "{}", ran.all());
    assert!(!ran.stdout.contains("::error"), "commands go to standard error: {}", ran.all());
    let lines: Vec<&str> = ran.stderr.lines().collect();
    let masks = lines.iter().take_while(|line| line.starts_with("::add-mask::")).count();
    assert!(masks > 0, "the sandbox's password is masked first: {}", ran.all());
    let error = lines[masks];
    assert!(error.starts_with("::error file="), "{error}");
    assert!(
        error.contains(
            "rungate.yaml,line=26,col=18,title=auth-staging%3A vpc-connector-not-ready::VPC connector"
        ),
        "{error}"
    );
    assert_eq!(lines.iter().filter(|line| line.starts_with("::group::")).count(), 1);
    assert_eq!(lines.iter().filter(|line| line.starts_with("::endgroup::")).count(), 1);
    let summary = rungate.read("summary.md");
    assert!(
        summary.starts_with("# of a step before\n\n## ❌ rungate: unhealthy: `vpc-connector-not-ready`"),
        "{summary}"
    );
    assert!(summary.contains(":::broken") && summary.contains("```sh"), "{summary}");
    let outputs = outputs(&rungate.read("outputs"));
    assert_eq!(outputs["verdict"], "unhealthy");
    assert_eq!(outputs["root_cause_code"], "vpc-connector-not-ready");
    assert!(outputs["root_cause"].contains("is in state ERROR"));
    assert_eq!(
        (outputs["junit"].as_str(), outputs["html"].as_str(), outputs["json"].as_str()),
        ("TEST-rungate.xml", "rungate.html", "")
    );
    assert!(
        outputs["revision"].starts_with("auth-staging-0") && outputs["url"].starts_with("http://127.0.0.1:")
    );

    // A workflow that runs the gate twice has both.
    let again = Ran::of(step(&rungate, None, &[]).output().unwrap());
    assert_eq!(again.status, 0, "{}", again.all());
    let summary = rungate.read("summary.md");
    assert!(summary.contains("rungate: unhealthy") && summary.contains("✅ rungate: healthy"), "{summary}");
    assert!(!again.stderr.contains("::error"), "{}", again.all());
    assert_eq!(self::outputs(&rungate.read("outputs"))["verdict"], "healthy", "the last one counts");
}

#[test]
fn missing_read_only_and_full_files_change_nothing_but_are_told() {
    for (fault, expected) in
        [(None, 0), (Some("vpc-connector-not-ready"), 1), (Some("permission-missing"), 3)]
    {
        let rungate = Rungate::new();
        rungate.file("full.md", vec![b'x'; 1 << 20]);
        for (summary, told) in [
            ("no/such/folder/summary.md", "cannot write no/such/folder/summary.md"),
            (".", "cannot write ."),
            ("/dev/full", "cannot write /dev/full"),
            ("full.md", "summary is full"),
        ] {
            let mut command = step(&rungate, fault, &["--report", "json=run.json"]);
            let ran = Ran::of(command.env("GITHUB_STEP_SUMMARY", summary).output().unwrap());
            assert_eq!(ran.status, expected, "{summary}: {}", ran.all());
            assert!(ran.stderr.contains(told), "{summary}: {}", ran.all());
            assert!(rungate.read("run.json").ends_with("}\n"));
        }
        let mut command = step(&rungate, fault, &[]);
        let ran = Ran::of(command.env("GITHUB_OUTPUT", "/no/such/file").output().unwrap());
        assert!(ran.status == expected && ran.stderr.contains("cannot write /no/such/file"), "{}", ran.all());
        let mut command = step(&rungate, fault, &[]);
        let ran =
            Ran::of(command.env_remove("GITHUB_OUTPUT").env_remove("GITHUB_STEP_SUMMARY").output().unwrap());
        assert!(ran.status == expected && ran.stderr.contains("GITHUB_OUTPUT is not set"), "{}", ran.all());
    }
}

#[test]
fn a_summary_that_is_nearly_full_gets_what_fits() {
    let rungate = Rungate::new();
    let taken = (1 << 20) - 6_000;
    rungate.file("summary.md", vec![b'x'; taken]);
    let ran = Ran::of(step(&rungate, Some("vpc-connector-not-ready"), &[]).output().unwrap());
    assert_eq!(ran.status, 1, "{}", ran.all());
    let summary = rungate.read("summary.md");
    assert!(summary.len() > taken && summary.len() <= 1 << 20, "{}", summary.len());
    assert!(summary.lines().last().unwrap().starts_with("> Left out"), "{}", &summary[taken..]);
}

#[test]
fn no_secret_is_named_where_no_runner_reads() {
    // Not in a workflow, though asked for; in a workflow, but into a file; in a workflow, but turned off.
    for way in ["outside", "file", "never"] {
        let rungate = Rungate::new();
        let more: &[&str] = match way {
            "outside" => &["--github", "always"],
            "never" => &["--github", "never"],
            _ => &[],
        };
        let mut command = step(&rungate, Some("vpc-connector-not-ready"), more);
        if way == "outside" {
            command.env_remove("GITHUB_ACTIONS");
        }
        if way == "file" {
            command.stderr(std::fs::File::create(rungate.path("log")).unwrap());
        }
        let ran = Ran::of(command.output().unwrap());
        let log = if way == "file" { rungate.read("log") } else { ran.stderr.clone() };
        assert_eq!(ran.status, 1, "{}", ran.all());
        assert!(!log.contains("add-mask"), "{way}: {log}");
        assert_eq!(log.contains("::error file="), way != "never", "{way}: {log}");
    }
}

#[test]
fn a_refused_run_says_so_in_the_summary_too() {
    let rungate = Rungate::new();
    let mut command = step(&rungate, Some("no-such-fault"), &[]);
    let ran = Ran::of(command.output().unwrap());
    assert_eq!(ran.status, 2, "{}", ran.all());
    assert!(rungate.read("summary.md").contains("The run did not begin"), "{}", rungate.read("summary.md"));
    assert_eq!(outputs(&rungate.read("outputs"))["verdict"], "inconclusive");
}

#[test]
fn a_dry_run_annotates_its_findings() {
    let rungate = Rungate::new();
    rungate.file("deploy/cloudbuild.yaml", "steps:\n- name: gcr.io/cloud-builders/gcloud\n  args: [run, deploy, a, --region=europe-west1, '--set-env-vars=DB_PASSWORD=hunter2hunter2']\n");
    let mut command = rungate.command(&["check", "--dry-run", "--quiet", "cloudbuild.yaml"]);
    command
        .current_dir(rungate.path("deploy"))
        .env("GITHUB_ACTIONS", "true")
        .env("GITHUB_WORKSPACE", rungate.path(""));
    let ran = Ran::of(command.output().unwrap());
    let found = ran
        .stderr
        .lines()
        .find(|line| line.contains("title=secret-"))
        .unwrap_or_else(|| panic!("{}", ran.all()));
    assert!(found.starts_with("::") && found.contains(" file=deploy/cloudbuild.yaml,line=3,col="), "{found}");
    assert!(!ran.all().contains("hunter2"), "{}", ran.all());
}

//! Situation -> exit status: the same for every report format, a closed pipe and a full disk.

use std::process::Stdio;

use crate::common::{Ran, Rungate, pipeline, wait_until};

/// What is asked of the gate, and how it must end.
const SITUATIONS: &[(&[&str], i32)] = &[
    (&[], 0),
    (&["--vantage", "runner"], 0),
    (&["--fault", "database-refused"], 1),
    (&["--fault", "vpc-connector-not-ready"], 1),
    (&["--fault", "health-reports-database-down"], 1),
    (&["--fault", "permission-missing"], 3),
    (&["--accept-unproven", "database"], 0),
    (&["--fault", "database-refused", "--accept-unproven", "database"], 1),
    (&["--sandbox-latency", "60s", "--deadline", "1s"], 3),
    (&["--fault", "no-such-fault"], 2),
    (&["--service", "no-such-service"], 2),
];

/// Where the reports go.
const WAYS: &[&[&str]] = &[
    &[],
    &["--report", "text=-"],
    &["--report", "junit=-"],
    &["--report", "json=-"],
    &[
        "--report",
        "text=a.txt",
        "--report",
        "junit=a.xml",
        "--report",
        "json=a.json",
        "--save-run",
        "run.json",
    ],
    &["--report", "junit=/dev/full"],
    &["--report", "html=-", "--report", "markdown=/dev/full", "--report", "github=a.log"],
    &["--github", "always", "--report", "junit-github=a.xml", "--report", "html=/dev/full"],
    &["--report", "json=/dev/full", "--report", "text=/dev/null", "--save-run", "run.json"],
];

fn arguments<'a>(file: &'a str, situation: &[&'a str], way: &[&'a str]) -> Vec<&'a str> {
    [&["check", file, "--sandbox", "--quiet"][..], situation, way].concat()
}

#[test]
fn no_report_changes_the_exit_status() {
    let file = pipeline("rungate.yaml");
    std::thread::scope(|scope| {
        for (situation, expected) in SITUATIONS {
            let file = &file;
            scope.spawn(move || {
                for way in WAYS {
                    let ran = Rungate::new().run(&arguments(file, situation, way));
                    assert_eq!(ran.status, *expected, "{situation:?} {way:?}: {}", ran.all());
                }
            });
        }
    });
}

#[test]
fn closed_pipes_and_a_full_disk_do_not_change_it_either() {
    let file = pipeline("rungate.yaml");
    for (situation, expected) in
        SITUATIONS.iter().filter(|(situation, _)| !situation.contains(&"--sandbox-latency"))
    {
        let rungate = Rungate::new();
        // Not quiet: progress meets the closed standard error.
        let loud: Vec<&str> =
            arguments(&file, situation, &[]).into_iter().filter(|word| *word != "--quiet").collect();
        let mut closed =
            rungate.command(&loud).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
        drop((closed.stdout.take(), closed.stderr.take()));
        assert_eq!(closed.wait().unwrap().code(), Some(*expected), "{situation:?}");
        let full = || std::fs::File::create("/dev/full").unwrap();
        let ran = Ran::of(rungate.command(&loud).stdout(full()).stderr(Stdio::piped()).output().unwrap());
        assert_eq!(ran.status, *expected, "{situation:?}: {}", ran.all());
        if *expected != 2 {
            assert!(ran.stderr.contains("standard output"), "a lost report is told: {}", ran.all());
        }
        let status = rungate.command(&loud).stdout(full()).stderr(full()).status().unwrap();
        assert_eq!(status.code(), Some(*expected), "{situation:?}");
    }
}

#[test]
fn a_report_that_cannot_be_written_is_told_and_the_others_are_there() {
    let rungate = Rungate::new();
    let file = pipeline("rungate.yaml");
    let way = ["--report", "junit=/dev/full", "--report", "json=run.json"];
    let ran = rungate.run(&arguments(&file, &["--fault", "database-refused"], &way));
    assert_eq!(ran.status, 1, "{}", ran.all());
    assert!(ran.stderr.contains("/dev/full"), "{}", ran.all());
    assert!(ran.stdout.contains("database-refused"), "{}", ran.all());
    let json: serde_json::Value = serde_json::from_str(&rungate.read("run.json")).unwrap();
    assert_eq!(json["exit_code"], 1);
}

#[test]
fn the_other_commands_end_as_told() {
    let rungate = Rungate::new();
    let file = pipeline("rungate.yaml");
    for fault in ["database-refused", "permission-missing"] {
        let first = rungate.run(&[
            "check",
            &file,
            "--sandbox",
            "--quiet",
            "--fault",
            fault,
            "--save-run",
            "run.json",
        ]);
        assert_eq!(rungate.run(&["diagnose", "run.json"]).status, first.status, "{fault}");
        let full = rungate.run(&["diagnose", "run.json", "--report", "junit=/dev/full"]);
        assert_eq!(full.status, first.status, "{fault}");
    }
    for (arguments, expected) in [
        (&["read", &file][..], 0),
        (&["read", "missing.yaml"], 2),
        (&["explain"], 0),
        (&["explain", "password-rejected"], 0),
        (&["explain", "nonsense"], 2),
        (&["drill", "--list"], 0),
        (&["--help"], 0),
        (&["--version"], 0),
        (&[], 2),
        (&["check", "--no-such-flag"], 2),
        (&["check", "--fault", "database-refused"], 2),
    ] {
        let ran = rungate.run(arguments);
        assert_eq!(ran.status, expected, "{arguments:?}: {}", ran.all());
    }
}

#[test]
fn a_folder_that_vanishes_during_the_run_costs_its_report_and_nothing_else() {
    let rungate = Rungate::new();
    let file = pipeline("rungate.yaml");
    std::fs::create_dir(rungate.path("reports")).unwrap();
    let way = ["--sandbox-latency", "700ms", "--report", "html=reports/a.html", "--report", "json=run.json"];
    let child = rungate
        .command(&arguments(&file, &["--fault", "vpc-connector-not-ready"], &way))
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    // The place is proven before the first check by a file beside it.
    wait_until("the place is tried", || std::fs::read_dir(rungate.path("reports")).unwrap().next().is_some());
    std::fs::remove_dir_all(rungate.path("reports")).unwrap();
    let ran = Ran::of(child.wait_with_output().unwrap());
    assert_eq!(ran.status, 1, "{}", ran.all());
    assert!(ran.stderr.contains("reports/a.html"), "{}", ran.all());
    let json: serde_json::Value = serde_json::from_str(&rungate.read("run.json")).unwrap();
    assert_eq!(json["causes"][0]["code"], "vpc-connector-not-ready");
}

//! The JUnit report as real parsers of its consumers read it: libraries from PyPI and npm, at pinned versions.
//!
//! They are installed once, into `target/tmp/consumers`; where that cannot be, the test says so and goes on.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use rungate::report::{Style, render};
use serde_json::Value;

use crate::common::{root, skip};
use crate::reports::{cases, without_cdata};

/// Script below `tests/data/consumers`, the package that it reads with, its version.
///
/// A script prints a line of JSON for each file: path, failures, errors, skipped, tests, and the place of each test as
/// `[file, line]`, or null where the consumer has none.
const CONSUMERS: &[(&str, &str, &str)] = &[
    ("read_junitparser.py", "junitparser", "5.0.3"),
    ("read_junit2html.py", "junit2html", "31.1.4"),
    ("read_xml2js.js", "xml2js", "0.6.2"),
    ("read_xml-js.js", "xml-js", "1.6.11"),
    ("read_test-results-parser.js", "test-results-parser", "0.4.6"),
    ("read_junit2json.js", "junit2json", "4.0.0"),
];

/// What stands in a report.
struct Meant {
    path: PathBuf,
    failures: usize,
    errors: usize,
    skipped: usize,
    tests: usize,
    /// Whether each test names its file and line.
    located: bool,
}

#[test]
fn real_parsers_read_what_is_meant() {
    let folder = tempfile::tempdir().unwrap();
    let mut reports = Vec::new();
    for (case, record, diagnosis) in cases() {
        for flavour in ["junit", "junit-github"] {
            let xml = render(flavour, &record, &diagnosis, &Style::default()).unwrap();
            let path =
                folder.path().join(format!("{}-{flavour}.xml", case.file_name().unwrap().to_str().unwrap()));
            fs::write(&path, &xml).unwrap();
            let markup = without_cdata(&xml);
            let count = |what: &str| markup.matches(what).count();
            reports.push(Meant {
                path,
                failures: count("<failure "),
                errors: count("<error "),
                skipped: count("<skipped"),
                tests: count("<testcase"),
                located: flavour == "junit-github",
            });
        }
    }
    assert!(reports.iter().any(|report| report.failures > 0), "reports without a failure show little");
    for (script, package, version) in CONSUMERS {
        match installed(script, package, version) {
            Ok(command) => compare(script, command, &reports),
            Err(reason) => skip(&format!("{package} cannot be installed here: {reason}")),
        }
    }
}

fn compare(consumer: &str, mut command: Command, reports: &[Meant]) {
    let script = root().join("tests/data/consumers").join(consumer);
    let ran = command.arg(script).args(reports.iter().map(|report| &report.path)).output().unwrap();
    let said = String::from_utf8_lossy(&ran.stdout).into_owned();
    assert!(ran.status.success(), "{consumer}: {}", String::from_utf8_lossy(&ran.stderr));
    assert_eq!(said.lines().count(), reports.len(), "{consumer}: {said}");
    for (line, report) in said.lines().zip(reports) {
        let read: Value = serde_json::from_str(line).unwrap();
        let number = |at: usize| usize::try_from(read[at].as_u64().unwrap()).unwrap();
        // Some do not tell errors from failures.
        assert_eq!(number(1) + number(2), report.failures + report.errors, "{consumer}: {line}");
        assert_eq!((number(3), number(4)), (report.skipped, report.tests), "{consumer}: {line}");
        for place in read[5].as_array().into_iter().flatten() {
            let found = place[0].is_string() && place[1].is_string();
            assert_eq!(found, report.located, "{consumer}: {line}");
        }
    }
}

/// The interpreter that finds this package, installed at the first call.
fn installed(script: &str, package: &str, version: &str) -> Result<Command, String> {
    let folder =
        Path::new(env!("CARGO_TARGET_TMPDIR")).join("consumers").join(format!("{package}-{version}"));
    let python = script.ends_with(".py");
    let done = folder.join(".done");
    if !done.exists() {
        let mut install;
        if python {
            install = Command::new("python3");
            install.args(["-m", "pip", "install", "--quiet", "--disable-pip-version-check"]);
            install.args(["--retries", "0", "--timeout", "20", "--target"]).arg(&folder);
            install.arg(format!("{package}=={version}"));
        } else {
            install = Command::new("npm");
            install.args(["install", "--silent", "--no-audit", "--no-fund", "--ignore-scripts", "--prefix"]);
            install.arg(&folder).arg(format!("{package}@{version}"));
        }
        let ran = install.output().map_err(|error| error.to_string())?;
        if !ran.status.success() {
            let reason = String::from_utf8_lossy(&ran.stderr).into_owned();
            return Err(reason.lines().last().unwrap_or("it gives no reason").to_owned());
        }
        fs::write(done, "").map_err(|error| error.to_string())?;
    }
    let (program, variable, path) = if python {
        ("python3", "PYTHONPATH", folder)
    } else {
        ("node", "NODE_PATH", folder.join("node_modules"))
    };
    let mut command = Command::new(program);
    command.env(variable, path);
    Ok(command)
}

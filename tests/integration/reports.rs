//! Recorded runs against their golden reports. `tests/data/runs/<case>/run.json` is a run; beside it stand the
//! reports as `expected.<exit status>.<format>`. `UPDATE=1 cargo test reports` writes the goldens anew.
//!
//! What was ruled out is left out of all goldens but one run's: it lists most causes there are, so that every new cause
//! would change the goldens of every run.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use proptest::prelude::*;
use rungate::diagnosis::{Diagnosis, Verdict, diagnose};
use rungate::record::finding::{Finding, ServiceFinding};
use rungate::record::{Outcome, RunRecord};
use rungate::report::{REPORTS, Style, render};

use crate::diagnosis::some_run;
use crate::records::{GRAPH, fail, node};

/// Every recorded run with its diagnosis.
pub(crate) fn cases() -> Vec<(PathBuf, RunRecord, Diagnosis)> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/data/runs");
    let mut folders: Vec<PathBuf> = fs::read_dir(root).unwrap().map(|entry| entry.unwrap().path()).collect();
    folders.sort();
    let read = |folder: PathBuf| {
        let text = fs::read_to_string(folder.join("run.json")).unwrap();
        let record: RunRecord =
            serde_json::from_str(&text).unwrap_or_else(|error| panic!("{}: {error}", folder.display()));
        let diagnosis = diagnose(&record, &GRAPH);
        (folder, record, diagnosis)
    };
    folders.into_iter().map(read).collect()
}

fn name(folder: &Path) -> String {
    folder.file_name().unwrap().to_str().unwrap().to_owned()
}

/// The run whose goldens show what was ruled out.
const SHOWS_RULED_OUT: &str = "vpc-connector-not-ready";
/// What that run rules out and by which check, a line each.
const RULED_OUT: &str = "expected.ruled-out";

/// Writes a golden where that is asked for; says what is wrong with it otherwise.
fn compare(path: &Path, text: &str) -> Option<String> {
    #[expect(clippy::disallowed_methods, reason = "how a person asks the test to rewrite its goldens")]
    if std::env::var_os("UPDATE").is_some() {
        fs::write(path, text).unwrap();
    }
    let same = fs::read_to_string(path).ok().as_deref() == Some(text);
    (!same).then(|| format!("{} is not what was rendered:\n{text}", path.display()))
}

#[test]
fn every_recorded_run_gives_its_golden_reports() {
    let mut wrong = Vec::new();
    for (folder, record, mut diagnosis) in cases() {
        let mut expected = BTreeSet::from(["run.json".to_owned()]);
        if name(&folder) == SHOWS_RULED_OUT {
            expected.insert(RULED_OUT.to_owned());
        } else {
            diagnosis.ruled_out.clear();
        }
        for report in REPORTS {
            let file = format!("expected.{}.{}", diagnosis.exit_code, report.id);
            let text = render(report.id, &record, &diagnosis, &Style::default()).unwrap();
            wrong.extend(compare(&folder.join(&file), &text));
            expected.insert(file);
        }
        let found: BTreeSet<String> =
            fs::read_dir(&folder).unwrap().map(|entry| name(&entry.unwrap().path())).collect();
        if found != expected {
            wrong.push(format!("{}: files {found:?}, expected {expected:?}", folder.display()));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn what_a_run_rules_out_is_its_golden_list() {
    let (folder, _, diagnosis) =
        cases().into_iter().find(|(folder, _, _)| name(folder) == SHOWS_RULED_OUT).unwrap();
    let list: String =
        diagnosis.ruled_out.iter().map(|one| format!("{} by {}\n", one.code, one.by.node)).collect();
    assert_eq!(compare(&folder.join(RULED_OUT), &list), None);
}

#[test]
fn the_case_is_named_after_its_root_cause_where_it_has_one() {
    for (folder, _, diagnosis) in cases() {
        let name = name(&folder);
        if let Ok(code) = name.parse::<rungate::diagnosis::cause::CauseCode>() {
            assert_eq!(diagnosis.causes.first().map(|cause| cause.code), Some(code), "{name}");
        }
    }
}

/// XML without what stands in CDATA sections, which is text.
pub(crate) fn without_cdata(xml: &str) -> String {
    let (mut markup, mut rest) = (String::new(), xml);
    while let Some((before, section)) = rest.split_once("<![CDATA[") {
        markup.push_str(before);
        rest = section.split_once("]]>").unwrap().1;
    }
    markup + rest
}

#[test]
fn junit_counts_are_true_and_show_the_verdict() {
    for (folder, record, diagnosis) in cases() {
        junit_is_true(&name(&folder), &record, &diagnosis);
    }
}

proptest! {
    #[test]
    fn junit_counts_are_true_whatever_became_of_the_checks(record in some_run()) {
        junit_is_true("some run", &record, &diagnose(&record, &GRAPH));
    }

    #[test]
    fn no_text_of_others_breaks_out_of_its_place(
        text in r#"(?s)(.|\]\]>|</testcase>|<testcase name="x"/>|::error::|##\[|["'&<>]|\n){0,12}"#,
    ) {
        let mut record = crate::records::healthy();
        record.services[0].key.clone_from(&text);
        record.services[0].name.clone_from(&text);
        record.services[0].url = Some(text.clone());
        record.services[0].place.file = text.as_str().into();
        for node in &mut record.nodes {
            node.service.clone_from(&text);
            node.subject = Some(text.clone());
            node.outcome = Some(Outcome::Passed { detail: text.clone() });
        }
        let (revision, message) = (text.clone(), text.clone());
        let finding = ServiceFinding::RevisionFailed { revision, reason: Some(text.clone()), message };
        fail(&mut record, "revision-ready", Finding::Service(finding));
        node(&mut record, "revision-ready").place.file = text.as_str().into();
        let diagnosis = diagnose(&record, &GRAPH);
        junit_is_true("hostile", &record, &diagnosis);
        crate::report_formats::markdown_is_inert(&render("markdown", &record, &diagnosis, &Style::default()).unwrap());
        crate::report_formats::commands_are_ours(&record, &render("github", &record, &diagnosis, &Style::default()).unwrap());
        for id in ["text", "junit", "junit-github", "markdown", "html"] {
            let report = render(id, &record, &diagnosis, &Style::default()).unwrap();
            prop_assert!(!report.chars().any(|char| char.is_control() && char != '\n'));
            for line in report.lines() {
                prop_assert!(!line.trim_start().starts_with("::") && !line.contains("##["), "{line}");
            }
        }
    }
}

/// The counts are those of the elements, and there is a failure or an error exactly where it is not healthy.
fn junit_is_true(name: &str, record: &RunRecord, diagnosis: &Diagnosis) {
    let xml = render("junit", record, diagnosis, &Style::default()).unwrap();
    let markup = without_cdata(&xml);
    let count = |what: &str| markup.matches(what).count();
    let root = &xml[xml.find("<testsuites ").unwrap()..xml.find("<testsuite ").unwrap()];
    let stated = |attribute: &str| -> usize {
        let (_, rest) = root.split_once(&format!(" {attribute}=\"")).unwrap();
        rest.split_once('"').unwrap().0.parse().unwrap()
    };
    assert_eq!(stated("tests"), count("<testcase "), "{name}");
    assert_eq!(stated("failures"), count("<failure "), "{name}");
    assert_eq!(stated("errors"), count("<error "), "{name}");
    assert!(stated("tests") > 0, "{name}");
    let bad = stated("failures") + stated("errors");
    assert_eq!(bad == 0, diagnosis.verdict == Verdict::Healthy, "{name}");
}

#[test]
fn json_has_what_version_2_promises() {
    for (folder, record, diagnosis) in cases() {
        let json = render("json", &record, &diagnosis, &Style::default()).unwrap();
        let json: serde_json::Value = serde_json::from_str(&json).unwrap();
        let name = name(&folder);
        assert_eq!(json["version"], 2, "{name}");
        assert_eq!(json["verdict"], diagnosis.verdict.to_string(), "{name}");
        assert_eq!(json["exit_code"], u64::from(diagnosis.exit_code), "{name}");
        for cause in json["causes"].as_array().unwrap() {
            for field in ["code", "service", "claim", "confidence"] {
                assert!(cause[field].is_string(), "{name}: {field} of {cause}");
            }
            assert!(cause["evidence"].is_array() && cause["fix"].is_array(), "{name}");
        }
        assert_eq!(json["checks"].as_array().unwrap().len(), record.nodes.len(), "{name}");
        for check in json["checks"].as_array().unwrap() {
            let outcomes = ["passed", "failed", "blocked", "skipped", "inconclusive"];
            assert!(outcomes.contains(&check["outcome"].as_str().unwrap()), "{name}");
            for field in ["id", "service", "vantage", "detail"] {
                assert!(check[field].is_string(), "{name}: {field} of {check}");
            }
        }
        for service in json["services"].as_array().unwrap() {
            assert!(service["name"].is_string(), "{name}");
            assert!(service.get("url").is_some() && service.get("revision").is_some(), "{name}");
        }
    }
}

#[test]
fn no_report_for_people_lets_hostile_text_act() {
    for (folder, record, diagnosis) in cases() {
        for id in ["text", "junit", "junit-github", "markdown", "html"] {
            for width in [20, 60, 100, 300] {
                let text =
                    render(id, &record, &diagnosis, &Style { colour: false, width, verbose: width == 60 })
                        .unwrap();
                let name = format!("{} {id} {width}", name(&folder));
                assert!(!text.chars().any(|char| char.is_control() && char != '\n'), "{name}");
                assert!(!text.contains(['\u{202e}', '\u{fffe}']), "{name}");
                for line in text.lines() {
                    assert!(!line.trim_start().starts_with("::"), "{name}: {line}");
                    assert!(!line.contains("##["), "{name}: {line}");
                }
            }
        }
        let xml = render("junit", &record, &diagnosis, &Style::default()).unwrap();
        assert!(!without_cdata(&xml).contains("name=\"fake\""), "{}", folder.display());
    }
}

#[test]
fn junit_validates_against_the_schema_that_jenkins_publishes() {
    let schema = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/data/junit-10.xsd");
    if Command::new("xmllint").arg("--version").output().is_err() {
        println!("skipped: xmllint is not installed here");
        return;
    }
    let folder = tempfile::tempdir().unwrap();
    for (case, record, diagnosis) in cases() {
        let path = folder.path().join("TEST-rungate.xml");
        fs::write(&path, render("junit", &record, &diagnosis, &Style::default()).unwrap()).unwrap();
        let output =
            Command::new("xmllint").args(["--noout", "--schema"]).args([&schema, &path]).output().unwrap();
        let said = String::from_utf8_lossy(&output.stderr);
        assert!(output.status.success(), "{}: {said}", case.display());
    }
}

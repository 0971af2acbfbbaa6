//! The JUnit report: one suite a service, one case a check.
//!
//! Failure: seen to be bad. Error: could not be found out, and the verdict rests on it. Skipped: not run, with the
//! reason. A healthy service has neither failures nor errors, any other at least one of them, whatever the
//! reader's way of counting. The shape is valid for the schema that Jenkins publishes (junit-10.xsd), and the
//! message is repeated in the body, because some readers show only one of them.

use std::collections::BTreeSet;

use junit_report::{Duration, Report, TestCase, TestCaseBuilder, TestSuite};

use super::Style;
use super::standing::{cause_of, concerns, concluded, is_rested_on, is_root};
use super::suites::{self, Suite};
use crate::diagnosis::cause::CauseCode;
use crate::diagnosis::{Cause, Diagnosis, Met, Verdict};
use crate::model::Place;
use crate::record::{NodeRecord, Outcome, RunRecord, ServiceRecord, Skip, words};
use crate::text::escape::{one_line, shown};

/// Longest message in an attribute; readers show it as a title.
const MESSAGE: usize = 300;

/// Valid for the schema: it knows neither `file` nor `line` on a case.
pub(super) fn render(record: &RunRecord, diagnosis: &Diagnosis, _style: &Style) -> String {
    suites::write(&suites(record, diagnosis), record, false)
}

/// With `file` and `line` on each case, for the readers that place annotations by them.
pub(super) fn render_located(record: &RunRecord, diagnosis: &Diagnosis, _style: &Style) -> String {
    suites::write(&suites(record, diagnosis), record, true)
}

fn suites(record: &RunRecord, diagnosis: &Diagnosis) -> Vec<Suite> {
    let mut suites: Vec<Suite> =
        record.services.iter().map(|service| suite(record, diagnosis, service)).collect();
    let known: BTreeSet<&str> = record.services.iter().map(|service| service.key.as_str()).collect();
    let homeless: Vec<&Cause> =
        diagnosis.causes.iter().filter(|cause| !known.contains(cause.service.as_str())).collect();
    if !homeless.is_empty() || suites.is_empty() {
        suites.push(gate_suite(record, diagnosis, &homeless));
    }
    suites
}

fn suite(record: &RunRecord, diagnosis: &Diagnosis, service: &ServiceRecord) -> Suite {
    let class = class(&service.key);
    let mut names = Names::default();
    let nodes: Vec<&NodeRecord> = record.nodes.iter().filter(|node| node.service == service.key).collect();
    let mut cases: Vec<TestCase> =
        nodes.iter().map(|node| case(diagnosis, node, &class, &mut names)).collect();
    let mut places: Vec<Option<Place>> = nodes.iter().map(|node| Some(place(diagnosis, node))).collect();
    cases.extend(unseen_cases(diagnosis, service, &class, &cases, &mut names));
    places.resize(cases.len(), Some(service.place.clone()));
    let verdict = concluded(diagnosis, &service.key).map_or(Verdict::Inconclusive, |one| one.verdict);
    let causes: Vec<&Cause> = diagnosis.causes.iter().filter(|cause| concerns(cause, &service.key)).collect();
    Suite {
        suite: of_cases(&service.key, cases),
        file: Some(service.place.file.to_string()),
        properties: properties(record, verdict, &causes, Some(service)),
        places,
    }
}

/// Where a case is to be fixed: the cause's place, else the one that makes the gate ask.
fn place(diagnosis: &Diagnosis, node: &NodeRecord) -> Place {
    let of_cause = cause_of(diagnosis, node).and_then(|cause| cause.place.clone());
    of_cause.unwrap_or_else(|| node.place.clone())
}

/// A suite for what belongs to no service: a run that checked nothing must not look like one without failures.
fn gate_suite(record: &RunRecord, diagnosis: &Diagnosis, causes: &[&Cause]) -> Suite {
    let mut names = Names::default();
    let mut cases: Vec<TestCase> = causes
        .iter()
        .map(|cause| {
            let name = names.unique("verdict", "rungate.gate");
            let message = shown(&cause.claim, MESSAGE);
            let body = body(&message, Some(cause), None);
            let mut case = TestCaseBuilder::error(&name, Duration::ZERO, &kind(cause.code), &message);
            case.set_trace(&body).set_classname("rungate.gate").build()
        })
        .collect();
    if cases.is_empty() {
        let message = "the run made no check";
        let mut case =
            TestCaseBuilder::error("verdict", Duration::ZERO, &kind(CauseCode::Inconclusive), message);
        cases.push(case.set_trace(message).set_classname("rungate.gate").build());
    }
    Suite {
        suite: of_cases("rungate", cases),
        file: record.files.first().cloned(),
        properties: properties(record, diagnosis.verdict, causes, None),
        places: Vec::new(),
    }
}

fn of_cases(name: &str, cases: Vec<TestCase>) -> TestSuite {
    let mut suite = TestSuite::new(&one_line(name));
    suite.add_testcases(cases);
    suite
}

fn properties(
    record: &RunRecord,
    verdict: Verdict,
    causes: &[&Cause],
    service: Option<&ServiceRecord>,
) -> Vec<(String, String)> {
    let mut all = vec![("rungate.verdict", verdict.to_string())];
    if let Some(cause) = causes.first() {
        all.push(("rungate.cause", kind(cause.code)));
        all.push(("rungate.claim", cause.claim.clone()));
        all.push(("rungate.confidence", cause.confidence.to_string()));
    }
    let others: Vec<String> = causes.iter().skip(1).map(|cause| kind(cause.code)).collect();
    if !others.is_empty() {
        all.push(("rungate.other-causes", others.join(" ")));
    }
    if let Some(service) = service {
        all.push(("rungate.project", service.project.clone()));
        all.push(("rungate.region", service.region.clone()));
        all.extend(service.revision.clone().map(|revision| ("rungate.revision", revision)));
        all.extend(service.url.clone().map(|url| ("rungate.url", url)));
        all.extend(service.rollback.as_ref().map(|rollback| ("rungate.rollback", rollback.to_string())));
    }
    all.push(("rungate.vantage", record.vantage.to_string()));
    all.push(("rungate.version", record.rungate.clone()));
    all.into_iter().map(|(name, value)| (name.to_owned(), one_line(&value))).collect()
}

fn case(diagnosis: &Diagnosis, node: &NodeRecord, class: &str, names: &mut Names) -> TestCase {
    let class = format!("{class}.{}", diagnosis.family(node.check));
    let name = match &node.subject {
        Some(subject) => format!("{}[{subject}]", node.check),
        None => node.check.to_string(),
    };
    let name = names.unique(&name, &class);
    let time = Duration::milliseconds(i64::try_from(node.duration_ms).unwrap_or(i64::MAX));
    let cause = cause_of(diagnosis, node);
    let skipped = |kind: &str, message: &str| {
        TestCaseBuilder::skipped_with_cause(&name, kind, &shown(message, MESSAGE))
    };
    let text = words::outcome(node.outcome.as_ref());
    let mut case = match &node.outcome {
        Some(Outcome::Passed { .. }) => {
            let mut case = TestCaseBuilder::success(&name, time);
            case.set_system_out(&cdata(&text));
            case
        }
        Some(Outcome::Failed { finding }) => match cause {
            Some(cause) => {
                let message = if is_root(cause, node) {
                    cause.claim.clone()
                } else {
                    format!("{finding} (a symptom of {})", cause.code)
                };
                let message = shown(&message, MESSAGE);
                let mut case = TestCaseBuilder::failure(&name, time, &kind(cause.code), &message);
                case.set_trace(&body(&message, Some(cause), Some(&node.place)));
                case
            }
            None => {
                let mut case = TestCaseBuilder::success(&name, time);
                case.set_system_out(&cdata(&format!("advisory, the verdict does not rest on it: {text}")));
                case
            }
        },
        Some(Outcome::Blocked { .. }) => skipped("BLOCKED", &text),
        Some(Outcome::Skipped { reason }) => skipped(skip_kind(reason), &text),
        Some(Outcome::Inconclusive { .. }) | None => {
            if is_rested_on(diagnosis, node) || cause.is_some() {
                let kind = cause.map_or_else(|| kind(CauseCode::Inconclusive), |cause| kind(cause.code));
                let message = shown(&text, MESSAGE);
                let mut case = TestCaseBuilder::error(&name, time, &kind, &message);
                case.set_trace(&body(&message, cause, Some(&node.place)));
                case
            } else {
                skipped("INCONCLUSIVE", &text)
            }
        }
    };
    case.set_classname(&class).build()
}

/// Cases for obligations that no check's case shows as failed or in error: a database that nothing could look at
/// has only skipped checks, and a reader who counts failures and errors must still see it.
fn unseen_cases(
    diagnosis: &Diagnosis,
    service: &ServiceRecord,
    class: &str,
    cases: &[TestCase],
    names: &mut Names,
) -> Vec<TestCase> {
    let Some(concluded) = concluded(diagnosis, &service.key) else { return Vec::new() };
    let class = format!("{class}.verdict");
    let mut found = Vec::new();
    let mut accounted = cases.iter().any(|case| case.is_error() || case.is_failure());
    let mut add = |name: &str, text: &str, nodes: &[String], failed: bool| {
        let speaks = |cause: &&Cause| {
            cause.service == service.key && cause.evidence.iter().any(|one| nodes.contains(&one.node))
        };
        let of_service = |cause: &&Cause| cause.service == service.key;
        let causes = || diagnosis.causes.iter();
        let cause = causes().find(speaks).or_else(|| causes().find(of_service));
        let code = cause.map_or(CauseCode::Inconclusive, |cause| cause.code);
        let name = names.unique(name, &class);
        let message = shown(text, MESSAGE);
        let body = body(&message, cause, Some(&service.place));
        let mut case = if failed {
            TestCaseBuilder::failure(&name, Duration::ZERO, &kind(code), &message)
        } else {
            TestCaseBuilder::error(&name, Duration::ZERO, &kind(code), &message)
        };
        found.push(case.set_trace(&body).set_classname(&class).build());
    };
    for obligation in &concluded.obligations {
        match &obligation.met {
            Met::Unknown { nodes, because } if concluded.verdict == Verdict::Inconclusive => {
                let in_error = cases.iter().any(|case| {
                    (case.is_error() || case.is_failure())
                        && nodes.iter().any(|key| key == &format!("{}/{}", service.key, case.name))
                });
                if !in_error {
                    add(&obligation.what, because, nodes, false);
                    accounted = true;
                }
            }
            Met::No { nodes } if !accounted => {
                add(&obligation.what, "seen to be unmet", nodes, true);
                accounted = true;
            }
            Met::Yes { .. } | Met::No { .. } | Met::Unknown { .. } | Met::Accepted => {}
        }
    }
    if !accounted && concluded.verdict != Verdict::Healthy {
        add("verdict", "the verdict rests on nothing that was seen", &[], false);
    }
    found
}

/// What a reader finds under a failure: the message again (escaped already), then proof, chain, fix, and the
/// place.
fn body(message: &str, cause: Option<&Cause>, place: Option<&Place>) -> String {
    let mut rest = Vec::new();
    if let Some(cause) = cause {
        rest.push(format!("{} ({})", cause.code, cause.confidence));
        rest.push(format!("  {}", cause.claim));
        rest.extend(cause.evidence.iter().map(|one| format!("  {}: {}", one.vantage, one.text)));
        if cause.chain.len() > 1 {
            rest.push(format!("  {}", cause.chain.join(", ")));
        }
        for suspect in &cause.suspects {
            rest.push(format!("suspect: {}", suspect.text));
            rest.extend(suspect.command.iter().map(|command| format!("  $ {command}")));
        }
        for fix in &cause.fix {
            rest.push(format!("fix: {}", fix.text));
            rest.extend(fix.command.iter().map(|command| format!("  $ {command}")));
        }
    }
    if let Some(place) = cause.and_then(|cause| cause.place.as_ref()).or(place) {
        rest.push(format!(" --> {}:{}", place.file, place.line));
        rest.extend(frame(place));
    }
    let rest: String = rest.iter().map(|line| format!("{}\n", one_line(line))).collect();
    cdata_escaped(&format!("{message}\n{rest}"))
}

/// A frame as of Java, from which one of GitHub's reporters takes the place of an annotation: the package must be
/// the last folder of the path.
fn frame(place: &Place) -> Option<String> {
    let (folders, file) = place.file.rsplit_once('/')?;
    let package = folders.rsplit('/').next().unwrap_or(folders);
    let plain = |char: char| char.is_ascii_lowercase() || char.is_ascii_digit() || "-_".contains(char);
    (!package.is_empty() && package.chars().all(plain))
        .then(|| format!("    at {package}.Gate.check({file}:{})", place.line))
}

/// Text of others for a CDATA section.
fn cdata(text: &str) -> String {
    cdata_escaped(&one_line(text))
}

/// A CDATA section ends at `]]>`: there, it is closed and another one opened.
fn cdata_escaped(text: &str) -> String {
    text.replace("]]>", "]]]]><![CDATA[>")
}

/// A cause as JUnit's `type`: GitLab reads words like `date` there as a data type, so it is in capitals.
fn kind(code: CauseCode) -> String {
    code.to_string().to_uppercase().replace('-', "_")
}

fn skip_kind(reason: &Skip) -> &'static str {
    match reason {
        Skip::NotApplicable { .. } => "NOT_APPLICABLE",
        Skip::NotVisible { .. } => "NOT_VISIBLE",
        Skip::NotAllowed { .. } => "NOT_ALLOWED",
        Skip::Unresolved { .. } => "UNRESOLVED",
        Skip::Settled { .. } => "SETTLED",
        Skip::Interrupted { .. } => "INTERRUPTED",
        Skip::Deadline { .. } => "DEADLINE",
    }
}

/// The class of a service's cases: dots separate packages for Jenkins, so the key may hold none.
fn class(key: &str) -> String {
    let plain = |char: char| if char.is_ascii_alphanumeric() || char == '-' { char } else { '_' };
    format!("rungate.{}", key.chars().map(plain).collect::<String>())
}

/// Names given so far: several readers drop a second case of one name and class.
#[derive(Debug, Default)]
struct Names(BTreeSet<(String, String)>);

impl Names {
    fn unique(&mut self, name: &str, class: &str) -> String {
        let name = one_line(name);
        let numbered = (2_u32..).map(|number| format!("{name} ({number})"));
        let mut candidates = std::iter::once(name.clone()).chain(numbered);
        let free = candidates.find(|candidate| self.0.insert((candidate.clone(), class.to_owned())));
        free.unwrap_or(name)
    }
}

/// The cases as the crate writes them, without the suite around them.
pub(super) fn written(suite: &TestSuite) -> String {
    let mut report = Report::new();
    report.add_testsuite(suite.clone());
    let mut bytes = Vec::new();
    // Writing into memory fails only where an element cannot be written, which these cannot.
    let _ = report.write_xml(&mut bytes);
    String::from_utf8_lossy(&bytes).into_owned()
}

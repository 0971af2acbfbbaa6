//! The text report: for people. The verdict first, then for each service its root cause with proof, chain and
//! remedy, what was ruled out, and every check; last a line of what was and was not looked at.

use std::collections::BTreeMap;

use super::Style;
use super::page::{Page, Paint};
use super::standing::{cause_of, concluded};
use crate::diagnosis::cause::CauseCode;
use crate::diagnosis::{Cause, Diagnosis, Met, Remedy, RuledOut, ServiceDiagnosis, Verdict, words};
use crate::run::outcome::Outcome;
use crate::run::record::{Ended, Fact, NodeRecord, RunRecord, ServiceRecord};

/// Width of the column of checks, at most.
const WIDEST_NAME: usize = 38;

pub(super) fn render(record: &RunRecord, diagnosis: &Diagnosis, style: &Style) -> String {
    let mut page = Page::new(*style);
    headline(&mut page, record, diagnosis);
    for service in &record.services {
        page.blank();
        service_part(&mut page, record, diagnosis, service);
    }
    let known = |cause: &&Cause| record.services.iter().any(|service| service.key == cause.service);
    for cause in diagnosis.causes.iter().filter(|cause| !known(cause)) {
        page.blank();
        cause_part(&mut page, cause, label(cause.code, 0));
    }
    page.blank();
    page.labelled("coverage", &coverage(record), Paint::None);
    page.finish()
}

fn headline(page: &mut Page, record: &RunRecord, diagnosis: &Diagnosis) {
    let paint = paint(diagnosis.verdict);
    let cause = diagnosis.causes.first();
    let cause = cause.map_or_else(String::new, |cause| format!(": {}", cause.code));
    page.line(&diagnosis.verdict.to_string().to_uppercase(), paint, &cause);
    let files = if record.files.is_empty() { "no files".to_owned() } else { record.files.join(", ") };
    let sandbox = if record.sandbox { ", against the sandbox" } else { "" };
    page.plain(&format!(
        "{files}: {} in {}{sandbox}, seen from {}",
        count(record.nodes.len(), "check"),
        seconds(record.duration_ms),
        record.vantage
    ));
    match &record.ended_by {
        Some(Ended::Deadline { seconds }) => {
            page.plain(&format!("The deadline of {seconds} s ended the run before its checks did."));
        }
        Some(Ended::Signal { name }) => page.plain(&format!("{name} ended the run before its checks did.")),
        Some(Ended::Refusal { .. }) => page.plain("The run did not begin."),
        None => {}
    }
}

fn service_part(page: &mut Page, record: &RunRecord, diagnosis: &Diagnosis, service: &ServiceRecord) {
    let concluded = concluded(diagnosis, &service.key);
    let verdict = concluded.map_or(Verdict::Undecided, |one| one.verdict);
    let mut about = vec![format!("project {}", service.project), format!("region {}", service.region)];
    about.extend(service.revision.as_ref().map(|revision| format!("revision {revision}")));
    about.extend(service.url.clone());
    page.line(&service.key, Paint::Bold, &format!("  {}", about.join(" · ")));
    if let Some(concluded) = concluded {
        page.labelled("verdict", &verdict_line(verdict, concluded), paint(verdict));
    }
    for cause in diagnosis.causes.iter().filter(|cause| cause.symptoms_in.contains(&service.key)) {
        let because = format!("{}: {}, shown there", cause.service, cause.code);
        page.labelled("because of", &because, Paint::Red);
    }
    if let Some(rollback) = &service.rollback {
        page.labelled("rollback", &rollback.to_string(), Paint::Bold);
    }
    let of_service = |cause: &&Cause| cause.service == service.key;
    for (at, cause) in diagnosis.causes.iter().filter(of_service).enumerate() {
        page.blank();
        cause_part(page, cause, label(cause.code, at));
    }
    for cause in diagnosis.advisories.iter().filter(of_service) {
        page.blank();
        cause_part(page, cause, "advisory");
    }
    let ruled_out: Vec<&RuledOut> =
        diagnosis.ruled_out.iter().filter(|one| one.service == service.key).collect();
    if !ruled_out.is_empty() {
        page.blank();
        ruled_out_part(page, &ruled_out);
    }
    let nodes: Vec<&NodeRecord> = record.nodes.iter().filter(|node| node.service == service.key).collect();
    notes(page, &nodes);
    page.blank();
    table(page, diagnosis, nodes);
}

/// What was observed besides, and a reader should know.
fn notes(page: &mut Page, nodes: &[&NodeRecord]) {
    let mut shown: Vec<String> = Vec::new();
    for fact in nodes.iter().flat_map(|node| &node.facts) {
        let note = match fact {
            Fact::Note { text } => text.clone(),
            Fact::SignalsDisagree { status, body } => format!(
                "status and body of the health answer disagree: {status}, and the body says {body}; the worse counts"
            ),
            Fact::DependencyUp { .. }
            | Fact::HealthAttempt { .. }
            | Fact::ColdStart { .. }
            | Fact::PostgresServer { .. } => continue,
        };
        if !shown.contains(&note) {
            shown.push(note);
        }
    }
    if !shown.is_empty() {
        page.blank();
    }
    for (at, note) in shown.iter().enumerate() {
        page.labelled(if at == 0 { "note" } else { "" }, note, Paint::None);
    }
}

fn verdict_line(verdict: Verdict, concluded: &ServiceDiagnosis) -> String {
    let rests: Vec<String> = concluded
        .obligations
        .iter()
        .map(|obligation| {
            let state = match &obligation.met {
                Met::Yes { .. } => "yes".to_owned(),
                Met::No { .. } => "no".to_owned(),
                Met::Unknown { because, .. } => format!("unknown ({because})"),
                Met::Accepted => "accepted unproven".to_owned(),
            };
            format!("{}: {state}", obligation.what)
        })
        .collect();
    format!(
        "{verdict} ({})",
        if rests.is_empty() { "nothing to rest on".to_owned() } else { rests.join("; ") }
    )
}

fn label(code: CauseCode, at: usize) -> &'static str {
    let of_the_gate = matches!(
        code,
        CauseCode::NotEnoughPermission
            | CauseCode::NotVisibleFromHere
            | CauseCode::NotFoundOut
            | CauseCode::VpcApiDisabled
    );
    match (of_the_gate, at) {
        (true, _) => "open",
        (false, 0) => "root cause",
        (false, _) => "cause",
    }
}

fn cause_part(page: &mut Page, cause: &Cause, label: &str) {
    let paint = if label == "root cause" || label == "cause" { Paint::Red } else { Paint::Yellow };
    let code = match label {
        // That the gate does not know is no question of confidence.
        "open" => cause.code.to_string(),
        _ => format!("{} ({})", cause.code, cause.confidence),
    };
    page.labelled(label, &code, paint);
    page.labelled("", &cause.claim, Paint::None);
    if let Some(place) = &cause.place {
        page.labelled("", &format!("--> {place}"), Paint::Dim);
    }
    let mut proofs: Vec<String> = Vec::new();
    for evidence in &cause.evidence {
        let proof = format!("{}: {}", evidence.vantage, evidence.text);
        // Several checks may have stopped at the same obstacle.
        if !proofs.contains(&proof) {
            page.labelled(if proofs.is_empty() { "proof" } else { "" }, &proof, Paint::None);
            proofs.push(proof);
        }
    }
    if cause.chain.len() > 1 {
        page.labelled("chain", &cause.chain.join(", "), Paint::None);
    }
    let suspects = cause.suspects.iter().map(|one| (one.text.as_str(), one.command.as_deref()));
    steps(page, "suspects", suspects);
    let remedy = cause.remedy.iter().map(|Remedy { text, command }| (text.as_str(), command.as_deref()));
    steps(page, "mend", remedy);
}

fn steps<'a>(page: &mut Page, label: &str, steps: impl Iterator<Item = (&'a str, Option<&'a str>)>) {
    for (at, (text, command)) in steps.enumerate() {
        let label = if at == 0 { label } else { "" };
        page.labelled(label, &format!("{}. {text}", at + 1), Paint::None);
        if let Some(command) = command {
            page.command(command);
        }
    }
}

/// One line a check, with all that its pass rules out.
fn ruled_out_part(page: &mut Page, ruled_out: &[&RuledOut]) {
    let mut by: Vec<(&str, Vec<String>)> = Vec::new();
    for one in ruled_out {
        let code = one.code.to_string();
        match by.iter_mut().find(|(node, _)| *node == one.by.node) {
            Some((_, codes)) => codes.push(code),
            None => by.push((&one.by.node, vec![code])),
        }
    }
    for (at, (node, codes)) in by.iter().enumerate() {
        let label = if at == 0 { "ruled out" } else { "" };
        let check = node.split_once('/').map_or(*node, |(_, check)| check);
        page.labelled(label, &format!("{} (by {check})", codes.join(", ")), Paint::Dim);
    }
}

fn table(page: &mut Page, diagnosis: &Diagnosis, nodes: Vec<&NodeRecord>) {
    let name = |node: &NodeRecord| match &node.subject {
        Some(subject) => format!("{}[{subject}]", node.check),
        None => node.check.clone(),
    };
    let widest = nodes.iter().map(|node| name(node).chars().count()).max().unwrap_or(0).min(WIDEST_NAME);
    for node in nodes {
        let (glyph, paint) = match &node.outcome {
            Some(Outcome::Passed { .. }) => ("✓", Paint::Green),
            Some(Outcome::Failed { .. }) if cause_of(diagnosis, node).is_none() => ("!", Paint::Yellow),
            Some(Outcome::Failed { .. }) => ("✗", Paint::Red),
            Some(Outcome::Blocked { .. }) => ("↑", Paint::Dim),
            Some(Outcome::Skipped { .. }) => ("-", Paint::Dim),
            Some(Outcome::Broken { .. }) | None => ("?", Paint::Yellow),
        };
        let detail = words::outcome(node.outcome.as_ref());
        let detail = match &node.outcome {
            Some(Outcome::Blocked { .. } | Outcome::Skipped { .. }) => format!("{detail} ({})", node.vantage),
            Some(Outcome::Passed { .. } | Outcome::Failed { .. } | Outcome::Broken { .. }) | None => {
                format!("{detail} ({}, {})", node.vantage, seconds(node.duration_ms))
            }
        };
        page.row(glyph, paint, &name(node), widest, &detail);
    }
}

/// What was and was not looked at.
fn coverage(record: &RunRecord) -> String {
    let (mut passed, mut failed, mut blocked, mut unknown) = (0_usize, 0_usize, 0_usize, 0_usize);
    let mut skipped: BTreeMap<&str, usize> = BTreeMap::new();
    for node in &record.nodes {
        match &node.outcome {
            Some(Outcome::Passed { .. }) => passed += 1,
            Some(Outcome::Failed { .. }) => failed += 1,
            Some(Outcome::Blocked { .. }) => blocked += 1,
            Some(Outcome::Skipped { reason }) => *skipped.entry(words::skip_kind(reason)).or_default() += 1,
            Some(Outcome::Broken { .. }) | None => unknown += 1,
        }
    }
    let total: usize = skipped.values().sum();
    let reasons: Vec<String> = skipped.iter().map(|(reason, count)| format!("{count} {reason}")).collect();
    let reasons = if reasons.is_empty() { String::new() } else { format!(" ({})", reasons.join(", ")) };
    format!(
        "{passed} passed, {failed} failed, {blocked} blocked, {total} skipped{reasons}, {unknown} not found out"
    )
}

fn paint(verdict: Verdict) -> Paint {
    match verdict {
        Verdict::Healthy => Paint::Green,
        Verdict::Undecided => Paint::Yellow,
        Verdict::Unhealthy => Paint::Red,
    }
}

fn count(number: usize, what: &str) -> String {
    if number == 1 { format!("1 {what}") } else { format!("{number} {what}s") }
}

/// Milliseconds as seconds with two decimals; without a blank, so that no line breaks in it.
fn seconds(ms: u64) -> String {
    format!("{}.{:02}s", ms / 1000, ms % 1000 / 10)
}

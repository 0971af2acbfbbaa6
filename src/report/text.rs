//! The text report: for people. The verdict first, then for each service its root cause with proof, chain and
//! fix, what was ruled out, and the checks; last a line of what was and was not looked at. Unless everything is
//! asked for, what passed folds into one entry a family: a reader looks for what did not.

use std::collections::BTreeMap;

use super::Style;
use super::names::names;
use super::numbers::{count, coverage, seconds};
use super::page::{Page, Paint};
use super::standing::{self, cause_of, concluded, label};
use crate::diagnosis::{Cause, Diagnosis, Fix, RuledOut, ServiceDiagnosis, Verdict};
use crate::record::{Family, NodeRecord, Outcome, RunRecord, ServiceRecord, Skip, words};

/// Width of the column of checks, at most.
const WIDEST_NAME: usize = 38;

pub(super) fn render(record: &RunRecord, diagnosis: &Diagnosis, style: &Style) -> String {
    let mut page = Page::new(*style);
    headline(&mut page, record, diagnosis);
    for service in &record.services {
        page.blank();
        service_part(&mut page, record, diagnosis, service, style.verbose);
    }
    for cause in standing::homeless(record, diagnosis) {
        page.blank();
        cause_part(&mut page, cause, label(cause.code, 0));
    }
    page.blank();
    let more = if style.verbose || record.nodes.is_empty() { "" } else { "; --verbose shows each check" };
    page.labelled("coverage", &format!("{}{more}", coverage(record)), Paint::None);
    page.finish()
}

/// The part about one service alone.
pub(super) fn of_service(
    record: &RunRecord,
    diagnosis: &Diagnosis,
    service: &ServiceRecord,
    style: &Style,
) -> String {
    let mut page = Page::new(*style);
    service_part(&mut page, record, diagnosis, service, style.verbose);
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
        "{files}: {} in {}{sandbox}, checked from {}",
        count(record.nodes.len(), "check"),
        seconds(record.duration_ms),
        record.vantage
    ));
    if let Some(ended) = standing::ended(record) {
        page.plain(&ended);
    }
}

fn service_part(
    page: &mut Page,
    record: &RunRecord,
    diagnosis: &Diagnosis,
    service: &ServiceRecord,
    verbose: bool,
) {
    let concluded = concluded(diagnosis, &service.key);
    let verdict = concluded.map_or(Verdict::Inconclusive, |one| one.verdict);
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
        if verbose {
            ruled_out_part(page, &ruled_out);
        } else {
            page.labelled("ruled out", &ruled_out_folded(record, diagnosis, &ruled_out), Paint::Dim);
        }
    }
    let nodes: Vec<&NodeRecord> = record.nodes.iter().filter(|node| node.service == service.key).collect();
    notes(page, &nodes);
    page.blank();
    table(page, diagnosis, &nodes, verbose);
}

/// What was observed besides, and a reader should know.
fn notes(page: &mut Page, nodes: &[&NodeRecord]) {
    let shown = standing::notes(nodes);
    if !shown.is_empty() {
        page.blank();
    }
    for (at, note) in shown.iter().enumerate() {
        page.labelled(if at == 0 { "note" } else { "" }, note, Paint::None);
    }
}

fn verdict_line(verdict: Verdict, concluded: &ServiceDiagnosis) -> String {
    let rests: Vec<String> =
        concluded.obligations.iter().map(|one| format!("{}: {}", one.what, standing::state(one))).collect();
    format!(
        "{verdict} ({})",
        if rests.is_empty() { "nothing to rest on".to_owned() } else { rests.join("; ") }
    )
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
    for (at, (vantage, text)) in standing::proofs(cause).into_iter().enumerate() {
        let label = if at == 0 { "proof" } else { "" };
        page.labelled(label, &format!("{vantage}: {text}"), Paint::None);
    }
    if cause.chain.len() > 1 {
        page.labelled("chain", &cause.chain.join(", "), Paint::None);
    }
    let suspects = cause.suspects.iter().map(|one| (one.text.as_str(), one.command.as_deref()));
    steps(page, "suspects", suspects);
    let fix = cause.fix.iter().map(|Fix { text, command }| (text.as_str(), command.as_deref()));
    steps(page, "fix", fix);
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

/// How many causes are named rather than counted.
const MOST_NAMED: usize = 6;

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
        page.labelled(label, &format!("{} (by {})", codes.join(", "), check_of(node)), Paint::Dim);
    }
}

/// The check that a node's key names, with its subject.
fn check_of(node: &str) -> &str {
    node.split_once('/').map_or(node, |(_, check)| check)
}

/// One line for all: few causes by name, many by the family that rules them out.
fn ruled_out_folded(record: &RunRecord, diagnosis: &Diagnosis, ruled_out: &[&RuledOut]) -> String {
    if ruled_out.len() <= MOST_NAMED {
        return ruled_out.iter().map(|one| one.code.to_string()).collect::<Vec<_>>().join(", ");
    }
    let mut families: BTreeMap<Family, usize> = BTreeMap::new();
    for one in ruled_out {
        let node = record.nodes.iter().find(|node| node.key() == one.by.node);
        let family = node.map_or(Family::Other, |node| diagnosis.family(node.check));
        *families.entry(family).or_default() += 1;
    }
    let counts: Vec<String> =
        families.iter().map(|(family, number)| format!("{} ({number})", family.title())).collect();
    format!("{}, by the checks of {}", count(ruled_out.len(), "cause"), counts.join(", "))
}

fn table(page: &mut Page, diagnosis: &Diagnosis, nodes: &[&NodeRecord], verbose: bool) {
    let rows = if verbose {
        nodes.iter().map(|node| row(diagnosis, node)).collect()
    } else {
        folded(diagnosis, nodes)
    };
    let widest = rows.iter().map(|row| row.name.chars().count()).max().unwrap_or(0).min(WIDEST_NAME);
    for Row { glyph, paint, name, detail } in &rows {
        page.row(glyph, *paint, name, widest, detail);
    }
}

struct Row {
    glyph: &'static str,
    paint: Paint,
    name: String,
    detail: String,
}

fn row(diagnosis: &Diagnosis, node: &NodeRecord) -> Row {
    let (glyph, paint) = match &node.outcome {
        Some(Outcome::Passed { .. }) => ("✓", Paint::Green),
        Some(Outcome::Failed { .. }) if cause_of(diagnosis, node).is_none() => ("!", Paint::Yellow),
        Some(Outcome::Failed { .. }) => ("✗", Paint::Red),
        Some(Outcome::Blocked { .. }) => ("↑", Paint::Dim),
        Some(Outcome::Skipped { .. }) => ("-", Paint::Dim),
        Some(Outcome::Inconclusive { .. }) | None => ("?", Paint::Yellow),
    };
    let detail = words::outcome(node.outcome.as_ref());
    let detail = match &node.outcome {
        Some(Outcome::Blocked { .. } | Outcome::Skipped { .. }) => format!("{detail} ({})", node.vantage),
        Some(Outcome::Passed { .. } | Outcome::Failed { .. } | Outcome::Inconclusive { .. }) | None => {
            format!("{detail} ({}, {})", node.vantage, seconds(node.duration_ms))
        }
    };
    Row { glyph, paint, name: names(&[node]), detail }
}

/// What failed, could not be found out or was not run, each in full; several for one reason together. What passed, and
/// what does not apply, by family.
fn folded(diagnosis: &Diagnosis, nodes: &[&NodeRecord]) -> Vec<Row> {
    let mut rows = Vec::new();
    let mut passed: BTreeMap<Family, Vec<&NodeRecord>> = BTreeMap::new();
    let mut not_applicable: Vec<&NodeRecord> = Vec::new();
    let mut for_a_reason: Vec<(String, Vec<&NodeRecord>)> = Vec::new();
    for &node in nodes {
        match &node.outcome {
            Some(Outcome::Passed { .. }) => {
                passed.entry(diagnosis.family(node.check)).or_default().push(node);
            }
            Some(Outcome::Skipped { reason: Skip::NotApplicable { .. } }) => not_applicable.push(node),
            Some(Outcome::Skipped { .. } | Outcome::Blocked { .. }) => {
                let why = words::outcome(node.outcome.as_ref());
                match for_a_reason.iter_mut().find(|(known, _)| *known == why) {
                    Some((_, nodes)) => nodes.push(node),
                    None => for_a_reason.push((why, vec![node])),
                }
            }
            Some(Outcome::Failed { .. } | Outcome::Inconclusive { .. }) | None => {
                rows.push(row(diagnosis, node));
            }
        }
    }
    for (why, nodes) in &for_a_reason {
        rows.extend(nodes.first().map(|first| match nodes.len() {
            1 => row(diagnosis, first),
            several => Row {
                name: count(several, "check"),
                detail: format!("{}: {why}", names(nodes)),
                ..row(diagnosis, first)
            },
        }));
    }
    let fold = |glyph, paint, name: &str, nodes: &[&NodeRecord]| Row {
        glyph,
        paint,
        name: format!("{name} ({})", nodes.len()),
        detail: names(nodes),
    };
    rows.extend(passed.iter().map(|(family, nodes)| match nodes.as_slice() {
        [only] => row(diagnosis, only),
        several => fold("✓", Paint::Green, family.title(), several),
    }));
    if !not_applicable.is_empty() {
        rows.push(fold("-", Paint::Dim, "does not apply", &not_applicable));
    }
    rows
}

fn paint(verdict: Verdict) -> Paint {
    match verdict {
        Verdict::Healthy => Paint::Green,
        Verdict::Inconclusive => Paint::Yellow,
        Verdict::Unhealthy => Paint::Red,
    }
}

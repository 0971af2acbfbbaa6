//! The JSON report, version 2: for programs. Fields are added, never renamed or removed within a version.

use std::fmt::Write as _;

use serde::Serialize;
use serde_json::{Value, json};

use super::Style;
use crate::diagnosis::{Cause, Diagnosis};
use crate::model::Place;
use crate::record::{NodeRecord, Outcome, RunRecord, ServiceRecord, words};
use crate::text::escape::is_harmful;

/// Version of the report's shape.
const VERSION: u32 = 2;

pub(super) fn render(record: &RunRecord, diagnosis: &Diagnosis, _style: &Style) -> String {
    let report = json!({
        "version": VERSION,
        "rungate": record.rungate,
        "verdict": diagnosis.verdict,
        "exit_code": diagnosis.exit_code,
        "started": record.started,
        "duration_ms": record.duration_ms,
        "ended_by": record.ended_by,
        "sandbox": record.sandbox,
        "vantage": record.vantage,
        "files": record.files,
        "accepted_unproven": record.accepted_unproven,
        "causes": all(&diagnosis.causes, cause),
        "advisories": all(&diagnosis.advisories, cause),
        "ruled_out": diagnosis.ruled_out,
        "services": all(&record.services, |one| service(one, diagnosis)),
        "checks": all(&record.nodes, check),
    });
    // `{:#}` on a Value is pretty-printed JSON and cannot fail.
    harmless(&format!("{report:#}\n"))
}

/// The same JSON, with what acts on a terminal or a CI runner as `\u` escapes. Such characters stand in strings
/// only, so a reader gets exactly the text that was there.
fn harmless(json: &str) -> String {
    let mut out = String::with_capacity(json.len());
    let mut before = ' ';
    for char in json.chars() {
        if char != '\n' && is_harmful(char) || char == '#' && before == '#' {
            for unit in char.encode_utf16(&mut [0; 2]) {
                // Writing to a String cannot fail.
                let _ = write!(out, "\\u{unit:04x}");
            }
        } else {
            out.push(char);
        }
        before = char;
    }
    out
}

fn all<T>(items: &[T], one: impl Fn(&T) -> Value) -> Vec<Value> {
    items.iter().map(one).collect()
}

fn cause(cause: &Cause) -> Value {
    json!({
        "code": cause.code,
        "service": cause.service,
        "claim": cause.claim,
        "confidence": cause.confidence,
        "evidence": cause.evidence,
        "chain": cause.chain,
        "suspects": cause.suspects,
        "fix": cause.fix,
        "place": cause.place.as_ref().map(Place::to_string),
        "symptoms_in": cause.symptoms_in,
    })
}

fn service(service: &ServiceRecord, diagnosis: &Diagnosis) -> Value {
    let concluded = diagnosis.services.iter().find(|one| one.service == service.key);
    let mut shown = json!({
        "name": service.name,
        "key": service.key,
        "project": service.project,
        "region": service.region,
        "url": service.url,
        "revision": service.revision,
        "service_account": service.service_account,
        "place": service.place.to_string(),
        "verdict": concluded.map(|one| one.verdict),
        "obligations": concluded.map(|one| &one.obligations),
    });
    if let Some(rollback) = &service.rollback {
        shown["rollback"] = json!({ "text": rollback.to_string(), "data": rollback });
    }
    shown
}

fn check(node: &NodeRecord) -> Value {
    let (outcome, more) = outcome(node.outcome.as_ref());
    json!({
        "id": node.check,
        "service": node.service,
        "subject": node.subject,
        "key": node.key(),
        "outcome": outcome,
        "role": node.role,
        "vantage": node.vantage,
        "detail": words::outcome(node.outcome.as_ref()),
        "data": more,
        "started_ms": node.started_ms,
        "duration_ms": node.duration_ms,
        "place": node.place.to_string(),
        "facts": node.facts,
    })
}

/// The outcome's word and its data. A check without an end could not be found out.
fn outcome(outcome: Option<&Outcome>) -> (&'static str, Value) {
    fn data(value: impl Serialize) -> Value {
        serde_json::to_value(value).unwrap_or(Value::Null)
    }
    match outcome {
        Some(Outcome::Passed { .. }) => ("passed", Value::Null),
        Some(Outcome::Failed { finding }) => ("failed", data(finding)),
        Some(Outcome::Blocked { by }) => ("blocked", json!({ "by": by })),
        Some(Outcome::Skipped { reason }) => ("skipped", data(reason)),
        Some(Outcome::Inconclusive { why }) => ("inconclusive", data(why)),
        None => ("inconclusive", json!({ "why": "unfinished" })),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn escapes_what_acts_and_keeps_the_text() {
        let text = "##[error]x ### \u{9b}31m \u{202e} \u{e0041} \u{7f} plain ünïcode \u{1}";
        let written = harmless(&format!("{:#}", json!({ "text": text })));
        assert!(!written.contains("##") && !written.chars().any(|char| char != '\n' && is_harmful(char)));
        assert!(written.contains("plain ünïcode"));
        let read: Value = serde_json::from_str(&written).unwrap();
        assert_eq!(read["text"], text);
    }
}

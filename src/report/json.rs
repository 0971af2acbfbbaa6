//! The JSON report, version 1: for programs. Fields are added, never renamed or removed within a version.

use serde::Serialize;
use serde_json::{Value, json};

use super::Style;
use crate::diagnosis::{Cause, Diagnosis, words};
use crate::model::Place;
use crate::run::outcome::Outcome;
use crate::run::record::{NodeRecord, RunRecord, ServiceRecord};

/// Version of the report's shape.
const VERSION: u32 = 1;

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
    format!("{report:#}\n")
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
        "remedy": cause.remedy,
        "place": cause.place.as_ref().map(Place::to_string),
    })
}

fn service(service: &ServiceRecord, diagnosis: &Diagnosis) -> Value {
    let concluded = diagnosis.services.iter().find(|one| one.service == service.key);
    json!({
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
    })
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
        Some(Outcome::Broken { why }) => ("broken", data(why)),
        None => ("broken", json!({ "why": "unfinished" })),
    }
}

//! Reading saved records: of this version, and of the one before.

use std::fmt;

use serde::Deserialize;
use serde_json::{Map, Value};

use super::{CheckId, RECORD_VERSION, RunRecord, check_id};

/// Ids of checks that version 1 spelled otherwise.
const CHECKS: &[(&str, CheckId)] = &[
    ("configuration-kept", check_id::CONFIGURATION_UNCHANGED),
    ("database-gives-expected", check_id::DATABASE_QUERIES_MATCH),
    ("egress-carries-database", check_id::EGRESS_COVERS_DATABASE),
    ("instance-admits-service", check_id::INSTANCE_ALLOWS_SERVICE),
    ("service-log-quiet", check_id::SERVICE_LOG_CLEAN),
    ("variables-filled", check_id::VARIABLES_NOT_EMPTY),
];

/// Why a text is no record that can be judged.
#[derive(Debug)]
pub enum Unreadable {
    /// It is not JSON, or not in a record's shape. The decoder quotes what it read.
    NoRecord(serde_json::Error),
    /// It is a record of a version that this rungate does not know.
    Version(u32),
}

impl fmt::Display for Unreadable {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::NoRecord(error) => write!(f, "no record of a run: {error}"),
            Self::Version(found) => {
                write!(f, "its version is {found}, this rungate reads 1 to {RECORD_VERSION}")
            }
        }
    }
}

impl std::error::Error for Unreadable {}

/// The record that a text holds. One of version 1 comes out as the same run would be recorded today.
///
/// # Errors
///
/// [`Unreadable`]: it is no record, or of a version of the future.
pub fn read(text: &str) -> Result<RunRecord, Unreadable> {
    #[derive(Deserialize)]
    struct Versioned {
        version: u32,
    }
    let Versioned { version } = serde_json::from_str(text).map_err(Unreadable::NoRecord)?;
    match version {
        1 => {
            let mut record: Value = serde_json::from_str(text).map_err(Unreadable::NoRecord)?;
            upgrade(&mut record);
            serde_json::from_value(record).map_err(Unreadable::NoRecord)
        }
        RECORD_VERSION => serde_json::from_str(text).map_err(Unreadable::NoRecord),
        found => Err(Unreadable::Version(found)),
    }
}

/// Respells a record of version 1. Texts that services and servers wrote stay as they are.
fn upgrade(record: &mut Value) {
    if let Some(record) = record.as_object_mut() {
        record.insert("version".to_owned(), RECORD_VERSION.into());
    }
    let nodes = record.get_mut("nodes").and_then(Value::as_array_mut);
    for node in nodes.into_iter().flatten().filter_map(Value::as_object_mut) {
        if let Some(check) = node.get_mut("check") {
            respell_check(check);
        }
        if let Some(outcome) = node.get_mut("outcome").and_then(Value::as_object_mut) {
            upgrade_outcome(outcome);
        }
    }
}

fn upgrade_outcome(outcome: &mut Map<String, Value>) {
    if let Some(by) = outcome.get_mut("by") {
        respell_key(by);
    }
    if let Some(by) = outcome.get_mut("reason").and_then(|reason| reason.get_mut("by")) {
        respell_key(by);
    }
    if outcome.get("outcome").is_some_and(|kind| kind == "broken") {
        outcome.insert("outcome".to_owned(), "inconclusive".into());
        if let Some(why) = outcome.get_mut("why").and_then(Value::as_object_mut) {
            if why.get("why").is_some_and(|why| why == "not-let-in") {
                why.insert("why".to_owned(), "access-denied".into());
            }
            rename(why, "mend", "fix");
            rename(why, "door", "barrier");
            if let Some(barrier) = why.get_mut("barrier").and_then(Value::as_object_mut) {
                rename(barrier, "door", "barrier");
            }
        }
    }
}

fn rename(object: &mut Map<String, Value>, old: &str, new: &str) {
    if let Some(value) = object.remove(old) {
        object.insert(new.to_owned(), value);
    }
}

fn respell_check(check: &mut Value) {
    let known = CHECKS.iter().find(|(old, _)| check == old);
    if let Some((_, new)) = known {
        *check = new.as_str().into();
    }
}

/// The key of a node: `SERVICE/CHECK` or `SERVICE/CHECK[SUBJECT]`, of which only the check is ours.
fn respell_key(key: &mut Value) {
    let Some(text) = key.as_str() else { return };
    let Some((service, rest)) = text.split_once('/') else { return };
    let end = rest.find('[').unwrap_or(rest.len());
    let (check, subject) = rest.split_at(end);
    if let Some((_, new)) = CHECKS.iter().find(|(old, _)| check == *old) {
        *key = format!("{service}/{new}{subject}").into();
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::record::{Barrier, Fix, Inconclusive, Outcome, Skip};

    fn node(check: &str, outcome: &str) -> String {
        format!(
            r#"{{"service": "a", "check": "{check}", "subject": null, "role": "advisory", "vantage": "runner",
                "place": {{"file": "f", "line": 1, "column": 1}}, "started_ms": 0, "duration_ms": 0,
                "outcome": {outcome}, "facts": []}}"#
        )
    }

    fn record(version: u32, nodes: &[String]) -> String {
        format!(
            r#"{{"version": {version}, "rungate": "0.1.0", "started": "2026-11-23T12:00:00Z", "duration_ms": 1,
                "files": [], "ended_by": null, "sandbox": false, "vantage": "runner", "accepted_unproven": [],
                "services": [], "nodes": [{}]}}"#,
            nodes.join(",")
        )
    }

    #[test]
    fn a_record_of_version_1_comes_out_in_todays_words() {
        let shut = r#"{"outcome": "broken", "why": {"why": "not-let-in", "url": "https://a",
            "door": {"door": "login", "how": "a door"}}}"#;
        let nobody = r#"{"outcome": "broken", "why": {"why": "no-credentials", "detail": "none",
            "mend": {"text": "mend it"}}}"#;
        let text = record(
            1,
            &[
                node("health-healthy", shut),
                node("egress-carries-database", nobody),
                node("database-login", r#"{"outcome": "blocked", "by": "a/egress-carries-database[x/y]"}"#),
                node(
                    "variables-filled",
                    r#"{"outcome": "skipped", "reason": {"reason": "settled", "by": "a/variables-filled"}}"#,
                ),
                node(
                    "service-exists",
                    r#"{"outcome": "passed", "detail": "egress-carries-database broken"}"#,
                ),
            ],
        );
        let read = read(&text).unwrap();
        assert_eq!(read.version, RECORD_VERSION);
        let checks: Vec<String> = read.nodes.iter().map(|node| node.check.to_string()).collect();
        assert_eq!(
            checks,
            [
                check_id::HEALTH_HEALTHY.as_str(),
                check_id::EGRESS_COVERS_DATABASE.as_str(),
                "database-login",
                check_id::VARIABLES_NOT_EMPTY.as_str(),
                "service-exists"
            ]
        );
        let outcomes: Vec<Outcome> = read.nodes.into_iter().filter_map(|node| node.outcome).collect();
        let barrier = Barrier::Login { how: "a door".to_owned() };
        let fix = Some(Fix { text: "mend it".to_owned(), command: None });
        assert_eq!(
            outcomes,
            [
                Outcome::Inconclusive {
                    why: Inconclusive::AccessDenied { url: "https://a".to_owned(), barrier }
                },
                Outcome::Inconclusive { why: Inconclusive::NoCredentials { detail: "none".to_owned(), fix } },
                Outcome::Blocked { by: "a/egress-covers-database[x/y]".to_owned() },
                Outcome::Skipped { reason: Skip::Settled { by: "a/variables-not-empty".to_owned() } },
                Outcome::Passed { detail: "egress-carries-database broken".to_owned() },
            ]
        );
    }

    #[test]
    fn other_versions_and_other_texts_are_refused() {
        assert!(matches!(read(&record(3, &[])), Err(Unreadable::Version(3))));
        assert!(matches!(read(&record(0, &[])), Err(Unreadable::Version(0))));
        assert!(read(&record(2, &[])).is_ok());
        for text in ["", "{}", "[]", "{\"version\": 1}", "{\"version\": 2}", "{\"version\": \"1\"}"] {
            assert!(matches!(read(text), Err(Unreadable::NoRecord(_))), "{text}");
        }
    }
}

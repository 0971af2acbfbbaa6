//! What `health:` of `rungate.yaml` expects of an answer beside the words of its body: pure.

use std::time::Duration;

use regex::Regex;
use serde_json::Value;
use serde_json_path::JsonPath;

use crate::health::HttpAnswer;
use crate::model::{CommitExpectation, HeaderExpectation, HealthExpectation, Stated, ToldBy};
use crate::record::finding::HealthFinding;

/// Longest text of an answer that is shown where it differs.
const LONGEST: usize = 120;

/// What is expected, with what only the run could tell.
#[derive(Clone, Debug)]
pub(super) struct HealthExpected<'a> {
    /// The files' part.
    pub(super) health: &'a HealthExpectation,
    /// Short name of the revision that this deploy made, where the answer must tell it.
    pub(super) revision: Option<String>,
}

/// The answer comes from another revision or commit, or does not tell from which; `None`: it is the right one, or
/// nobody asks.
pub(super) fn other_version(
    url: &str,
    answer: &HttpAnswer,
    expected: &HealthExpected<'_>,
) -> Option<HealthFinding> {
    let found = |what: &str, expected: &str, told: Option<String>| HealthFinding::OtherVersion {
        url: url.to_owned(),
        status: answer.status,
        what: what.to_owned(),
        expected: expected.to_owned(),
        told: told.map(|told| crate::text::line_of(&told, LONGEST)),
    };
    if let (Some(told_by), Some(name)) = (&expected.health.revision, &expected.revision) {
        let told = told(answer, told_by);
        if told.as_deref() != Some(name) {
            return Some(found("revision", name, told));
        }
    }
    if let Some(CommitExpectation { told_by, commit }) = &expected.health.commit {
        let told = told(answer, told_by);
        if !told.as_deref().is_some_and(|told| same_commit(told, commit.raw())) {
            return Some(found("commit", commit.raw(), told));
        }
    }
    None
}

/// Whether the answer tells where it comes from.
pub(super) fn tells_version(found: &HealthFinding) -> bool {
    matches!(found, HealthFinding::OtherVersion { told: Some(_), .. })
}

fn told(answer: &HttpAnswer, told_by: &ToldBy) -> Option<String> {
    match told_by {
        ToldBy::Header(name) => answer.header(name.raw()).next().map(|value| value.trim().to_owned()),
        ToldBy::Json(path) => {
            let body: Value = serde_json::from_slice(&answer.body).ok()?;
            let path = JsonPath::parse(path.raw()).ok()?;
            let value = path.query(&body).first()?;
            Some(value.as_str().map_or_else(|| value.to_string(), |text| text.trim().to_owned()))
        }
    }
}

/// Commits are shortened at will: to seven digits, and no further.
fn same_commit(told: &str, expected: &str) -> bool {
    let (told, expected) = (told.to_ascii_lowercase(), expected.to_ascii_lowercase());
    let (short, long) = if told.len() < expected.len() { (&told, &expected) } else { (&expected, &told) };
    short.len() >= 7 && long.starts_with(short.as_str())
}

/// The first expectation that an answer does not meet, in words.
pub(super) fn unmet(answer: &HttpAnswer, latency: Duration, health: &HealthExpectation) -> Option<String> {
    if !counts(answer.status, health) {
        let list: Vec<String> = health.statuses.iter().map(u16::to_string).collect();
        return Some(format!("the expected status is {}", list.join(" or ")));
    }
    if let Some(limit) = health.latency.filter(|limit| latency > *limit) {
        return Some(format!("it took {} ms where {} are allowed", latency.as_millis(), limit.as_millis()));
    }
    health
        .headers
        .iter()
        .find_map(|header| unmet_header(answer, header))
        .or_else(|| unmet_body(&answer.body, health.body.as_ref()))
        .or_else(|| unmet_condition(&answer.body, &health.conditions))
}

/// Whether a status is one of those that count.
pub(super) fn counts(status: u16, health: &HealthExpectation) -> bool {
    if health.statuses.is_empty() { (200..300).contains(&status) } else { health.statuses.contains(&status) }
}

fn unmet_header(answer: &HttpAnswer, header: &HeaderExpectation) -> Option<String> {
    let (name, pattern) = (header.name.raw(), header.pattern.raw());
    let Ok(whole) = Regex::new(&format!("^(?:{pattern})$")) else {
        return Some(format!("the pattern {pattern} for {name} is no regular expression"));
    };
    let mut values = answer.header(name).peekable();
    let Some(first) = values.peek().copied() else {
        return Some(format!("it has no header {name}"));
    };
    if values.any(|value| whole.is_match(value)) {
        return None;
    }
    Some(format!(
        "its header {name} is {:?}, which {pattern} does not match",
        crate::text::line_of(first, LONGEST)
    ))
}

fn unmet_body(body: &[u8], pattern: Option<&Stated>) -> Option<String> {
    let pattern = pattern?.raw();
    match Regex::new(pattern) {
        Ok(regex) if regex.is_match(&String::from_utf8_lossy(body)) => None,
        Ok(_) => Some(format!("nothing in its body matches {pattern}")),
        Err(_) => Some(format!("the pattern {pattern} for the body is no regular expression")),
    }
}

/// The first condition that selects nothing, in words.
fn unmet_condition(body: &[u8], conditions: &[Stated]) -> Option<String> {
    if conditions.is_empty() {
        return None;
    }
    let Ok(body) = serde_json::from_slice::<Value>(body) else {
        return Some("its body is no JSON, so no condition can hold".to_owned());
    };
    conditions.iter().find_map(|condition| {
        let text = condition.raw();
        match JsonPath::parse(text) {
            Ok(path) if path.query(&body).is_empty() => Some(format!("the condition {text} selects nothing")),
            Ok(_) => None,
            Err(error) => Some(format!("the condition {text} is no JSONPath: {error}")),
        }
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::Place;

    fn stated(text: &str) -> Stated {
        Stated::known(text, Place { file: "rungate.yaml".into(), line: 1, column: 1 })
    }

    fn answer(headers: &[(&str, &str)], body: &str) -> HttpAnswer {
        let headers = headers.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect();
        HttpAnswer { status: 200, headers, body: body.as_bytes().to_vec(), ..HttpAnswer::default() }
    }

    fn header(name: &str, pattern: &str) -> HealthExpectation {
        let headers = vec![HeaderExpectation { name: stated(name), pattern: stated(pattern) }];
        HealthExpectation { headers, ..HealthExpectation::default() }
    }

    #[test]
    fn headers_match_as_a_whole_and_one_of_several_is_enough() {
        let seen =
            answer(&[("content-type", "application/json; charset=utf-8"), ("x-a", "1"), ("x-a", "2")], "{}");
        let unmet = |expectation: &HealthExpectation| unmet(&seen, Duration::ZERO, expectation);
        assert_eq!(unmet(&header("Content-Type", "application/json.*")), None);
        assert_eq!(unmet(&header("x-a", "2|3")), None);
        let json = unmet(&header("content-type", "application/json")).unwrap();
        assert!(json.contains("application/json; charset=utf-8"), "{json}");
        assert_eq!(unmet(&header("x-b", ".*")).as_deref(), Some("it has no header x-b"));
    }

    #[test]
    fn a_pattern_is_found_anywhere_in_the_body() {
        let pattern = |text| HealthExpectation { body: Some(stated(text)), ..HealthExpectation::default() };
        let seen = answer(&[], "all is\nready");
        assert_eq!(unmet(&seen, Duration::ZERO, &pattern("ready|up")), None);
        assert!(unmet(&seen, Duration::ZERO, &pattern("^ready")).is_some());
        assert_eq!(unmet(&seen, Duration::ZERO, &pattern("(?m)^ready")), None);
    }

    #[test]
    fn the_revision_is_told_by_header_or_body_and_must_be_the_very_one() {
        let by = |told_by| HealthExpectation { revision: Some(told_by), ..HealthExpectation::default() };
        let told = |health: &HealthExpectation, headers: &[(&str, &str)], body: &str| {
            let expected = HealthExpected { health, revision: Some("auth-00002-abc".to_owned()) };
            match other_version("u", &answer(headers, body), &expected) {
                None => "right".to_owned(),
                Some(HealthFinding::OtherVersion { told, .. }) => told.unwrap_or_else(|| "untold".to_owned()),
                Some(other) => panic!("{other:?}"),
            }
        };
        let header = by(ToldBy::Header(stated("X-Revision")));
        assert_eq!(told(&header, &[("x-revision", "auth-00002-abc")], ""), "right");
        assert_eq!(told(&header, &[("x-revision", "auth-00001-xyz")], ""), "auth-00001-xyz");
        assert_eq!(told(&header, &[], ""), "untold");
        let json = by(ToldBy::Json(stated("$.k.revision")));
        assert_eq!(told(&json, &[], r#"{"k":{"revision":"auth-00002-abc"}}"#), "right");
        assert_eq!(told(&json, &[], r#"{"k":{"revision":2}}"#), "2");
        assert_eq!(told(&json, &[], "no json"), "untold");
    }

    #[test]
    fn commits_may_be_short_and_not_too_short() {
        let full = "1a2b3c4d5e6f7a8b9c0d1a2b3c4d5e6f7a8b9c0d";
        assert!(same_commit(full, full) && same_commit("1a2b3c4", full) && same_commit(full, "1A2B3C4D"));
        assert!(!same_commit("1a2b3c", full) && !same_commit("", full) && !same_commit("1a2b3c5", full));
    }
}

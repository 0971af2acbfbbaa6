//! One answer, held against what is expected of it: pure.

use std::time::Duration;

use serde_json_path::JsonPath;

use crate::model::{Degraded, HealthExpectation, Stated};
use crate::probe::health::{Judgement, Level, judge};
use crate::probe::http::{HttpAnswer, LONGEST_BODY, NoHttpAnswer};
use crate::run::attempt::AttemptVerdict;
use crate::run::finding::HealthFinding;

/// Longest excerpt of a body in the record.
const EXCERPT: usize = 400;

/// One attempt and what came of it.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Attempt {
    pub(super) url: String,
    pub(super) at_ms: u64,
    pub(super) status: Option<u16>,
    pub(super) latency: Duration,
    /// What the record says of it.
    pub(super) verdict: AttemptVerdict,
    /// What the body says, where status and body contradict one another.
    pub(super) disagrees: Option<&'static str>,
    /// The service itself says that there is nothing at this path.
    pub(super) definitely_absent: bool,
    /// Not the service answered, but Cloud Run's front end, which lets nobody in without a valid ID token: 401 or 403.
    pub(super) refused: Option<u16>,
    /// What was judged, or what is wrong.
    pub(super) end: Result<Judgement, HealthFinding>,
}

impl Attempt {
    /// Among answers of candidates, the one with the lowest rank is taken: a path that exists, in whatever state,
    /// before one that cannot be judged, before one that does not exist. So a hanging `/health` is not passed over
    /// for a `/live` that knows nothing of the database.
    pub(super) fn rank(&self) -> u8 {
        match &self.end {
            Ok(_)
            | Err(
                HealthFinding::Unhealthy { .. }
                | HealthFinding::BadStatus { .. }
                | HealthFinding::NoAnswer { .. }
                | HealthFinding::ExpectationUnmet { .. }
                | HealthFinding::Unstable { .. },
            ) => 0,
            Err(HealthFinding::NotJudgeable { .. }) => 1,
            Err(HealthFinding::NotFound { .. }) => 2,
        }
    }

    /// Whether its answer is about health, so that this URL is the one.
    pub(super) fn is_judged(&self) -> bool {
        match &self.end {
            Ok(_) | Err(HealthFinding::Unhealthy { .. } | HealthFinding::ExpectationUnmet { .. }) => true,
            Err(
                HealthFinding::BadStatus { .. }
                | HealthFinding::NoAnswer { .. }
                | HealthFinding::NotJudgeable { .. }
                | HealthFinding::NotFound { .. }
                | HealthFinding::Unstable { .. },
            ) => false,
        }
    }
}

/// Holds an answer against what is expected.
pub(super) fn assess(
    url: &str,
    answer: Result<HttpAnswer, NoHttpAnswer>,
    at_ms: u64,
    latency: Duration,
    expectation: &HealthExpectation,
) -> Attempt {
    let mut attempt = Attempt {
        url: url.to_owned(),
        at_ms,
        status: None,
        latency,
        verdict: AttemptVerdict::NoAnswer,
        disagrees: None,
        definitely_absent: false,
        refused: None,
        end: Err(HealthFinding::NoAnswer { url: url.to_owned(), detail: String::new() }),
    };
    let answer = match answer {
        Ok(answer) => answer,
        Err(none) => {
            attempt.end = Err(HealthFinding::NoAnswer { url: url.to_owned(), detail: none.to_string() });
            return attempt;
        }
    };
    let status = answer.status;
    attempt.status = Some(status);
    let judgement = judged(&answer, expectation);
    attempt.verdict = verdict(&judgement.level);
    attempt.disagrees = judgement.disagrees;
    attempt.definitely_absent = status == 404 && says_so_itself(&answer.body);
    attempt.refused = refused(&answer);
    attempt.end = match finding(url, &answer, &judgement, latency, expectation) {
        None => Ok(judgement),
        Some(finding) => {
            attempt.verdict = seen(&finding, attempt.verdict);
            Err(finding)
        }
    };
    attempt
}

/// What was read, in the record's words.
fn verdict(level: &Level) -> AttemptVerdict {
    match level {
        Level::Healthy => AttemptVerdict::Healthy,
        Level::Degraded => AttemptVerdict::Degraded,
        Level::Unhealthy => AttemptVerdict::Unhealthy,
        Level::NotJudgeable { .. } => AttemptVerdict::NotJudgeable,
    }
}

/// The same, where something is wrong; `body` is what the body alone says.
fn seen(finding: &HealthFinding, body: AttemptVerdict) -> AttemptVerdict {
    match finding {
        HealthFinding::Unhealthy { .. } | HealthFinding::Unstable { .. } => body,
        HealthFinding::NotJudgeable { .. } => AttemptVerdict::NotJudgeable,
        HealthFinding::NotFound { .. } => AttemptVerdict::NotFound,
        HealthFinding::BadStatus { .. } => AttemptVerdict::BadStatus,
        HealthFinding::NoAnswer { .. } => AttemptVerdict::NoAnswer,
        HealthFinding::ExpectationUnmet { .. } => AttemptVerdict::Unexpected,
    }
}

fn judged(answer: &HttpAnswer, expectation: &HealthExpectation) -> Judgement {
    // A status that the native file counts is a success, whatever HTTP calls it.
    let status = if expectation.statuses.contains(&answer.status) { 200 } else { answer.status };
    let mut judgement = judge(status, answer.content_type.as_deref(), &answer.body);
    if answer.truncated && judgement.level == Level::Healthy {
        let because = format!("the body is longer than {LONGEST_BODY} bytes");
        judgement.level = Level::NotJudgeable { because };
    }
    judgement
}

/// What is wrong with an answer; `None`: nothing.
fn finding(
    url: &str,
    answer: &HttpAnswer,
    judgement: &Judgement,
    latency: Duration,
    expectation: &HealthExpectation,
) -> Option<HealthFinding> {
    let (url, status) = (url.to_owned(), answer.status);
    let accepted = match judgement.level {
        Level::Healthy => true,
        Level::Degraded => expectation.degraded == Degraded::Pass,
        Level::Unhealthy => false,
        Level::NotJudgeable { .. } => {
            // Whoever states conditions says himself by what health is to be judged.
            !expectation.conditions.is_empty() && counts(status, expectation)
        }
    };
    if !accepted {
        return Some(match &judgement.level {
            Level::NotJudgeable { .. } if status == 404 => HealthFinding::NotFound { urls: vec![url] },
            Level::NotJudgeable { .. } if status == 429 || status >= 500 => {
                HealthFinding::BadStatus { url, status, excerpt: excerpt(&answer.body) }
            }
            Level::NotJudgeable { because } => {
                let because = match &answer.location {
                    Some(location) if (300..400).contains(&status) => {
                        format!("{because}: {}", excerpt(location.as_bytes()))
                    }
                    Some(_) | None => because.clone(),
                };
                HealthFinding::NotJudgeable { url, status, because, excerpt: excerpt(&answer.body) }
            }
            // The body finds nothing wrong: the status alone is bad.
            Level::Unhealthy if judgement.disagrees == Some("healthy") => {
                HealthFinding::BadStatus { url, status, excerpt: excerpt(&answer.body) }
            }
            level @ (Level::Healthy | Level::Degraded | Level::Unhealthy) => HealthFinding::Unhealthy {
                url,
                status,
                verdict: level.word().to_owned(),
                failing: judgement.failing.clone(),
                working: judgement.working.clone(),
                excerpt: excerpt(&answer.body),
            },
        });
    }
    let unmet = if !counts(status, expectation) {
        let list: Vec<String> = expectation.statuses.iter().map(u16::to_string).collect();
        Some(format!("the expected status is {}", list.join(" or ")))
    } else if let Some(limit) = expectation.latency.filter(|limit| latency > *limit) {
        Some(format!("it took {} ms where {} are allowed", latency.as_millis(), limit.as_millis()))
    } else {
        unmet_condition(&answer.body, &expectation.conditions)
    };
    unmet.map(|expected| HealthFinding::ExpectationUnmet { url, status, expected })
}

fn counts(status: u16, expectation: &HealthExpectation) -> bool {
    if expectation.statuses.is_empty() {
        (200..300).contains(&status)
    } else {
        expectation.statuses.contains(&status)
    }
}

/// The first condition that selects nothing, in words.
fn unmet_condition(body: &[u8], conditions: &[Stated]) -> Option<String> {
    if conditions.is_empty() {
        return None;
    }
    let Ok(body) = serde_json::from_slice::<serde_json::Value>(body) else {
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

/// Google's front end answers 404 with a page of its own; a service says so in JSON or text, and Express in a page
/// that is easily known.
fn says_so_itself(body: &[u8]) -> bool {
    let text = String::from_utf8_lossy(&body[..body.len().min(2 * EXCERPT)]);
    !text.trim_start().starts_with('<') || text.contains("<pre>Cannot GET")
}

/// The status with which the front end refuses. Its pages are its own: a service's 401 or 403 of these very words would
/// only be asked once more, with a token that is good for that service alone.
fn refused(answer: &HttpAnswer) -> Option<u16> {
    let text = String::from_utf8_lossy(&answer.body[..answer.body.len().min(2 * EXCERPT)]);
    let page = text.trim_start().starts_with('<') && text.contains("Your client does not have permission");
    (page && matches!(answer.status, 401 | 403)).then_some(answer.status)
}

/// The beginning of a body, on one line.
fn excerpt(body: &[u8]) -> String {
    // Four bytes a character at the most, and one more to see that something is cut.
    let text = String::from_utf8_lossy(&body[..body.len().min(4 * (EXCERPT + 1))]);
    crate::probe::line_of(&text, EXCERPT)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::Place;

    fn answer(status: u16, body: &str) -> Result<HttpAnswer, NoHttpAnswer> {
        let body = body.as_bytes().to_vec();
        Ok(HttpAnswer { status, content_type: None, location: None, body, truncated: false })
    }

    fn seen(answer: Result<HttpAnswer, NoHttpAnswer>, expectation: &HealthExpectation) -> String {
        let attempt = assess("http://s/health", answer, 0, Duration::from_millis(20), expectation);
        match attempt.end {
            Ok(judgement) => judgement.level.word().to_owned(),
            Err(finding) => serde_json::to_value(finding).unwrap()["kind"].as_str().unwrap().to_owned(),
        }
    }

    fn with(change: impl FnOnce(&mut HealthExpectation)) -> HealthExpectation {
        let mut expectation = HealthExpectation::default();
        change(&mut expectation);
        expectation
    }

    fn condition(text: &str) -> HealthExpectation {
        let place = Place { file: "rungate.yaml".into(), line: 1, column: 1 };
        with(|expectation| expectation.conditions = vec![Stated::known(text, place)])
    }

    #[test]
    fn answers_become_what_they_are() {
        let plain = HealthExpectation::default();
        for (status, body, expected) in [
            (200, r#"{"status":"ok"}"#, "healthy"),
            (200, r#"{"status":"unhealthy"}"#, "unhealthy"),
            (200, r#"{"status":"degraded"}"#, "unhealthy"),
            (503, r#"{"status":"ok"}"#, "bad-status"),
            (503, "upstream connect error", "bad-status"),
            (429, "Rate exceeded.", "bad-status"),
            (404, r#"{"detail":"Not Found"}"#, "not-found"),
            (302, "", "not-judgeable"),
            (401, "", "not-judgeable"),
            (200, "<html>", "not-judgeable"),
        ] {
            assert_eq!(seen(answer(status, body), &plain), expected, "{status} {body}");
        }
        let none = Err(NoHttpAnswer::TimedOut { after: Duration::from_secs(1) });
        assert_eq!(seen(none, &plain), "no-answer");
    }

    #[test]
    fn expectations_add_to_the_body_and_never_excuse_it() {
        let ok = || answer(200, r#"{"status":"ok","version":"7"}"#);
        let unhealthy = || answer(200, r#"{"status":"unhealthy","version":"7"}"#);
        assert_eq!(seen(ok(), &condition("$.version")), "healthy");
        assert_eq!(seen(ok(), &condition("$[?@.version == '8']")), "expectation-unmet");
        assert_eq!(seen(ok(), &condition("$.missing")), "expectation-unmet");
        assert_eq!(seen(ok(), &condition("no path")), "expectation-unmet");
        assert_eq!(seen(unhealthy(), &condition("$.version")), "unhealthy");
        let slow = with(|expectation| expectation.latency = Some(Duration::from_millis(10)));
        assert_eq!(seen(ok(), &slow), "expectation-unmet");
        assert_eq!(seen(unhealthy(), &slow), "unhealthy");
        let teapot = with(|expectation| expectation.statuses = vec![418]);
        assert_eq!(seen(ok(), &teapot), "expectation-unmet");
        assert_eq!(seen(answer(418, r#"{"status":"ok"}"#), &teapot), "healthy");
    }

    #[test]
    fn conditions_judge_what_has_no_words() {
        assert_eq!(seen(answer(200, r#"{"build":7}"#), &condition("$.build")), "not-judgeable");
        let attempt = assess("u", answer(200, r#"{"build":7}"#), 0, Duration::ZERO, &condition("$.build"));
        assert!(attempt.end.is_ok());
        assert_eq!(seen(answer(200, r#"{"build":7}"#), &condition("$.x")), "expectation-unmet");
        assert_eq!(seen(answer(404, r#"{"build":7}"#), &condition("$.build")), "not-found");
    }

    #[test]
    fn degraded_passes_where_it_may() {
        let lenient = with(|expectation| expectation.degraded = Degraded::Pass);
        assert_eq!(seen(answer(200, r#"{"status":"degraded"}"#), &lenient), "degraded");
        assert_eq!(seen(answer(503, r#"{"status":"degraded"}"#), &lenient), "unhealthy");
    }

    #[test]
    fn a_cut_body_is_never_healthy() {
        let cut = Ok(HttpAnswer { truncated: true, ..answer(200, "OK").unwrap() });
        assert_eq!(seen(cut, &HealthExpectation::default()), "not-judgeable");
    }

    #[test]
    fn only_the_front_end_s_own_pages_ask_for_a_token() {
        let page = "<html><title>403 Forbidden</title><h2>Your client does not have permission to get URL \
                    <code>/</code> from this server.</h2>";
        let refused = |status, body: &str| refused(&answer(status, body).unwrap());
        assert_eq!((refused(403, page), refused(401, page)), (Some(403), Some(401)));
        for (status, body) in
            [(200, page), (404, page), (403, r#"{"detail":"forbidden"}"#), (401, "<html>log in</html>")]
        {
            assert_eq!(refused(status, body), None, "{status} {body}");
        }
    }

    #[test]
    fn google_s_own_404_is_not_the_service_s() {
        assert!(says_so_itself(br#"{"detail":"Not Found"}"#));
        assert!(says_so_itself(b"404 page not found\n"));
        assert!(says_so_itself(b"<!DOCTYPE html><pre>Cannot GET /health</pre>"));
        assert!(!says_so_itself(b"<html><title>Error 404 (Not Found)!!1</title>"));
    }
}

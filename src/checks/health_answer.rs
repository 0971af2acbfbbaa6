//! One answer of a health endpoint, against what is expected of it.

use serde_json_path::JsonPath;

use crate::model::{Degraded, HealthExpectation};
use crate::probe::cut;
use crate::probe::health::{self, Judgement, Level};
use crate::probe::http::{Answer, NoHttpAnswer};
use crate::run::finding::{Dependency, HealthFinding};
use crate::run::record::Fact;

/// What one attempt saw.
#[derive(Debug)]
pub(super) struct Seen {
    /// The URL that was asked.
    pub(super) url: String,
    /// What is wrong; `None`: healthy, as expected.
    pub(super) finding: Option<HealthFinding>,
    /// In one sentence, where nothing is wrong.
    pub(super) detail: String,
    /// The dependencies that it names as good.
    pub(super) working: Vec<Dependency>,
    /// Whether it says something about health, or could if the service were well.
    pub(super) speaks: bool,
    /// Whether there is no such path.
    pub(super) absent: bool,
    /// Where the status code says another thing than the body: what the body says.
    disagrees: Option<Level>,
    status: Option<u16>,
    latency_ms: u64,
    /// `healthy`, `unhealthy`, `not-judgeable`, ….
    verdict: String,
}

impl Seen {
    /// The attempt as an observation.
    pub(super) fn fact(&self, at_ms: u64) -> Fact {
        Fact::HealthAttempt {
            at_ms,
            url: self.url.clone(),
            status: self.status,
            latency_ms: self.latency_ms,
            verdict: self.verdict.clone(),
        }
    }

    /// The disagreement of status code and body as an observation. One that the user expects is none.
    pub(super) fn disagreement(&self) -> Option<Fact> {
        let (status, level) = (self.status?, self.disagrees?);
        Some(Fact::SignalsDisagree { status, body: word(level).to_owned() })
    }

    /// None of the candidates exists.
    pub(super) fn nowhere(urls: &[String]) -> Self {
        Self {
            url: urls.first().cloned().unwrap_or_default(),
            finding: Some(HealthFinding::NotFound { urls: urls.to_vec() }),
            detail: String::new(),
            working: Vec::new(),
            speaks: false,
            absent: true,
            disagrees: None,
            status: Some(404),
            latency_ms: 0,
            verdict: "not-found".to_owned(),
        }
    }
}

/// Judges an answer.
pub(super) fn look(url: &str, answer: Result<Answer, NoHttpAnswer>, expectation: &HealthExpectation) -> Seen {
    let mut seen = Seen { absent: false, speaks: true, status: None, ..Seen::nowhere(&[url.to_owned()]) };
    let answer = match answer {
        Ok(answer) => answer,
        Err(error) => {
            seen.verdict = "no-answer".to_owned();
            seen.finding = Some(HealthFinding::NoAnswer { url: url.to_owned(), detail: error.to_string() });
            // Of several candidates, one that does not answer must not win over one that does.
            seen.speaks = false;
            return seen;
        }
    };
    seen.status = Some(answer.status);
    seen.latency_ms = u64::try_from(answer.latency.as_millis()).unwrap_or(u64::MAX);
    if answer.status == 404 && !expectation.statuses.contains(&404) {
        return Seen { absent: true, speaks: false, ..seen };
    }
    let mut judgement =
        health::judge(counted(answer.status, expectation), &answer.content_type, &answer.body);
    if answer.cut {
        judgement.level = Err("the body is longer than 1 MiB".to_owned());
    }
    seen.speaks = judgement.level.is_ok();
    seen.verdict = match judgement.level {
        Ok(level) => word(level).to_owned(),
        Err(_) => "not-judgeable".to_owned(),
    };
    // A degraded service may well answer 200: it still serves.
    seen.disagrees = judgement.body.filter(|level| match level {
        Level::Healthy => counted(answer.status, expectation) >= 400,
        Level::Degraded => false,
        Level::Unhealthy => (200..=299).contains(&answer.status),
    });
    seen.finding = finding(url, &answer, &judgement, expectation);
    seen.detail = said(url, &answer, &judgement);
    seen.working = judgement.working;
    seen
}

/// The status as the judgement counts it: one that the user expects is as good as 200.
fn counted(status: u16, expectation: &HealthExpectation) -> u16 {
    if expectation.statuses.contains(&status) { 200 } else { status }
}

fn finding(
    url: &str,
    answer: &Answer,
    judgement: &Judgement,
    expectation: &HealthExpectation,
) -> Option<HealthFinding> {
    let (url, status, excerpt) = (url.to_owned(), answer.status, health::excerpt(&answer.body));
    let bad = |level: Level| HealthFinding::Unhealthy {
        url: url.clone(),
        status,
        verdict: word(level).to_owned(),
        failing: judgement.failing.clone(),
        working: judgement.working.clone(),
        excerpt: excerpt.clone(),
    };
    match &judgement.level {
        Ok(Level::Unhealthy) if judgement.body == Some(Level::Healthy) || judgement.body.is_none() => {
            Some(HealthFinding::BadStatus { url, status, excerpt })
        }
        Ok(Level::Unhealthy) => Some(bad(Level::Unhealthy)),
        Ok(Level::Degraded) if expectation.degraded == Degraded::Fail => Some(bad(Level::Degraded)),
        Ok(Level::Healthy | Level::Degraded) => unmet(answer, expectation)
            .map(|expected| HealthFinding::ExpectationUnmet { url, status, expected }),
        Err(_) if status >= 400 => Some(HealthFinding::BadStatus { url, status, excerpt }),
        // The user's own conditions judge what the dialects cannot.
        Err(_) if !expectation.conditions.is_empty() && status < 300 => unmet(answer, expectation)
            .map(|expected| HealthFinding::ExpectationUnmet { url, status, expected }),
        Err(because) => {
            let because = match &answer.location {
                Some(location) => format!("{because} to {}", cut(location, 200)),
                None => because.clone(),
            };
            Some(HealthFinding::NotJudgeable { url, status, because, excerpt })
        }
    }
}

/// The first expectation of the native file that an answer does not meet.
fn unmet(answer: &Answer, expectation: &HealthExpectation) -> Option<String> {
    let statuses = &expectation.statuses;
    if !statuses.is_empty() && !statuses.contains(&answer.status) {
        let list: Vec<String> = statuses.iter().map(ToString::to_string).collect();
        return Some(format!("status {} was expected", list.join(" or ")));
    }
    if let Some(limit) = expectation.latency.filter(|limit| answer.latency > *limit) {
        let took = answer.latency.as_millis();
        return Some(format!("it took {took} ms; at most {} ms were expected", limit.as_millis()));
    }
    let value = serde_json::from_slice::<serde_json::Value>(&answer.body);
    expectation.conditions.iter().find_map(|condition| {
        let text = condition.raw();
        let holds = match (&value, JsonPath::parse(text)) {
            (Ok(value), Ok(path)) => !path.query(value).is_empty(),
            (Err(_), _) | (_, Err(_)) => false,
        };
        (!holds).then(|| format!("{text} selects nothing in its body"))
    })
}

fn said(url: &str, answer: &Answer, judgement: &Judgement) -> String {
    let word = if judgement.word.is_empty() { String::new() } else { format!(" {:?}", judgement.word) };
    let names: Vec<&str> = judgement.working.iter().map(|one| one.name.as_str()).take(8).collect();
    let of = if names.is_empty() { String::new() } else { format!(" (with {})", names.join(", ")) };
    format!("{url} answers {}{word}{of} in {} ms", answer.status, answer.latency.as_millis())
}

fn word(level: Level) -> &'static str {
    match level {
        Level::Healthy => "healthy",
        Level::Degraded => "degraded",
        Level::Unhealthy => "unhealthy",
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;
    use crate::model::{Place, Stated};

    fn looked(status: u16, body: &str, expectation: &HealthExpectation) -> Option<HealthFinding> {
        let answer = Answer {
            status,
            content_type: "application/json".into(),
            location: None,
            body: body.into(),
            cut: false,
            latency: Duration::from_millis(120),
        };
        look("http://s/health", Ok(answer), expectation).finding
    }

    fn condition(text: &str) -> HealthExpectation {
        let place = Place { file: "f".into(), line: 1, column: 1 };
        HealthExpectation { conditions: vec![Stated::known(text, place)], ..HealthExpectation::default() }
    }

    #[test]
    fn without_an_expectation_the_body_is_judged() {
        let plain = HealthExpectation::default();
        assert_eq!(looked(200, r#"{"status":"ok"}"#, &plain), None);
        assert!(matches!(looked(200, r#"{"status":"down"}"#, &plain), Some(HealthFinding::Unhealthy { .. })));
        assert!(matches!(looked(503, r#"{"status":"ok"}"#, &plain), Some(HealthFinding::BadStatus { .. })));
        assert!(matches!(looked(200, "{}", &plain), Some(HealthFinding::NotJudgeable { .. })));
        assert!(matches!(looked(403, "<html>", &plain), Some(HealthFinding::BadStatus { status: 403, .. })));
    }

    #[test]
    fn a_status_that_says_another_thing_than_the_body_is_told() {
        let told = |status: u16, body: &str| {
            let answer = Answer {
                status,
                content_type: "application/json".into(),
                location: None,
                body: body.into(),
                cut: false,
                latency: Duration::from_millis(1),
            };
            look("http://s/health", Ok(answer), &HealthExpectation::default()).disagreement()
        };
        let (good, bad) = (r#"{"status":"ok"}"#, r#"{"status":"down"}"#);
        assert_eq!(told(200, bad), Some(Fact::SignalsDisagree { status: 200, body: "unhealthy".into() }));
        assert_eq!(told(503, good), Some(Fact::SignalsDisagree { status: 503, body: "healthy".into() }));
        for (status, body) in
            [(200, good), (503, bad), (200, r#"{"status":"degraded"}"#), (200, "{}"), (302, good)]
        {
            assert_eq!(told(status, body), None, "{status} {body}");
        }
    }

    #[test]
    fn an_expectation_adds_to_the_judgement_and_never_overrules_it() {
        let expected = condition("$[?@.db == 1]");
        assert!(matches!(
            looked(200, r#"{"status":"down","x":{"db":1}}"#, &expected),
            Some(HealthFinding::Unhealthy { .. })
        ));
        let nested = condition("$.x[?@.db == 1]");
        assert_eq!(looked(200, r#"{"x":[{"db":1}]}"#, &nested), None, "it judges what the dialects cannot");
        assert!(matches!(
            looked(200, r#"{"status":"ok"}"#, &nested),
            Some(HealthFinding::ExpectationUnmet { .. })
        ));
    }

    #[test]
    fn statuses_latency_and_degraded_follow_the_file() {
        let teapot = HealthExpectation { statuses: vec![418], ..HealthExpectation::default() };
        assert_eq!(looked(418, r#"{"status":"ok"}"#, &teapot), None);
        assert!(matches!(
            looked(200, r#"{"status":"ok"}"#, &teapot),
            Some(HealthFinding::ExpectationUnmet { .. })
        ));
        let fast =
            HealthExpectation { latency: Some(Duration::from_millis(100)), ..HealthExpectation::default() };
        assert!(matches!(
            looked(200, r#"{"status":"ok"}"#, &fast),
            Some(HealthFinding::ExpectationUnmet { .. })
        ));
        let mild = HealthExpectation { degraded: Degraded::Pass, ..HealthExpectation::default() };
        assert_eq!(looked(200, r#"{"status":"degraded"}"#, &mild), None);
        let strict = HealthExpectation::default();
        assert!(looked(200, r#"{"status":"degraded"}"#, &strict).is_some());
    }
}

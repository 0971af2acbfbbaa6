//! One answer, held against what is expected of it: pure.

use std::time::Duration;

use url::Url;

use super::expect::{HealthExpected, counts, other_version, tells_version, unmet};
use crate::health::{FrontEndPage, HttpAnswer, Judgement, Level, front_end, judge, login};
use crate::model::{Degraded, HealthExpectation};
use crate::probe::http::{LONGEST_BODY, NoHttpAnswer};
use crate::record::finding::{HealthFinding, KnownBy};
use crate::record::{AttemptVerdict, Barrier};

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
    /// Not the service answered, but Cloud Run's front end, which lets nobody in without a valid ID token: 401 or 403.
    pub(super) refused: Option<u16>,
    /// Google's front end knows no such service at this address.
    pub(super) unknown_there: bool,
    /// Whether the body is JSON, which Google's front end does not speak: the service's own word, then.
    pub(super) json: bool,
    /// What was judged, or what is wrong.
    pub(super) end: End,
}

/// What came of an attempt.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum End {
    /// It is as it should be.
    Good(Judgement),
    /// Something is wrong.
    Bad(HealthFinding),
    /// Somebody else answered in the service's place, and did not let the gate in.
    Shut(Barrier),
}

impl Attempt {
    /// Whether it counts as a success.
    pub(super) fn is_good(&self) -> bool {
        matches!(self.end, End::Good(_))
    }

    /// Among answers of candidates, one with a lower rank is taken: a path that exists, in whatever state, before one
    /// that cannot be judged, before one that wants a login, before one that does not exist. So a hanging `/health` is
    /// not passed over for a `/live` that knows nothing of the database.
    pub(super) fn rank(&self) -> u8 {
        match &self.end {
            End::Good(_)
            | End::Bad(
                HealthFinding::Unhealthy { .. }
                | HealthFinding::BadStatus { .. }
                | HealthFinding::NoAnswer { .. }
                | HealthFinding::ExpectationUnmet { .. }
                | HealthFinding::OtherVersion { .. }
                | HealthFinding::FrontEnd { .. }
                | HealthFinding::DoorClosed { .. }
                | HealthFinding::Unstable { .. },
            ) => 0,
            End::Bad(HealthFinding::NotJudgeable { .. }) => 1,
            End::Shut(_) => 2,
            End::Bad(HealthFinding::NotFound { .. }) => 3,
        }
    }

    /// Whether its answer is about health, so that this URL is the one.
    pub(super) fn is_judged(&self) -> bool {
        match &self.end {
            End::Good(_)
            | End::Bad(
                HealthFinding::Unhealthy { .. }
                | HealthFinding::ExpectationUnmet { .. }
                | HealthFinding::OtherVersion { .. },
            ) => true,
            End::Bad(
                HealthFinding::BadStatus { .. }
                | HealthFinding::NoAnswer { .. }
                | HealthFinding::NotJudgeable { .. }
                | HealthFinding::NotFound { .. }
                | HealthFinding::FrontEnd { .. }
                | HealthFinding::DoorClosed { .. }
                | HealthFinding::Unstable { .. },
            )
            | End::Shut(_) => false,
        }
    }

    /// How much a judged answer tells: one that names its database says more than one that names something, and that
    /// more than a bare word. Of two that tell as much, the bad one.
    pub(super) fn tells(&self) -> (u8, bool) {
        let (failing, working) = match &self.end {
            End::Good(judgement) => (&judgement.failing, &judgement.working),
            End::Bad(HealthFinding::Unhealthy { failing, working, .. }) => (failing, working),
            End::Bad(_) | End::Shut(_) => return (0, true),
        };
        let mut named = failing.iter().chain(working).peekable();
        let much = match (named.peek().is_some(), named.any(|one| one.database)) {
            (_, true) => 2,
            (true, false) => 1,
            (false, false) => 0,
        };
        (much, !self.is_good())
    }

    /// The service itself (or whatever else stands there, and is not Google's front end) has nothing at this path.
    pub(super) fn is_absent(&self) -> bool {
        matches!(self.end, End::Bad(HealthFinding::NotFound { .. }))
    }

    /// The status with which it may be the front end that refused, in words that are not known.
    pub(super) fn maybe_refused(&self) -> Option<u16> {
        match self.end {
            End::Shut(Barrier::Credentials { status }) if !self.json => Some(status),
            End::Shut(_) | End::Good(_) | End::Bad(_) => None,
        }
    }

    /// Why, where the record's verdict alone does not say.
    pub(super) fn detail(&self) -> Option<String> {
        match &self.end {
            End::Good(_) => None,
            End::Bad(finding) => match finding {
                HealthFinding::Unhealthy { failing, .. } => {
                    let names: Vec<String> =
                        failing.iter().map(|one| format!("{} is {:?}", one.name, one.word)).collect();
                    (!names.is_empty()).then(|| names.join(", "))
                }
                HealthFinding::NotJudgeable { because, .. } => Some(because.clone()),
                HealthFinding::NoAnswer { detail, .. } => Some(detail.clone()),
                HealthFinding::ExpectationUnmet { expected, .. } => Some(expected.clone()),
                HealthFinding::OtherVersion { what, told, .. } => Some(match told {
                    Some(told) => format!("{what} {told} answers"),
                    None => format!("it does not tell its {what}"),
                }),
                HealthFinding::FrontEnd { says, .. } => Some(says.to_string()),
                HealthFinding::NotFound { .. }
                | HealthFinding::BadStatus { .. }
                | HealthFinding::DoorClosed { .. }
                | HealthFinding::Unstable { .. } => None,
            },
            End::Shut(barrier) => Some(barrier.to_string()),
        }
    }
}

/// Holds an answer against what is expected.
pub(super) fn assess(
    url: &Url,
    answer: Result<HttpAnswer, NoHttpAnswer>,
    at_ms: u64,
    latency: Duration,
    expected: &HealthExpected<'_>,
) -> Attempt {
    let mut attempt = Attempt {
        url: url.to_string(),
        at_ms,
        status: None,
        latency,
        verdict: AttemptVerdict::NoAnswer,
        disagrees: None,
        refused: None,
        unknown_there: false,
        json: false,
        end: End::Bad(HealthFinding::NoAnswer { url: url.to_string(), detail: String::new() }),
    };
    let answer = match answer {
        Ok(answer) => answer,
        Err(none) => {
            let detail = none.to_string();
            attempt.end = End::Bad(HealthFinding::NoAnswer { url: url.to_string(), detail });
            return attempt;
        }
    };
    attempt.status = Some(answer.status);
    attempt.json = matches!(answer.body.trim_ascii_start().first(), Some(b'{' | b'[' | b'"'));
    if let Some(page) = front_end(answer.status, &answer.body) {
        attempt.verdict = AttemptVerdict::FrontEnd;
        of_front_end(&mut attempt, page, &answer);
        return attempt;
    }
    if let Some(barrier) = wants_login(url, &answer, expected.health) {
        attempt.verdict = AttemptVerdict::BehindLogin;
        attempt.end = End::Shut(barrier);
        return attempt;
    }
    let judgement = judged(&answer, expected.health);
    attempt.verdict = verdict(&judgement.level);
    attempt.disagrees = judgement.disagrees;
    let other = other_version(url.as_str(), &answer, expected);
    // What another revision says of itself is nothing that the new one says.
    let found = other
        .clone()
        .filter(tells_version)
        .or_else(|| finding(url.as_str(), &answer, &judgement, latency, expected.health))
        .or(other);
    attempt.end = match found {
        None => End::Good(judgement),
        Some(finding) => {
            attempt.verdict = seen(&finding, attempt.verdict);
            End::Bad(finding)
        }
    };
    attempt
}

/// What an answer of Google's front end is.
fn of_front_end(attempt: &mut Attempt, page: FrontEndPage, answer: &HttpAnswer) {
    let status = answer.status;
    let shut = |because: &str| End::Shut(Barrier::Unknown { because: because.to_owned() });
    match page {
        FrontEndPage::Forbidden | FrontEndPage::Unauthorized => {
            attempt.refused = Some(status);
            attempt.end = shut("the front end lets nobody in without a valid ID token");
        }
        FrontEndPage::NotFound => {
            attempt.unknown_there = true;
            attempt.end = shut("Google's front end answers 404 in the service's place");
        }
        FrontEndPage::Instances { says, sure } => {
            attempt.end = End::Bad(HealthFinding::FrontEnd {
                url: attempt.url.clone(),
                status,
                says,
                known: if sure { KnownBy::Page } else { KnownBy::Guess },
                excerpt: excerpt(&answer.body),
            });
        }
    }
}

/// The login that an answer wants, where it does. A status that the native file counts is the service's own matter.
fn wants_login(url: &Url, answer: &HttpAnswer, health: &HealthExpectation) -> Option<Barrier> {
    if health.statuses.contains(&answer.status) {
        return None;
    }
    if let Some(barrier) = login(url, answer) {
        return Some(barrier);
    }
    matches!(answer.status, 401 | 403).then_some(Barrier::Credentials { status: answer.status })
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
        HealthFinding::ExpectationUnmet { .. } | HealthFinding::OtherVersion { .. } => {
            AttemptVerdict::Unexpected
        }
        HealthFinding::FrontEnd { .. } | HealthFinding::DoorClosed { .. } => AttemptVerdict::FrontEnd,
    }
}

fn judged(answer: &HttpAnswer, health: &HealthExpectation) -> Judgement {
    // A status that the native file counts is a success, whatever HTTP calls it.
    let status = if health.statuses.contains(&answer.status) { 200 } else { answer.status };
    let mut judgement = judge(status, answer.content_type.as_deref(), &answer.body);
    if let Some(encoding) = &answer.encoding {
        let encoding = crate::text::line_of(encoding, 40);
        let because = format!("the body is encoded ({encoding}), though nobody asked for that");
        judgement.level = Level::NotJudgeable { because };
    } else if answer.truncated && judgement.level == Level::Healthy {
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
    health: &HealthExpectation,
) -> Option<HealthFinding> {
    let (url, status) = (url.to_owned(), answer.status);
    let accepted = match judgement.level {
        Level::Healthy => true,
        Level::Degraded => health.degraded == Degraded::Pass,
        Level::Unhealthy => false,
        Level::NotJudgeable { .. } => {
            // Whoever states conditions or a pattern says himself by what health is to be judged.
            (!health.conditions.is_empty() || health.body.is_some())
                && answer.encoding.is_none()
                && counts(status, health)
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
    unmet(answer, latency, health).map(|expected| HealthFinding::ExpectationUnmet { url, status, expected })
}

/// The beginning of a body, on one line.
fn excerpt(body: &[u8]) -> String {
    // Four bytes a character at the most, and one more to see that something is cut.
    let text = String::from_utf8_lossy(&body[..body.len().min(4 * (EXCERPT + 1))]);
    crate::text::line_of(&text, EXCERPT)
}

#[cfg(test)]
mod tests;

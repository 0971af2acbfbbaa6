//! Polling one entrance of the service until its health is told, or the window ends.

use std::sync::{Mutex, PoisonError};

use futures::future::join_all;
use tokio::time::{Instant, sleep};
use url::Url;

use super::admission::Admission;
use super::ask::attempt;
use super::assess::{Attempt, End};
use super::entrance;
use super::expect::HealthExpected;
use super::poll::{Poll, jittered};
use super::request_log::{self, Logged};
use super::target::Entrance;
use crate::live::Scope;
use crate::record::finding::{Finding, HealthFinding, KnownBy};
use crate::record::{Barrier, Fact, HealthAttempt, Inconclusive, Outcome, Taken};

/// Attempts that are kept in the record; a window has a hundred.
const MOST_KEPT: usize = 5_000;

/// What is bad at the moment, by entrance: what one sees must not hide what another sees.
pub(super) struct Bad<'a> {
    scope: &'a Scope,
    seen: Mutex<Vec<Option<HealthFinding>>>,
}

impl<'a> Bad<'a> {
    /// Nothing bad seen at any entrance.
    pub(super) fn of(scope: &'a Scope, entrances: usize) -> Self {
        Self { scope, seen: Mutex::new(vec![None; entrances]) }
    }

    fn see(&self, entrance: usize, finding: Option<&HealthFinding>) {
        let first = {
            let mut seen = self.seen.lock().unwrap_or_else(PoisonError::into_inner);
            if let Some(place) = seen.get_mut(entrance) {
                *place = finding.cloned();
            }
            seen.iter().flatten().next().cloned()
        };
        self.scope.notes.so_far(first.map(Finding::Health));
    }
}

/// Polls.
pub(super) async fn poll(
    scope: &Scope,
    entrance: Entrance,
    expected: &HealthExpected<'_>,
    bad: &Bad<'_>,
    index: usize,
) -> Outcome {
    match watch(scope, entrance, expected, bad, index).await {
        Ok(outcome) | Err(outcome) => outcome,
    }
}

async fn watch(
    scope: &Scope,
    entrance: Entrance,
    expected: &HealthExpected<'_>,
    bad: &Bad<'_>,
    index: usize,
) -> Result<Outcome, Outcome> {
    let Entrance { mut urls, stated } = entrance;
    let candidates = urls.len();
    let health = expected.health;
    let mut poll = Poll::new(health.successes);
    let began = Instant::now();
    let (mut all_absent, mut all_shut) = (0, 0);
    let mut admission = Admission::default();
    let mut why_unknown = None;
    let mut last_json = false;
    let mut door_asked = false;
    loop {
        // An answer under way when the window ends is waited for: cut short, it would say less than those before.
        let mut round = join_all(urls.iter().map(|url| attempt(scope, url, &admission, expected))).await;
        if let Some((at, status)) = maybe_refused(&round).filter(|_| !door_asked) {
            door_asked = true;
            if let Logged::Refused { .. } = request_log::look(scope, &urls[at], status).await {
                round[at].refused = Some(status);
            }
        }
        if admission.wants_token(&round) {
            round.iter().for_each(|attempt| note(scope, attempt, Taken::Aside));
            admission.obtain(scope, &urls).await.map_err(|why| Outcome::Inconclusive { why })?;
            continue;
        }
        let Some(chosen) = best(&round) else { break };
        for (at, attempt) in round.iter().enumerate() {
            let taken = match (at == chosen, attempt.is_good()) {
                (true, true) => Taken::Success,
                (true, false) => Taken::Failure,
                (false, _) => Taken::Aside,
            };
            note(scope, attempt, taken);
        }
        let absent = round.iter().all(Attempt::is_absent);
        all_absent = if absent { all_absent + 1 } else { 0 };
        let asked: Vec<Url> = urls.clone();
        let unsure = round.iter().position(|attempt| !attempt.json);
        let Some(attempt) = round.into_iter().nth(chosen) else { break };
        if attempt.is_judged() {
            urls = vec![urls.swap_remove(chosen)];
        }
        if attempt.unknown_there && why_unknown.is_none() {
            match entrance::closed(scope, &asked[chosen]).await {
                Ok(end) => return Ok(end),
                Err(why) => why_unknown = Some(why),
            }
        }
        let proxy = matches!(attempt.end, End::Shut(Barrier::IdentityAwareProxy));
        all_shut = if proxy { all_shut + 1 } else { 0 };
        admission.last_refused = attempt.refused;
        last_json = attempt.json;
        if let Some(detail) = poll.take(attempt, began.elapsed()) {
            for fact in poll.facts() {
                scope.fact(fact);
            }
            bad.see(index, None);
            advise(scope, &poll);
            let found = if candidates > 1 {
                format!(" (the most telling of {candidates} usual paths)")
            } else {
                String::new()
            };
            return Ok(Outcome::Passed { detail: format!("{detail}{found}") });
        }
        bad.see(index, poll.finding());
        // Twice, for the front end may still be learning of a service that has just been made. A path that is stated
        // may be one of a revision that does not serve yet.
        if all_absent == 2 && !stated {
            let urls = asked.iter().map(Url::to_string).collect();
            let found = HealthFinding::NotFound { urls };
            return Ok(match unsure {
                Some(at) => absent_there(scope, &asked[at], found).await,
                None => Outcome::Failed { finding: Finding::Health(found) },
            });
        }
        // The proxy does not go away by waiting. A login page may be that of a revision that still serves.
        if all_shut == 2 {
            break;
        }
        let pause = jittered(health.interval);
        // A row of healthy answers may end after the window: it has come within it.
        let enough = poll.answers() >= scope.settings.fewest_answers;
        if !poll.is_in_streak() && enough && began.elapsed() + pause >= health.window {
            break;
        }
        sleep(pause).await;
    }
    if let (Some(why), Some(status)) = (admission.refusal(&urls), admission.last_refused) {
        let logged = match urls.first() {
            Some(url) => request_log::look(scope, url, status).await,
            None => Logged::Unread,
        };
        let why = match logged {
            // It came to the service: the page only looks like Google's.
            Logged::Served => {
                let url = urls.first().map(Url::to_string).unwrap_or_default();
                Inconclusive::AccessDenied { url, barrier: Barrier::Credentials { status } }
            }
            Logged::FrontEnd { .. } | Logged::Refused { .. } | Logged::Nothing | Logged::Unread => why,
        };
        return Err(Outcome::Inconclusive { why });
    }
    Ok(end(scope, poll, why_unknown, last_json).await)
}

/// The first answer of a round that the front end may have given for want of a token, and its status.
fn maybe_refused(round: &[Attempt]) -> Option<(usize, u16)> {
    round.iter().enumerate().find_map(|(at, attempt)| Some((at, attempt.maybe_refused()?)))
}

/// What a 404 comes to whose words do not say who gave it.
async fn absent_there(scope: &Scope, url: &Url, found: HealthFinding) -> Outcome {
    let logged = request_log::look(scope, url, 404).await;
    match request_log::of_404(found, &logged) {
        Ok(finding) => {
            if logged == Logged::Served {
                let text = "the log of requests has the gate's own: the service itself answered 404";
                scope.fact(Fact::Note { text: text.to_owned() });
            }
            Outcome::Failed { finding: Finding::Health(finding) }
        }
        Err(barrier) => match entrance::closed(scope, url).await {
            Ok(end) => end,
            Err(why) => not_let_in(url.to_string(), barrier, Some(why)),
        },
    }
}

fn not_let_in(url: String, barrier: Barrier, why_unknown: Option<String>) -> Outcome {
    let barrier = match (barrier, why_unknown) {
        (Barrier::Unknown { because }, Some(why)) => {
            Barrier::Unknown { because: format!("{because}, {why}") }
        }
        (barrier, _) => barrier,
    };
    Outcome::Inconclusive { why: Inconclusive::AccessDenied { url, barrier } }
}

/// The attempt of a round that counts: the best by its rank. Of those that are judged, the one that tells the most;
/// unless one stands before all of them that exists and says nothing.
fn best(round: &[Attempt]) -> Option<usize> {
    let first = (0..round.len()).min_by_key(|&index| round[index].rank())?;
    if !round[first].is_judged() {
        return Some(first);
    }
    let judged = (0..round.len()).filter(|&index| round[index].is_judged());
    // The first of those that tell as much.
    judged.rev().max_by_key(|&index| round[index].tells())
}

/// What the whole row says once the window ended without enough healthy answers.
async fn end(scope: &Scope, poll: Poll, why_unknown: Option<String>, json: bool) -> Outcome {
    let (url, told) = poll.verdict();
    let asked = Url::parse(&url).ok();
    match (told, asked) {
        (Ok(found @ HealthFinding::NotFound { .. }), Some(asked)) if !json => {
            absent_there(scope, &asked, found).await
        }
        (Ok(finding), _) => {
            let asked = Url::parse(&url).ok().zip(unsure(&finding));
            let finding = match asked {
                Some((asked, status)) => {
                    let logged = request_log::look(scope, &asked, status).await;
                    if logged == Logged::Nothing {
                        let text = format!(
                            "the log of requests has no entry of the answer {status}: what stands before the service may \
                             have given it, or the log is late"
                        );
                        scope.fact(Fact::Note { text });
                    }
                    request_log::settle(finding, logged)
                }
                None => finding,
            };
            Outcome::Failed { finding: Finding::Health(finding) }
        }
        // The page is one of Google's by its words, and no barrier of the service's is closed.
        (Err(barrier @ Barrier::Unknown { .. }), Some(asked)) => {
            let found = HealthFinding::NotFound { urls: vec![url.clone()] };
            match request_log::look(scope, &asked, 404).await {
                Logged::Served => Outcome::Failed { finding: Finding::Health(found) },
                Logged::Nothing => {
                    let more = "and the log of requests has no entry of it".to_owned();
                    let why = why_unknown.map_or_else(|| more.clone(), |why| format!("{why}, {more}"));
                    not_let_in(url, barrier, Some(why))
                }
                Logged::FrontEnd { .. } | Logged::Refused { .. } | Logged::Unread => {
                    not_let_in(url, barrier, why_unknown)
                }
            }
        }
        (Err(barrier), _) => not_let_in(url, barrier, why_unknown),
    }
}

/// The status of an answer of which it is not sure who gave it.
fn unsure(finding: &HealthFinding) -> Option<u16> {
    match finding {
        HealthFinding::FrontEnd { status, known: KnownBy::Guess | KnownBy::Page, .. } => Some(*status),
        // Google's front end speaks no JSON.
        HealthFinding::BadStatus { status, excerpt, .. } if !excerpt.starts_with(['{', '[', '"']) => {
            Some(*status)
        }
        HealthFinding::BadStatus { .. }
        | HealthFinding::FrontEnd { known: KnownBy::RequestLog { .. }, .. }
        | HealthFinding::Unhealthy { .. }
        | HealthFinding::NotJudgeable { .. }
        | HealthFinding::NotFound { .. }
        | HealthFinding::NoAnswer { .. }
        | HealthFinding::ExpectationUnmet { .. }
        | HealthFinding::OtherVersion { .. }
        | HealthFinding::DoorClosed { .. }
        | HealthFinding::Unstable { .. } => None,
    }
}

/// A health answer that names nothing proves nothing of what stands behind the service.
fn advise(scope: &Scope, poll: &Poll) {
    if scope.target.service.database.is_some() && poll.names_nothing() {
        scope.fact(Fact::Note {
            text: "health names no dependency, although a database is declared: let it name each with its state, as in \
                   {\"status\":\"healthy\",\"database\":\"up\"}"
                .to_owned(),
        });
    }
}

fn note(scope: &Scope, attempt: &Attempt, taken: Taken) {
    let kept = HealthAttempt {
        at_ms: attempt.at_ms,
        url: attempt.url.clone(),
        status: attempt.status,
        latency_ms: u64::try_from(attempt.latency.as_millis()).unwrap_or(u64::MAX),
        verdict: attempt.verdict,
        taken,
        detail: attempt.detail(),
    };
    scope.notes.note(|noted| {
        if noted.facts.len() < MOST_KEPT {
            noted.facts.push(Fact::HealthAttempt(kept));
        }
        if let (Some(status), Some(body), true) = (attempt.status, attempt.disagrees, taken != Taken::Aside) {
            let fact = Fact::SignalsDisagree { status, body: body.to_owned() };
            // Said once, however often it is seen.
            if !noted.facts.contains(&fact) {
                noted.facts.push(fact);
            }
        }
    });
}

//! One step made once: asked, judged, captured.

use std::collections::BTreeSet;
use std::time::Duration;

use reqwest::header::HeaderMap;
use secrecy::SecretString;
use serde_json::Value;
use tokio::time::Instant;
use url::Url;

use super::compose::{Composed, compose, line};
use super::place::{self, Admitted, StepTarget};
use super::{judge, websocket as talk};
use crate::checks::health::request_log::{self, Logged};
use crate::health::{FrontEndPage, front_end, login};
use crate::live::Scope;
use crate::live::values::{Held, Unfit, Values, host_of};
use crate::live::walk::Walk;
use crate::model::{Act, Capture, Step};
use crate::probe::http::{NoHttpAnswer, Opened, Question, Reply};
use crate::record::finding::{FrontEndSays, JourneyFinding, KnownBy};
use crate::record::{Barrier, Inconclusive, Outcome};

/// How a step ended.
pub(super) enum End {
    Passed {
        detail: String,
    },
    Failed(JourneyFinding),
    /// It could not be made, or not be judged.
    Other(Outcome),
}

/// What came back, as far as it is judged.
struct Heard {
    /// What is said of it where all is well.
    detail: String,
    status: u16,
    differs: Vec<String>,
    headers: Option<HeaderMap>,
    body: Vec<u8>,
}

/// Makes a step within a time limit; gives what it captured too.
pub(super) async fn make(
    scope: &Scope,
    step: &Step,
    walk: &Walk,
    values: &Values,
    limit: Duration,
) -> (End, Values) {
    let place = match StepTarget::of(scope, step).await {
        Ok(place) => place,
        Err(outcome) => return (End::Other(outcome), Values::new()),
    };
    walk.began();
    let request = line(step, &place.base);
    let heard = match asked(scope, step, walk, &place, values, limit).await {
        Ok(heard) => heard,
        Err(end) => return (end(&request, place.asked(scope)), Values::new()),
    };
    let Heard { detail, status, mut differs, headers, body } = heard;
    let mut captured = Values::new();
    for capture in &step.captures {
        match judge::capture(capture, headers.as_ref(), &body) {
            Ok(value) => {
                let held = held(scope, capture, value, &place);
                captured.insert(capture.variable.clone(), held);
            }
            Err(why) => differs.push(why),
        }
    }
    if differs.is_empty() {
        return (End::Passed { detail: format!("{request} {detail}") }, captured);
    }
    let excerpt = judge::excerpt(&body);
    let asked = place.asked(scope);
    // What an answer gave that is not as expected may still be what has to be cleaned up.
    (End::Failed(JourneyFinding::Unexpected { request, asked, status, differs, excerpt }), captured)
}

/// A step that was not made in time.
pub(super) fn no_answer(scope: &Scope, step: &Step, detail: String) -> JourneyFinding {
    let nowhere = Url::parse(&format!("https://{}", scope.target.name));
    let request = nowhere.map_or_else(|_| step.name.raw().to_owned(), |base| line(step, &base));
    JourneyFinding::NoAnswer { request, asked: None, detail }
}

/// The end of a step that got nothing that could be judged, once its request line is known.
type NoHeard = Box<dyn FnOnce(&str, Option<String>) -> End + Send>;

fn unfit(unfit: Unfit) -> NoHeard {
    let detail = match unfit {
        Unfit::Missing { name } => format!("there is no value for (({name}))"),
        Unfit::Shape { detail } | Unfit::Elsewhere { detail } => detail,
    };
    Box::new(move |request, _| {
        End::Failed(JourneyFinding::NotSendable { request: request.to_owned(), detail })
    })
}

fn unanswered(detail: String) -> NoHeard {
    Box::new(move |request, asked| {
        End::Failed(JourneyFinding::NoAnswer { request: request.to_owned(), asked, detail })
    })
}

fn inconclusive(why: Inconclusive) -> NoHeard {
    Box::new(move |_, _| End::Other(Outcome::Inconclusive { why }))
}

/// Asks, first without and, where the front end wants one, then with an ID token: what the front end refuses has not
/// reached the service.
async fn asked(
    scope: &Scope,
    step: &Step,
    walk: &Walk,
    place: &StepTarget,
    values: &Values,
    limit: Duration,
) -> Result<Heard, NoHeard> {
    let key = place.target.as_ref().map(|target| target.key.clone()).unwrap_or_default();
    let mut admitted: Option<Admitted> = None;
    if scope.walks.is_private(&key) {
        admitted = Some(place.admitted(scope).await.map_err(inconclusive)?);
    }
    loop {
        let mut composed = compose(step, &place.base, place.own, values).map_err(unfit)?;
        let url = composed.url.clone();
        walk.give_cookies(&url, &mut composed.headers);
        let token = admitted.as_ref().and_then(|admitted| admitted.token(&url));
        walk.note_sent();
        let (reply, latency) = match exchange(scope, step, place, values, composed, token, limit).await? {
            Exchanged::Heard(heard) => return Ok(heard),
            Exchanged::Reply(reply, latency) => (reply, latency),
        };
        let status = reply.answer.status;
        for secret in walk.take_cookies(&url, &reply.headers) {
            remember(scope, &Value::String(secret));
        }
        // Whoever is nobody to Identity-Aware Proxy does not reach the service at all.
        if let Some(barrier @ Barrier::IdentityAwareProxy) = login(&url, &reply.answer) {
            return Err(inconclusive(Inconclusive::AccessDenied { url: place.base.to_string(), barrier }));
        }
        match (front_end(status, &reply.answer.body), &admitted) {
            (Some(FrontEndPage::Forbidden | FrontEndPage::Unauthorized), None) if place.target.is_some() => {
                admitted = Some(place.admitted(scope).await.map_err(inconclusive)?);
                scope.walks.note_private(&key);
            }
            (Some(FrontEndPage::Forbidden | FrontEndPage::Unauthorized), Some(admitted)) => {
                return Err(inconclusive(admitted.refusal(place.base.as_str(), status)));
            }
            (Some(FrontEndPage::NotFound), _) => match logged(scope, place, &url, status).await {
                Logged::Served => return of_reply(step, reply, latency, values),
                Logged::FrontEnd { .. } | Logged::Refused { .. } | Logged::Nothing | Logged::Unread => {
                    return Err(inconclusive(not_there(place)));
                }
            },
            // Words that a service could write too are its own where the step expects such a status, or where the log of
            // requests says nothing of the front end.
            (Some(FrontEndPage::Instances { says, sure }), _) if sure || !expects(step, status) => {
                let (says, known) = match logged(scope, place, &url, status).await {
                    Logged::Served if !sure => return of_reply(step, reply, latency, values),
                    Logged::FrontEnd { says, line } => (says, KnownBy::RequestLog { line }),
                    Logged::Served | Logged::Refused { .. } | Logged::Nothing | Logged::Unread => {
                        (says, if sure { KnownBy::Page } else { KnownBy::Guess })
                    }
                };
                return Err(of_front_end(status, says, known, judge::excerpt(&reply.answer.body)));
            }
            (
                Some(FrontEndPage::Forbidden | FrontEndPage::Unauthorized | FrontEndPage::Instances { .. })
                | None,
                _,
            ) => return of_reply(step, reply, latency, values),
        }
    }
}

/// Google's front end knows no such service there, as far as this vantage may know: no word of the service's.
fn not_there(place: &StepTarget) -> Inconclusive {
    let because =
        "Google's front end answers 404: there is no such service, or it takes requests from inside only";
    Inconclusive::AccessDenied {
        url: place.base.to_string(),
        barrier: Barrier::Unknown { because: because.to_owned() },
    }
}

/// Whether a step states this status.
fn expects(step: &Step, status: u16) -> bool {
    matches!(&step.act, Act::Request { expect, .. } if expect.statuses.contains(&status))
}

/// What the log of requests says of an answer; only of a service of the pipeline it can be asked.
async fn logged(scope: &Scope, place: &StepTarget, url: &Url, status: u16) -> Logged {
    match &place.target {
        Some(target) => request_log::look(&place::of_target(scope, target), url, status).await,
        None => Logged::Unread,
    }
}

fn of_front_end(status: u16, says: FrontEndSays, known: KnownBy, excerpt: String) -> NoHeard {
    Box::new(move |request, asked| {
        let request = request.to_owned();
        End::Failed(JourneyFinding::FrontEnd { request, asked, status, says, known, excerpt })
    })
}

enum Exchanged {
    Heard(Heard),
    Reply(Box<Reply>, Duration),
}

async fn exchange(
    scope: &Scope,
    step: &Step,
    place: &StepTarget,
    values: &Values,
    composed: Composed,
    token: Option<&SecretString>,
    limit: Duration,
) -> Result<Exchanged, NoHeard> {
    let Composed { method, url, headers, body } = composed;
    let question = Question { method, url, headers, body, limit, token };
    let began = Instant::now();
    let none = |none: NoHttpAnswer| unanswered(none.to_string());
    match &step.act {
        Act::Request { .. } => {
            let reply = scope.outside.http.ask(question).await.map_err(none)?;
            Ok(Exchanged::Reply(Box::new(reply), began.elapsed()))
        }
        Act::WebSocket { protocol, talk } => {
            match scope.outside.http.open(question, protocol.as_deref()).await.map_err(none)? {
                Opened::Refused(reply) => Ok(Exchanged::Reply(reply, began.elapsed())),
                Opened::Talk(socket) => {
                    let left = limit.saturating_sub(began.elapsed());
                    let end = talk::hold(*socket, talk, place, values, left).await.map_err(unfit)?;
                    Ok(Exchanged::Heard(Heard {
                        detail: format!("is answered in {} ms", began.elapsed().as_millis()),
                        status: 101,
                        differs: end.differs,
                        headers: None,
                        body: end.last,
                    }))
                }
            }
        }
    }
}

/// A whole answer, judged.
fn of_reply(step: &Step, reply: Box<Reply>, latency: Duration, values: &Values) -> Result<Heard, NoHeard> {
    let status = reply.answer.status;
    let differs = match &step.act {
        Act::Request { expect, .. } => judge::differs(&reply, latency, expect, values).map_err(unfit)?,
        Act::WebSocket { .. } => vec!["a WebSocket (101) is expected".to_owned()],
    };
    let Reply { answer, headers } = *reply;
    Ok(Heard {
        detail: format!("answers {status} in {} ms", latency.as_millis()),
        status,
        differs,
        headers: Some(headers),
        body: answer.body,
    })
}

/// A captured value, of which the vault knows before anybody else.
fn held(scope: &Scope, capture: &Capture, value: Value, place: &StepTarget) -> Held {
    if capture.secret {
        remember(scope, &value);
    }
    let mut hosts: BTreeSet<String> = capture.hosts.iter().cloned().collect();
    // What a host gave may go back to it.
    hosts.insert(host_of(&place.base));
    Held { value, open: !capture.secret, hosts }
}

/// Every text in a captured value, and of a signed token the parts that say who it is for and prove it.
fn remember(scope: &Scope, value: &Value) {
    match value {
        Value::String(text) => {
            let vault = &scope.outside.vault;
            vault.remember(&SecretString::from(text.as_str()));
            for part in text.split('.').skip(1).filter(|part| part.len() >= 16) {
                vault.remember(&SecretString::from(part));
            }
        }
        Value::Array(items) => items.iter().for_each(|item| remember(scope, item)),
        Value::Object(map) => map.values().for_each(|item| remember(scope, item)),
        // Too common to be hidden wherever they stand.
        Value::Null | Value::Bool(_) => {}
        Value::Number(number) => {
            let text = number.to_string();
            if text.len() >= 8 {
                scope.outside.vault.remember(&SecretString::from(text));
            }
        }
    }
}

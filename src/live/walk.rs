//! What the steps of a journey share while a run lasts: the values so far, and the clock.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, Mutex, PoisonError};

use reqwest::header::HeaderMap;
use secrecy::{ExposeSecret as _, SecretString};
use serde_json::Value;
use tokio::sync::OnceCell;
use tokio::time::Instant;
use url::Url;

use super::cookies::Jar;
use super::values::{Held, Values};
use crate::live::Scope;
use crate::live::service::inconclusive;
use crate::model::{Journey, Stated, Target, VariableSource};
use crate::probe::google::{NoAnswer, Payload};
use crate::record::{Inconclusive, Outcome, Skip};

/// All journeys of a run, and the services between which they lead.
#[derive(Default)]
pub struct Walks {
    targets: Vec<Arc<Target>>,
    environment: BTreeMap<String, SecretString>,
    /// By the service and the name of the journey: a service of one name in two regions is walked twice.
    walks: Mutex<BTreeMap<(String, String), Arc<Walk>>>,
    /// Keys of the services whose front end wants an ID token, and URLs that were found out.
    private: Mutex<BTreeSet<String>>,
}

impl std::fmt::Debug for Walks {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Walks").finish_non_exhaustive()
    }
}

/// One journey on its way.
#[derive(Default)]
pub(crate) struct Walk {
    /// The values that were there at its beginning, or why there are none.
    first: OnceCell<Result<Values, Box<Outcome>>>,
    state: Mutex<State>,
}

#[derive(Default)]
struct State {
    began: Option<Instant>,
    /// Whether anything was sent, so that there may be something to clean up.
    sent: bool,
    captured: Values,
    cookies: Jar,
}

impl Walks {
    /// The journeys of these services, with the variables of the environment that they ask for.
    pub fn new(targets: &[Arc<Target>], environment: BTreeMap<String, SecretString>) -> Self {
        Self { targets: targets.to_vec(), environment, ..Self::default() }
    }

    /// The service of that name; where several share it, the one in the same region as `near`.
    pub(crate) fn target(&self, name: &str, near: &Target) -> Option<Arc<Target>> {
        let mut named: Vec<&Arc<Target>> = self.targets.iter().filter(|one| one.name == name).collect();
        named.sort_by_key(|one| (one.project != near.project, one.region != near.region));
        named.first().map(|one| Arc::clone(one))
    }

    pub(crate) fn walk(&self, service: &Target, journey: &Journey) -> Arc<Walk> {
        let mut walks = self.walks.lock().unwrap_or_else(PoisonError::into_inner);
        Arc::clone(walks.entry((service.key.clone(), journey.name.raw().to_owned())).or_default())
    }

    pub(crate) fn is_private(&self, key: &str) -> bool {
        self.private.lock().unwrap_or_else(PoisonError::into_inner).contains(key)
    }

    pub(crate) fn note_private(&self, key: &str) {
        self.private.lock().unwrap_or_else(PoisonError::into_inner).insert(key.to_owned());
    }

    /// A journey of that name: the service's own, else any.
    fn journey(&self, near: &Target, name: &str) -> Option<(&Target, &Journey)> {
        let mut found = None;
        for target in &self.targets {
            let journey = target.service.journeys.iter().find(|journey| journey.name.raw() == name);
            if let Some(journey) = journey
                && (found.is_none() || target.key == near.key)
            {
                found = Some((&**target, journey));
            }
        }
        found
    }
}

impl Walk {
    /// The values that a step may use: those of the beginning, what the journeys that this one needs captured, and
    /// what it has captured itself.
    pub(crate) async fn values(&self, scope: &Scope, journey: &Journey) -> Result<Values, Outcome> {
        let first = self.first.get_or_init(|| async {
            let mut values = needed(&scope.walks, &scope.target, journey, &mut BTreeSet::new());
            values.extend(declared(scope, journey).await?);
            Ok(values)
        });
        let mut values = first.await.clone().map_err(|outcome| *outcome)?;
        values.extend(self.lock().captured.clone());
        Ok(values)
    }

    /// When the journey began.
    pub(crate) fn began(&self) -> Instant {
        *self.lock().began.get_or_insert_with(Instant::now)
    }

    pub(crate) fn note_sent(&self) {
        self.lock().sent = true;
    }

    /// Whether anything was sent.
    pub(crate) fn has_sent(&self) -> bool {
        self.lock().sent
    }

    pub(crate) fn keep(&self, captured: Values) {
        self.lock().captured.extend(captured);
    }

    /// Puts the cookies that belong to a URL into the headers of a request.
    pub(crate) fn give_cookies(&self, url: &Url, headers: &mut HeaderMap) {
        self.lock().cookies.give(url, headers);
    }

    /// Takes the cookies that an answer sets; gives those that are secret.
    pub(crate) fn take_cookies(&self, url: &Url, headers: &HeaderMap) -> Vec<String> {
        self.lock().cookies.take(url, headers)
    }

    /// Forgets what was captured, before the journey is walked again.
    pub(crate) fn begin_again(&self) {
        let mut state = self.lock();
        state.captured.clear();
        state.cookies.clear();
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// What the journeys that one needs had at their end.
fn needed(walks: &Walks, of: &Target, journey: &Journey, seen: &mut BTreeSet<String>) -> Values {
    let mut values = Values::new();
    for name in journey.needs.iter().map(Stated::raw) {
        let found = walks.journey(of, name).filter(|_| seen.insert(name.to_owned()));
        let Some((target, above)) = found else { continue };
        values.extend(needed(walks, target, above, seen));
        let walk = walks.walk(target, above);
        values.extend(walk.first.get().and_then(|first| first.clone().ok()).unwrap_or_default());
        values.extend(walk.lock().captured.clone());
    }
    values
}

/// The variables that a journey declares.
async fn declared(scope: &Scope, journey: &Journey) -> Result<Values, Box<Outcome>> {
    let mut values = Values::new();
    for variable in &journey.variables {
        let (value, open) = match &variable.source {
            VariableSource::Value(text) => (text.clone(), true),
            VariableSource::Environment(name) => (of_environment(scope, name)?, false),
            VariableSource::Secret { secret, version } => (of_secret(scope, secret, version).await?, false),
        };
        let hosts = variable.hosts.iter().cloned().collect();
        values.insert(variable.name.clone(), Held { value: Value::String(value), open, hosts });
    }
    Ok(values)
}

fn of_environment(scope: &Scope, name: &str) -> Result<String, Box<Outcome>> {
    match scope.walks.environment.get(name) {
        Some(value) => {
            scope.outside.vault.remember(value);
            Ok(value.expose_secret().to_owned())
        }
        None => {
            let what = format!("{name}, which the environment of the gate does not have");
            Err(Box::new(Outcome::Skipped { reason: Skip::Unresolved { what } }))
        }
    }
}

/// The payload of a secret that the file names for this purpose; the vault knows it before anybody else.
async fn of_secret(scope: &Scope, secret: &Stated, version: &Stated) -> Result<String, Box<Outcome>> {
    let (name, version) = (secret.raw(), version.raw());
    let what = format!("version {version} of secret {name}");
    let malformed = |detail: &str| {
        let why = Inconclusive::Malformed { what: what.clone(), detail: detail.to_owned() };
        Box::new(Outcome::Inconclusive { why })
    };
    match scope.outside.google.secret_payload(&scope.target.project, name, version).await {
        Ok(payload) => match &*payload {
            Payload::Whole(bytes) => String::from_utf8(bytes.expose_secret().to_vec())
                .map_err(|_shows_the_bytes| malformed("its payload is no text")),
            Payload::Corrupted => Err(malformed("its payload and its checksum disagree")),
            Payload::Locked => {
                let why = Inconclusive::Unavailable {
                    what: what.clone(),
                    detail: "it is disabled or destroyed".to_owned(),
                };
                Err(Box::new(Outcome::Inconclusive { why }))
            }
        },
        Err(NoAnswer::NotFound) => {
            let why = Inconclusive::Unavailable { what, detail: "it does not exist".to_owned() };
            Err(Box::new(Outcome::Inconclusive { why }))
        }
        Err(answer @ NoAnswer::Inconclusive(_)) => Err(Box::new(inconclusive(&what, answer))),
    }
}

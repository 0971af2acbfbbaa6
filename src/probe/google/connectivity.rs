//! Network Management API v1: Connectivity Tests, Google's own analysis of the way of a packet.
//!
//! The only thing that the gate makes at Google's. A test is remembered from before it is asked for until it is seen
//! to be gone, so that whoever ends the run can take it away.

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{Mutex, OnceLock, PoisonError};
use std::time::Duration;

use google_cloud_networkmanagement_v1::model::ConnectivityTest;
use serde::Deserialize;
use tokio::time::Instant;

use super::transport::Ask;
use super::{Google, NoAnswer, calls};
use crate::model::resource;
use crate::probe::{doubling, poll};
use crate::record::Inconclusive;
use crate::text::bounded;

/// How long a run may take to delete what its checks left, when it ends.
pub const TIDYING: Duration = Duration::from_secs(5);

/// The first pause between two looks at an operation; each is twice as long as the one before, up to [`LONGEST`].
const PAUSE: Duration = Duration::from_millis(200);
/// The longest pause between two looks.
const LONGEST: Duration = Duration::from_secs(2);

/// Tests that were asked for and not yet seen to be gone, and when the run ends.
#[derive(Debug, Default)]
pub(super) struct Tests {
    /// By resource name.
    made: Mutex<BTreeMap<String, Made>>,
    ends: OnceLock<Instant>,
}

#[derive(Clone, Debug)]
struct Made {
    /// Key of the node for whose sake it was made.
    owner: String,
    /// Whether Google has said that it is there; else its answer never came.
    confirmed: bool,
}

/// A Connectivity Test that may still be there after the run.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Leftover {
    /// Key of the node for whose sake it was made.
    pub owner: String,
    /// Its resource name.
    pub name: String,
}

impl Leftover {
    /// What deletes it.
    pub fn command(&self) -> String {
        let id = resource::short(&self.name);
        let project = resource::segment(&self.name, "projects").unwrap_or_default();
        format!("gcloud network-management connectivity-tests delete {id} --project={project}")
    }
}

/// How far a long-running operation is: what the gate needs of `google.longrunning.Operation`, whose type the library
/// does not export.
#[derive(Default, Deserialize)]
#[serde(default)]
struct Progress {
    name: String,
    done: bool,
    error: Option<Trouble>,
}

/// What an operation ended with.
#[derive(Default, Deserialize)]
#[serde(default)]
struct Trouble {
    message: String,
}

impl Tests {
    fn with<R>(&self, change: impl FnOnce(&mut BTreeMap<String, Made>) -> R) -> R {
        change(&mut self.made.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

/// A name that no other run and no other check of this one takes: at most 40 characters, as Google asks for.
fn fresh_id() -> String {
    static COUNT: AtomicU32 = AtomicU32::new(0);
    let count = COUNT.fetch_add(1, Ordering::Relaxed);
    let now = jiff::Timestamp::now().as_microsecond();
    format!("rungate-{now:x}-{:x}-{count:x}", std::process::id())
}

impl Google {
    /// Tells when the run ends: what takes long ends before it, with time left to tidy up.
    pub fn ends(&self, at: Instant) {
        // Said once: there is one run.
        let _ = self.tests.ends.set(at);
    }

    /// Makes a Connectivity Test in a project, waits until Google has traced the packet, reads the result and deletes
    /// the test, whatever came (`networkmanagement.connectivitytests.create`, `.get`, `.delete`,
    /// `networkmanagement.operations.get`).
    ///
    /// # Errors
    /// Why there is no result. A test that could not be deleted stays among those of [`Self::tidy_up`].
    pub async fn tested(
        &self,
        project: &str,
        owner: &str,
        test: ConnectivityTest,
    ) -> Result<ConnectivityTest, NoAnswer> {
        let id = fresh_id();
        let name = format!("projects/{project}/locations/global/connectivityTests/{id}");
        let (owner, made) = (owner.to_owned(), name.clone());
        self.tests.with(|all| all.insert(made, Made { owner, confirmed: false }));
        let result = self.traced(project, &id, &name, test).await;
        if self.tests.with(|all| all.contains_key(&name)) {
            self.delete(&name, Instant::now() + TIDYING).await;
        }
        result
    }

    async fn traced(
        &self,
        project: &str,
        id: &str,
        name: &str,
        test: ConnectivityTest,
    ) -> Result<ConnectivityTest, NoAnswer> {
        let test =
            serde_json::to_value(test).map_err(|error| Inconclusive::Defect { detail: error.to_string() })?;
        let path = format!("v1/projects/{project}/locations/global/connectivityTests");
        // Asked twice, it would be there already.
        let ask = Ask::post(path, test).with("testId", id).once();
        let created = self.once::<Progress>(&calls::CONNECTIVITY_TEST_CREATE, name, ask);
        let started = match created.await {
            Ok(operation) => operation,
            Err(answer) => {
                if refused(&answer) {
                    self.tests.with(|all| all.remove(name));
                }
                return Err(answer);
            }
        };
        self.tests.with(|all| {
            if let Some(made) = all.get_mut(name) {
                made.confirmed = true;
            }
        });
        let look = || {
            let ask = Ask::get(format!("v1/{}", started.name));
            self.once::<Progress>(&calls::CONNECTIVITY_TEST_OPERATION, &started.name, ask)
        };
        let ended =
            |answer: &Result<Progress, NoAnswer>| answer.as_ref().map_or(true, |operation| operation.done);
        let operation = if started.done {
            started
        } else {
            poll(doubling(PAUSE, LONGEST), self.time_left(), look, ended).await.map_err(|_late| {
                let detail = "Google had not traced the packet when the run's time was over".to_owned();
                Inconclusive::Unavailable { what: name.to_owned(), detail }
            })??
        };
        if let Some(trouble) = operation.error {
            let detail = bounded(&trouble.message);
            return Err(Inconclusive::Unavailable { what: name.to_owned(), detail }.into());
        }
        self.once(&calls::CONNECTIVITY_TEST, name, Ask::get(format!("v1/{name}"))).await
    }

    /// What is left of the run for something that takes long.
    fn time_left(&self) -> Duration {
        let end = self.tests.ends.get().map(|end| end.saturating_duration_since(Instant::now()));
        end.map_or(Duration::MAX, |left| left.saturating_sub(TIDYING))
    }

    /// Deletes every Connectivity Test that the run has made and not deleted, and gives those that may still be there.
    pub async fn tidy_up(&self) -> Vec<Leftover> {
        let until = Instant::now() + TIDYING;
        let names: Vec<String> = self.tests.with(|all| all.keys().cloned().collect());
        futures::future::join_all(names.iter().map(|name| self.delete(name, until))).await;
        self.tests.with(|all| {
            let left =
                all.iter().map(|(name, made)| Leftover { owner: made.owner.clone(), name: name.clone() });
            left.collect()
        })
    }

    /// Deletes a test; asks again, while there is time, where Google does not want to yet.
    async fn delete(&self, name: &str, until: Instant) {
        let look = || {
            let ask = Ask::delete(format!("v1/{name}"));
            self.once::<Progress>(&calls::CONNECTIVITY_TEST_DELETE, name, ask)
        };
        let ended = |answer: &Result<Progress, NoAnswer>| match answer {
            Ok(operation) => operation.error.is_none(),
            // Where nobody has said that it is there, its making may still be on its way.
            Err(NoAnswer::NotFound) => {
                self.tests.with(|all| all.get(name).is_some_and(|made| made.confirmed))
            }
            Err(answer) => refused(answer),
        };
        let left = until.saturating_duration_since(Instant::now());
        match poll(doubling(PAUSE, LONGEST), left, look, ended).await {
            Ok(Ok(_)) | Ok(Err(NoAnswer::NotFound)) | Err(Some(Err(NoAnswer::NotFound))) => {
                self.tests.with(|all| all.remove(name));
            }
            Ok(Err(NoAnswer::Inconclusive(_))) | Err(Some(Ok(_) | Err(NoAnswer::Inconclusive(_))) | None) => {
            }
        }
    }
}

/// Whether Google has said no, which it would say again.
fn refused(answer: &NoAnswer) -> bool {
    match answer {
        NoAnswer::NotFound => false,
        NoAnswer::Inconclusive(
            Inconclusive::PermissionDenied { .. }
            | Inconclusive::ApiDisabled { .. }
            | Inconclusive::NoCredentials { .. },
        ) => true,
        NoAnswer::Inconclusive(
            Inconclusive::InvokerDenied { .. }
            | Inconclusive::AccessDenied { .. }
            | Inconclusive::TokenRejected { .. }
            | Inconclusive::Unavailable { .. }
            | Inconclusive::Malformed { .. }
            | Inconclusive::Deadline { .. }
            | Inconclusive::Defect { .. },
        ) => false,
    }
}

#[cfg(test)]
mod tests {
    use super::fresh_id;

    #[test]
    fn names_are_of_googles_form_and_never_the_same() {
        let ids: std::collections::BTreeSet<String> = (0..100).map(|_| fresh_id()).collect();
        assert_eq!(ids.len(), 100);
        for id in ids {
            assert!(id.len() <= 40 && id.starts_with("rungate-"), "{id}");
            let fits = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'-';
            assert!(id.bytes().all(fits) && !id.ends_with('-'), "{id}");
        }
    }
}

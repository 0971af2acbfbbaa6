//! What a running check may use.

use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use crate::model::Target;
use crate::probe::Outside;
use crate::record::finding::Finding;
use crate::record::{DatabaseRecord, Fact, Vantage};

/// What the user decided about the run, as far as checks are concerned.
#[derive(Clone, Debug)]
pub struct RunSettings {
    /// Where the gate dials databases from: [`Vantage::Runner`] or [`Vantage::InVpc`].
    pub vantage: Vantage,
    /// Whether the gate may read the payload of secrets (`--inspect-secrets`).
    pub inspect_secrets: bool,
    /// How long one TCP connection may take to be made, at most.
    pub connect_timeout: Duration,
    /// How long one step of a conversation (TLS, login, query, one HTTP answer) may take, at most.
    pub step_timeout: Duration,
    /// So many answers about health are taken, at least, before its window ends: time alone says little where the
    /// service shares its processor with the gate and with others, as in the sandbox.
    pub fewest_answers: usize,
}

/// What a running check may use: its service, the outside world, and a place to note what it sees.
#[derive(Clone, Debug)]
pub struct Scope {
    /// The service, with name, project and region known.
    pub target: Arc<Target>,
    /// What the check is about, where a service has several.
    pub subject: Option<String>,
    /// The outside world: Google's APIs, HTTP, dialling.
    pub outside: Arc<Outside>,
    /// What the user decided.
    pub settings: Arc<RunSettings>,
    /// Where observations are noted.
    pub notes: Arc<Notes>,
    /// What the checks of the service's database hand on to each other.
    pub conversation: Arc<super::Conversation>,
    /// Where the other checks of the service stand.
    pub siblings: super::Siblings,
    /// What the steps of journeys share.
    pub walks: Arc<super::Walks>,
    /// When the run began; the zero of `at_ms` in facts.
    pub started: tokio::time::Instant,
}

/// Where the checks of a run ring when the executor should look: which have seen something, how many stepped aside.
#[derive(Debug, Default)]
pub struct Bell {
    ring: tokio::sync::Notify,
    rung: Mutex<Vec<usize>>,
    aside: AtomicUsize,
}

impl Bell {
    /// Completes once a check has rung.
    pub async fn rung(&self) {
        self.ring.notified().await;
    }

    /// The checks that have rung since this was asked last, by the numbers that [`Notes::ringing`] was given.
    pub fn take(&self) -> Vec<usize> {
        std::mem::take(&mut *self.rung.lock().unwrap_or_else(PoisonError::into_inner))
    }

    /// How many checks that are under way have stepped aside.
    pub fn aside(&self) -> usize {
        self.aside.load(Ordering::Relaxed)
    }

    fn ring(&self, check: usize) {
        self.rung.lock().unwrap_or_else(PoisonError::into_inner).push(check);
        self.ring.notify_one();
    }
}

/// Observations on their way into the record.
#[derive(Debug, Default)]
pub struct Notes {
    inner: Mutex<Noted>,
    /// Whether the check only waits for others of its service, so that it takes no place of those that may be under
    /// way at once: what it waits for might not begin before it.
    aside: AtomicBool,
    /// Rung whenever a waiting check has seen something new, so that the executor looks whether all is settled.
    bell: Arc<Bell>,
    /// The check's number on the bell.
    number: usize,
}

/// What a check has noted so far.
#[derive(Clone, Debug, Default)]
pub struct Noted {
    /// What it has seen to be bad, while it still waits.
    pub so_far: Option<Finding>,
    /// Observations.
    pub facts: Vec<Fact>,
    /// The service's URL, once known.
    pub url: Option<String>,
    /// The new revision's short name, once known.
    pub revision: Option<String>,
    /// The runtime service account, once known.
    pub service_account: Option<String>,
    /// The way to the database, once known.
    pub database: Option<DatabaseRecord>,
}

impl Notes {
    /// Notes of one check, which rings by this number; the bell is shared by all checks of a run.
    pub fn ringing(bell: Arc<Bell>, number: usize) -> Self {
        Self { inner: Mutex::default(), aside: AtomicBool::new(false), bell, number }
    }

    /// Notes something.
    pub fn note(&self, change: impl FnOnce(&mut Noted)) {
        change(&mut self.inner.lock().unwrap_or_else(PoisonError::into_inner));
    }

    /// Notes what a waiting check has seen to be bad so far (or that it is no longer bad) and rings the bell.
    pub fn so_far(&self, finding: Option<Finding>) {
        self.note(|noted| noted.so_far = finding);
        self.bell.ring(self.number);
    }

    /// What a waiting check has seen to be bad so far.
    pub fn seen_so_far(&self) -> Option<Finding> {
        self.inner.lock().unwrap_or_else(PoisonError::into_inner).so_far.clone()
    }

    /// Steps aside: from now on the check mostly waits for others.
    pub fn step_aside(&self) {
        if !self.aside.swap(true, Ordering::Relaxed) {
            self.bell.aside.fetch_add(1, Ordering::Relaxed);
        }
        self.bell.ring(self.number);
    }

    /// The check is under way no more: it no longer counts as one that stepped aside.
    pub fn left(&self) {
        if self.aside.swap(false, Ordering::Relaxed) {
            self.bell.aside.fetch_sub(1, Ordering::Relaxed);
        }
    }

    /// Completes once a waiting check has seen something new.
    pub async fn news(&self) {
        self.bell.rung().await;
    }

    /// A copy of what was noted.
    pub fn read(&self) -> Noted {
        self.inner.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }
}

impl Scope {
    /// Notes an observation.
    pub fn fact(&self, fact: Fact) {
        self.notes.note(|noted| noted.facts.push(fact));
    }

    /// Milliseconds since the run began.
    pub fn at_ms(&self) -> u64 {
        u64::try_from(self.started.elapsed().as_millis()).unwrap_or(u64::MAX)
    }
}

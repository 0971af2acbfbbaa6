//! How health is asked, and what counts as healthy.

use std::time::Duration;

use serde::{Deserialize, Serialize};

use super::Stated;

/// What `degraded` does to the verdict.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Degraded {
    /// A degraded service fails the gate.
    #[default]
    Fail,
    /// A degraded service passes, and the report says so.
    Pass,
}

/// A header line that must be there.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct HeaderExpectation {
    /// Its name, in any case of letters.
    pub name: Stated,
    /// The pattern that its whole value must match.
    pub pattern: Stated,
}

/// Where an answer tells what it comes from.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum ToldBy {
    /// A header line of that name.
    Header(Stated),
    /// What this JSONPath (RFC 9535) selects in the body.
    Json(Stated),
}

/// The commit that must answer.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct CommitExpectation {
    /// Where the answer tells it.
    pub told_by: ToldBy,
    /// Which it must be, in full or its first seven digits and more. As `$NAME` it is read from the gate's environment
    /// when the run begins.
    pub commit: Stated,
}

/// How health is asked and judged. Defaults hold where the native file says nothing.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct HealthExpectation {
    /// The path to ask (`/health`); `None`: from the files' probes, else the usual candidates.
    pub path: Option<Stated>,
    /// Status codes that count; empty: any 2xx.
    pub statuses: Vec<u16>,
    /// JSONPath queries (RFC 9535) that must each select at least one node.
    pub conditions: Vec<Stated>,
    /// How long health may take to come, from the first attempt.
    pub window: Duration,
    /// Pause between attempts.
    pub interval: Duration,
    /// How many healthy answers in a row are asked for.
    pub successes: u32,
    /// The slowest answer that still counts.
    pub latency: Option<Duration>,
    /// Header lines that the answer must have.
    pub headers: Vec<HeaderExpectation>,
    /// A pattern that must be found in the body.
    pub body: Option<Stated>,
    /// How the answer tells which revision it comes from; it must be the one that this deploy made.
    pub revision: Option<ToldBy>,
    /// Which commit the answer must come from.
    pub commit: Option<CommitExpectation>,
    /// What `degraded` does.
    pub degraded: Degraded,
}

/// Whether Google's front end keeps a path for itself, so that no request from outside ever reaches the container there
/// (<https://cloud.google.com/run/docs/known-issues#reserved_url_paths>).
pub fn is_reserved(path: &str) -> bool {
    let bare = path.split(['?', '#']).next().unwrap_or(path);
    bare == "/healthz" || bare == "/eventlog" || bare == "/_ah" || bare.starts_with("/_ah/")
}

impl Default for HealthExpectation {
    fn default() -> Self {
        Self {
            path: None,
            statuses: Vec::new(),
            conditions: Vec::new(),
            window: Duration::from_secs(90),
            interval: Duration::from_secs(1),
            successes: 2,
            latency: None,
            headers: Vec::new(),
            body: None,
            revision: None,
            commit: None,
            degraded: Degraded::Fail,
        }
    }
}

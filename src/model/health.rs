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
    /// What `degraded` does.
    pub degraded: Degraded,
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
            degraded: Degraded::Fail,
        }
    }
}

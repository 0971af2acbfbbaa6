//! One attempt at a health endpoint, as the record keeps it. Every attempt is kept, for the reports to draw.

use serde::{Deserialize, Serialize};

/// One question and what came back.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct HealthAttempt {
    /// Milliseconds from the run's start to the question.
    pub at_ms: u64,
    /// The URL that was asked.
    pub url: String,
    /// HTTP status code, where an answer came.
    pub status: Option<u16>,
    /// Milliseconds from the question until the whole answer was there, or until it was given up.
    pub latency_ms: u64,
    /// What was read from it.
    pub verdict: AttemptVerdict,
    /// What polling made of it.
    #[serde(default)]
    pub taken: Taken,
    /// Why, where the verdict alone does not say: one line, bounded, of untrusted parts.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub detail: Option<String>,
}

/// What was read from an attempt's answer.
#[derive(
    Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize, strum::Display, strum::EnumIter,
)]
#[serde(rename_all = "kebab-case")]
#[strum(serialize_all = "kebab-case")]
pub enum AttemptVerdict {
    /// The service says that it is healthy, and meets what is expected of it.
    Healthy,
    /// It says that it is so in part.
    Degraded,
    /// It says that it is not.
    Unhealthy,
    /// It is not unhealthy by its own words, and does not meet what `rungate.yaml` expects.
    Unexpected,
    /// Health cannot be read from the answer.
    NotJudgeable,
    /// A status of failure, with a body that says nothing about health.
    BadStatus,
    /// The service itself has nothing at this path.
    NotFound,
    /// A login page, or a redirect to one.
    BehindLogin,
    /// Google's front end answered in the service's place.
    FrontEnd,
    /// No whole answer: no connection, no time left, or an answer that broke off.
    NoAnswer,
}

/// What polling made of an attempt.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize, strum::Display)]
#[serde(rename_all = "kebab-case")]
#[strum(serialize_all = "kebab-case")]
pub enum Taken {
    /// It counts as a success (`degraded` too, where that passes).
    Success,
    /// It counts as a failure.
    Failure,
    /// It does not count: another candidate path of the same round answered better, or the front end asked for a token.
    #[default]
    Aside,
}

impl Taken {
    /// The mark by which reports draw it; `None` for what does not count.
    pub fn mark(self) -> Option<char> {
        match self {
            Self::Success => Some('✓'),
            Self::Failure => Some('✗'),
            Self::Aside => None,
        }
    }
}

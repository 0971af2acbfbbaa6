//! What became of a rollback, as the record keeps it.

use std::fmt;

use serde::{Deserialize, Serialize};

/// What became of a rollback.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "rollback", rename_all = "kebab-case")]
pub enum Rollback {
    /// The traffic goes where it went before.
    Done {
        /// Short name of the revision that lost it.
        from: String,
        /// Short name of the revision that has it now.
        to: String,
        /// How much, in percent.
        percent: i32,
    },
    /// Cloud Run took the order, and did not show it as carried out in time.
    Ordered {
        /// Short name of the revision that is to lose it.
        from: String,
        /// Short name of the revision that is to have it.
        to: String,
        /// How long was waited, in seconds.
        seconds: u64,
    },
    /// There was nothing to send back.
    NotNeeded {
        /// Why.
        because: String,
    },
    /// It could not be done.
    Failed {
        /// Why.
        because: String,
    },
}

impl fmt::Display for Rollback {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Done { from, to, percent } => write!(
                f,
                "rolled back: {percent} % of the traffic went from {from} back to {to}, and stays there until it is moved"
            ),
            Self::Ordered { from, to, seconds } => write!(
                f,
                "rollback ordered, and not seen to be done within {seconds} s: traffic from {from} back to {to}"
            ),
            Self::NotNeeded { because } => write!(f, "not rolled back: {because}"),
            Self::Failed { because } => write!(f, "the rollback failed: {because}"),
        }
    }
}

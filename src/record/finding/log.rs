//! Findings in the service's own log.

use std::fmt;

use serde::{Deserialize, Serialize};

use super::Trouble;

/// What the log tells of.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "kebab-case")]
pub enum LogFinding {
    /// A line that drivers or the Cloud SQL proxy write when the database cannot be used.
    Trouble {
        /// Short name of the revision that wrote it.
        revision: String,
        /// What the line means.
        trouble: Trouble,
        /// The line (untrusted text, bounded).
        line: String,
        /// How many entries say the same.
        entries: usize,
        /// When the newest was written (RFC 3339), where the entry says.
        newest: String,
        /// What else the log tells of.
        also: Vec<Trouble>,
    },
}

impl fmt::Display for LogFinding {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self::Trouble { revision, line, entries, .. } = self;
        write!(f, "revision {revision} logged: {line}")?;
        if *entries > 1 { write!(f, " ({entries} entries say so)") } else { Ok(()) }
    }
}

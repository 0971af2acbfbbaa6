//! Findings about the shape of a credential. Never its value: length, character class, position.

use std::fmt;

use serde::{Deserialize, Serialize};

/// What was seen of a credential's shape.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "kebab-case")]
pub enum CredentialFinding {
    /// A newline or blank at its edge.
    EdgeWhitespace {
        /// The variable that receives it.
        variable: String,
        /// `projects/P/secrets/S` where it comes from Secret Manager.
        secret: Option<String>,
        /// `leading` or `trailing`.
        edge: String,
        /// `line feed`, `carriage return`, `blank` or `tab`.
        class: String,
        /// Length of the whole value in bytes.
        length: usize,
    },
    /// Nothing in it.
    Empty {
        /// The variable that receives it.
        variable: String,
        /// `projects/P/secrets/S` where it comes from Secret Manager.
        secret: Option<String>,
    },
    /// The connection string is none that a PostgreSQL driver could read.
    Unreadable {
        /// The variable that receives it.
        variable: String,
        /// What is wrong with it, without any part of the value.
        problem: String,
    },
}

impl fmt::Display for CredentialFinding {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::EdgeWhitespace { variable, edge, class, length, .. } => {
                write!(f, "the value of {variable} ({length} bytes) has a {edge} {class}")
            }
            Self::Empty { variable, .. } => write!(f, "the value of {variable} is empty"),
            Self::Unreadable { variable, problem } => {
                write!(f, "the value of {variable} is no connection string: {problem}")
            }
        }
    }
}

//! A value that a pipeline file states: what it says, whether that is known, and where it stands.

use std::fmt;
use std::sync::Arc;

use serde::{Deserialize, Serialize};

/// Where something stands in a pipeline file. Lines and columns count from 1; columns count characters.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct Place {
    /// The file as the user named it.
    pub file: Arc<str>,
    /// Line, from 1.
    pub line: u32,
    /// Column in characters, from 1.
    pub column: u32,
}

impl fmt::Display for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}:{}", self.file, self.line, self.column)
    }
}

/// A text that is known, or one that only the pipeline's own run could tell.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Value {
    /// Known from the files.
    Known(String),
    /// Hidden behind an expression (`$PROJECT_ID`, `${{ secrets.X }}`); nothing is guessed.
    Unresolved {
        /// The text as it stands in the file.
        expression: String,
        /// What the file says it would fall back to, where it says so.
        fallback: Option<String>,
    },
}

/// A [`Value`] with its place.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Stated {
    /// What is stated.
    pub value: Value,
    /// Where.
    pub place: Place,
}

impl Stated {
    /// A known text at a place.
    pub fn known(text: impl Into<String>, place: Place) -> Self {
        Self { value: Value::Known(text.into()), place }
    }

    /// An unresolved expression at a place.
    pub fn unresolved(expression: impl Into<String>, place: Place) -> Self {
        Self { value: Value::Unresolved { expression: expression.into(), fallback: None }, place }
    }

    /// The text, if it is known.
    pub fn as_known(&self) -> Option<&str> {
        match &self.value {
            Value::Known(text) => Some(text),
            Value::Unresolved { .. } => None,
        }
    }

    /// The text if known, else the expression as written: for people and for `read`, not for calls.
    pub fn raw(&self) -> &str {
        match &self.value {
            Value::Known(text) => text,
            Value::Unresolved { expression, .. } => expression,
        }
    }
}

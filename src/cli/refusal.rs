//! Why the gate did not begin: a usage or pipeline-file problem (exit status 2).

use std::error::Error;
use std::fmt;

use crate::text::nearest::nearest;

/// A problem with what the user gave, in the user's terms.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Refusal {
    /// What is wrong. May be several lines, when files have several problems.
    pub message: String,
    /// What to do instead.
    pub fix: Option<String>,
}

impl Refusal {
    /// A refusal without a fix.
    pub fn new(message: impl Into<String>) -> Self {
        Self { message: message.into(), fix: None }
    }

    /// Adds what to do instead.
    #[must_use]
    pub fn fix(mut self, fix: impl Into<String>) -> Self {
        self.fix = Some(fix.into());
        self
    }

    /// There is no such thing; perhaps one of the known ones was meant.
    pub fn unknown<'a>(
        kind: &str,
        given: &str,
        known: impl IntoIterator<Item = &'a str>,
        list: &str,
    ) -> Self {
        let refusal = Self::new(format!("there is no {kind} {given}"));
        match nearest(given, known).first() {
            Some(near) => refusal.fix(format!("did you mean {near}? {list}")),
            None => refusal.fix(list),
        }
    }
}

impl fmt::Display for Refusal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.message)?;
        self.fix.as_ref().map_or(Ok(()), |fix| write!(f, "\nfix: {fix}"))
    }
}

impl Error for Refusal {}

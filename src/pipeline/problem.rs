//! What is wrong, or noteworthy, in a pipeline file: always with a message, with a place and a fix where there
//! is one, and all of them at once.

use std::collections::BTreeMap;
use std::fmt;
use std::sync::Arc;

use super::excerpt;
use super::source::Source;
use crate::model::Place;

/// Whether a problem stops the gate.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Severity {
    /// The files cannot be taken as they are.
    Error,
    /// They can, but something in them was not understood or looks wrong.
    Warning,
    /// Nothing is wrong, but there is a safer way.
    Advice,
}

/// One thing that is wrong.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Problem {
    /// Stable code in kebab-case: `unknown-key`.
    pub code: &'static str,
    /// Whether it stops the gate.
    pub severity: Severity,
    /// Where, if it has a place in a file.
    pub place: Option<Place>,
    /// How many characters from the place on are meant; at least one is shown.
    pub length: u32,
    /// What was found and what was expected.
    pub message: String,
    /// A second place that belongs to it, and what stands there.
    pub related: Option<(Place, String)>,
    /// Why it matters.
    pub note: Option<String>,
    /// What to do about it.
    pub fix: Option<String>,
    /// Whether the lines at its places may hold a secret value: then they are not shown.
    pub confidential: bool,
}

impl Problem {
    /// A problem that stops the gate.
    pub fn error(code: &'static str, message: impl Into<String>) -> Self {
        Self {
            code,
            severity: Severity::Error,
            place: None,
            length: 1,
            message: message.into(),
            related: None,
            note: None,
            fix: None,
            confidential: false,
        }
    }

    /// A problem that is only shown.
    pub fn warning(code: &'static str, message: impl Into<String>) -> Self {
        Self { severity: Severity::Warning, ..Self::error(code, message) }
    }

    /// Says where.
    #[must_use]
    pub fn at(mut self, place: Place) -> Self {
        self.place = Some(place);
        self
    }

    /// Says how many characters are meant.
    #[must_use]
    pub fn length(mut self, characters: usize) -> Self {
        self.length = u32::try_from(characters).unwrap_or(u32::MAX);
        self
    }

    /// Says what else belongs to it.
    #[must_use]
    pub fn related(mut self, place: Place, label: impl Into<String>) -> Self {
        self.related = Some((place, label.into()));
        self
    }

    /// Keeps the lines at its places out of sight.
    #[must_use]
    pub fn confidential(mut self, confidential: bool) -> Self {
        self.confidential = confidential;
        self
    }

    /// Says what to do.
    #[must_use]
    pub fn fix(mut self, fix: impl Into<String>) -> Self {
        self.fix = Some(fix.into());
        self
    }
}

/// All problems of all files, with the texts for their excerpts.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Problems {
    list: Vec<Problem>,
    sources: BTreeMap<Arc<str>, Arc<str>>,
}

impl Problems {
    /// Adds one.
    pub fn push(&mut self, problem: Problem) {
        self.list.push(problem);
    }

    /// Adds several.
    pub fn extend(&mut self, problems: impl IntoIterator<Item = Problem>) {
        self.list.extend(problems);
    }

    /// Keeps the text of a file for the excerpts of its problems.
    pub fn remember(&mut self, source: &Source) {
        self.sources.insert(source.name.clone(), source.text.clone());
    }

    /// The problems, in file order.
    pub fn iter(&self) -> impl Iterator<Item = &Problem> {
        self.list.iter()
    }

    /// The text of a file that was read.
    pub fn source(&self, file: &str) -> Option<&str> {
        self.sources.get(file).map(AsRef::as_ref)
    }

    /// The files that were read, with their texts.
    pub fn sources(&self) -> impl Iterator<Item = (&Arc<str>, &str)> {
        self.sources.iter().map(|(file, text)| (file, text.as_ref()))
    }

    /// Whether there is none.
    pub fn is_empty(&self) -> bool {
        self.list.is_empty()
    }

    /// Whether one of them stops the gate.
    pub fn has_errors(&self) -> bool {
        self.list.iter().any(|problem| problem.severity == Severity::Error)
    }

    /// Leaves out those of some codes; the texts stay.
    pub fn leave_out(&mut self, codes: &[&str]) {
        self.list.retain(|problem| !codes.contains(&problem.code));
    }

    /// Takes over all of another collection.
    pub fn append(&mut self, other: Self) {
        self.list.extend(other.list);
        self.sources.extend(other.sources);
    }

    /// Takes over what another collection has and this one has not: a part that is read twice is told once.
    pub(super) fn append_new(&mut self, other: Self) {
        for problem in other.list {
            if !self.list.contains(&problem) {
                self.list.push(problem);
            }
        }
        self.sources.extend(other.sources);
    }

    /// Sorts them by file, in the order in which the files were read, then by line.
    pub(super) fn sort(&mut self, files: &[Arc<str>]) {
        let rank = |place: &Place| files.iter().position(|file| *file == place.file).unwrap_or(files.len());
        self.list.sort_by_key(|problem| {
            problem.place.as_ref().map_or((usize::MAX, 0, 0), |place| (rank(place), place.line, place.column))
        });
    }

    /// All of them as text for people, with excerpts, each ending in a line feed, an empty line between two.
    pub fn render(&self, colour: bool) -> String {
        let text = |problem: &Problem, file: &Arc<str>| {
            self.sources.get(file).filter(|_| !problem.confidential).map(AsRef::as_ref)
        };
        let texts: Vec<_> = self
            .list
            .iter()
            .map(|problem| excerpt::render(problem, |file| text(problem, file), colour) + "\n")
            .collect();
        texts.join("\n")
    }
}

impl fmt::Display for Problems {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.render(false))
    }
}

impl std::error::Error for Problems {}

impl From<Problem> for Problems {
    fn from(problem: Problem) -> Self {
        Self { list: vec![problem], sources: BTreeMap::new() }
    }
}

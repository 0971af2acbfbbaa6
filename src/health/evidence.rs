//! What was found in a body, and what follows from it: the worst counts, and what is unknown is never healthy.

use super::keys::snake;
use super::names::is_database;
use super::words::Word;
use super::{Dialect, Judgement, Level};
use crate::record::finding::Dependency;

/// Most dependencies that are kept; a service has a handful.
const MOST: usize = 100;
/// Longest name or word that is kept.
const LONGEST: usize = 80;

/// What was found in a body.
#[derive(Debug, Default)]
pub(super) struct Evidence {
    /// Why nothing could be read.
    unreadable: Option<String>,
    /// What the body says of the service as a whole: the worst of its words, and the word itself.
    whole: Option<(Word, Option<String>)>,
    dependencies: Vec<Entry>,
    /// The first word in the place of a verdict that is not in the vocabulary.
    unknown: Option<String>,
    /// The body has an error to tell that belongs to no dependency.
    complaint: Option<String>,
    /// Something that could only be about health was seen, so that good words need no verdict beside them.
    solid: bool,
}

#[derive(Debug)]
struct Entry {
    key: String,
    name: String,
    word: Word,
    text: String,
    database: bool,
}

impl Evidence {
    pub(super) fn unreadable(because: impl Into<String>) -> Self {
        Self { unreadable: Some(because.into()), ..Self::default() }
    }

    pub(super) fn of_word(word: Word, text: Option<&str>) -> Self {
        let mut evidence = Self::default();
        evidence.whole(word, text);
        evidence
    }

    /// A word about the service as a whole.
    pub(super) fn whole(&mut self, word: Word, text: Option<&str>) {
        if word == Word::Unknown {
            self.unknown("the verdict", text);
        } else if self.whole.as_ref().is_none_or(|(worst, _)| *worst < word) {
            self.whole = Some((word, text.map(short)));
        }
    }

    /// A word about a dependency.
    pub(super) fn dependency(&mut self, name: &str, inherits: bool, word: Word, text: &str, solid: bool) {
        if word == Word::Unknown {
            return self.unknown(name, Some(text));
        }
        self.solid |= solid;
        let key = snake(name);
        let database = inherits || is_database(name);
        if let Some(entry) = self.dependencies.iter_mut().find(|entry| entry.key == key) {
            if entry.word < word {
                (entry.word, entry.text) = (word, short(text));
            }
            return;
        }
        // The good ones are kept first come, first served; for a failing one there is more room.
        let most = if word == Word::Bad { 2 * MOST } else { MOST };
        if self.dependencies.len() < most {
            let (name, text) = (short(name), short(text));
            self.dependencies.push(Entry { key, name, word, text, database });
        }
    }

    /// A word, or none, where a verdict should stand.
    pub(super) fn unknown(&mut self, place: &str, text: Option<&str>) {
        self.unknown.get_or_insert_with(|| match text {
            Some(text) => {
                format!("{} is {:?}, which is no word of health that is known", short(place), short(text))
            }
            None => format!("{} says nothing", short(place)),
        });
    }

    /// An error that belongs to no dependency.
    pub(super) fn complaint(&mut self, text: &str) {
        self.complaint.get_or_insert_with(|| short(text));
    }

    pub(super) fn conclude(self, dialect: Dialect) -> Judgement {
        let level = self.level();
        let (mut failing, mut working) = (Vec::new(), Vec::new());
        for entry in self.dependencies {
            let dependency = Dependency { name: entry.name, word: entry.text, database: entry.database };
            if entry.word == Word::Good { working.push(dependency) } else { failing.push(dependency) }
        }
        let word = self.whole.and_then(|(_, text)| text);
        Judgement { level, failing, working, dialect, word, disagrees: None }
    }

    fn level(&self) -> Level {
        if let Some(because) = &self.unreadable {
            return Level::NotJudgeable { because: because.clone() };
        }
        let whole = self.whole.as_ref().map(|(word, _)| *word);
        let some = |test: fn(&Entry) -> bool| self.dependencies.iter().any(test);
        let bad = some(|entry| entry.word == Word::Bad) || self.complaint.is_some();
        if whole == Some(Word::Bad) || some(|entry| entry.word == Word::Bad && entry.database) {
            return Level::Unhealthy;
        }
        // The service calls itself well (or half so) with that in mind; where it says nothing, it is not well.
        if bad {
            return if whole.is_none() { Level::Unhealthy } else { Level::Degraded };
        }
        if whole == Some(Word::Degraded) || some(|entry| entry.word == Word::Degraded) {
            return Level::Degraded;
        }
        if let Some(unknown) = &self.unknown {
            return Level::NotJudgeable { because: unknown.clone() };
        }
        if whole == Some(Word::Good) || (self.solid && !self.dependencies.is_empty()) {
            return Level::Healthy;
        }
        Level::NotJudgeable { because: "the body says nothing about health".to_owned() }
    }
}

fn short(text: &str) -> String {
    crate::text::line_of(text, LONGEST)
}

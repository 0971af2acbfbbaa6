//! Reading health from an HTTP answer: pure, and the same for every dialect.
//!
//! There is no parser for each dialect: they differ in where they put what, and share the few words that matter.
//! One reader walks the body, knows verdicts by their key (`keys`) and words by a closed vocabulary (`words`),
//! and takes the worst. A word that is not in the vocabulary is unknown, and what is unknown is never healthy.

mod answer;
mod dialect;
mod evidence;
mod front_end;
mod keys;
mod login_page;
mod names;
mod node;
mod read;
mod text;
mod words;

pub use answer::HttpAnswer;
pub use dialect::Dialect;
pub use front_end::{FrontEndPage, front_end, refuses, sentence};
pub use login_page::{leads_to_login, login};
pub use names::is_database;

use std::borrow::Cow;

use crate::record::finding::Dependency;
use evidence::Evidence;
use words::Word;

/// What an answer says of the service's health.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Judgement {
    /// How healthy.
    pub level: Level,
    /// The dependencies that it names as bad.
    pub failing: Vec<Dependency>,
    /// The dependencies that it names as good.
    pub working: Vec<Dependency>,
    /// In which dialect it speaks.
    pub dialect: Dialect,
    /// The word by which it judges the service as a whole, where it has one.
    pub word: Option<String>,
    /// What body and status code say, where they contradict one another: the body's level.
    pub disagrees: Option<&'static str>,
}

/// How healthy a service says that it is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Level {
    /// It is.
    Healthy,
    /// In part.
    Degraded,
    /// It is not.
    Unhealthy,
    /// That cannot be read from the answer.
    NotJudgeable {
        /// Why.
        because: String,
    },
}

impl Level {
    /// Its word in the record.
    pub fn word(&self) -> &'static str {
        match self {
            Self::Healthy => "healthy",
            Self::Degraded => "degraded",
            Self::Unhealthy => "unhealthy",
            Self::NotJudgeable { .. } => "not-judgeable",
        }
    }
}

/// Judges an answer. `content_type` is a hint only: the body shows what it is.
pub fn judge(status: u16, content_type: Option<&str>, body: &[u8]) -> Judgement {
    if let Some(because) = not_the_service(status) {
        return Judgement::not_judgeable(because);
    }
    let (evidence, dialect) = match decoded(body) {
        Some(text) => read_body(status, content_type, text.trim_start_matches('\u{feff}').trim()),
        None => return Judgement::not_judgeable("the body is no UTF-8 text"),
    };
    let mut judgement = evidence.conclude(dialect);
    let success = (200..300).contains(&status);
    match (&judgement.level, success) {
        (Level::Unhealthy, true) => judgement.disagrees = Some("unhealthy"),
        (Level::Healthy, false) => {
            judgement.disagrees = Some("healthy");
            judgement.level = Level::Unhealthy;
        }
        // Degraded by its body, and by its status no success: the worse counts.
        (Level::Degraded, false) => judgement.level = Level::Unhealthy,
        (Level::NotJudgeable { because }, false) => {
            let because = format!("status {status}, and {because}");
            judgement.level = Level::NotJudgeable { because };
        }
        (Level::Healthy | Level::Degraded | Level::NotJudgeable { .. }, true) | (Level::Unhealthy, false) => {
        }
    }
    judgement
}

impl Judgement {
    fn not_judgeable(because: impl Into<String>) -> Self {
        Evidence::unreadable(because).conclude(Dialect::Unknown)
    }
}

/// The body as text: UTF-8, or UTF-16 with its mark, as some Windows services write it.
fn decoded(body: &[u8]) -> Option<Cow<'_, str>> {
    let wide = |rest: &[u8], unit: fn([u8; 2]) -> u16| {
        let units = rest.chunks_exact(2).map(|pair| unit([pair[0], pair[1]]));
        let whole = rest.len().is_multiple_of(2);
        char::decode_utf16(units).collect::<Result<String, _>>().ok().filter(|_| whole).map(Cow::Owned)
    };
    match body {
        [0xff, 0xfe, rest @ ..] => wide(rest, u16::from_le_bytes),
        [0xfe, 0xff, rest @ ..] => wide(rest, u16::from_be_bytes),
        _ => std::str::from_utf8(body).ok().map(Cow::Borrowed),
    }
}

/// Status codes whose answer is not the health endpoint's, whatever the body says.
fn not_the_service(status: u16) -> Option<String> {
    match status {
        300..=399 => Some(format!("status {status} leads elsewhere (a login page, perhaps)")),
        401 | 403 | 407 => Some(format!("status {status} asks for credentials that the gate does not have")),
        404 | 405 | 410 => Some(format!("status {status}: there is no health endpoint at this path")),
        _ => None,
    }
}

fn read_body(status: u16, content_type: Option<&str>, body: &str) -> (Evidence, Dialect) {
    if body.is_empty() {
        let evidence = match status {
            // The usual way of saying "fine" without words.
            200 | 204 => Evidence::of_word(Word::Good, None),
            _ => Evidence::unreadable("the body is empty"),
        };
        return (evidence, Dialect::Empty);
    }
    if body.starts_with('<') {
        return (
            Evidence::unreadable("the body is a page (HTML or XML), not a health answer"),
            Dialect::Unknown,
        );
    }
    let checks = body.starts_with("[+]") || body.starts_with("[-]");
    if !checks && body.starts_with(['{', '[', '"']) || matches!(body, "true" | "false" | "null") {
        return match node::parse(body) {
            Ok(node) => (read::read(&node), dialect::of(&node, content_type)),
            Err(because) => (Evidence::unreadable(because), Dialect::Unknown),
        };
    }
    text::read(body)
}

#[cfg(test)]
mod bodies;
#[cfg(test)]
mod tests;
#[cfg(test)]
mod traps;

//! What a service says of its own health, read from the answer's status and body. Pure.
//!
//! Status and body are two signals, and the worse one counts. The dialects (Spring Boot Actuator, MicroProfile,
//! health+json, ASP.NET, Terminus, health-go, django-health-check, fastapi, and what people write themselves) differ
//! in the names of their containers, not in their idea: a word for the whole, and a word for each dependency.

mod json;
mod once;
mod words;

pub use words::Level;

use crate::probe::cut;
use crate::run::finding::Dependency;

/// The longest excerpt of a body that is kept, in characters.
const EXCERPT: usize = 400;

/// What an answer says.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Judgement {
    /// How well the service is, or why that cannot be told.
    pub level: Result<Level, String>,
    /// What the body alone says, where it says something.
    pub body: Option<Level>,
    /// The word for the whole, as written; empty where there is none.
    pub word: String,
    /// The dependencies that it names as bad.
    pub failing: Vec<Dependency>,
    /// The dependencies that it names as good.
    pub working: Vec<Dependency>,
}

impl Judgement {
    fn unread(because: impl Into<String>) -> Self {
        let (failing, working) = (Vec::new(), Vec::new());
        Self { level: Err(because.into()), body: None, word: String::new(), failing, working }
    }
}

/// Reads health from an answer.
pub fn judge(status: u16, content_type: &str, body: &[u8]) -> Judgement {
    let mut judgement = read(content_type, body);
    judgement.body = judgement.level.as_ref().ok().copied();
    judgement.level = match (status, judgement.level) {
        (200..=299, level) => level,
        // A redirect leads to a login page, or to the real path; neither is health.
        (300..=399, _) => Err("it redirects".to_owned()),
        // Who may not ask, or asks at the wrong place, is not answered by what knows.
        (401 | 403 | 404 | 407, _) => Err("it does not let the gate ask".to_owned()),
        (503, _) => Ok(Level::Unhealthy),
        (_, Ok(level)) if level != Level::Healthy => Ok(level),
        (_, Ok(_)) => Ok(Level::Unhealthy),
        (_, Err(because)) => Err(because),
    };
    judgement
}

/// The beginning of a body, for people.
pub fn excerpt(body: &[u8]) -> String {
    // A character has four bytes at most; one more byte tells that there is more.
    cut(&String::from_utf8_lossy(&body[..body.len().min(EXCERPT * 4 + 1)]), EXCERPT)
}

fn read(content_type: &str, body: &[u8]) -> Judgement {
    let Ok(text) = std::str::from_utf8(body) else { return Judgement::unread("the body is not text") };
    let text = text.trim_start_matches('\u{feff}').trim();
    let markup = text.starts_with('<') || content_type == "text/html" || content_type.ends_with("xml");
    match serde_json::from_str(text) {
        // Readers differ in which of two they take.
        Ok(_) if !once::every_key_stands_once(text) => Judgement::unread("the body has a key twice"),
        Ok(value) => json::read(&value),
        // What is no JSON but begins like it was cut or is broken.
        Err(_) if text.starts_with(['{', '[']) => Judgement::unread("the body begins like JSON and is none"),
        // A content type is a hint only: frameworks send "OK" as HTML.
        Err(_) if markup && words::level(text).is_none() => {
            Judgement::unread("the body is a page (HTML or XML), not health")
        }
        Err(_) => plain(text),
    }
}

fn plain(text: &str) -> Judgement {
    let level = match words::level(text) {
        Some(level) => Ok(level),
        None if text.is_empty() => Ok(Level::Healthy),
        None => Err("the text holds no word of health that is known".to_owned()),
    };
    Judgement { word: cut(text, 40), level, ..Judgement::unread("") }
}

#[cfg(test)]
mod bodies;

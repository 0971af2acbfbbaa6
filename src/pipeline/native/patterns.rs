//! Patterns and names of headers that the native file states, for health and journeys alike.

use regex::{Regex, RegexBuilder};

use super::text;
use crate::model::{Place, Stated};
use crate::pipeline::problem::{Problem, Problems};
use crate::pipeline::yaml::Node;

/// Patterns compile to at most this many bytes.
const PATTERN_SIZE: usize = 1 << 20;

/// A pattern that compiles.
pub(super) fn pattern(node: Option<&Node>, problems: &mut Problems) -> Option<Stated> {
    let node = node?;
    let stated = text::text(Some(node), problems)?;
    match compiled(stated.raw()) {
        Ok(_) => Some(stated),
        Err(why) => {
            problems.push(text::bad("bad-pattern", node, why).fix(
                "a pattern is a regular expression of https://docs.rs/regex, without look-around, such as \
                 `^session=([^;]+)`; a dot that means itself is written `\\.`",
            ));
            None
        }
    }
}

/// The pattern, or what is wrong with it.
pub(super) fn compiled(pattern: &str) -> Result<Regex, String> {
    RegexBuilder::new(pattern).size_limit(PATTERN_SIZE).build().map_err(|error| {
        // The message draws a picture over several lines; its last one says what is wrong.
        let said = error.to_string();
        let why = said.lines().last().unwrap_or_default().trim();
        format!("this is no regular expression: {}", why.trim_start_matches("error: "))
    })
}

/// Whether a text may be the name of a header (RFC 9110, `token`).
pub(super) fn is_header_name(text: &str) -> bool {
    http::HeaderName::from_bytes(text.as_bytes()).is_ok()
}

/// What is said of a text that may not.
pub(super) fn bad_header(name: &str, place: &Place) -> Problem {
    Problem::error("bad-header", format!("`{name}` is no name of a header"))
        .at(place.clone())
        .length(name.chars().count())
        .fix("letters, digits and dashes, such as `content-type`")
}

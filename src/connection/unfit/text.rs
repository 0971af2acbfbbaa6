//! What stands around a text, and words that are no password and no name.

use super::dummy::{is_dummy, is_dummy_name};
use super::encoded::looks_encoded;
use super::{Beside, Fault};

/// Blanks and line breaks at the edges. The trailing one comes first: libpq passes over a leading one.
pub(super) fn edges(value: &str) -> impl Iterator<Item = Fault> {
    let edges = [("trailing", value.chars().next_back()), ("leading", value.chars().next())];
    edges.into_iter().filter_map(|(edge, character)| Some(Fault::Edge { edge, class: blank(character?)? }))
}

/// The name of a blank.
fn blank(character: char) -> Option<&'static str> {
    match character {
        '\n' => Some("line feed"),
        '\r' => Some("carriage return"),
        ' ' => Some("blank"),
        '\t' => Some("tab"),
        other if other.is_whitespace() => Some("white space"),
        _ => None,
    }
}

/// What stands within quotes of one kind.
pub(super) fn quoted(text: &str) -> Option<&str> {
    ['"', '\'', '`'].into_iter().find_map(|quote| text.strip_prefix(quote)?.strip_suffix(quote))
}

/// A password.
pub(super) fn password(password: &str, beside: &Beside<'_>) -> Option<Fault> {
    if beside.is_open(password) {
        None
    } else if is_dummy(password) {
        Some(Fault::Placeholder("password"))
    } else if looks_encoded(password) {
        Some(Fault::LooksEncoded)
    } else {
        None
    }
}

/// The name of a user or a database.
pub(super) fn name(part: &'static str, name: &str, beside: &Beside<'_>) -> Option<Fault> {
    (!beside.is_open(name) && is_dummy_name(name)).then_some(Fault::Placeholder(part))
}

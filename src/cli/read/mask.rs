//! What people may see of a variable's value.

use std::fmt::Write as _;

use crate::cli::shown;
use crate::model::Stated;
use crate::text::looks_secret;

/// A variable's value for people: masked where its name looks secret, and the password of a URL always.
pub(in crate::cli) fn masked(name: &str, value: &Stated) -> String {
    let text = value.raw();
    if looks_secret(name) && !text.is_empty() && !is_reference(text) {
        return "(masked)".to_owned();
    }
    shown(&without_password(text))
}

/// Whether a text is one reference and nothing more: that shows nothing.
fn is_reference(text: &str) -> bool {
    let enclosed = |open: &str, close: &str| text.strip_prefix(open)?.strip_suffix(close);
    let inner = enclosed("${{", "}}").or_else(|| enclosed("${", "}")).or_else(|| text.strip_prefix('$'));
    inner.map(|inner| inner.trim_start_matches('$').trim()).is_some_and(|name| {
        !name.is_empty() && name.chars().all(|c| c.is_ascii_alphanumeric() || matches!(c, '_' | '.' | '-'))
    })
}

/// `scheme://user:password@host` without the password, wherever it stands in the text.
fn without_password(text: &str) -> String {
    let mut shown = String::new();
    let mut rest = text;
    while let Some((before, after)) = rest.split_once("://") {
        shown.push_str(before);
        shown.push_str("://");
        // A password may hold anything; the last `@` before the path ends it.
        let end = after.find(['/', '?', '#', ' ']).unwrap_or(after.len());
        let (authority, tail) = after.split_at(end);
        match authority.rsplit_once('@') {
            Some((user, host)) => {
                let user =
                    user.split_once(':').map_or(user.to_owned(), |(user, _)| format!("{user}:(masked)"));
                let _ = write!(shown, "{user}@{host}");
            }
            None => shown.push_str(authority),
        }
        rest = tail;
    }
    shown.push_str(rest);
    shown
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_reference_shows_nothing_and_is_shown() {
        for reference in ["${{ secrets.PASSWORD }}", "$_PASSWORD", "$$PASSWORD", "${PASSWORD}"] {
            assert!(is_reference(reference), "{reference}");
        }
        for text in ["hunter2", "$a-$b$c!", "pre${A}", "${{ 'hunter2' }}", "${A:-hunter 2}", "$", ""] {
            assert!(!is_reference(text), "{text}");
        }
    }
}

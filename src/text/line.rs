//! One line of somebody else's text, bounded.

/// The beginning of somebody else's text, on one line. A cut leaves a `…`, by which the vault knows that a secret may
/// end there.
pub(crate) fn line_of(text: &str, most: usize) -> String {
    let mut characters = text.trim().chars().map(|c| if c.is_control() { ' ' } else { c });
    let mut line: String = characters.by_ref().take(most).collect();
    if characters.next().is_some() {
        line.push('…');
    }
    line
}

/// One line of at most 300 characters: enough of an error of Google's or a server's to be understood.
pub(crate) fn bounded(text: &str) -> String {
    line_of(text, LONGEST_DETAIL)
}

/// See [`bounded`].
const LONGEST_DETAIL: usize = 300;

//! Text within the commands of GitHub's runner, escaped as the runner unescapes it.

use super::escape::one_line;

/// GitHub shows this many annotations of a kind and step, and drops the others silently.
pub(crate) const MOST: usize = 10;

/// Text as the data of a command.
pub(crate) fn data(text: &str) -> String {
    text.replace('%', "%25").replace('\r', "%0D").replace('\n', "%0A")
}

/// Text as a property of a command.
pub(crate) fn property(text: &str) -> String {
    data(&one_line(text)).replace(':', "%3A").replace(',', "%2C")
}

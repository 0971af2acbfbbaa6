//! Somebody else's text, on one line and bounded.

/// At most so many characters. A cut leaves a `…`, by which the vault knows that a secret may end there.
pub(crate) fn cut(text: impl IntoIterator<Item = char>, most: usize) -> String {
    let mut characters = text.into_iter();
    let mut cut: String = characters.by_ref().take(most).collect();
    if characters.next().is_some() {
        cut.pop();
        cut.push('…');
    }
    cut
}

/// The beginning of somebody else's text, on one line, as a record holds it. What else is harmful is left for
/// [`escape`](super::escape) to show: the vault would not know a secret again in which more was replaced.
pub(crate) fn line_of(text: &str, most: usize) -> String {
    cut(text.trim().chars().map(|c| if c.is_control() { ' ' } else { c }), most)
}

/// The first of somebody else's names, and how many more there are: `a, b and 3 more`.
pub(crate) fn listed<'n>(names: impl ExactSizeIterator<Item = &'n str>, most: usize) -> String {
    let more = names.len().saturating_sub(most);
    let shown: Vec<String> = names.take(most).map(bounded).collect();
    if more == 0 { shown.join(", ") } else { format!("{} and {more} more", shown.join(", ")) }
}

/// One line of at most 300 characters: enough of an error of Google's or a server's to be understood.
pub(crate) fn bounded(text: &str) -> String {
    line_of(text, LONGEST_DETAIL)
}

/// See [`bounded`].
const LONGEST_DETAIL: usize = 300;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bounds_by_characters() {
        for (text, expected) in [("abcdef", "abcdef"), ("abcdefg", "abcde…"), ("äöüäöü7", "äöüäö…"), ("", "")]
        {
            assert_eq!(cut(text.chars(), 6), expected);
        }
        assert_eq!(listed(["a", "b", "c"].into_iter(), 3), "a, b, c");
        assert_eq!(listed(["a", "b", "c"].into_iter(), 2), "a, b and 1 more");
        assert_eq!(line_of(" a\tb\r\ncdef ", 6), "a b  …");
    }
}

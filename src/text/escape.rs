//! Text that others wrote (servers, files, bodies) on its way into a report.
//!
//! A terminal acts on control characters, a reader is fooled by invisible ones, a CI runner acts on lines that
//! look like its own commands, and XML allows neither control characters nor non-characters. All of them are
//! made visible here; nothing is dropped.

use std::fmt::Write as _;

use super::cut;

/// One line: line breaks become `\n`, whatever is invisible or acts on a terminal becomes `\u{…}`, and what a CI
/// runner would take for a command (`::error::`, `##[error]`) is broken by a backslash.
pub fn one_line(text: &str) -> String {
    let mut line = String::with_capacity(text.len());
    each(text, |_, shown| line.push_str(shown));
    line
}

/// [`one_line`], of at most so many characters.
pub(crate) fn shown(text: &str, most: usize) -> String {
    cut(one_line(text).chars(), most)
}

/// [`shown`], but its line breaks are kept.
pub(crate) fn shown_lines(text: &str, most: usize) -> String {
    let mut lines = String::with_capacity(text.len());
    each(text, |char, shown| lines.push_str(if char == '\n' { "\n" } else { shown }));
    cut(lines.chars(), most)
}

/// Hands over each character with what may be shown in its place.
pub(crate) fn each(text: &str, mut show: impl FnMut(char, &str)) {
    let mut shown = String::new();
    let mut at_word_start = true;
    for (at, char) in text.char_indices() {
        let rest = text.get(at..).unwrap_or_default();
        shown.clear();
        match char {
            '\n' => shown.push_str("\\n"),
            '\r' => shown.push_str("\\r"),
            '\t' => shown.push(' '),
            ':' if at_word_start && rest.starts_with("::") => shown.push_str("\\:"),
            '#' if is_command(rest) => shown.push_str("#\\"),
            char if is_harmful(char) => {
                // Writing to a String cannot fail.
                let _ = write!(shown, "\\u{{{:x}}}", u32::from(char));
            }
            char => shown.push(char),
        }
        show(char, &shown);
        at_word_start = char.is_whitespace() || is_harmful(char);
    }
}

/// `##[error]` or `##vso[…]`, which runners act on wherever they stand in a line; so they would on what another text
/// makes of its beginning. The `##` of `${REF##*/}` is left alone.
fn is_command(text: &str) -> bool {
    let word = text.strip_prefix("##").map(|rest| rest.trim_start_matches(|c: char| c.is_ascii_alphabetic()));
    word.is_some_and(|rest| rest.is_empty() || rest.starts_with('['))
}

/// Whether a character acts on a terminal, cannot be seen, or cannot stand in XML.
pub(crate) fn is_harmful(char: char) -> bool {
    char.is_control()
        || matches!(char,
            '\u{61c}' | '\u{200b}'..='\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2060}'..='\u{2069}' // direction, width 0
            | '\u{2028}' | '\u{2029}' // line and paragraph separators
            | '\u{feff}' | '\u{fff9}'..='\u{fffb}' | '\u{e0000}'..='\u{e007f}' // marks and tags without a glyph
            | '\u{ad}' | '\u{180e}' | '\u{115f}' | '\u{1160}' | '\u{3164}')
        || u32::from(char) & 0xfffe == 0xfffe // non-characters
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn makes_visible_what_acts_on_a_terminal_or_a_runner() {
        let table = [
            ("plain text, ünïcode ✓", "plain text, ünïcode ✓"),
            ("a\x1b[31mred", "a\\u{1b}[31mred"),
            ("a\u{9b}31m", "a\\u{9b}31m"),
            ("one\ntwo\r\n", "one\\ntwo\\r\\n"),
            ("\u{202e}txt", "\\u{202e}txt"),
            ("zero\u{200b}width", "zero\\u{200b}width"),
            ("\u{0}\u{ffff}\u{7f}", "\\u{0}\\u{ffff}\\u{7f}"),
            ("::error::x", "\\::error::x"),
            ("so  ::set-output name=a::b", "so  \\::set-output name=a::b"),
            ("\u{200b}::error::", "\\u{200b}\\::error::"),
            ("fe80::1 and std::fmt", "fe80::1 and std::fmt"),
            ("##[error]x ##vso[a]b", "#\\#[error]x #\\#vso[a]b"),
            ("#", "#"),
            ("###[error]", "##\\#[error]"),
            ("cut ## and ##er", "cut ## and #\\#er"),
            ("# one ## two ${REF##*/}", "# one ## two ${REF##*/}"),
            ("a\u{2028}b\u{ad}c\u{2061}\u{e0041}", "a\\u{2028}b\\u{ad}c\\u{2061}\\u{e0041}"),
        ];
        for (text, expected) in table {
            assert_eq!(one_line(text), expected, "{text:?}");
        }
    }

    #[test]
    fn line_breaks_are_kept_where_lines_are_wanted() {
        assert_eq!(shown_lines("a\nb\r\n\tc\u{2028}", 20), "a\nb\\r\n c\\u{2028}");
        assert_eq!(shown_lines("a\n::error::", 20), "a\n\\::error::");
    }

    proptest! {
        #[test]
        fn never_leaves_a_control_character_a_line_break_or_a_runner_command(text in "(?s).{0,60}") {
            let line = one_line(&text);
            prop_assert!(!line.chars().any(is_harmful));
            prop_assert!(!line.contains("##[") && !line.ends_with("##"));
            prop_assert!(!line.split_whitespace().any(|word| word.starts_with("::")));
        }

        #[test]
        fn never_exceeds_the_limit(text in "(?s).{0,60}", limit in 1_usize..40) {
            prop_assert!(shown(&text, limit).chars().count() <= limit);
        }
    }
}

//! Text that others wrote (servers, files, bodies) on its way into a report.
//!
//! A terminal acts on control characters, a reader is fooled by invisible ones, a CI runner acts on lines that
//! look like its own commands, and XML allows neither control characters nor non-characters. All of them are
//! made visible here; nothing is dropped.

use std::fmt::Write as _;

/// One line: line breaks become `\n`, whatever is invisible or acts on a terminal becomes `\u{…}`, and what a CI
/// runner would take for a command (`::error::`, `##[error]`) is broken by a backslash.
pub fn one_line(text: &str) -> String {
    let mut line = String::with_capacity(text.len());
    let mut rest = text.chars().peekable();
    let mut at_word_start = true;
    while let Some(char) = rest.next() {
        match char {
            '\n' => line.push_str("\\n"),
            '\r' => line.push_str("\\r"),
            '\t' => line.push(' '),
            ':' if at_word_start && rest.peek() == Some(&':') => line.push_str("\\:"),
            '#' if rest.peek() == Some(&'#') => line.push_str("#\\"),
            char if is_harmful(char) => {
                // Writing to a String cannot fail.
                let _ = write!(line, "\\u{{{:x}}}", u32::from(char));
            }
            char => line.push(char),
        }
        at_word_start = char.is_whitespace() || is_harmful(char);
    }
    line
}

/// [`one_line`], of at most `limit` characters; a longer text ends in `…`.
pub fn bounded(text: &str, limit: usize) -> String {
    let line = one_line(text);
    match line.char_indices().nth(limit.saturating_sub(1)) {
        Some((end, last)) if line.len() > end + last.len_utf8() => {
            let mut cut = line.get(..end).unwrap_or_default().to_owned();
            cut.push('…');
            cut
        }
        Some(_) | None => line,
    }
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
            ("# one", "# one"),
        ];
        for (text, expected) in table {
            assert_eq!(one_line(text), expected, "{text:?}");
        }
    }

    #[test]
    fn bounds_by_characters() {
        assert_eq!(bounded("abcdef", 6), "abcdef");
        assert_eq!(bounded("abcdefg", 6), "abcde…");
        assert_eq!(bounded("äöüäöü7", 6), "äöüäö…");
        assert_eq!(bounded("", 6), "");
    }

    proptest! {
        #[test]
        fn never_leaves_a_control_character_a_line_break_or_a_runner_command(text in "(?s).{0,60}") {
            let line = one_line(&text);
            prop_assert!(!line.chars().any(is_harmful));
            prop_assert!(!line.contains("##"));
            prop_assert!(!line.split_whitespace().any(|word| word.starts_with("::")));
        }

        #[test]
        fn never_exceeds_the_limit(text in "(?s).{0,60}", limit in 1_usize..40) {
            prop_assert!(bounded(&text, limit).chars().count() <= limit);
        }
    }
}

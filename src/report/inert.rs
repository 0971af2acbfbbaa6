//! Text of others in Markdown, where nothing of it acts.
//!
//! Backslashes are not enough: GitHub looks for mentions, references and addresses in what is already rendered, and
//! leaves only code alone. So every word that is more than letters and digits is shown as code, which suits the names
//! of resources that it mostly is.

use crate::text::escape::one_line;

/// A text within a line. Plain words stay words, everything else becomes code.
pub(super) fn prose(text: &str) -> String {
    let line = one_line(text);
    let words: Vec<String> = line.split(' ').filter(|word| !word.is_empty()).map(word).collect();
    words.join(" ")
}

/// A text as code within a line.
pub(super) fn code(text: &str) -> String {
    let line = one_line(text);
    if line.trim().is_empty() {
        return "` `".to_owned();
    }
    let ticks = "`".repeat(longest_run(&line) + 1);
    // A blank on both sides is taken off again; without it, backticks at the edge would join the marks.
    let pad = if line.starts_with(['`', ' ']) || line.ends_with(['`', ' ']) { " " } else { "" };
    format!("{ticks}{pad}{line}{pad}{ticks}")
}

/// In a cell of a table, where a `|` ends the cell even within code.
pub(super) fn cell(text: &str) -> String {
    text.replace('|', "\u{a6}")
}

/// Lines as a block of code in this language; its fence is longer than any run of backticks within.
pub(super) fn fence(language: &str, lines: &[String]) -> String {
    let lines: Vec<String> = lines.iter().map(|line| one_line(line)).collect();
    let text = lines.join("\n");
    let ticks = "`".repeat((longest_run(&text) + 1).max(3));
    format!("{ticks}{language}\n{text}\n{ticks}\n")
}

fn word(word: &str) -> String {
    let end = word.len() - word.chars().rev().take_while(|char| ",.;:)".contains(*char)).count();
    let (middle, after) = word.split_at(end);
    let (before, middle) = match middle.strip_prefix('(') {
        Some(rest) => ("(", rest),
        None => ("", middle),
    };
    if middle.is_empty() || is_plain(middle) {
        // Several of them could be a mark of their own, a single one is punctuation.
        let harmless = after.len() <= 2 && !middle.is_empty();
        return if harmless { word.to_owned() } else { code(word) };
    }
    format!("{before}{}{after}", code(middle))
}

/// Letters, digits, and what joins them in ordinary words; nothing that GitHub takes for a reference.
fn is_plain(word: &str) -> bool {
    let letters = word.chars().all(|char| char.is_alphanumeric() || char == '-' || char == '\'');
    let edges = word.starts_with(char::is_alphanumeric) && word.ends_with(char::is_alphanumeric);
    // `GH-12`, `ABC-12`: an issue; seven and more hexadecimal digits: a commit.
    let issue = word.contains('-') && word.ends_with(|char: char| char.is_ascii_digit());
    let commit = word.len() >= 7 && word.chars().all(|char| char.is_ascii_hexdigit());
    // `www.` begins an address.
    let address = word.to_ascii_lowercase().ends_with("www");
    letters && edges && !issue && !commit && !address && !word.contains("--")
}

fn longest_run(text: &str) -> usize {
    let runs = text.split(|char| char != '`').map(str::len);
    runs.max().unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn shows_as_code_what_is_more_than_a_word() {
        for (text, expected) in [
            ("the service's own words, and more.", "the service's own words, and more."),
            ("see @admin and #12 now", "see `@admin` and `#12` now"),
            ("GH-12 deadbeef auth-db", "`GH-12` `deadbeef` auth-db"),
            ("at https://evil.example/a, again", "at `https://evil.example/a`, again"),
            ("www.evil.example: mail a@b.c", "`www.evil.example`: mail `a@b.c`"),
            ("<b>x</b> &amp; **bold** [a](b) ![i](j)", "`<b>x</b>` `&amp`; `**bold**` `[a](b`) `![i](j`)"),
            ("a`b``c", "```a`b``c```"),
            ("`x`", "`` `x` ``"),
            ("- # > 1.", "`-` `#` `>` 1."),
            ("line\n# forged", "`line\\n#` forged"),
            (":x: (yes) (no). ...", "`:x`: (yes) (no). `...`"),
        ] {
            assert_eq!(prose(text), expected, "{text:?}");
        }
        assert_eq!(code("``` x"), "```` ``` x ````");
        assert_eq!(fence("sh", &["a ```` b".to_owned()]), "`````sh\na ```` b\n`````\n");
    }

    /// What is left of a text when its code is taken out, by the rule that Markdown has for it.
    fn without_code(text: &str) -> String {
        let (mut out, mut rest) = (String::new(), text);
        while let Some(at) = rest.find('`') {
            out.push_str(&rest[..at]);
            let ticks = rest[at..].chars().take_while(|char| *char == '`').count();
            let (mark, mut from) = ("`".repeat(ticks), at + ticks);
            let end = loop {
                let Some(found) = rest[from..].find(&mark).map(|found| from + found) else { break None };
                let run = rest[found..].chars().take_while(|char| *char == '`').count();
                if run == ticks {
                    break Some(found + run);
                }
                from = found + run;
            };
            let Some(end) = end else {
                out.push_str(&rest[at..]);
                return out;
            };
            out.push('_');
            rest = &rest[end..];
        }
        out + rest
    }

    proptest! {
        #[test]
        fn nothing_acts_outside_of_code(text in r"(?s)([a-c@#`<>&*_|\[\]()!\\:./~$ -]|\n|http://|www\.|::|\u{202e}|ä){0,24}") {
            let shown = prose(&text);
            let bare = without_code(&shown);
            prop_assert!(!bare.contains(['@', '#', '<', '>', '&', '*', '`', '[', ']', '!', '\\', '~', '$', '|', '\n', '/']), "{shown:?} {bare:?}");
            prop_assert!(!bare.contains("www."), "{shown:?}");
            let alone = without_code(&code(&text));
            prop_assert_eq!(alone, "_");
        }
    }
}

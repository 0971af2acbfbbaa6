//! The patterns of shells (`*`, `?`, `[a-z]`), over whole texts: translated by `brush-parser`, matched by `regex`.

use brush_parser::pattern::{pattern_has_glob_metacharacters, pattern_to_regex_str};
use regex::{Regex, RegexBuilder};

/// Longer texts and patterns are not matched: it would take too long.
const LONGEST: usize = 2048;
/// More alternatives within alternatives than that are not read: the parser tries each in two ways.
const MOST_EXTENDED: usize = 6;
/// How large a pattern may be for the matcher, in bytes.
const LARGEST: usize = 1 << 20;
/// What begins an extended pattern, `@(a|b)` and its like.
const EXTENDED: [&str; 5] = ["@(", "?(", "*(", "+(", "!("];
/// What means something else in the brackets of `regex` than in a shell's, or is read otherwise by the translation.
const OTHERWISE: [&str; 6] = ["[]", "[!]", "[^]", "&&", "--", "~~"];

/// A pattern that can be matched.
enum Pattern<'p> {
    Plain(&'p str),
    Regex(Regex),
}

impl<'p> Pattern<'p> {
    /// `None` where it is not decided what it matches. Extended patterns are read where a shell certainly does.
    fn read(pattern: &'p str, extended: bool) -> Option<Self> {
        let openings: usize = EXTENDED.iter().map(|open| pattern.matches(open).count()).sum();
        if pattern.len() > LONGEST || openings > if extended { MOST_EXTENDED } else { 0 } {
            return None;
        }
        // `[\d]` is a d, and a digit to `regex`.
        let escapes = || pattern.split('\\').skip(1).any(|rest| rest.starts_with(char::is_alphanumeric));
        if pattern.contains('[') && (OTHERWISE.iter().any(|text| pattern.contains(text)) || escapes()) {
            return None;
        }
        if !pattern.contains('\\') && !pattern_has_glob_metacharacters(pattern, extended) {
            return Some(Self::Plain(pattern));
        }
        let regex = pattern_to_regex_str(pattern, extended).ok()?;
        let regex = RegexBuilder::new(&format!(r"\A(?:{regex})\z"))
            .dot_matches_new_line(true)
            .size_limit(LARGEST)
            .build();
        regex.ok().map(Self::Regex)
    }

    fn matches(&self, text: &str) -> Option<bool> {
        match self {
            Self::Plain(plain) => Some(*plain == text),
            Self::Regex(regex) => (text.len() <= LONGEST).then(|| regex.is_match(text)),
        }
    }
}

/// The pattern that matches this text alone.
pub(super) fn literal(text: &str) -> String {
    const SPECIAL: [char; 6] = ['*', '?', '[', ']', '(', '\\'];
    text.chars().flat_map(|c| SPECIAL.contains(&c).then_some('\\').into_iter().chain([c])).collect()
}

/// Whether a pattern matches a whole text; `None` where that is not decided.
pub(super) fn matches(pattern: &str, text: &str, extended: bool) -> Option<bool> {
    Pattern::read(pattern, extended)?.matches(text)
}

/// The text without the part at its beginning that a pattern matches.
pub(super) fn without_prefix(text: &str, pattern: &str, longest: bool) -> Option<String> {
    let end = matched(text, pattern, !longest, |at| text.get(..at))?;
    text.get(end.unwrap_or(0)..).map(str::to_owned)
}

/// The text without the part at its end that a pattern matches.
pub(super) fn without_suffix(text: &str, pattern: &str, longest: bool) -> Option<String> {
    let begin = matched(text, pattern, longest, |at| text.get(at..))?;
    text.get(..begin.unwrap_or(text.len())).map(str::to_owned)
}

/// The first place of the text, or the last, whose part a pattern matches, if there is any.
fn matched<'t>(
    text: &'t str,
    pattern: &str,
    first: bool,
    part: impl Fn(usize) -> Option<&'t str>,
) -> Option<Option<usize>> {
    let pattern = Pattern::read(pattern, false)?;
    let mut places = ends(text);
    if !first {
        places.reverse();
    }
    for at in places {
        if pattern.matches(part(at)?)? {
            return Some(Some(at));
        }
    }
    Some(None)
}

fn ends(text: &str) -> Vec<usize> {
    text.char_indices().map(|(at, _)| at).chain([text.len()]).collect()
}

/// Where a replacement applies.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum At {
    Beginning,
    End,
    First,
    Everywhere,
}

/// The text with what a pattern matches replaced. Patterns other than plain texts are only taken for short texts.
pub(super) fn replaced(text: &str, pattern: &str, by: &str, at: At) -> Option<String> {
    if pattern.is_empty() {
        return Some(text.to_owned());
    }
    let pattern = Pattern::read(pattern, false)?;
    if let Pattern::Plain(pattern) = pattern {
        return Some(match at {
            At::Everywhere => text.replace(pattern, by),
            At::First => text.replacen(pattern, by, 1),
            At::Beginning => text.strip_prefix(pattern).map_or(text.to_owned(), |rest| format!("{by}{rest}")),
            At::End => text.strip_suffix(pattern).map_or(text.to_owned(), |rest| format!("{rest}{by}")),
        });
    }
    if text.len() > 128 {
        return None;
    }
    let ends = ends(text);
    let mut whole = String::new();
    let mut from = 0;
    let mut done = false;
    while from < text.len() {
        let longest = ends.iter().rev().copied().filter(|end| *end > from).find_map(|end| {
            let fits = at != At::End || end == text.len();
            (fits && pattern.matches(text.get(from..end)?)?).then_some(end)
        });
        match longest {
            Some(end) if !done && (at != At::Beginning || from == 0) => {
                whole.push_str(by);
                from = end;
                done = at != At::Everywhere;
            }
            Some(_) | None => {
                let next = text.get(from..)?.chars().next()?;
                whole.push(next);
                from += next.len_utf8();
            }
        }
    }
    (whole.len() <= super::limits::LONGEST_TEXT).then_some(whole)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn patterns_match_as_in_a_shell() {
        for (pattern, text, expected) in [
            ("*.yaml", "a.b.yaml", true),
            ("refs/heads/*", "refs/heads/main", true),
            ("v[0-9]*", "v1.2", true),
            ("v[!0-9]*", "v1.2", false),
            ("a?c", "abc", true),
            ("a*b*c", "aXbX", false),
            ("\\*", "*", true),
            ("", "", true),
            ("a*c", "a\nb\nc", true),
            ("a.c", "abc", false),
            ("[a-c]x", "bx", true),
            ("[^a-c]x", "bx", false),
            ("[[:digit:]]*", "1x", true),
            ("[ab", "[ab", true),
            ("v{1}$|(x)", "v{1}$|(x)", true),
            ("\\d*", "dx", true),
            ("ä?ü", "äöü", true),
        ] {
            assert_eq!(matches(pattern, text, false), Some(expected), "{pattern} {text}");
        }
    }

    #[test]
    fn a_quoted_text_matches_itself_alone() {
        for text in ["a*b", "[a]?", "+(a)", "\\", "$(a)", "ä.{1}|^"] {
            assert_eq!(matches(&literal(text), text, true), Some(true), "{text}");
            assert_eq!(matches(&literal(text), &format!("{text}x"), true), Some(false), "{text}");
        }
        assert_eq!(matches(&literal("a*"), "ab", true), Some(false));
    }

    #[test]
    fn extended_patterns_are_read_where_the_shell_does() {
        for (pattern, text, expected) in [
            ("@(main|release/*)", "release/1", Some(true)),
            ("@(main|release/*)", "feature", Some(false)),
            ("v+([0-9])", "v12", Some(true)),
            ("v?(1)*(2)", "v122", Some(true)),
            ("+\\(a", "+(a", Some(true)),
            // What only a look ahead could tell.
            ("!(a)", "b", None),
        ] {
            assert_eq!(matches(pattern, text, true), expected, "{pattern} {text}");
        }
        assert_eq!(matches("@(a|b)", "a", false), None);
        assert_eq!(matches(&"*(".repeat(500), "a", true), None);
    }

    #[test]
    fn what_would_be_read_otherwise_is_not_decided() {
        for pattern in ["[]a]", "[!]a]", "[a&&b]", "[a--b]", "[\\d]", "[z-a]", &"*".repeat(3000)] {
            assert_eq!(matches(pattern, "a", false), None, "{pattern}");
        }
        assert_eq!(matches("*", &"a".repeat(3000), false), None);
    }

    #[test]
    fn prefixes_and_suffixes_are_cut() {
        assert_eq!(without_prefix("refs/heads/a/b", "*/", false).unwrap(), "heads/a/b");
        assert_eq!(without_prefix("refs/heads/a/b", "*/", true).unwrap(), "b");
        assert_eq!(without_suffix("image:tag:x", ":*", false).unwrap(), "image:tag");
        assert_eq!(without_suffix("image:tag:x", ":*", true).unwrap(), "image");
        assert_eq!(without_suffix("image", ":*", true).unwrap(), "image");
        let long = format!("a:{}", "b".repeat(3000));
        assert_eq!(without_prefix(&long, "*:", false).unwrap().len(), 3000);
        assert_eq!(without_prefix(&long, "a:", true).unwrap().len(), 3000);
        assert_eq!(without_prefix(&long, "*:", true), None);
    }

    #[test]
    fn replacements_follow_the_place() {
        assert_eq!(replaced("a/b/c", "/", "-", At::Everywhere).unwrap(), "a-b-c");
        assert_eq!(replaced("a/b/c", "/", "-", At::First).unwrap(), "a-b/c");
        assert_eq!(replaced("a.b", "[^a-z]", "-", At::Everywhere).unwrap(), "a-b");
        assert_eq!(replaced("vv1", "v", "", At::Beginning).unwrap(), "v1");
        assert_eq!(replaced("1vv", "v", "", At::End).unwrap(), "1v");
    }
}

//! The patterns of shells (`*`, `?`, `[a-z]`), over whole texts.

/// Longer texts and patterns are not matched: it would take too long.
const LONGEST: usize = 2048;

/// Whether a pattern matches a whole text; `None` where that is not decided.
pub(super) fn matches(pattern: &str, text: &str) -> Option<bool> {
    if pattern.len() > LONGEST || text.len() > LONGEST || has_extended(pattern) {
        return None;
    }
    let pattern: Vec<char> = pattern.chars().collect();
    let text: Vec<char> = text.chars().collect();
    Some(glob(&pattern, &text))
}

/// `@(a|b)` and its like.
fn has_extended(pattern: &str) -> bool {
    ["@(", "?(", "*(", "+(", "!("].iter().any(|open| pattern.contains(open))
}

/// Matching with one point of return, the last `*`: it takes no more than pattern times text.
fn glob(pattern: &[char], text: &[char]) -> bool {
    let (mut at, mut read) = (0, 0);
    let mut star: Option<(usize, usize)> = None;
    while read < text.len() {
        let step = match (pattern.get(at), text.get(read)) {
            (Some('*'), _) => {
                star = Some((at, read));
                at += 1;
                continue;
            }
            (Some('?'), Some(_)) => Some(1),
            (Some('['), Some(character)) => class(pattern.get(at..).unwrap_or_default(), *character),
            (Some('\\'), Some(character)) => (pattern.get(at + 1) == Some(character)).then_some(2),
            (Some(wanted), Some(character)) => (wanted == character).then_some(1),
            (None, _) | (_, None) => None,
        };
        match (step, star) {
            (Some(step), _) => {
                at += step;
                read += 1;
            }
            (None, Some((back, from))) => {
                at = back + 1;
                read = from + 1;
                star = Some((back, from + 1));
            }
            (None, None) => return false,
        }
    }
    pattern.get(at..).unwrap_or_default().iter().all(|character| *character == '*')
}

/// How long the class is that a pattern begins with, if it has the character.
fn class(pattern: &[char], character: char) -> Option<usize> {
    let negated = matches!(pattern.get(1), Some('!' | '^'));
    let from = if negated { 2 } else { 1 };
    let length = pattern.get(from + 1..)?.iter().position(|c| *c == ']')? + 1;
    let inner = pattern.get(from..from + length)?;
    let mut found = false;
    let mut index = 0;
    while let Some(low) = inner.get(index) {
        match (inner.get(index + 1), inner.get(index + 2)) {
            (Some('-'), Some(high)) => {
                found |= (*low..=*high).contains(&character);
                index += 3;
            }
            _ => {
                found |= *low == character;
                index += 1;
            }
        }
    }
    (found != negated).then_some(from + length + 1)
}

/// The text without the part at its beginning that a pattern matches.
pub(super) fn without_prefix(text: &str, pattern: &str, longest: bool) -> Option<String> {
    let ends = ends(text);
    let mut candidates: Vec<usize> = ends;
    if longest {
        candidates.reverse();
    }
    for end in candidates {
        if matches(pattern, text.get(..end)?)? {
            return text.get(end..).map(str::to_owned);
        }
    }
    Some(text.to_owned())
}

/// The text without the part at its end that a pattern matches.
pub(super) fn without_suffix(text: &str, pattern: &str, longest: bool) -> Option<String> {
    let mut candidates = ends(text);
    if !longest {
        candidates.reverse();
    }
    for begin in candidates {
        if matches(pattern, text.get(begin..)?)? {
            return text.get(..begin).map(str::to_owned);
        }
    }
    Some(text.to_owned())
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
    if !pattern.contains(['*', '?', '[', '\\']) && !has_extended(pattern) {
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
            (fits && matches(pattern, text.get(from..end)?)?).then_some(end)
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
        ] {
            assert_eq!(matches(pattern, text), Some(expected), "{pattern} {text}");
        }
        assert_eq!(matches("@(a|b)", "a"), None);
    }

    #[test]
    fn prefixes_and_suffixes_are_cut() {
        assert_eq!(without_prefix("refs/heads/a/b", "*/", false).unwrap(), "heads/a/b");
        assert_eq!(without_prefix("refs/heads/a/b", "*/", true).unwrap(), "b");
        assert_eq!(without_suffix("image:tag:x", ":*", false).unwrap(), "image:tag");
        assert_eq!(without_suffix("image:tag:x", ":*", true).unwrap(), "image");
        assert_eq!(without_suffix("image", ":*", true).unwrap(), "image");
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

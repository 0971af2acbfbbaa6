//! Characters that a URL gives another meaning.

use std::fmt;

/// What stands raw, without a part of the value.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Raw {
    /// A character that cuts, and its position, from 1.
    Character(char, usize),
    /// A `%` that begins no code.
    Percent,
}

impl fmt::Display for Raw {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Character(character, position) => {
                write!(f, "a raw {character} before its host (character {position} behind ://)")
            }
            Self::Percent => f.write_str("a % that is not followed by two hexadecimal digits"),
        }
    }
}

/// What stands raw in the part of a URL behind `://`.
pub(super) fn raw(rest: &str) -> Option<Raw> {
    let end = rest.find(['/', '?', '#']).unwrap_or(rest.len());
    let (authority, tail) = rest.split_at(end);
    let position = |at: usize| rest.get(..at).unwrap_or_default().chars().count() + 1;
    if let Some((credentials, _)) = authority.split_once('@') {
        if authority.matches('@').count() > 1 {
            return Some(Raw::Character('@', position(credentials.len())));
        }
        let codes = credentials.match_indices('%').all(|(at, _)| {
            let digits = credentials.as_bytes().get(at + 1..at + 3);
            digits.is_some_and(|digits| digits.iter().all(u8::is_ascii_hexdigit))
        });
        return (!codes).then_some(Raw::Percent);
    }
    // No `@` before the first of them, but one behind it, and what stands before is no host with a port.
    let (_, port) = authority.rsplit_once(':')?;
    let is_port = port.is_empty() || port.chars().all(|c| c.is_ascii_digit());
    let cut = tail.chars().next().filter(|_| tail.contains('@') && (!is_port || tail.starts_with('#')))?;
    Some(Raw::Character(cut, position(end)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn raw_characters_are_told_with_their_position() {
        assert_eq!(raw("u:pa@ss@h/d"), Some(Raw::Character('@', 5)));
        assert_eq!(raw("u:pa/ss@h/d"), Some(Raw::Character('/', 5)));
        assert_eq!(raw("u:p#ss@h/d"), Some(Raw::Character('#', 4)));
        assert_eq!(raw("u:p%ss@h/d"), Some(Raw::Percent));
    }

    #[test]
    fn ordinary_urls_have_none() {
        for url in [
            "u:p%40ss@h:5432/d",
            "h:5432/d?user=a@b",
            "u@h/d",
            "u:p@/d?host=/cloudsql/p:r:i",
            "/d?host=/x",
            "u:\u{f8fe}@h/d",
        ] {
            assert_eq!(raw(url), None, "{url}");
        }
    }
}

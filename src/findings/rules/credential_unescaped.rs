//! A character that a URL gives another meaning stands raw in a connection string's password or user.

use crate::findings::look::{Found, Look};
use crate::findings::{Rule, Severity};

/// See the module.
pub(super) static RULE: Rule = Rule {
    code: "credential-unescaped",
    severity: Severity::Error,
    what: "@, /, #, ? or % stands raw in a connection string",
    why: "drivers cut the URL there and dial a host that is the rest of the password",
    mend: "percent-encode it: @ is %40, / is %2F, # is %23, ? is %3F, % is %25; or give the parts in variables of their own",
    look,
};

fn look(look: &Look<'_>) -> Vec<Found> {
    let mut found = Vec::new();
    for dsn in look.ways.iter().filter_map(|way| way.dsn.as_ref()) {
        let Some((_, rest)) = dsn.text.split_once("://") else { continue };
        if let Some(raw) = raw(rest) {
            let message = match raw {
                Raw::Character(character, position) => {
                    format!(
                        "`{}` has a raw {character} before its host (character {position} behind ://)",
                        dsn.from.name
                    )
                }
                Raw::Percent => {
                    format!("`{}` has a % that is not followed by two hexadecimal digits", dsn.from.name)
                }
            };
            found.push(look.found(dsn.from, message));
        }
    }
    found
}

/// What stands raw, without a part of the value.
#[derive(Debug, PartialEq, Eq)]
enum Raw {
    /// A character that cuts, and its position, from 1.
    Character(char, usize),
    /// A `%` that begins no code.
    Percent,
}

/// What stands raw in the part of a URL behind `://`.
fn raw(rest: &str) -> Option<Raw> {
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

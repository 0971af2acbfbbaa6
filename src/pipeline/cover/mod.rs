//! Covers what may be a secret on a line that is shown: as many asterisks as characters, so that columns stay right.
//!
//! This knows words only, no format: an excerpt may stand in a file that cannot be read at all. It would rather cover
//! too much than too little. Covered are values of names like `DB_PASSWORD`, in every notation (`NAME=…`, `NAME: …`,
//! `"NAME": "…"`, `name: NAME` beside `value: …`, a block below `NAME:`, `--password …`), and passwords of URLs. Left
//! to be seen are references (`$_PASSWORD`, `${{ secrets.X }}`), which hold no value, and names of secrets.

use std::ops::Range;

use crate::text::looks_secret;

/// How many lines around a line are searched for what it belongs to.
const LINES_AROUND: usize = 40;
/// The longest line that is looked at, in bytes: what a line costs grows with its square. A longer one is covered.
const LONGEST_LINE: usize = 8 * 1024;

/// A line of a text, counted from 0, with everything covered that may be a secret.
pub(super) fn line(text: &str, index: usize) -> Option<String> {
    let mut lines = text.lines();
    let above = index.saturating_sub(LINES_AROUND);
    let before: Vec<&str> = lines.by_ref().skip(above).take(index - above).collect();
    let line = lines.next()?;
    let after = lines.next().unwrap_or_default();
    if line.len() > LONGEST_LINE || belongs_to_secret(line, &before) {
        return Some(cover(line, std::slice::from_ref(&(indent(line)..line.len()))));
    }
    let mut ranges = passwords_of_urls(line);
    ranges.extend(values(line, &before, after));
    Some(cover(line, &ranges))
}

fn cover(line: &str, ranges: &[Range<usize>]) -> String {
    let mut covered = vec![false; line.len()];
    for range in ranges {
        covered.get_mut(range.clone()).unwrap_or_default().fill(true);
    }
    line.char_indices().map(|(at, c)| if covered.get(at) == Some(&true) { '*' } else { c }).collect()
}

/// Where passwords stand in `scheme://user:password@host`. A password may hold anything: it ends at the last `@`
/// before a blank.
fn passwords_of_urls(line: &str) -> Vec<Range<usize>> {
    let mut ranges = Vec::new();
    let mut from = 0;
    while let Some(begin) = line.get(from..).and_then(|rest| rest.find("://")).map(|at| from + at + 3) {
        let rest = line.get(begin..).unwrap_or_default();
        let end = begin + rest.find(char::is_whitespace).unwrap_or(rest.len());
        let url = line.get(begin..end).unwrap_or_default();
        if let (Some(colon), Some(at)) = (url.find(':'), url.rfind('@')) {
            let password = begin + colon + 1..begin + at;
            if !password.is_empty() && line.get(password.clone()).is_some_and(|text| !shows_nothing("", text))
            {
                ranges.push(password);
            }
        }
        from = end;
    }
    ranges
}

/// Where values of secret names stand.
fn values(line: &str, before: &[&str], after: &str) -> Vec<Range<usize>> {
    let mut ranges = Vec::new();
    let mut from = 0;
    let of_secret = line.contains("value") && names_secret(line, before, after);
    while let Some(pair) = next_pair(line, from) {
        let name = line.get(pair.name.clone()).unwrap_or_default();
        let secret = is_secret(name) || name == "value" && of_secret;
        let value = value_range(line, &pair);
        let text = line.get(value.clone()).unwrap_or_default();
        let structure = text.starts_with('{') || matches!(text.trim_start_matches(['-', '+']), "|" | ">");
        if secret && !structure && !shows_nothing(name, text) && !names_one(line, &pair, text) {
            from = value.end.max(pair.value);
            ranges.push(value);
        } else {
            from = pair.value;
        }
    }
    ranges
}

/// Whether a value is the name of a secret by its place: behind `--set-secrets=` or `secrets:`.
fn names_one(line: &str, pair: &Pair, value: &str) -> bool {
    let before = line.get(..pair.name.start).unwrap_or_default();
    let of_name = value.trim_matches(['"', '\'', ']', '}', ' ']).chars().all(|c| is_of_name(c) && c != '.');
    of_name && ["secrets=", "secrets:", "secrets "].iter().any(|word| before.contains(word))
}

/// A name and where its value begins.
struct Pair {
    name: Range<usize>,
    value: usize,
    /// `=`, `:`, or a blank behind a flag.
    separator: char,
}

/// The next `NAME=`, `NAME:` or `--NAME ` from a byte on.
fn next_pair(line: &str, from: usize) -> Option<Pair> {
    let mut at = from;
    while let Some(rest) = line.get(at..).filter(|rest| !rest.is_empty()) {
        let Some(begin) = rest.find(is_of_name).map(|begin| at + begin) else { break };
        let word = line.get(begin..)?;
        let length = word.find(|c| !is_of_name(c)).unwrap_or(word.len());
        let end = begin + length;
        let tail = line.get(end..)?;
        let bare = tail.trim_start_matches(['"', '\'', '\\']);
        let quotes = tail.len() - bare.len();
        let blanks = bare.len() - bare.trim_start_matches(' ').len();
        let name = begin + word.len() - word.trim_start_matches('-').len()..end;
        let pair = |skipped: usize, separator| Pair { name: name.clone(), value: end + skipped, separator };
        match bare.chars().next() {
            Some('=') => return Some(pair(quotes + 1, '=')),
            Some(':') => {
                // `a:b` is no pair of YAML, but `"a":"b"` is one of JSON; `://` is none.
                let follows = bare.get(1..).unwrap_or_default();
                let ends = follows.is_empty() || follows.starts_with([' ', '\t']) || quotes > 0;
                if ends && !follows.starts_with('/') {
                    return Some(pair(quotes + 1, ':'));
                }
            }
            Some(' ' | ',') if word.starts_with("--") && !name.is_empty() => {
                let comma = usize::from(bare.starts_with(',') || bare.get(blanks..)?.starts_with(','));
                return Some(pair(quotes + blanks + comma, ' '));
            }
            Some(_) | None => {}
        }
        at = end;
    }
    None
}

fn is_of_name(c: char) -> bool {
    c.is_ascii_alphanumeric() || matches!(c, '_' | '-' | '.')
}

/// Where a value ends: at its closing quote, else where the next pair of a list, the next flag or a comment begins.
fn value_range(line: &str, pair: &Pair) -> Range<usize> {
    let rest = line.get(pair.value..).unwrap_or_default();
    let begin = pair.value + rest.len() - rest.trim_start().len();
    let value = line.get(begin..).unwrap_or_default();
    let ends_pair = |behind: &str| match pair.separator {
        // In a list without quotes around its values a quote may be any character of one.
        '=' => behind.trim_start().is_empty() || behind.starts_with(' ') || next_variable(behind),
        _ => behind.chars().next().is_none_or(|c| c.is_whitespace() || ",}])'\";".contains(c)),
    };
    if let Some(end) = closing_quote(value).filter(|end| ends_pair(value.get(*end..).unwrap_or_default())) {
        return begin..begin + end;
    }
    let own_separator = line.get(..begin).is_some_and(|before| before.contains('^'));
    let ends = |at: usize| {
        let rest = value.get(at..).unwrap_or_default();
        match pair.separator {
            ' ' => rest.starts_with(char::is_whitespace),
            ':' => rest.starts_with(" #") || rest.starts_with(", ") && line.contains('{'),
            _ => rest.starts_with(" --") || !own_separator && next_variable(rest),
        }
    };
    let end = value.char_indices().map(|(at, _)| at).find(|at| ends(*at)).unwrap_or(value.len());
    begin..begin + value.get(..end).unwrap_or_default().trim_end().len()
}

/// Where a quoted value's quote is closed, behind it.
fn closing_quote(value: &str) -> Option<usize> {
    let quote = value.chars().next().filter(|c| matches!(c, '"' | '\''))?;
    let mut characters = value.char_indices().skip(1).peekable();
    while let Some((at, c)) = characters.next() {
        if c == '\\' && quote == '"' {
            characters.next();
        } else if c == quote && characters.next_if(|(_, next)| *next == quote && quote == '\'').is_none() {
            return Some(at + 1);
        }
    }
    None
}

/// `,NAME=`, as variables are named.
fn next_variable(text: &str) -> bool {
    let Some(text) = text.strip_prefix(',').map(str::trim_start) else { return false };
    let end = text.find(|c: char| !(c.is_ascii_uppercase() || c.is_ascii_digit() || c == '_'));
    end.is_some_and(|end| end > 1 && text.get(end..).is_some_and(|rest| rest.starts_with('=')))
}

/// Whether the value of a name is a secret: of variables as they are shown elsewhere, of keys and flags only where
/// the name says so at its end (`key: latest` and `secrets:` are words of the formats).
fn is_secret(name: &str) -> bool {
    if !name.chars().any(|c| c.is_ascii_lowercase()) {
        return looks_secret(name);
    }
    let lower = name.to_ascii_lowercase().replace(['-', '.'], "_");
    let ends = [
        "password",
        "passwd",
        "passphrase",
        "_pass",
        "pwd",
        "_secret",
        "clientsecret",
        "token",
        "apikey",
        "api_key",
        "private_key",
        "access_key",
        "secret_key",
        "dsn",
        "credentials",
        "credentials_json",
        "authorization",
    ];
    lower != "id_token" && ends.iter().any(|end| lower.ends_with(end))
}

/// Whether a `value:` is that of a secret: its `name:` stands on the same line, above it, or below it.
fn names_secret(line: &str, before: &[&str], after: &str) -> bool {
    let named = |line: &str| {
        let (_, behind) = line.split_once("name:").or_else(|| line.split_once("name\":"))?;
        let name = behind.trim_start_matches([' ', '"', '\'']);
        Some(is_secret(name.split(|c| !is_of_name(c)).next().unwrap_or_default()))
    };
    let column = |line: &str| line.find(|c: char| c.is_alphanumeric()).unwrap_or_default();
    let above =
        before.iter().rev().take_while(|above| column(above) >= column(line)).find_map(|line| named(line));
    let begins_item = line.trim_start().starts_with('-');
    named(line).or(if begins_item { None } else { above }).or_else(|| named(after)).unwrap_or_default()
}

/// Whether a line continues the value of a secret that begins above it: a block, or a text over several lines.
fn belongs_to_secret(line: &str, before: &[&str]) -> bool {
    let deep = indent(line);
    let parent = before.iter().rev().find(|above| !above.trim().is_empty() && indent(above) < deep);
    let Some(parent) = parent.filter(|_| !line.trim().is_empty()) else { return false };
    let Some(pair) = next_pair(parent, 0).filter(|pair| pair.separator == ':') else { return false };
    let name = parent.get(pair.name.clone()).unwrap_or_default();
    let value = parent.get(pair.value..).unwrap_or_default().trim();
    let in_item = name == "value" && {
        let at = before.iter().rposition(|above| above == parent).unwrap_or_default();
        names_secret(parent, before.get(..at).unwrap_or_default(), "")
    };
    // Below `NAME:` alone a mapping may stand: its own names tell.
    let mapping = value.is_empty() && next_pair(line, deep).is_some_and(|pair| pair.separator == ':');
    (is_secret(name) || in_item) && !mapping && !value.starts_with(['{', '[', '&'])
}

fn indent(line: &str) -> usize {
    line.len() - line.trim_start_matches(' ').len()
}

/// Whether the value of a name holds nothing: it is a reference, the name of a secret or of a variable, or a plain word.
fn shows_nothing(name: &str, value: &str) -> bool {
    let bare = value.trim().trim_matches(['"', '\'', ']', '}', ')', '\\']).trim();
    let enclosed = |open: &str, close: &str| {
        let inner = bare.strip_prefix(open)?;
        // The end may have been taken off as a bracket.
        Some(inner.strip_suffix(close).unwrap_or(inner))
    };
    let capitals =
        |text: &str| text.chars().all(|c| c.is_ascii_uppercase() || c.is_ascii_digit() || "_$".contains(c));
    let inner = enclosed("${{", "}}")
        .or_else(|| enclosed("${", "}"))
        .or_else(|| bare.strip_prefix('$').filter(|text| capitals(text)));
    let is_name = |text: &str, more: &str| {
        !text.is_empty() && text.chars().all(|c| c.is_ascii_alphanumeric() || more.contains(c))
    };
    let reference = inner.is_some_and(|name| is_name(name.trim_start_matches('$').trim(), "_.-"));
    let resource = bare.starts_with("projects/") && bare.contains("/secrets/") && is_name(bare, "/_-:${}");
    let version = bare.rsplit_once(':').is_some_and(|(secret, version)| {
        let number = version.len() < 4 && version.chars().all(|c| c.is_ascii_digit());
        let named =
            is_name(secret, "_-$") && secret.starts_with(|c: char| c.is_ascii_alphabetic() || c == '$');
        named && (version == "latest" || number && !version.is_empty() && secret.contains(['-', '_']))
    });
    // `password: DB_PASSWORD` of a rungate file.
    let variable = !capitals(name) && bare.contains('_') && looks_secret(bare) && capitals(bare);
    let word = ["", "true", "false", "yes", "no", "null", "~", "read", "write", "none"].contains(&bare);
    reference || resource || version || variable || word
}

#[cfg(test)]
mod tests;

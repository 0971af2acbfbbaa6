//! asyncpg and `dj-database-url`: both cut with Python's `urllib.parse`, and go on differently.

use super::cut::{Cut, decoded, hosts, split_port};
use super::libpq::is_mode;

/// A URL as `urlsplit` cuts it.
struct Split {
    scheme: String,
    netloc: String,
    path: String,
    query: String,
}

/// Python's `urlsplit`: blanks and control characters at the front go, and line ends and tabs wherever they stand.
fn urlsplit(text: &str) -> Result<Split, &'static str> {
    let text: String = text
        .trim_start_matches(|c: char| c <= ' ')
        .chars()
        .filter(|c| !matches!(c, '\n' | '\r' | '\t'))
        .collect();
    let (scheme, rest) = match text.split_once(':') {
        Some((scheme, rest))
            if scheme.starts_with(|c: char| c.is_ascii_alphabetic())
                && scheme.chars().all(|c| c.is_ascii_alphanumeric() || "+-.".contains(c)) =>
        {
            (scheme.to_ascii_lowercase(), rest)
        }
        _ => (String::new(), text.as_str()),
    };
    let (netloc, rest) = match rest.strip_prefix("//") {
        Some(rest) => rest.split_at(rest.find(['/', '?', '#']).unwrap_or(rest.len())),
        None => ("", rest),
    };
    if netloc.contains('[') != netloc.contains(']') {
        return Err("ValueError: Invalid IPv6 URL");
    }
    let rest = rest.split('#').next().unwrap_or(rest);
    let (path, query) = rest.split_once('?').unwrap_or((rest, ""));
    Ok(Split { scheme, netloc: netloc.to_owned(), path: path.to_owned(), query: query.to_owned() })
}

/// Python's `int` of a port.
fn port(digits: &str) -> Result<u16, &'static str> {
    // Numbers beyond any port only fail where they are dialled.
    let number = digits.trim().parse::<u64>();
    number.map(|port| u16::try_from(port).unwrap_or(u16::MAX)).map_err(|_why| NO_NUMBER)
}

pub(super) const NO_NUMBER: &str = "ValueError: invalid literal for int() with base 10: '…'";

/// `_parse_connect_dsn_and_args` of asyncpg.
pub(super) fn asyncpg(text: &str) -> Result<Cut, &'static str> {
    let split = urlsplit(text)?;
    if text.is_empty() {
        return Ok(Cut::default());
    }
    if !["postgresql", "postgres"].contains(&split.scheme.as_str()) {
        return Err(
            "ClientConfigurationError: invalid DSN: scheme is expected to be either \"postgresql\" or \"postgres\", got '…'",
        );
    }
    // `parse_qs` of the query comes first.
    if split.query.split('&').any(|pair| !pair.is_empty() && !pair.contains('=')) {
        return Err("ValueError: bad query field: '…'");
    }
    let mut cut = Cut::default();
    let place = match split.netloc.split_once('@') {
        Some((credentials, place)) => {
            cut.with_login(credentials);
            place
        }
        None => split.netloc.as_str(),
    };
    for one in place.split(',').filter(|one| !one.is_empty()) {
        // asyncpg cuts at the first colon.
        let (host, digits) = if one.starts_with('[') {
            split_port(one)
        } else {
            one.split_once(':').map_or((one, None), |(host, port)| (host, Some(port)))
        };
        let port = digits.filter(|digits| !digits.is_empty()).map(port).transpose()?;
        cut.hosts.push((decoded(host).into_owned(), port));
    }
    cut.name = Some(decoded(split.path.strip_prefix('/').unwrap_or(&split.path)).into_owned());
    for (key, value) in split.query.split('&').filter_map(|pair| pair.split_once('=')) {
        let value = decoded(value);
        match key {
            // What stands before the query wins.
            "host" if !cut.hosts.is_empty() => {}
            "sslmode" if !is_mode(&value) => {
                return Err(
                    "ClientConfigurationError: `sslmode` parameter must be one of: disable, allow, prefer, require, verify-ca, verify-full",
                );
            }
            _ => cut.set(key, &value),
        }
    }
    Ok(cut)
}

/// `dj_database_url.parse`.
pub(super) fn django(text: &str) -> Result<Cut, &'static str> {
    const INVALID: &str = "ParseError: This string is not a valid url, possibly because some of its parts is not properly urllib.parse.quote()'ed.";
    let split = urlsplit(text).map_err(|_why| INVALID)?;
    let known = ["postgres", "postgresql", "pgsql", "postgis", "timescale", "timescalegis"];
    if !known.contains(&split.scheme.as_str()) {
        return Err(
            "UnknownSchemeError: Scheme '…://' is unknown. Did you forget to register custom backend?",
        );
    }
    let mut cut = Cut::default();
    let place = match split.netloc.rsplit_once('@') {
        Some((credentials, place)) => {
            cut.with_login(credentials);
            place
        }
        None => split.netloc.as_str(),
    };
    let (_, digits) = split_port(place);
    if digits.is_some_and(|digits| !digits.is_empty() && digits.parse::<u16>().is_err())
        || place.matches(':').count() > 1 && !place.contains('[')
    {
        return Err(INVALID);
    }
    // It hands several hosts on to libpq as they are.
    cut.hosts = hosts(place);
    cut.name = Some(decoded(split.path.strip_prefix('/').unwrap_or(&split.path)).into_owned());
    for (key, value) in split.query.split('&').filter_map(|pair| pair.split_once('=')) {
        cut.set(key, &decoded(value));
    }
    Ok(cut)
}

//! pgx and lib/pq: both cut with Go's `net/url`, and take libpq's pairs too.

use super::cut::{Cut, decoded, hosts, split_port};
use super::libpq::{is_mode, split_pairs};

/// `ParseConfig` of pgx. Its errors hide the password.
pub(super) fn pgx(text: &str) -> Result<Cut, &'static str> {
    let mut cut = if text.starts_with("postgres://") || text.starts_with("postgresql://") {
        let (mut cut, query) = url(text).map_err(|words| match words {
            Words::Port => "cannot parse `…`: failed to parse as URL (parse \"…\": invalid port \"…\" after host)",
            Words::Escape => "cannot parse `…`: failed to parse as URL (parse \"…\": invalid URL escape \"…\")",
            Words::UserInfo => "cannot parse `…`: failed to parse as URL (parse \"…\": net/url: invalid userinfo)",
            Words::Control => {
                "cannot parse `…`: failed to parse as URL (parse \"…\": net/url: invalid control character in URL)"
            }
            Words::Host => "cannot parse `…`: failed to parse as URL (parse \"…\": invalid character \"…\" in host name)",
        })?;
        options(&mut cut, query.iter().map(|(key, value)| (key.as_str(), value.as_str())));
        mode(&query, "cannot parse `…`: failed to configure TLS (sslmode is invalid)", is_mode)?;
        cut
    } else {
        let pairs =
            split_pairs(text, "cannot parse `…`: failed to parse as keyword/value (invalid keyword/value)")?;
        mode(&pairs, "cannot parse `…`: failed to configure TLS (sslmode is invalid)", is_mode)?;
        let mut cut = Cut::default();
        options(&mut cut, pairs.iter().map(|(key, value)| (key.as_str(), value.as_str())));
        cut
    };
    cut.hosts.retain(|(host, _)| !host.is_empty());
    Ok(cut)
}

/// `ParseURL` and the options of lib/pq.
pub(super) fn lib_pq(text: &str) -> Result<Cut, &'static str> {
    const MODE: &str = "pq: unsupported sslmode \"…\"; only \"require\" (default), \"verify-full\", \"verify-ca\", and \"disable\" supported";
    let known = |word: &str| ["require", "verify-full", "verify-ca", "disable"].contains(&word);
    let mut cut = Cut::default();
    let pairs = if text.starts_with("postgres://") || text.starts_with("postgresql://") {
        let (read, query) = url(text).map_err(|words| match words {
            Words::Port => "parse \"…\": invalid port \"…\" after host",
            Words::Escape => "parse \"…\": invalid URL escape \"…\"",
            Words::UserInfo => "parse \"…\": net/url: invalid userinfo",
            Words::Control => "parse \"…\": net/url: invalid control character in URL",
            Words::Host => "parse \"…\": invalid character \"…\" in host name",
        })?;
        cut = read;
        query
    } else {
        split_pairs(text, "missing \"=\" after \"…\" in connection info string\"")?
    };
    mode(&pairs, MODE, known)?;
    options(&mut cut, pairs.iter().map(|(key, value)| (key.as_str(), value.as_str())));
    cut.hosts.retain(|(host, _)| !host.is_empty());
    Ok(cut)
}

fn options<'a>(cut: &mut Cut, pairs: impl Iterator<Item = (&'a str, &'a str)>) {
    // The host is known before its port, in whatever order they stand.
    let mut pairs: Vec<_> = pairs.collect();
    pairs.sort_by_key(|(key, _)| *key == "port");
    for (key, value) in pairs {
        cut.set(key, value);
    }
}

fn mode(
    pairs: &[(String, String)],
    words: &'static str,
    known: impl Fn(&str) -> bool,
) -> Result<(), &'static str> {
    let stated = pairs.iter().find(|(key, _)| key == "sslmode").map(|(_, mode)| mode.as_str());
    if stated.is_none_or(|mode| mode.is_empty() || known(mode)) { Ok(()) } else { Err(words) }
}

/// What `url.Parse` says.
enum Words {
    Port,
    Escape,
    UserInfo,
    Control,
    Host,
}

/// `url.Parse`: the fragment goes first, then the query; user and password end at the last `@`.
fn url(text: &str) -> Result<(Cut, Vec<(String, String)>), Words> {
    if text.bytes().any(|byte| byte < b' ' || byte == 0x7f) {
        return Err(Words::Control);
    }
    let text = text.split('#').next().unwrap_or(text);
    let (_, rest) = text.split_once("://").unwrap_or(("", text));
    let (rest, query) = rest.split_once('?').unwrap_or((rest, ""));
    let (authority, path) = rest.split_at(rest.find('/').unwrap_or(rest.len()));
    let mut cut = Cut::default();
    let place = match authority.rsplit_once('@') {
        Some((credentials, place)) => {
            let allowed = |c: char| c.is_ascii_alphanumeric() || "-._:~!$&'()*+,;=%@".contains(c);
            if !credentials.chars().all(allowed) {
                return Err(Words::UserInfo);
            }
            escapes(credentials)?;
            cut.with_login(credentials);
            place
        }
        None => authority,
    };
    if !place.starts_with('[') && place.contains(':') {
        let (_, port) = split_port(place);
        if port.is_some_and(|port| !port.chars().all(|c| c.is_ascii_digit())) {
            return Err(Words::Port);
        }
    }
    if place.contains([' ', '<', '>', '"', '\\', '^', '`', '{', '|', '}']) {
        return Err(Words::Host);
    }
    escapes(path)?;
    cut.hosts = hosts(place);
    cut.name = Some(decoded(path.trim_start_matches('/')).into_owned());
    let query = query.split('&').filter_map(|pair| pair.split_once('='));
    let query =
        query.map(|(key, value)| (decoded(key).into_owned(), decoded(&value.replace('+', " ")).into_owned()));
    Ok((cut, query.collect()))
}

fn escapes(text: &str) -> Result<(), Words> {
    let whole = text.match_indices('%').all(|(at, _)| {
        text.as_bytes().get(at + 1..at + 3).is_some_and(|two| two.iter().all(u8::is_ascii_hexdigit))
    });
    if whole { Ok(()) } else { Err(Words::Escape) }
}

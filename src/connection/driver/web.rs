//! node-postgres, Prisma and sqlx: URLs as browsers read them (WHATWG), with the `url` crate that two of them use.

use std::borrow::Cow;

use url::{ParseError, Url};

use super::cut::{Cut, decoded};
use super::libpq::is_mode;

/// `parse` of `pg-connection-string`.
pub(super) fn node(text: &str) -> Result<Cut, &'static str> {
    const INVALID: &str = "TypeError [ERR_INVALID_URL]: Invalid URL";
    let mut cut = Cut::default();
    if text.starts_with('/') {
        let mut words = text.split(' ');
        cut.with_host(words.next().unwrap_or_default(), None);
        cut.name = words.next().map(str::to_owned);
        return Ok(cut);
    }
    let encoded = encoded(text);
    let base = Url::parse("postgres://base").map_err(|_why| INVALID)?;
    let parse = |text: &str| Url::options().base_url(Some(&base)).parse(text);
    let (url, dummy) = match parse(&encoded) {
        Ok(url) => (url, false),
        Err(_) => (parse(&encoded.replacen("@/", "@___dummy___/", 1)).map_err(|_why| INVALID)?, true),
    };
    let host = if dummy { "" } else { bare(url.host_str().unwrap_or_default()) };
    cut.with_host(&decoded(host), url.port());
    cut.user = Some(decoded(url.username()).into_owned());
    cut.password = url.password().map(|password| decoded(password).into_owned());
    // `slice(1)`, whatever stands there.
    let mut path = url.path().chars();
    path.next();
    cut.name = Some(decoded(path.as_str()).into_owned());
    let port = url.port();
    for (key, value) in url.query_pairs() {
        match &*key {
            "host" => cut.with_host(&value, port),
            "user" | "password" | "port" => cut.set(&key, &value),
            _ => {}
        }
    }
    Ok(cut)
}

/// `encodeURI`, where the text has blanks or a `%` that begins no code; then codes of two digits are taken back.
fn encoded(text: &str) -> Cow<'_, str> {
    let raw = text.match_indices('%').any(|(at, _)| {
        let hex = |one: Option<&u8>| one.is_none_or(u8::is_ascii_hexdigit);
        let bytes = text.as_bytes();
        !hex(bytes.get(at + 1)) || bytes.get(at + 2).is_some_and(|byte| !byte.is_ascii_hexdigit())
    });
    if !raw && !text.contains(' ') {
        return Cow::Borrowed(text);
    }
    let mut encoded = String::new();
    for (at, c) in text.char_indices() {
        let digits = text.as_bytes().get(at + 1..at + 3);
        match c {
            '%' if !digits.is_some_and(|two| two.iter().all(u8::is_ascii_digit)) => encoded.push_str("%25"),
            ' ' => encoded.push_str("%20"),
            c => encoded.push(c),
        }
    }
    Cow::Owned(encoded)
}

/// Prisma's engine, which is written in Rust: `PostgresNativeUrl` of `quaint`.
#[expect(clippy::wildcard_enum_match_arm, reason = "another crate's enum, which grows")]
pub(super) fn prisma(text: &str) -> Result<Cut, &'static str> {
    if !text.starts_with("postgresql://") && !text.starts_with("postgres://") {
        return Err("P1012: the URL must start with the protocol `postgresql://` or `postgres://`.");
    }
    let url = Url::parse(text).map_err(|error| match error {
        ParseError::InvalidPort => {
            "P1013: The provided database string is invalid. invalid port number in database URL."
        }
        ParseError::EmptyHost => {
            "P1013: The provided database string is invalid. empty host in database URL."
        }
        _ => "P1013: The provided database string is invalid.",
    })?;
    let mut cut = of_url(&url, false);
    for (key, value) in url.query_pairs() {
        match &*key {
            "host" => cut.with_host(&value, url.port()),
            "connection_limit" | "pool_timeout" | "connect_timeout" | "socket_timeout"
                if value.parse::<u64>().is_err() =>
            {
                return Err("P1013: The provided arguments are not supported.");
            }
            _ => {}
        }
    }
    Ok(cut)
}

/// `PgConnectOptions::from_str` of sqlx.
#[expect(clippy::wildcard_enum_match_arm, reason = "another crate's enum, which grows")]
pub(super) fn sqlx(text: &str) -> Result<Cut, &'static str> {
    let url = Url::parse(text).map_err(|error| match error {
        ParseError::InvalidPort => "error with configuration: invalid port number",
        ParseError::EmptyHost => "error with configuration: empty host",
        ParseError::RelativeUrlWithoutBase => "error with configuration: relative URL without a base",
        _ => "error with configuration: …",
    })?;
    let mut cut = of_url(&url, true);
    for (key, value) in url.query_pairs() {
        match &*key {
            "sslmode" | "ssl-mode" if !is_mode(&value.to_ascii_lowercase()) => {
                return Err("error with configuration: unknown value \"…\" for `ssl_mode`");
            }
            "host" | "hostaddr" => cut.with_host(&value, url.port()),
            "user" | "password" | "port" | "dbname" => cut.set(&key, &value),
            _ => {}
        }
    }
    Ok(cut)
}

/// What both take; only sqlx decodes a host, and only where it is a socket's folder.
fn of_url(url: &Url, socket: bool) -> Cut {
    let mut cut = Cut::default();
    let host = bare(url.host_str().unwrap_or_default());
    let folder = decoded(host);
    cut.with_host(if socket && folder.starts_with('/') { &folder } else { host }, url.port());
    cut.user = Some(decoded(url.username()).into_owned());
    cut.password = url.password().map(|password| decoded(password).into_owned());
    cut.name = Some(decoded(url.path().trim_start_matches('/')).into_owned());
    cut
}

/// Without the brackets of an address.
fn bare(host: &str) -> &str {
    host.strip_prefix('[').and_then(|inner| inner.strip_suffix(']')).unwrap_or(host)
}

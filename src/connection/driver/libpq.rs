//! libpq's reader: where it cuts is [`crate::connection::dsn`]'s to say; here are the options that it knows, what it
//! checks, and its words.

use super::cut::Cut;
use crate::connection::DsnProblem;
use crate::connection::dsn::pairs;
use crate::connection::dsn::uri::{Pieces, host_and_port, percent};

/// Options that libpq knows, as of PostgreSQL 18.
const OPTIONS: &[&str] = &[
    "application_name",
    "channel_binding",
    "client_encoding",
    "connect_timeout",
    "dbname",
    "fallback_application_name",
    "gssdelegation",
    "gssencmode",
    "gsslib",
    "host",
    "hostaddr",
    "keepalives",
    "keepalives_count",
    "keepalives_idle",
    "keepalives_interval",
    "krbsrvname",
    "load_balance_hosts",
    "max_protocol_version",
    "min_protocol_version",
    "oauth_client_id",
    "oauth_client_secret",
    "oauth_issuer",
    "oauth_scope",
    "options",
    "passfile",
    "password",
    "port",
    "replication",
    "require_auth",
    "requirepeer",
    "requiressl",
    "scram_client_key",
    "scram_server_key",
    "service",
    "servicefile",
    "sslcert",
    "sslcertmode",
    "sslcompression",
    "sslcrl",
    "sslcrldir",
    "sslkey",
    "sslkeylogfile",
    "ssl_max_protocol_version",
    "ssl_min_protocol_version",
    "sslmode",
    "sslnegotiation",
    "sslpassword",
    "sslrootcert",
    "sslsni",
    "target_session_attrs",
    "tcp_user_timeout",
    "user",
];
const OPEN: &str = "end of string reached when looking for matching \"]\" in IPv6 host address in URI: \"…\"";
const BEHIND: &str = "unexpected character \"…\" at position … in URI (expected \":\" or \"/\"): \"…\"";
const PERCENT: &str = "invalid percent-encoded token: \"…\"";
const NO_EQUALS: &str = "missing \"=\" after \"…\" in connection info string";

pub(super) fn read(text: &str) -> Result<Cut, &'static str> {
    match text.strip_prefix("postgresql://").or_else(|| text.strip_prefix("postgres://")) {
        Some(rest) => uri(rest),
        None => keywords(text),
    }
}

fn uri(rest: &str) -> Result<Cut, &'static str> {
    let pieces = Pieces::of(rest);
    let decoded = |part: Option<(&str, usize)>| part.map(|(text, _)| decode(text)).transpose();
    let mut cut = Cut { user: decoded(pieces.user)?, password: decoded(pieces.password)?, ..Cut::default() };
    let mut ports = Vec::new();
    for one in pieces.authority.0.split(',') {
        let (host, port) = host_and_port(one).ok_or(if one.contains(']') { BEHIND } else { OPEN })?;
        ports.push(port);
        cut.hosts.push((decode(host)?, None));
    }
    cut.name = decoded(pieces.path)?;
    let query = pieces.query.map(|(query, _)| query);
    let mut options = Vec::new();
    for pair in query.into_iter().flat_map(|query| query.split('&')).filter(|pair| !pair.is_empty()) {
        let (key, value) =
            pair.split_once('=').ok_or("missing key/value separator \"=\" in URI query parameter: \"…\"")?;
        let (key, value) = (decode(key)?, decode(value)?);
        // What JDBC calls so.
        if key == "ssl" && value == "true" {
            continue;
        }
        if !OPTIONS.contains(&key.as_str()) {
            return Err("invalid URI query parameter: \"…\"");
        }
        options.push((key, value));
    }
    finish(cut, &ports.join(","), options)
}

/// What is checked once the connection is made.
fn finish(mut cut: Cut, ports: &str, options: Vec<(String, String)>) -> Result<Cut, &'static str> {
    let mut ports = ports.to_owned();
    for (key, value) in options {
        match key.as_str() {
            "port" => ports = value,
            "sslmode" if !is_mode(&value) => return Err("invalid sslmode value: \"…\""),
            _ => cut.set(&key, &value),
        }
    }
    let ports: Vec<&str> = ports.split(',').collect();
    if ports.len() > 1 && ports.len() != cut.hosts.len().max(1) {
        return Err("could not match … port numbers to … hosts");
    }
    for (at, (_, port)) in cut.hosts.iter_mut().enumerate() {
        *port = match if ports.len() == 1 { ports[0] } else { ports[at] } {
            "" => None,
            digits => Some(number(digits)?),
        };
    }
    if cut.hosts.is_empty() && !ports[0].is_empty() {
        number(ports[0])?;
    }
    cut.hosts.retain(|(host, _)| !host.is_empty());
    Ok(cut)
}

fn number(digits: &str) -> Result<u16, &'static str> {
    match digits.trim().parse::<i64>() {
        Err(_) => Err("invalid integer value \"…\" for connection option \"port\""),
        Ok(port) => u16::try_from(port).ok().filter(|port| *port > 0).ok_or("invalid port number: \"…\""),
    }
}

/// The words of `sslmode`.
pub(super) fn is_mode(word: &str) -> bool {
    ["disable", "allow", "prefer", "require", "verify-ca", "verify-full"].contains(&word)
}

fn keywords(text: &str) -> Result<Cut, &'static str> {
    let mut options = Vec::new();
    for (key, value) in split_pairs(text, NO_EQUALS)? {
        if !OPTIONS.contains(&key.as_str()) {
            return Err("invalid connection option \"…\"");
        }
        options.push((key, value));
    }
    if options.is_empty() {
        return Ok(Cut::default());
    }
    // The host is known before its port, in whatever order they stand.
    options.sort_by_key(|(key, _)| key == "port");
    finish(Cut::default(), "", options)
}

/// The keys and values of `key=value key='value'`, or the words of a driver for what has no `=`.
pub(super) fn split_pairs(
    text: &str,
    no_equals: &'static str,
) -> Result<Vec<(String, String)>, &'static str> {
    pairs::split(text).map_err(|problem| {
        let open = matches!(problem, DsnProblem::OpenQuote { .. });
        if open { "unterminated quoted string in connection info string" } else { no_equals }
    })
}

/// What is no text is passed on to the server as it is.
fn decode(text: &str) -> Result<String, &'static str> {
    let bytes = percent(text).map_err(|_place| PERCENT)?;
    if bytes.contains(&0) {
        return Err("forbidden value %00 in percent-encoded value: \"…\"");
    }
    Ok(String::from_utf8_lossy(&bytes).into_owned())
}

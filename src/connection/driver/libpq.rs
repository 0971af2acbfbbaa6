//! libpq's reader: `conninfo_uri_parse_options` and `conninfo_parse` of its `fe-connect.c`.

use super::cut::Cut;

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
const PERCENT: &str = "invalid percent-encoded token: \"…\"";
const NO_EQUALS: &str = "missing \"=\" after \"…\" in connection info string";

pub(super) fn read(text: &str) -> Result<Cut, &'static str> {
    match text.strip_prefix("postgresql://").or_else(|| text.strip_prefix("postgres://")) {
        Some(rest) => uri(rest),
        None => pairs(text),
    }
}

fn uri(rest: &str) -> Result<Cut, &'static str> {
    let mut cut = Cut::default();
    let end = rest.find(['@', '/']);
    let place = match end.filter(|&end| rest[end..].starts_with('@')) {
        Some(at) => {
            let (user, password) =
                rest[..at].split_once(':').map_or((&rest[..at], None), |(u, p)| (u, Some(p)));
            cut.user = Some(decode(user)?);
            cut.password = password.map(decode).transpose()?;
            &rest[at + 1..]
        }
        None => rest,
    };
    let end = place.find(['/', '?']).unwrap_or(place.len());
    let (authority, tail) = place.split_at(end);
    let mut ports = Vec::new();
    for one in authority.split(',') {
        let (host, port) = match one.strip_prefix('[') {
            Some(inner) => {
                let (host, rest) = inner
                    .split_once(']')
                    .ok_or("end of string reached when looking for matching \"]\" in IPv6 host address in URI: \"…\"")?;
                (host, rest.strip_prefix(':').unwrap_or(""))
            }
            None => one.split_once(':').unwrap_or((one, "")),
        };
        ports.push(port);
        cut.hosts.push((decode(host)?, None));
    }
    let (path, query) = tail.split_once('?').map_or((tail, None), |(path, query)| (path, Some(query)));
    if let Some(name) = path.strip_prefix('/') {
        cut.name = Some(decode(name)?);
    }
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

fn pairs(text: &str) -> Result<Cut, &'static str> {
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

/// The keys and values of `key=value key='value'`.
pub(super) fn split_pairs(
    text: &str,
    no_equals: &'static str,
) -> Result<Vec<(String, String)>, &'static str> {
    let mut pairs = Vec::new();
    let mut rest = text.trim_start();
    while !rest.is_empty() {
        let end = rest.find(|c: char| c == '=' || c.is_ascii_whitespace()).ok_or(no_equals)?;
        let key = &rest[..end];
        rest = rest[end..].trim_start().strip_prefix('=').ok_or(no_equals)?.trim_start();
        let mut value = String::new();
        let quoted = rest.starts_with('\'');
        let mut characters = rest.char_indices().skip(usize::from(quoted));
        let mut end = None;
        while let Some((at, c)) = characters.next() {
            match c {
                '\\' => value.extend(characters.next().map(|(_, escaped)| escaped)),
                '\'' if quoted => {
                    end = Some(at + 1);
                    break;
                }
                c if !quoted && c.is_ascii_whitespace() => {
                    end = Some(at);
                    break;
                }
                c => value.push(c),
            }
        }
        if quoted && end.is_none() {
            return Err("unterminated quoted string in connection info string");
        }
        rest = rest[end.unwrap_or(rest.len())..].trim_start();
        pairs.push((key.to_owned(), value));
    }
    Ok(pairs)
}

fn decode(text: &str) -> Result<String, &'static str> {
    let mut bytes = Vec::with_capacity(text.len());
    let mut rest = text.bytes();
    while let Some(byte) = rest.next() {
        if byte != b'%' {
            bytes.push(byte);
            continue;
        }
        let mut digit = || rest.next().and_then(|digit| char::from(digit).to_digit(16));
        let (Some(high), Some(low)) = (digit(), digit()) else { return Err(PERCENT) };
        let byte = u8::try_from(high * 16 + low).unwrap_or_default();
        if byte == 0 {
            return Err("forbidden value %00 in percent-encoded value: \"…\"");
        }
        bytes.push(byte);
    }
    Ok(String::from_utf8_lossy(&bytes).into_owned())
}

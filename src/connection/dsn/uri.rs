//! `postgresql://user:password@host:port/database?option=value`, cut where libpq cuts it.

use super::{Dsn, DsnForm, DsnProblem, Parts};

/// Reads what stands after `://`; `offset` is its place in the whole.
pub(super) fn parse(rest: &str, offset: usize) -> Result<Dsn, DsnProblem> {
    let mut parts = Parts::default();
    // libpq looks for the first @ before the first /, so a ? in the password does no harm.
    let end = rest.find(['@', '/']).filter(|&end| rest.as_bytes()[end] == b'@');
    let location = match end {
        Some(at) => {
            let (user, password) = match rest[..at].split_once(':') {
                Some((user, password)) => (user, Some((password, offset + user.len() + 1))),
                None => (&rest[..at], None),
            };
            parts.user = Some(decode(user, offset, "user")?);
            if let Some((password, offset)) = password {
                parts.password = Some(decode(password, offset, "password")?.into());
            }
            at + 1
        }
        None => 0,
    };
    let offset = offset + location;
    let rest = &rest[location..];
    let (authority, path, query) = cut(rest);
    if authority.contains('@') {
        return Err(DsnProblem::UnescapedAt);
    }
    // An @ after the host's end, and no user before it: the user and password ended at a raw slash.
    if end.is_none() && path.is_some_and(|(path, _)| path.contains('@')) {
        return Err(DsnProblem::UnescapedSlash);
    }
    hosts(authority, offset, &mut parts)?;
    if let Some((path, at)) = path {
        parts.database = Some(decode(path, offset + at, "database name")?);
    }
    if let Some((query, at)) = query {
        options(query, offset + at, &mut parts)?;
    }
    parts.finish()
}

/// Reads what stands after `jdbc:postgresql:`: `//host:port/database?user=…&password=…`, `database`, or `/database`.
pub(super) fn parse_jdbc(rest: &str, offset: usize) -> Result<Dsn, DsnProblem> {
    let mut parts = Parts::of(DsnForm::Jdbc);
    let (before, query) = rest.split_once('?').map_or((rest, None), |(before, query)| (before, Some(query)));
    let (authority, path) = match before.strip_prefix("//") {
        Some(place) => place.split_once('/').unwrap_or((place, "")),
        None => ("", before.strip_prefix('/').unwrap_or(before)),
    };
    if authority.contains('@') {
        return Err(DsnProblem::JdbcUser);
    }
    // A password with a raw slash ends the part that should hold the host.
    if path.contains('@') && authority.contains(':') {
        return Err(DsnProblem::JdbcUser);
    }
    hosts(authority, offset, &mut parts)?;
    let at = offset + before.len() - path.len();
    parts.database = Some(decode(path, at, "database name")?);
    if let Some(query) = query {
        options(query, offset + before.len() + 1, &mut parts)?;
    }
    parts.finish()
}

/// A part and its place.
type Part<'a> = (&'a str, usize);

/// Authority, path and query, the latter two with their places.
fn cut(rest: &str) -> (&str, Option<Part<'_>>, Option<Part<'_>>) {
    let (before, query) = match rest.find('?') {
        Some(at) => (&rest[..at], Some((&rest[at + 1..], at + 1))),
        None => (rest, None),
    };
    match before.find('/') {
        Some(at) => (&before[..at], Some((&before[at + 1..], at + 1)), query),
        None => (before, None, query),
    }
}

/// `host:port,host:port`, as one list of hosts and one of ports.
fn hosts(authority: &str, offset: usize, parts: &mut Parts) -> Result<(), DsnProblem> {
    let mut hosts = Vec::new();
    let mut ports = Vec::new();
    for one in authority.split(',') {
        let (host, port) = if let Some(inner) = one.strip_prefix('[') {
            let (host, rest) = inner.split_once(']').ok_or(DsnProblem::Bracket)?;
            match (rest, rest.strip_prefix(':')) {
                ("", _) => (host, ""),
                (_, Some(port)) => (host, port),
                (_, None) => return Err(DsnProblem::Bracket),
            }
        } else {
            one.split_once(':').unwrap_or((one, ""))
        };
        hosts.push(decode(host, offset, "host")?);
        ports.push(port);
    }
    if hosts.iter().any(|host| !host.is_empty()) {
        parts.host = Some(hosts.join(","));
    }
    parts.port = Some(ports.join(","));
    Ok(())
}

fn options(query: &str, offset: usize, parts: &mut Parts) -> Result<(), DsnProblem> {
    let mut at = offset;
    for pair in query.split('&') {
        if let Some((key, value)) = pair.split_once('=') {
            let key_text = decode(key, at, "options")?;
            // Java decodes as forms are encoded.
            let value = if parts.form == DsnForm::Jdbc { &value.replace('+', " ") } else { value };
            parts.set(&key_text, decode(value, at + key.len() + 1, "options")?)?;
        }
        at += pair.len() + 1;
    }
    Ok(())
}

/// Percent-decoding as strict as libpq's.
fn decode(text: &str, offset: usize, part: &'static str) -> Result<String, DsnProblem> {
    let mut decoded = Vec::with_capacity(text.len());
    let mut bytes = text.bytes().enumerate();
    while let Some((at, byte)) = bytes.next() {
        if byte != b'%' {
            decoded.push(byte);
            continue;
        }
        let mut digit = || bytes.next().and_then(|(_, digit)| char::from(digit).to_digit(16));
        let (Some(high), Some(low)) = (digit(), digit()) else {
            return Err(DsnProblem::Percent { position: offset + at + 1 });
        };
        decoded.push(u8::try_from(high * 16 + low).unwrap_or_default());
    }
    match String::from_utf8(decoded) {
        Ok(text) if !text.contains('\0') => Ok(text),
        // The error of the conversion would hold the bytes.
        Ok(_) | Err(_) => Err(DsnProblem::NotText { part }),
    }
}

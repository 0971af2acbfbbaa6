//! `postgresql://user:password@host:port/database?option=value`, cut where libpq cuts it.

use super::{Dsn, DsnForm, DsnProblem, Parts};

/// A part and its place.
type Part<'a> = (&'a str, usize);

/// A URL cut into its parts, none of them decoded yet.
pub(in crate::connection) struct Pieces<'a> {
    pub(in crate::connection) user: Option<Part<'a>>,
    pub(in crate::connection) password: Option<Part<'a>>,
    pub(in crate::connection) authority: Part<'a>,
    pub(in crate::connection) path: Option<Part<'a>>,
    pub(in crate::connection) query: Option<Part<'a>>,
}

impl<'a> Pieces<'a> {
    /// Cuts what stands after `://` where libpq does: at the first @ before the first /, so that a ? in the password does
    /// no harm.
    pub(in crate::connection) fn of(rest: &'a str) -> Self {
        Self::cut_at(rest, rest.find(['@', '/']).filter(|&at| rest[at..].starts_with('@')))
    }

    /// Cuts it where user and password end at this @.
    pub(in crate::connection) fn cut_at(rest: &'a str, at: Option<usize>) -> Self {
        let (user, password) = match at.map(|at| (&rest[..at], rest[..at].split_once(':'))) {
            Some((_, Some((user, password)))) => (Some((user, 0)), Some((password, user.len() + 1))),
            Some((user, None)) => (Some((user, 0)), None),
            None => (None, None),
        };
        let start = at.map_or(0, |at| at + 1);
        let (before, query) = split(&rest[start..], '?');
        let (authority, path) = split(before, '/');
        let moved = |part: Option<Part<'a>>| part.map(|(text, place)| (text, start + place));
        Self { user, password, authority: (authority, start), path: moved(path), query: moved(query) }
    }
}

/// A text up to a mark, and what stands behind it with its place.
fn split(text: &str, mark: char) -> (&str, Option<Part<'_>>) {
    match text.split_once(mark) {
        Some((before, after)) => (before, Some((after, before.len() + 1))),
        None => (text, None),
    }
}

/// Reads what stands after `://`; `offset` is its place in the whole.
pub(super) fn parse(rest: &str, offset: usize) -> Result<Dsn, DsnProblem> {
    let mut parts = Parts::default();
    let pieces = Pieces::of(rest);
    let decoded = |(text, at): Part<'_>, part| decode(text, offset + at, part);
    parts.user = pieces.user.map(|user| decoded(user, "user")).transpose()?;
    let password = pieces.password.map(|password| decoded(password, "password")).transpose()?;
    parts.password = password.map(Into::into);
    let (authority, at) = pieces.authority;
    if authority.contains('@') {
        return Err(DsnProblem::UnescapedAt);
    }
    // An @ after the host's end, and no user before it: the user and password ended at a raw slash.
    if pieces.user.is_none() && pieces.path.is_some_and(|(path, _)| path.contains('@')) {
        return Err(DsnProblem::UnescapedSlash);
    }
    hosts(authority, offset + at, &mut parts)?;
    parts.database = pieces.path.map(|path| decoded(path, "database name")).transpose()?;
    if let Some((query, at)) = pieces.query {
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

/// `host:port,host:port`, as one list of hosts and one of ports.
fn hosts(authority: &str, offset: usize, parts: &mut Parts) -> Result<(), DsnProblem> {
    let mut hosts = Vec::new();
    let mut ports = Vec::new();
    for one in authority.split(',') {
        let (host, port) = host_and_port(one).ok_or(DsnProblem::Bracket)?;
        hosts.push(decode(host, offset, "host")?);
        ports.push(port);
    }
    if hosts.iter().any(|host| !host.is_empty()) {
        parts.host = Some(hosts.join(","));
    }
    parts.port = Some(ports.join(","));
    Ok(())
}

/// The host and port of one server; `None` where a bracket of its address does not close, or something stands behind it.
pub(in crate::connection) fn host_and_port(one: &str) -> Option<(&str, &str)> {
    let Some(inner) = one.strip_prefix('[') else { return Some(one.split_once(':').unwrap_or((one, ""))) };
    let (host, rest) = inner.split_once(']')?;
    if rest.is_empty() { Some((host, "")) } else { Some((host, rest.strip_prefix(':')?)) }
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

fn decode(text: &str, offset: usize, part: &'static str) -> Result<String, DsnProblem> {
    let decoded = percent(text).map_err(|at| DsnProblem::Percent { position: offset + at + 1 })?;
    match String::from_utf8(decoded) {
        Ok(text) if !text.contains('\0') => Ok(text),
        // The error of the conversion would hold the bytes.
        Ok(_) | Err(_) => Err(DsnProblem::NotText { part }),
    }
}

/// Percent-decoding as strict as libpq's; the place of a % that begins no code where there is one.
pub(in crate::connection) fn percent(text: &str) -> Result<Vec<u8>, usize> {
    let mut decoded = Vec::with_capacity(text.len());
    let mut bytes = text.bytes().enumerate();
    while let Some((at, byte)) = bytes.next() {
        if byte != b'%' {
            decoded.push(byte);
            continue;
        }
        let mut digit = || bytes.next().and_then(|(_, digit)| char::from(digit).to_digit(16));
        let (Some(high), Some(low)) = (digit(), digit()) else { return Err(at) };
        decoded.push(u8::try_from(high * 16 + low).unwrap_or_default());
    }
    Ok(decoded)
}

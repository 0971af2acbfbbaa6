//! SQLAlchemy: its own expression for URLs (`engine/url.py`), the dialects that it knows, and the options that the
//! driver behind a dialect takes.

use super::cut::{Cut, decoded};
use super::python::NO_NUMBER;

/// Drivers of PostgreSQL that SQLAlchemy brings dialects for.
const DRIVERS: &[&str] = &["psycopg2", "psycopg", "psycopg_async", "asyncpg", "pg8000", "psycopg2cffi"];
/// Arguments of `asyncpg.connect` and pg8000's that a query may name.
const KEYWORDS: &[&str] = &[
    "host",
    "port",
    "user",
    "password",
    "database",
    "timeout",
    "ssl",
    "command_timeout",
    "server_settings",
    "statement_cache_size",
    "prepared_statement_cache_size",
    "prepared_statement_name_func",
    "passfile",
    "max_cached_statement_lifetime",
    "max_cacheable_statement_size",
    "direct_tls",
    "target_session_attrs",
    "krbsrvname",
    "async_fallback",
    "unix_sock",
    "ssl_context",
    "application_name",
    "tcp_keepalive",
    "source_address",
    "service",
    "servicefile",
    "gsslib",
];

pub(super) fn read(text: &str) -> Result<Cut, &'static str> {
    const UNPARSED: &str = "ArgumentError: Could not parse SQLAlchemy URL from given URL string";
    let (scheme, rest) = text.split_once("://").ok_or(UNPARSED)?;
    if scheme.is_empty() || !scheme.chars().all(|c| c.is_alphanumeric() || matches!(c, '_' | '+')) {
        return Err(UNPARSED);
    }
    let (dialect, driver) = scheme.split_once('+').unwrap_or((scheme, ""));
    if dialect == "postgres" {
        return Err("NoSuchModuleError: Can't load plugin: sqlalchemy.dialects:postgres");
    }
    if dialect != "postgresql" || !driver.is_empty() && !DRIVERS.contains(&driver) {
        return Err("NoSuchModuleError: Can't load plugin: sqlalchemy.dialects:…");
    }
    let mut cut = Cut::default();
    // `(?:([^:/]*)(?::([^@]*))?@)?`: the user has no colon and no slash, the password no @.
    let head = rest.find([':', '/']).unwrap_or(rest.len());
    let place = if let Some(password) = rest[head..].strip_prefix(':').filter(|after| after.contains('@')) {
        let (password, place) = password.split_once('@').unwrap_or((password, ""));
        cut.user = Some(decoded(&rest[..head]).into_owned());
        cut.password = Some(decoded(password).into_owned());
        place
    } else if let Some(at) = rest[..head].rfind('@') {
        cut.user = Some(decoded(&rest[..at]).into_owned());
        &rest[at + 1..]
    } else {
        rest
    };
    // `(?:\[([^/\?]+)\]|([^/:\?]+))?(?::([^/\?]*))?`, and the host is not decoded.
    let end = place.find(['/', '?']).unwrap_or(place.len());
    let (authority, tail) = place.split_at(end);
    let (host, port) = match authority.strip_prefix('[').and_then(|inner| inner.split_once(']')) {
        Some((host, rest)) => (host, rest.strip_prefix(':')),
        None => authority.split_once(':').map_or((authority, None), |(host, port)| (host, Some(port))),
    };
    let port = match port.filter(|port| !port.is_empty()) {
        Some(digits) => {
            let number = digits.trim().parse::<u64>().map_err(|_why| NO_NUMBER)?;
            Some(u16::try_from(number).unwrap_or(u16::MAX))
        }
        None => None,
    };
    let (path, query) = tail.split_once('?').unwrap_or((tail, ""));
    cut.name = Some(decoded(path.strip_prefix('/').unwrap_or(path)).into_owned());
    cut.with_host(host, port);
    // libpq takes a list of hosts from it, with one port for all.
    if host.contains(',') && matches!(driver, "" | "psycopg2" | "psycopg") {
        cut.hosts = host.split(',').map(|host| (host.to_owned(), port)).collect();
    }
    options(cut, driver, query)
}

fn options(mut cut: Cut, driver: &str, query: &str) -> Result<Cut, &'static str> {
    let plain = matches!(driver, "asyncpg" | "pg8000");
    for (key, value) in query.split('&').filter_map(|pair| pair.split_once('=')) {
        let value = decoded(value);
        if plain && key == "sslmode" {
            return Err("TypeError: connect() got an unexpected keyword argument 'sslmode'");
        }
        if plain && !KEYWORDS.contains(&key) {
            return Err("TypeError: connect() got an unexpected keyword argument '…'");
        }
        if driver == "asyncpg" && key == "ssl" && !super::libpq::is_mode(&value) {
            return Err(
                "`sslmode` parameter must be one of: disable, allow, prefer, require, verify-ca, verify-full",
            );
        }
        if !plain
            && matches!(key, "schema" | "ssl" | "connection_limit" | "pool_size" | "pgbouncer" | "unix_sock")
        {
            return Err("ProgrammingError: invalid dsn: invalid connection option \"…\"");
        }
        if !plain && key == "sslmode" && !super::libpq::is_mode(&value) {
            return Err("invalid sslmode value: \"…\"");
        }
        cut.set(key, &value);
    }
    Ok(cut)
}

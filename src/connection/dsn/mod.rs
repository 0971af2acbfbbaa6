//! Connection strings, as PostgreSQL's drivers read them: libpq's URL and `key=value` forms, with the dialect
//! (`postgresql+asyncpg://`) or `jdbc:` that a driver's wrapper puts in front, and the `Key=Value;` form of .NET.
//!
//! The driver's own parser is not used: it refuses options that libpq takes (`sslmode=verify-full`), and its errors
//! repeat what they could not read. No error here holds any part of the value.

pub(super) mod pairs;
mod parts;
mod problem;
pub(super) mod uri;

use std::fmt;
use std::time::Duration;

use secrecy::SecretString;

use super::DEFAULT_PORT;
use parts::Parts;

pub use problem::DsnProblem;

/// How TLS is asked for; libpq's words.
#[derive(
    Clone,
    Copy,
    Debug,
    Default,
    PartialEq,
    Eq,
    PartialOrd,
    Ord,
    strum::Display,
    strum::EnumString,
    strum::EnumIter,
)]
#[strum(serialize_all = "kebab-case")]
pub enum SslMode {
    /// Never.
    Disable,
    /// Where the server insists.
    Allow,
    /// Where the server offers it; libpq's default.
    #[default]
    Prefer,
    /// Always, with any certificate.
    Require,
    /// Always, with a certificate of a known authority.
    VerifyCa,
    /// Always, with a certificate of a known authority for this host.
    VerifyFull,
}

impl SslMode {
    /// Whether a server without TLS is refused.
    pub fn requires_tls(self) -> bool {
        self >= Self::Require
    }

    /// Whether the server's certificate is to be verified.
    pub fn verifies(self) -> bool {
        self >= Self::VerifyCa
    }
}

/// Which of several servers is taken: `target_session_attrs` in libpq's words.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, strum::Display, strum::EnumString, strum::EnumIter)]
#[strum(serialize_all = "kebab-case")]
pub enum SessionTarget {
    /// The first that takes the login.
    #[default]
    Any,
    /// One whose sessions may write.
    ReadWrite,
    /// One whose sessions may not write.
    ReadOnly,
    /// One that is no standby.
    Primary,
    /// A standby.
    Standby,
    /// A standby, or else any.
    PreferStandby,
}

/// The files that TLS needs, by their paths in the service's own container: the gate has none of them, unless it runs
/// there.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct TlsFiles {
    /// `sslrootcert`: the authorities that are trusted. libpq takes `system` for those of the machine.
    pub root: Option<String>,
    /// `sslcert`: the client's own certificate.
    pub certificate: Option<String>,
    /// `sslkey`: its key.
    pub key: Option<String>,
}

/// One server that a connection string names.
#[derive(Clone, PartialEq, Eq)]
pub struct Server {
    /// Host name, address, or folder of a socket.
    pub host: String,
    /// Port.
    pub port: u16,
}

/// The outer shape of a connection string.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum DsnForm {
    /// `postgresql://…`.
    #[default]
    Url,
    /// `jdbc:postgresql:…`.
    Jdbc,
    /// `key=value key=value`.
    Pairs,
    /// `Key=Value;Key=Value`.
    Semicolons,
}

/// What a connection string says. Parts that it does not state are absent.
#[derive(Clone)]
pub struct Dsn {
    /// Host name, address, or folder of a socket; the first where there are several.
    pub host: Option<String>,
    /// Port; PostgreSQL's where none is stated.
    pub port: u16,
    /// User.
    pub user: Option<String>,
    /// Password.
    pub password: Option<SecretString>,
    /// Database name.
    pub database: Option<String>,
    /// How TLS is asked for.
    pub sslmode: SslMode,
    /// `connect_timeout`; none, 0 and less mean: as long as it takes.
    pub connect_timeout: Option<Duration>,
    /// How many hosts it names.
    pub hosts: usize,
    /// All servers that it names, in its order.
    pub servers: Vec<Server>,
    /// Which of them is taken.
    pub target: SessionTarget,
    /// Whether each connection begins with any of them (`load_balance_hosts`).
    pub balanced: bool,
    /// `passfile`: libpq's file of passwords, by its path in the container.
    pub passfile: Option<String>,
    /// The files for TLS.
    pub files: TlsFiles,
    /// `options`: what is given to the server's process, such as `-c search_path=auth`.
    pub options: Option<String>,
    /// The schema that the driver sets (`schema` of Prisma, `currentSchema` of JDBC).
    pub schema: Option<String>,
    /// How many connections one instance of the service may hold, where the driver's own options say so
    /// (`connection_limit`, `pool_size`, `pool_max_conns`, `Maximum Pool Size`).
    pub pool: Option<u32>,
    /// `service`: a section of a file of libpq's in the container, which says the rest.
    pub service: Option<String>,
    /// `cloudSqlInstance`: the driver reaches this instance through a library of Cloud SQL's, by no address.
    pub instance: Option<String>,
    /// The outer shape.
    pub form: DsnForm,
}

/// What is known of it and no part of it: even a host may be the rest of a password that was cut wrongly.
impl fmt::Debug for Dsn {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let stated = |one: &Option<String>| if one.is_some() { "stated" } else { "absent" };
        f.debug_struct("Dsn")
            .field("form", &self.form)
            .field("host", &stated(&self.host))
            .field("hosts", &self.hosts)
            .field("port", &self.port)
            .field("user", &stated(&self.user))
            .field("password", &if self.password.is_some() { "stated" } else { "absent" })
            .field("database", &stated(&self.database))
            .field("sslmode", &self.sslmode)
            .field("target", &self.target)
            .field("connect_timeout", &self.connect_timeout)
            .field("pool", &self.pool)
            .finish_non_exhaustive()
    }
}

/// `host:port`, for messages about a server whose connection string was read whole.
impl fmt::Display for Server {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { host, port } = self;
        if host.contains(':') && !host.starts_with('/') {
            write!(f, "[{host}]:{port}")
        } else {
            write!(f, "{host}:{port}")
        }
    }
}

/// Without its host, which may be the rest of a password.
impl fmt::Debug for Server {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Server").field("port", &self.port).finish_non_exhaustive()
    }
}

/// Nothing stated.
impl Default for Dsn {
    fn default() -> Self {
        Self {
            host: None,
            port: DEFAULT_PORT,
            user: None,
            password: None,
            database: None,
            sslmode: SslMode::default(),
            connect_timeout: None,
            hosts: 0,
            servers: Vec::new(),
            target: SessionTarget::default(),
            balanced: false,
            passfile: None,
            files: TlsFiles::default(),
            options: None,
            schema: None,
            pool: None,
            service: None,
            instance: None,
            form: DsnForm::default(),
        }
    }
}

impl Dsn {
    /// What host and port say by themselves: lists, as libpq takes them, and a socket's folder with or without the
    /// socket's own name.
    pub fn at(host: Option<String>, port: Option<String>) -> Result<Self, DsnProblem> {
        let mut parts = Parts::of(DsnForm::Pairs);
        (parts.host, parts.port) = (host, port);
        parts.finish()
    }
}

/// Reads a connection string.
pub fn parse(text: &str) -> Result<Dsn, DsnProblem> {
    // Blanks at the edges are another check's finding; libpq skips leading ones in one form and fails in the other.
    let text = text.trim_start();
    if text.trim().is_empty() {
        return Err(DsnProblem::Empty);
    }
    if text.starts_with(['"', '\'', '`']) {
        return Err(DsnProblem::Quoted);
    }
    if let Some(rest) = text.strip_prefix("jdbc:postgresql:") {
        return uri::parse_jdbc(rest, text.len() - rest.len());
    }
    // Spring's reactive drivers; what follows is an ordinary URL.
    let text = text.strip_prefix("r2dbc:").unwrap_or(text);
    match Scheme::of(text) {
        Some(scheme) if !scheme.is_postgres() => Err(DsnProblem::Scheme),
        Some(Scheme { rest, .. }) => uri::parse(rest, text.len() - rest.len()),
        None => pairs::parse(text),
    }
}

/// What a URL begins with: `dialect+driver://`.
#[derive(Clone, Copy)]
pub(crate) struct Scheme<'a> {
    /// `postgresql`, or what else stands there.
    pub(crate) dialect: &'a str,
    /// `asyncpg`, where one is named.
    pub(crate) driver: Option<&'a str>,
    /// What stands behind `://`.
    pub(crate) rest: &'a str,
}

impl<'a> Scheme<'a> {
    /// None where the text is no URL: a value of `key=value` may hold one.
    pub(crate) fn of(text: &'a str) -> Option<Self> {
        let (scheme, rest) = text.split_once("://")?;
        let plain = scheme.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"+-._:".contains(&byte));
        let (dialect, driver) =
            scheme.split_once('+').map_or((scheme, None), |(dialect, driver)| (dialect, Some(driver)));
        plain.then_some(Self { dialect, driver, rest })
    }

    /// Whether it is one of PostgreSQL's.
    pub(crate) fn is_postgres(self) -> bool {
        ["postgres", "postgresql"].iter().any(|known| self.dialect.eq_ignore_ascii_case(known))
    }
}

#[cfg(test)]
mod tests;

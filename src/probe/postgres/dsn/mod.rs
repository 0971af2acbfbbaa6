//! Connection strings, as PostgreSQL's drivers read them: libpq's URL and `key=value` forms, with the dialect
//! (`postgresql+asyncpg://`) or `jdbc:` that a driver's wrapper puts in front, and the `Key=Value;` form of .NET.
//!
//! The driver's own parser is not used: it refuses options that libpq takes (`sslmode=verify-full`), and its errors
//! repeat what they could not read. No error here holds any part of the value.

mod pairs;
mod uri;

use std::fmt;
use std::str::FromStr as _;
use std::time::Duration;

use secrecy::SecretString;

use super::DEFAULT_PORT;

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

/// What a connection string says. Parts that it does not state are absent.
#[derive(Clone, Debug)]
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
}

/// Why a text is no connection string. Never holds a part of the text.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum DsnProblem {
    /// Nothing in it.
    Empty,
    /// Neither a URL of PostgreSQL's nor `key=value`.
    Form,
    /// A quotation mark around the whole.
    Quoted,
    /// A URL of something else.
    Scheme,
    /// More than one `@` before the host: one of the user or password is not escaped.
    UnescapedAt,
    /// A `/` in user or password is not escaped: the part that should hold the host ends there.
    UnescapedSlash,
    /// A `%` that two hexadecimal digits do not follow.
    Percent {
        /// Its place in bytes, from 1.
        position: usize,
    },
    /// Percent-encoding of something that is no text, or of a zero byte.
    NotText {
        /// The part that it stands in.
        part: &'static str,
    },
    /// The port is none.
    Port,
    /// An address in brackets that does not end.
    Bracket,
    /// A `key=value` without `=`.
    NoEquals {
        /// Its place in bytes, from 1.
        position: usize,
    },
    /// A quoted value that does not end.
    OpenQuote {
        /// Its place in bytes, from 1.
        position: usize,
    },
    /// `sslmode` has a word that libpq does not know.
    SslMode,
    /// `connect_timeout` is no number.
    ConnectTimeout,
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
        }
    }
}

impl fmt::Display for DsnProblem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Empty => f.write_str("it is empty"),
            Self::Form => f.write_str("it is neither a postgresql:// URL nor a list of key=value"),
            Self::Quoted => f.write_str("quotation marks stand around it, and are part of it"),
            Self::Scheme => f.write_str("its scheme is neither postgres nor postgresql"),
            Self::UnescapedAt => {
                f.write_str("an @ in user or password is not percent-encoded (%40), so the host is cut wrongly")
            }
            Self::UnescapedSlash => {
                f.write_str("a / in user or password is not percent-encoded (%2F), so the host is cut wrongly")
            }
            Self::Percent { position } => {
                write!(f, "the % at byte {position} is not followed by two hexadecimal digits (write %25)")
            }
            Self::NotText { part } => write!(f, "the percent-encoding in its {part} gives no text"),
            Self::Port => f.write_str("its port is no number from 1 to 65535 (perhaps a / or : in the password is not percent-encoded)"),
            Self::Bracket => f.write_str("a bracket of its host does not close"),
            Self::NoEquals { position } => write!(f, "the key at byte {position} is not followed by ="),
            Self::OpenQuote { position } => write!(f, "the quotation mark at byte {position} does not close"),
            Self::SslMode => f.write_str("its sslmode is none of disable, allow, prefer, require, verify-ca, verify-full"),
            Self::ConnectTimeout => f.write_str("its connect_timeout is no number of seconds"),
        }
    }
}

impl std::error::Error for DsnProblem {}

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
    let text = text.strip_prefix("jdbc:").unwrap_or(text);
    match text.split_once("://") {
        Some((scheme, rest))
            if scheme.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"+-._".contains(&byte)) =>
        {
            let base = scheme.split('+').next().unwrap_or(scheme);
            if !base.eq_ignore_ascii_case("postgres") && !base.eq_ignore_ascii_case("postgresql") {
                return Err(DsnProblem::Scheme);
            }
            uri::parse(rest, text.len() - rest.len())
        }
        _ => pairs::parse(text),
    }
}

/// A connection string in the making.
#[derive(Default)]
struct Parts {
    host: Option<String>,
    address: Option<String>,
    port: Option<String>,
    user: Option<String>,
    password: Option<SecretString>,
    database: Option<String>,
    sslmode: Option<SslMode>,
    connect_timeout: Option<Duration>,
}

impl Parts {
    /// Takes one option. Options that do not lead to the database are passed over, as drivers have many.
    fn set(&mut self, key: &str, value: String) -> Result<(), DsnProblem> {
        match key.to_ascii_lowercase().as_str() {
            "host" | "server" | "data source" => self.host = Some(value),
            // libpq dials this one, whatever the host is called.
            "hostaddr" => self.address = Some(value),
            "port" => self.port = Some(value),
            "user" | "username" | "user id" | "userid" | "uid" => self.user = Some(value),
            "password" | "pwd" => self.password = Some(value.into()),
            "dbname" | "database" | "db" => self.database = Some(value),
            "sslmode" | "ssl mode" | "ssl" => self.sslmode = Some(ssl_mode(&value)?),
            "connect_timeout" | "connecttimeout" | "timeout" => self.connect_timeout = seconds(&value)?,
            _ => {}
        }
        Ok(())
    }

    fn finish(self) -> Result<Dsn, DsnProblem> {
        let host = self.address.or(self.host).filter(|host| !host.is_empty());
        let hosts = host.as_ref().map_or(0, |host| host.split(',').count());
        let first = |list: String| list.split(',').next().unwrap_or_default().to_owned();
        let port = match self.port.map(first).filter(|port| !port.is_empty()) {
            Some(port) => match port.trim().parse() {
                Ok(0) | Err(_) => return Err(DsnProblem::Port),
                Ok(port) => port,
            },
            None => DEFAULT_PORT,
        };
        Ok(Dsn {
            host: host.map(first),
            port,
            user: self.user.filter(|user| !user.is_empty()),
            password: self.password,
            database: self.database.filter(|name| !name.is_empty()),
            sslmode: self.sslmode.unwrap_or_default(),
            connect_timeout: self.connect_timeout,
            hosts,
        })
    }
}

/// libpq's words, and those by which other drivers say the same.
fn ssl_mode(word: &str) -> Result<SslMode, DsnProblem> {
    let word = word.trim().to_ascii_lowercase();
    match word.as_str() {
        "true" | "1" | "on" | "no-verify" => Ok(SslMode::Require),
        "false" | "0" | "off" => Ok(SslMode::Disable),
        // .NET writes them in one.
        "verifyca" => Ok(SslMode::VerifyCa),
        "verifyfull" => Ok(SslMode::VerifyFull),
        other => SslMode::from_str(other).ok().ok_or(DsnProblem::SslMode),
    }
}

fn seconds(text: &str) -> Result<Option<Duration>, DsnProblem> {
    match text.trim().parse::<i64>() {
        Ok(seconds) => {
            Ok(u64::try_from(seconds).ok().filter(|seconds| *seconds > 0).map(Duration::from_secs))
        }
        // A cast of a parse error into ours: it repeats nothing of the text.
        Err(_) => Err(DsnProblem::ConnectTimeout),
    }
}

#[cfg(test)]
mod tests;

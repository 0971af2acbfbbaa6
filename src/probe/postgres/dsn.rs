//! Reading a connection string: libpq's URL and key=value forms, and SQLAlchemy's `dialect+driver` URLs.
//!
//! A parser of our own, because a driver's parser refuses what the gate must explain, and because an error here
//! must never repeat a part of the value. Errors speak of positions and character classes only.

use std::fmt;
use std::time::Duration;

use percent_encoding::percent_decode_str;
use secrecy::SecretString;

/// What a connection string says. What it does not say is absent.
#[derive(Clone, Debug, Default)]
pub struct Dsn {
    /// Host name, address, or the folder of a Unix socket. The first, where there are several.
    pub host: Option<String>,
    /// Port.
    pub port: Option<u16>,
    /// User.
    pub user: Option<String>,
    /// Password.
    pub password: Option<SecretString>,
    /// Database name.
    pub database: Option<String>,
    /// `sslmode`.
    pub sslmode: Option<SslMode>,
    /// `connect_timeout`; `None` also for 0, which means "wait for ever".
    pub connect_timeout: Option<Duration>,
}

/// libpq's `sslmode`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, strum::Display, strum::EnumString)]
#[strum(serialize_all = "kebab-case")]
pub enum SslMode {
    /// Never TLS.
    Disable,
    /// TLS only if the server insists.
    Allow,
    /// TLS if the server offers it.
    #[default]
    Prefer,
    /// TLS, whoever the server is.
    Require,
    /// TLS, with a certificate of a known authority.
    VerifyCa,
    /// TLS, with a certificate of a known authority and the right name.
    VerifyFull,
}

/// Why a text is no connection string. Holds no part of it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum DsnError {
    /// It has neither a scheme nor `key=value` pairs.
    NoForm,
    /// The scheme is not PostgreSQL's.
    Scheme,
    /// The port is no number from 1 to 65535. An unescaped `@`, `/`, `:` or `#` in the password looks like that too.
    Port,
    /// No host can be cut out of it.
    Host,
    /// A `%` without two hexadecimal digits behind it, in this part.
    PercentEncoding(&'static str),
    /// The percent-encoded bytes of this part are not UTF-8.
    NotUtf8(&'static str),
    /// A quoted value does not end, or a key has no `=`.
    KeyValue,
    /// `sslmode` is none of libpq's words.
    SslMode,
}

impl fmt::Display for DsnError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::NoForm => f.write_str("it is neither postgresql://… nor key=value pairs"),
            Self::Scheme => f.write_str("its scheme is neither postgresql nor postgres"),
            Self::Port => f.write_str(
                "its port is no number (an unescaped @, /, : or # in the password looks like that)",
            ),
            Self::Host => f.write_str(
                "its host cannot be told (an unescaped @, / or [ in the password looks like that)",
            ),
            Self::PercentEncoding(part) => {
                write!(f, "its {part} has a % that is not followed by two hexadecimal digits")
            }
            Self::NotUtf8(part) => write!(f, "its {part} is not UTF-8 once percent-decoded"),
            Self::KeyValue => f.write_str("a key has no =, or a quoted value does not end"),
            Self::SslMode => f.write_str("its sslmode is none that libpq knows"),
        }
    }
}

impl std::error::Error for DsnError {}

impl Dsn {
    /// Reads a connection string.
    ///
    /// # Errors
    /// See [`DsnError`].
    pub fn parse(text: &str) -> Result<Self, DsnError> {
        // A password in key=value form may hold `://` as well.
        let scheme = |scheme: &str| scheme.chars().all(|c| c.is_ascii_alphanumeric() || "+.-".contains(c));
        match text.split_once("://").filter(|(before, _)| scheme(before)) {
            Some((scheme, rest)) => {
                let dialect = scheme.split('+').next().unwrap_or(scheme);
                if !["postgres", "postgresql"].contains(&dialect) {
                    return Err(DsnError::Scheme);
                }
                of_url(rest)
            }
            None if text.contains('=') => of_pairs(text),
            None => Err(DsnError::NoForm),
        }
    }

    fn set(&mut self, key: &str, value: String) -> Result<(), DsnError> {
        if value.is_empty() {
            return Ok(());
        }
        match key {
            "host" | "hostaddr" => {
                // `hostaddr` wins over `host`, as libpq dials it; of several hosts the first is taken.
                let first = value.split(',').next().unwrap_or_default().to_owned();
                if key == "hostaddr" || self.host.is_none() {
                    self.host = Some(first);
                }
            }
            "port" => self.port = Some(port(value.split(',').next().unwrap_or_default())?),
            "user" => self.user = Some(value),
            "password" => self.password = Some(value.into()),
            "dbname" | "database" => self.database = Some(value),
            // asyncpg writes `ssl`, the others `sslmode`.
            "sslmode" | "ssl" => self.sslmode = Some(value.parse().map_err(|_unknown| DsnError::SslMode)?),
            "connect_timeout" => {
                self.connect_timeout =
                    value.parse().ok().filter(|&seconds| seconds > 0).map(Duration::from_secs);
            }
            // Other options change how the session behaves, not where it leads.
            _ => {}
        }
        Ok(())
    }
}

/// The part behind `://`: `[user[:password]@][host[:port][,…]][/database][?key=value[&…]]`. The authority is cut at
/// the first `@`, as libpq, psycopg, asyncpg and SQLAlchemy do.
fn of_url(rest: &str) -> Result<Dsn, DsnError> {
    let mut dsn = Dsn::default();
    let end = rest.find(['/', '?']).unwrap_or(rest.len());
    // An `@` behind the first `/` belongs to the password all the same where nothing but it can be the separator;
    // drivers do not think so, and neither may the gate.
    let (authority, tail) = rest.split_at(end);
    let hosts = match authority.split_once('@') {
        Some((credentials, hosts)) => {
            let (user, password) = match credentials.split_once(':') {
                Some((user, password)) => (user, Some(password)),
                None => (credentials, None),
            };
            dsn.set("user", decoded(user, "user")?)?;
            if let Some(password) = password {
                dsn.set("password", decoded(password, "password")?)?;
            }
            hosts
        }
        None => authority,
    };
    let first = hosts.split(',').next().unwrap_or_default();
    let (host, number) = host_and_port(first)?;
    dsn.set("host", decoded(host, "host")?)?;
    if let Some(number) = number {
        dsn.port = Some(port(number)?);
    }
    let (path, query) = tail.split_once('?').unwrap_or((tail, ""));
    dsn.set("dbname", decoded(path.strip_prefix('/').unwrap_or(path), "database name")?)?;
    for pair in query.split('&').filter(|pair| !pair.is_empty()) {
        let (key, value) = pair.split_once('=').ok_or(DsnError::KeyValue)?;
        // A socket's folder is given as `?host=/cloudsql/…`, with or without a host before it.
        let key = decoded(key, "options")?;
        if key == "host" {
            dsn.host = None;
        }
        dsn.set(&key, decoded(value, "options")?)?;
    }
    Ok(dsn)
}

fn host_and_port(text: &str) -> Result<(&str, Option<&str>), DsnError> {
    let (host, behind) = match text.strip_prefix('[') {
        Some(inner) => inner.split_once(']').ok_or(DsnError::Host)?,
        None => text.find(':').map_or((text, ""), |at| text.split_at(at)),
    };
    match behind.strip_prefix(':') {
        Some("") => Ok((host, None)),
        Some(number) => Ok((host, Some(number))),
        None if behind.is_empty() => Ok((host, None)),
        None => Err(DsnError::Host),
    }
}

fn port(text: &str) -> Result<u16, DsnError> {
    text.trim().parse().ok().filter(|&port| port != 0).ok_or(DsnError::Port)
}

fn decoded(text: &str, part: &'static str) -> Result<String, DsnError> {
    let bytes = text.as_bytes();
    for (at, _) in bytes.iter().enumerate().filter(|(_, byte)| **byte == b'%') {
        let digits = bytes.get(at + 1..at + 3);
        if !digits.is_some_and(|pair| pair.iter().all(u8::is_ascii_hexdigit)) {
            return Err(DsnError::PercentEncoding(part));
        }
    }
    percent_decode_str(text)
        .decode_utf8()
        .map(std::borrow::Cow::into_owned)
        .map_err(|_invalid| DsnError::NotUtf8(part))
}

/// `key = 'value with \' and \\' key=value …`
fn of_pairs(text: &str) -> Result<Dsn, DsnError> {
    let mut dsn = Dsn::default();
    let mut rest = text.trim_start();
    while !rest.is_empty() {
        let (key, behind) = rest.split_once('=').ok_or(DsnError::KeyValue)?;
        let (value, behind) = value_of_pair(behind.trim_start())?;
        dsn.set(key.trim(), value)?;
        rest = behind.trim_start();
    }
    Ok(dsn)
}

fn value_of_pair(text: &str) -> Result<(String, &str), DsnError> {
    let quoted = text.starts_with('\'');
    let mut value = String::new();
    let mut characters = text.char_indices().skip(usize::from(quoted));
    while let Some((at, character)) = characters.next() {
        match character {
            '\\' => value.extend(characters.next().map(|(_, escaped)| escaped)),
            '\'' if quoted => return Ok((value, &text[at + 1..])),
            blank if blank.is_whitespace() && !quoted => return Ok((value, &text[at..])),
            other => value.push(other),
        }
    }
    if quoted { Err(DsnError::KeyValue) } else { Ok((value, "")) }
}

#[cfg(test)]
mod tests {
    use percent_encoding::{NON_ALPHANUMERIC, utf8_percent_encode};
    use proptest::prelude::*;
    use secrecy::ExposeSecret as _;

    use super::*;

    fn password(dsn: &Dsn) -> Option<&str> {
        dsn.password.as_ref().map(|password| password.expose_secret())
    }

    #[test]
    fn a_url_with_everything() {
        let dsn = Dsn::parse(
            "postgresql+asyncpg://u%40x:p%2Fw@10.0.0.3:5433/app?sslmode=verify-full&connect_timeout=3",
        )
        .unwrap();
        assert_eq!(dsn.user.as_deref(), Some("u@x"));
        assert_eq!(password(&dsn), Some("p/w"));
        assert_eq!((dsn.host.as_deref(), dsn.port), (Some("10.0.0.3"), Some(5433)));
        assert_eq!(dsn.database.as_deref(), Some("app"));
        assert_eq!(dsn.sslmode, Some(SslMode::VerifyFull));
        assert_eq!(dsn.connect_timeout, Some(Duration::from_secs(3)));
    }

    #[test]
    fn hosts_of_every_form() {
        let host = |text: &str| {
            let dsn = Dsn::parse(text).unwrap();
            (dsn.host, dsn.port)
        };
        assert_eq!(host("postgres://u@[fd00::1]:5432/d"), (Some("fd00::1".to_owned()), Some(5432)));
        assert_eq!(host("postgres://a:1,b:2/d"), (Some("a".to_owned()), Some(1)));
        assert_eq!(host("postgres:///d?host=/cloudsql/p:r:i"), (Some("/cloudsql/p:r:i".to_owned()), None));
        assert_eq!(
            host("postgres://u:p@localhost/d?host=/cloudsql/p:r:i"),
            (Some("/cloudsql/p:r:i".to_owned()), None)
        );
        assert_eq!(host("postgres://%2Fcloudsql%2Fp%3Ar%3Ai/d"), (Some("/cloudsql/p:r:i".to_owned()), None));
        assert_eq!(host("host=db port=6000"), (Some("db".to_owned()), Some(6000)));
        assert_eq!(host("host=name hostaddr=10.0.0.1"), (Some("10.0.0.1".to_owned()), None));
    }

    #[test]
    fn pairs_with_quotes_and_escapes() {
        let dsn = Dsn::parse(r"host = h user='a b' password='it\'s \\' dbname=d").unwrap();
        assert_eq!(dsn.user.as_deref(), Some("a b"));
        assert_eq!(password(&dsn), Some(r"it's \"));
    }

    #[test]
    fn errors_say_what_is_wrong_and_no_part_of_the_value() {
        for (text, error) in [
            ("hunter2secret", DsnError::NoForm),
            ("mysql://u:hunter2@h/d", DsnError::Scheme),
            ("postgres://u:hunter2@h:port/d", DsnError::Port),
            ("postgres://u:hunter2@h:0/d", DsnError::Port),
            ("postgres://u:hunter%zz@h/d", DsnError::PercentEncoding("password")),
            ("postgres://u:hunter%FF@h/d", DsnError::NotUtf8("password")),
            ("postgres://u:p@[fd00::1/d", DsnError::Host),
            ("postgres://h/d?sslmode=hunter2", DsnError::SslMode),
            ("password='hunter2", DsnError::KeyValue),
        ] {
            let found = Dsn::parse(text).unwrap_err();
            assert_eq!(found, error, "{text}");
            assert!(!found.to_string().contains("hunter"), "{found}");
        }
    }

    #[test]
    fn a_raw_at_in_the_password_cuts_at_the_first_as_drivers_do() {
        let dsn = Dsn::parse("postgres://u:pa@ss@h/d").unwrap();
        assert_eq!(password(&dsn), Some("pa"));
        assert_eq!(dsn.host.as_deref(), Some("ss@h"));
    }

    proptest! {
        #[test]
        fn what_is_built_is_read_back(user in "\\PC{1,20}", word in "\\PC{1,40}", name in "\\PC{1,20}", port in 1u16..) {
            let of = |text: &str| utf8_percent_encode(text, NON_ALPHANUMERIC).to_string();
            let text = format!("postgresql://{}:{}@db.example:{port}/{}", of(&user), of(&word), of(&name));
            let dsn = Dsn::parse(&text).unwrap();
            prop_assert_eq!(dsn.user.as_deref(), Some(user.as_str()));
            prop_assert_eq!(password(&dsn), Some(word.as_str()));
            prop_assert_eq!(dsn.database.as_deref(), Some(name.as_str()));
            prop_assert_eq!(dsn.port, Some(port));
        }

        #[test]
        fn pairs_are_read_back(word in "\\PC{1,40}") {
            let quoted = word.replace('\\', r"\\").replace('\'', r"\'");
            let dsn = Dsn::parse(&format!("host=h password='{quoted}' user=u")).unwrap();
            prop_assert_eq!(password(&dsn), Some(word.as_str()));
            prop_assert_eq!(dsn.user.as_deref(), Some("u"));
        }

        #[test]
        fn no_text_makes_it_panic(text in "\\PC{0,80}") {
            let _ = Dsn::parse(&text);
            let _ = Dsn::parse(&format!("postgres://{text}"));
            let _ = Dsn::parse(&format!("host={text}"));
        }
    }
}

//! Why a text is no connection string.

use std::fmt;

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
    /// There are several ports, and not one a host.
    Ports,
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
    /// `sslmode` has a word that no driver knows.
    SslMode,
    /// `connect_timeout` is no number.
    ConnectTimeout,
    /// `target_session_attrs` has a word that no driver knows.
    Target,
    /// User and password stand before the host of a `jdbc:` URL, where its driver takes them for the host.
    JdbcUser,
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
            Self::Port => f.write_str(
                "its port is no number from 1 to 65535 (perhaps a / or : in the password is not percent-encoded)",
            ),
            Self::Ports => f.write_str("it names several ports, and not one for each host"),
            Self::Bracket => f.write_str("a bracket of its host does not close"),
            Self::NoEquals { position } => write!(f, "the key at byte {position} is not followed by ="),
            Self::OpenQuote { position } => write!(f, "the quotation mark at byte {position} does not close"),
            Self::SslMode => f.write_str(
                "its sslmode is none of disable, allow, prefer, require, verify-ca, verify-full",
            ),
            Self::ConnectTimeout => f.write_str("its connect_timeout is no number of seconds"),
            Self::Target => f.write_str("its target_session_attrs is no word that PostgreSQL's drivers know"),
            Self::JdbcUser => f.write_str(
                "user and password stand before the host, where JDBC takes them for a part of it (write \
                 ?user=…&password=…)",
            ),
        }
    }
}

impl std::error::Error for DsnProblem {}

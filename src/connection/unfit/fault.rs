//! In which way a value is unfit.

use super::super::SslMode;
use super::scheme::Mismatch;

/// In which way a value is unfit. Never a part of a secret.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Fault {
    /// Nothing in it.
    Empty,
    /// A blank or line break at its edge.
    Edge {
        /// `leading` or `trailing`.
        edge: &'static str,
        /// `line feed`, `blank`, ….
        class: &'static str,
    },
    /// It is something encoded; what, in words.
    Encoded(&'static str),
    /// Quotes stand around it, and are part of it.
    Quoted,
    /// A character that a URL gives another meaning stands raw; which, and where.
    Unescaped(String),
    /// No driver could read it; why.
    Unreadable(String),
    /// It looks like a text in base64.
    LooksEncoded,
    /// The host is the container itself, and no other container runs beside it.
    Loopback(String),
    /// The host is a name from a compose file.
    ComposeName(String),
    /// A dummy stands in the place of this part: `host`, `password`, `user` or `name`.
    Placeholder(&'static str),
    /// The path of the socket is longer than Linux allows; its length in bytes.
    SocketTooLong(usize),
    /// TLS is asked for on a socket.
    SocketTls(SslMode),
    /// The port is another server's; whose.
    Port(u16, &'static str),
    /// The port is not the one that the socket of Cloud Run has in its name.
    SocketPort(u16),
    /// User and password stand where JDBC takes them for a part of the host; in words.
    JdbcUser(String),
    /// The dialect that the URL names does not take what else it says.
    Dialect(Mismatch),
    /// The driver that it is meant for does not take it.
    Driver,
}

impl Fault {
    /// The code of its cause, before the deploy and after.
    pub(crate) fn code(&self) -> &'static str {
        match self {
            Self::Empty => "credential-empty",
            Self::Edge { .. } => "credential-trailing-whitespace",
            Self::Encoded(_) | Self::LooksEncoded => "credential-encoded",
            Self::Quoted => "credential-quoted",
            Self::Unescaped(_) => "credential-unescaped",
            Self::Unreadable(_) => "credential-unreadable",
            Self::Loopback(_) => "database-host-loopback",
            Self::ComposeName(_) => "database-host-placeholder",
            Self::Placeholder(_) => "credential-placeholder",
            Self::SocketTooLong(_) => "socket-path-too-long",
            Self::SocketTls(_) => "socket-tls-conflict",
            Self::Port(..) | Self::SocketPort(_) => "database-port-wrong",
            Self::JdbcUser(_) | Self::Dialect(_) | Self::Driver => "credential-scheme-mismatch",
        }
    }
}

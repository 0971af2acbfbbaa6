//! Findings about talking to PostgreSQL, one step after the other.

use std::fmt;
use std::net::SocketAddr;

use serde::{Deserialize, Serialize};

/// What was seen while talking to PostgreSQL.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "kebab-case")]
pub enum PostgresFinding {
    /// The host name has no address.
    NameUnresolvable {
        /// The host name.
        host: String,
    },
    /// Every address answered with a reset.
    Refused {
        /// The addresses.
        addresses: Vec<SocketAddr>,
    },
    /// Packets vanished: no answer at all.
    TimedOut {
        /// The addresses.
        addresses: Vec<SocketAddr>,
        /// How long it was waited, in milliseconds.
        after_ms: u64,
    },
    /// No route to the host or network.
    Unreachable {
        /// The addresses.
        addresses: Vec<SocketAddr>,
        /// The system's error, as `EHOSTUNREACH`.
        error: String,
    },
    /// Something answers that does not speak PostgreSQL's protocol.
    NotPostgres {
        /// The address.
        address: SocketAddr,
        /// What it did, without any of its bytes: `answered 'H' to SSLRequest`, `spoke first`, ….
        answered: String,
    },
    /// The connection ended in the middle of a step.
    Cut {
        /// The address.
        address: SocketAddr,
        /// The step: `SSLRequest`, `TLS`, `login`, `query`.
        step: String,
        /// What ended it.
        detail: String,
    },
    /// TLS is asked for by the connection string, and the server does not offer it.
    TlsUnsupported {
        /// The address.
        address: SocketAddr,
        /// The `sslmode` asked for.
        sslmode: String,
    },
    /// The TLS handshake failed.
    TlsFailed {
        /// The address.
        address: SocketAddr,
        /// What rustls said.
        detail: String,
    },
    /// The server refused the login with an SQLSTATE.
    LoginRefused {
        /// The SQLSTATE, as `28P01`.
        sqlstate: String,
        /// The server's message (untrusted text).
        message: String,
        /// The user that logged in.
        user: String,
        /// The database asked for.
        database: String,
        /// Whether the connection was encrypted.
        tls: bool,
    },
    /// A query failed with an SQLSTATE.
    QueryFailed {
        /// The SQLSTATE, as `42P01`.
        sqlstate: String,
        /// The server's message (untrusted text).
        message: String,
        /// The query, which is one of the gate's own.
        query: String,
    },
}

impl fmt::Display for PostgresFinding {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let list = |addresses: &[SocketAddr]| {
            addresses.iter().map(ToString::to_string).collect::<Vec<_>>().join(", ")
        };
        match self {
            Self::NameUnresolvable { host } => write!(f, "{host} has no address"),
            Self::Refused { addresses } => {
                write!(f, "connection refused by {}: nothing listens there", list(addresses))
            }
            Self::TimedOut { addresses, after_ms } => {
                write!(f, "no answer from {} within {} ms", list(addresses), after_ms)
            }
            Self::Unreachable { addresses, error } => write!(f, "no route to {} ({error})", list(addresses)),
            Self::NotPostgres { address, answered } => {
                write!(f, "{address} is no PostgreSQL server: it {answered}")
            }
            Self::Cut { address, step, detail } => {
                write!(f, "{address} ended the connection during {step}: {detail}")
            }
            Self::TlsUnsupported { address, sslmode } => {
                write!(f, "{address} does not offer TLS; sslmode={sslmode} asks for it")
            }
            Self::TlsFailed { address, detail } => write!(f, "TLS with {address} failed: {detail}"),
            Self::LoginRefused { sqlstate, message, user, database, .. } => {
                write!(f, "login of user {user} to database {database} was refused: {message} ({sqlstate})")
            }
            Self::QueryFailed { sqlstate, message, query } => {
                write!(f, "{query} failed: {message} ({sqlstate})")
            }
        }
    }
}

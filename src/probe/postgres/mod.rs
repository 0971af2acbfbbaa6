//! Talking to PostgreSQL, one step after the other: name, TCP, SSLRequest, TLS and login, query.
//!
//! Each step is a function of its own with a typed end: what it gave, or [`Stop`]. Servers are not trusted: every
//! step is bounded in time by its caller's [`Bounds`] and in memory by `guard`.

mod certificate;
mod dsn;
mod guard;
mod login;
mod progress;
mod query;
mod reach;
mod retry;
mod secure;
mod ssl_request;
mod stream;
mod tls;
mod trust;

pub use dsn::{Dsn, DsnProblem, SslMode, parse as parse_dsn};
pub use login::{Session, login, login_over};
pub use progress::{Method, ServerError};
pub use query::{Server, describe};
pub use reach::{connect, resolve, try_all};
pub use retry::{Patience, insist};
pub use secure::{Agreement, agree_on_tls};
pub use ssl_request::{SslAnswer, ask as ask_for_tls};
pub use tls::{Secured, Verified};
pub use trust::{Authorities, Identity, PemProblem, Trust};

use std::fmt;
use std::time::Duration;

use secrecy::SecretString;

use crate::run::finding::PostgresFinding;
use crate::run::outcome::Broken;

/// PostgreSQL's port, where nothing else is stated.
pub const DEFAULT_PORT: u16 = 5432;

/// The way to a database, as a service is given it.
#[derive(Clone)]
pub struct Connection {
    /// Host name, address, or folder of a socket.
    pub host: String,
    /// Port.
    pub port: u16,
    /// User.
    pub user: String,
    /// Password; `None` where nothing holds one.
    pub password: Option<SecretString>,
    /// Database name.
    pub database: String,
    /// How TLS is asked for.
    pub sslmode: SslMode,
    /// How long the service itself waits for a connection, where it says so.
    pub connect_timeout: Option<Duration>,
    /// libpq's `options`: settings that the server is asked for at the start.
    pub options: Option<String>,
    /// What the service holds for TLS, as far as the gate knows it.
    pub trust: Trust,
}

/// Without the password.
impl fmt::Debug for Connection {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Connection")
            .field("host", &self.host)
            .field("port", &self.port)
            .field("user", &self.user)
            .field("database", &self.database)
            .field("sslmode", &self.sslmode)
            .field("trust", &self.trust)
            .finish_non_exhaustive()
    }
}

/// How long a step may take.
#[derive(Clone, Copy, Debug)]
pub struct Bounds {
    /// One TCP connection.
    pub connect: Duration,
    /// Any other step: a name, the answer to SSLRequest, a login, the queries.
    pub step: Duration,
}

/// Why a step gave nothing.
#[derive(Clone, Debug, PartialEq)]
pub enum Stop {
    /// It saw something that should not be.
    Found(PostgresFinding),
    /// It could not find out.
    Broken(Broken),
}

impl From<PostgresFinding> for Stop {
    fn from(finding: PostgresFinding) -> Self {
        Self::Found(finding)
    }
}

/// Text of a server: without control characters, and of bounded length.
fn bounded(text: &str) -> String {
    const LONGEST: usize = 300;
    super::line_of(text, LONGEST)
}

fn millis(duration: Duration) -> u64 {
    u64::try_from(duration.as_millis()).unwrap_or(u64::MAX)
}

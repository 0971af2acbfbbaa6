//! Talking to PostgreSQL, one step after the other: name, TCP, SSLRequest, TLS and login, query.
//!
//! Each step is a function of its own with a typed end: what it gave, or [`Stop`]. Servers are not trusted: every
//! step is bounded in time by its caller's [`Bounds`] and in memory by `guard`.
#![allow(clippy::result_large_err, reason = "a stop is made once a step, and says all that was seen")]

mod certificate;
mod connector;
mod dsn;
mod expected;
mod guard;
mod login;
mod progress;
mod query;
mod reach;
mod retry;
mod secure;
mod ssl_request;
mod state;
mod stream;
mod tls;
mod trust;
mod turn;

pub use connector::{CONNECTOR_PORT, ConnectorKey, Expected, login_by_connector};
pub use dsn::{
    Dsn, DsnForm, DsnProblem, Server as DsnServer, SessionTarget, SslMode, TlsFiles, parse as parse_dsn,
};
pub use expected::{Given, Holdings, holdings};
pub use login::{Session, login, login_over};
pub use progress::{Method, ServerError};
pub use reach::{connect, resolve, try_all};
pub use retry::{Patience, insist};
pub(crate) use secure::open_stream;
pub use secure::{Agreement, agree_on_tls};
pub use ssl_request::{SslAnswer, ask as ask_for_tls};
pub use state::{Server, Slots, describe, slots};
pub(crate) use stream::Stream;
pub use tls::{Secured, Verified};
pub use trust::{Authorities, Identity, PemProblem, Trust};
pub use turn::{
    Candidate, PassedOver, Turned, candidates, connect_in_turn, in_turn, login_in_turn, together,
};

use std::fmt;
use std::time::Duration;

use secrecy::SecretString;

use crate::record::Broken;
use crate::record::finding::PostgresFinding;

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
    /// Further servers, which the driver tries in this order where the first does not serve.
    pub others: Vec<DsnServer>,
    /// Which of the servers is taken.
    pub target: SessionTarget,
    /// Whether each connection begins with any of the servers, and not with the first.
    pub balanced: bool,
    /// The files that TLS needs, by their paths in the service's own container.
    pub files: TlsFiles,
    /// What is given to the server's process, such as `-c search_path=auth`.
    pub options: Option<String>,
    /// How many connections one instance of the service may hold, where its variables say so.
    pub pool: Option<u32>,
    /// What the service holds for TLS, as far as the gate knows it.
    pub trust: Trust,
}

/// Nobody's way anywhere: what a way is built from that states little.
impl Default for Connection {
    fn default() -> Self {
        Self {
            host: String::new(),
            port: DEFAULT_PORT,
            user: String::new(),
            password: None,
            database: String::new(),
            sslmode: SslMode::default(),
            connect_timeout: None,
            others: Vec::new(),
            target: SessionTarget::default(),
            balanced: false,
            files: TlsFiles::default(),
            options: None,
            pool: None,
            trust: Trust::default(),
        }
    }
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
            .field("others", &self.others.len())
            .field("target", &self.target)
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
    crate::text::line_of(text, LONGEST)
}

fn millis(duration: Duration) -> u64 {
    u64::try_from(duration.as_millis()).unwrap_or(u64::MAX)
}

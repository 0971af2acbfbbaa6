//! Talking to PostgreSQL, one step after the other: name, TCP, SSLRequest, TLS and login, query.
//!
//! Each step is a function of its own with a typed end: what it gave, or [`Stop`]. Servers are not trusted: every
//! step is bounded in time by its caller's [`Bounds`] and in memory by `guard`.
#![allow(clippy::result_large_err, reason = "a stop is made once a step, and says all that was seen")]

mod certificate;
mod connector;
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
mod verifier;

pub use connector::{CONNECTOR_PORT, ConnectorKey, ExpectedServer, login_by_connector};
pub use expected::{Holdings, QueryAnswer, holdings};
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
pub use trust::system_authorities;
pub use turn::{
    Candidate, PassedOver, Turned, candidates, connect_in_turn, in_turn, login_in_turn, together,
};

use std::time::Duration;

use crate::record::Inconclusive;
use crate::record::finding::PostgresFinding;

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
    Inconclusive(Inconclusive),
}

impl From<PostgresFinding> for Stop {
    fn from(finding: PostgresFinding) -> Self {
        Self::Found(finding)
    }
}

fn millis(duration: Duration) -> u64 {
    u64::try_from(duration.as_millis()).unwrap_or(u64::MAX)
}

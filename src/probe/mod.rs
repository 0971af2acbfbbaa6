//! The only code that touches the outside world.

pub mod dial;
pub mod google;
pub mod http;
mod poll;
pub mod postgres;
pub mod websocket;

use std::sync::Arc;

use crate::text::vault::Vault;
use dial::Dial;
use google::Google;
use http::Http;
pub(crate) use poll::{doubling, poll};

/// The outside world as a run sees it: the real one, or the sandbox's.
#[derive(Debug)]
pub struct Outside {
    /// Google's APIs.
    pub google: Google,
    /// HTTP to services.
    pub http: Http,
    /// Names and TCP connections.
    pub dial: Arc<dyn Dial>,
    /// Every secret value met, so that no output shows one.
    pub vault: Arc<Vault>,
}

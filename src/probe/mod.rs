//! The only code that touches the outside world.

pub mod dial;
pub mod google;
pub mod health;
pub mod http;
pub mod in_place;
pub mod logs;
pub mod postgres;
pub mod talk;
pub mod vault;

use std::sync::Arc;

use dial::Dial;
use google::Google;
use http::Http;
use vault::Vault;

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

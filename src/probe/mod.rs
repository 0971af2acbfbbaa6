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

/// The beginning of somebody else's text, on one line. A cut leaves a `…`, by which the vault knows that a secret may
/// end there.
pub(crate) fn line_of(text: &str, most: usize) -> String {
    let mut characters = text.trim().chars().map(|c| if c.is_control() { ' ' } else { c });
    let mut line: String = characters.by_ref().take(most).collect();
    if characters.next().is_some() {
        line.push('…');
    }
    line
}

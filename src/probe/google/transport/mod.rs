//! Requests to Google's APIs, each answer bounded in time and in size.
//!
//! Google's client libraries decode Google's shapes, and those types are used throughout. Their transport reads every
//! answer whole, however long it is, follows redirects, and takes no HTTP client of ours; so what travels is sent from
//! here.

mod ask;
mod measure;
#[cfg(test)]
mod tests;

pub(super) use ask::Ask;

use std::fmt;
use std::sync::OnceLock;

use futures::future::BoxFuture;
use google_cloud_auth::credentials::{CacheableResource, Credentials};
use google_cloud_gax::backoff_policy::BackoffPolicy as _;
use google_cloud_gax::error::Error;
use google_cloud_gax::error::rpc::Status;
use google_cloud_gax::retry_policy::RetryPolicy as _;
use google_cloud_gax::retry_result::RetryResult;
use google_cloud_gax::retry_state::RetryState;
use http::{Extensions, HeaderMap};
use reqwest::header::{ACCEPT_ENCODING, CONTENT_ENCODING};
use reqwest::{Client, StatusCode, redirect};
use serde::de::DeserializeOwned;
use serde_json::Value;
use tokio::sync::{Semaphore, SemaphorePermit};
use url::Url;

use super::{Timeouts, retry};
use crate::probe::http::is_loopback;

/// Longest answer that is read, in bytes. A page of 500 services has a few million.
pub(super) const LONGEST_ANSWER: usize = 16 << 20;
/// Longest body of an error that is read; the rest of one that goes on is left unread.
const LONGEST_ERROR: usize = 256 << 10;
/// Answers longer than this are read a few at a time, so that many at once cannot take all memory.
const LARGE: usize = 1 << 20;
const LARGE_AT_ONCE: usize = 2;

/// What sends requests. Connections are kept and used again.
#[derive(Debug)]
pub(super) struct Transport {
    /// Made at their first use: reading the system's certificates takes longer than most answers.
    proxied: OnceLock<Result<Client, String>>,
    direct: OnceLock<Result<Client, String>>,
    large: Semaphore,
}

/// A whole answer.
#[derive(Debug)]
pub(super) struct Body<'a> {
    bytes: Vec<u8>,
    /// Held as long as the bytes are, where there are many.
    _turn: Option<SemaphorePermit<'a>>,
}

/// An answer that has more in it than it may.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Excess {
    /// More bytes than [`LONGEST_ANSWER`].
    Bytes,
    /// More values than memory is to be spent on.
    Values,
}

impl fmt::Display for Excess {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Bytes => write!(f, "it is longer than {} MiB and was not read on", LONGEST_ANSWER >> 20),
            Self::Values => f.write_str("it holds more values than the gate takes in"),
        }
    }
}

impl std::error::Error for Excess {}

impl Excess {
    /// The excess that an error is about.
    pub(super) fn of(error: &Error) -> Option<Self> {
        std::error::Error::source(error)?.downcast_ref::<Self>().copied()
    }

    /// Whether an error is about one.
    pub(super) fn is(error: &Error) -> bool {
        Self::of(error).is_some()
    }
}

impl Default for Transport {
    fn default() -> Self {
        Self { proxied: OnceLock::new(), direct: OnceLock::new(), large: Semaphore::new(LARGE_AT_ONCE) }
    }
}

impl Transport {
    /// Asks, again where another attempt may fix it, for as long as `timeouts` allow an attempt to take. `base` is the
    /// API's own address.
    pub(super) fn send<'t: 'a, 'a>(
        &'t self,
        base: &'a Url,
        credentials: &'a Credentials,
        ask: &'a Ask,
        timeouts: &'a Timeouts,
    ) -> BoxFuture<'a, Result<Body<'t>, Error>> {
        // Boxed, or its type would stand in those of all checks.
        Box::pin(async move {
            let url = ask.url(base);
            let client = self.client(&url).map_err(|error| Error::io(error.as_str()))?;
            let (policy, backoff) = (retry::policy(), retry::backoff(timeouts));
            let mut state = RetryState::new(ask.repeatable());
            loop {
                state.attempt_count += 1;
                let attempt = self.attempt(client, &url, credentials, ask);
                let error = match tokio::time::timeout(timeouts.attempt, attempt).await {
                    Ok(Ok(body)) => return Ok(body),
                    Ok(Err(error)) => error,
                    Err(_late) => {
                        Error::timeout(format!("no whole answer within {} s", timeouts.attempt.as_secs_f32()))
                    }
                };
                if !ask.repeatable() {
                    return Err(error);
                }
                match policy.on_error(&state, error) {
                    RetryResult::Continue(_) => tokio::time::sleep(backoff.on_failure(&state)).await,
                    RetryResult::Permanent(error) | RetryResult::Exhausted(error) => return Err(error),
                }
            }
        })
    }

    async fn attempt(
        &self,
        client: &Client,
        url: &Url,
        credentials: &Credentials,
        ask: &Ask,
    ) -> Result<Body<'_>, Error> {
        let headers = match credentials.headers(Extensions::new()).await.map_err(Error::authentication)? {
            CacheableResource::New { data, .. } => data,
            // Nothing was said of what is known already.
            CacheableResource::NotModified => HeaderMap::new(),
        };
        let request = ask.request(client, url).headers(headers).header(ACCEPT_ENCODING, "identity");
        let response = request.send().await.map_err(untransported)?;
        let status = response.status();
        if status.is_redirection() {
            // Google's APIs send nobody elsewhere; what a redirect's body says is nobody's answer.
            return Err(Error::http(status.as_u16(), HeaderMap::new(), Vec::new().into()));
        }
        if status.is_success() {
            return self.body(response).await;
        }
        let (bytes, _) = read(response, Vec::new(), LONGEST_ERROR).await?;
        if status == StatusCode::FORBIDDEN && is_quota(&bytes) {
            return Err(Error::http(StatusCode::TOO_MANY_REQUESTS.as_u16(), HeaderMap::new(), bytes.into()));
        }
        let bytes = bytes.into();
        Err(match Status::try_from(&bytes) {
            Ok(stated) => Error::service_with_http_metadata(stated, Some(status.as_u16()), None),
            Err(_) => Error::http(status.as_u16(), HeaderMap::new(), bytes),
        })
    }

    /// The body of a success. A compressed one is not unfolded: it was not asked for, and a few bytes may unfold to
    /// gigabytes.
    async fn body(&self, response: reqwest::Response) -> Result<Body<'_>, Error> {
        let encoding = response.headers().get(CONTENT_ENCODING).map(|value| value.to_str().unwrap_or("?"));
        if let Some(encoding) = encoding.filter(|value| !value.trim().eq_ignore_ascii_case("identity")) {
            return Err(Error::deser(format!("it is encoded ({encoding}), which nobody asked for")));
        }
        if response.content_length().is_some_and(|length| length > LONGEST_ANSWER as u64) {
            return Err(Error::deser(Excess::Bytes));
        }
        let (bytes, rest) = read(response, Vec::new(), LARGE).await?;
        let Some(rest) = rest else { return Ok(Body { bytes, _turn: None }) };
        // Never closed.
        let turn = self.large.acquire().await.ok();
        match read(rest, bytes, LONGEST_ANSWER).await? {
            (bytes, None) => Ok(Body { bytes, _turn: turn }),
            (_, Some(_)) => Err(Error::deser(Excess::Bytes)),
        }
    }

    /// A proxy of the environment is for the world outside, never for this machine itself.
    fn client(&self, url: &Url) -> Result<&Client, &String> {
        let loopback = is_loopback(url);
        let cell = if loopback { &self.direct } else { &self.proxied };
        cell.get_or_init(|| built(loopback)).as_ref()
    }
}

fn built(loopback: bool) -> Result<Client, String> {
    let builder = Client::builder()
        .user_agent(concat!("rungate/", env!("CARGO_PKG_VERSION")))
        .redirect(redirect::Policy::none())
        .no_gzip()
        .no_brotli()
        .no_zstd()
        .no_deflate();
    let builder = if loopback { builder.no_proxy() } else { builder };
    builder.build().map_err(|error| super::errors::chain(&error))
}

/// Reads until the body ends, or goes beyond `most` bytes: then the response is given back, with more to come.
async fn read(
    mut response: reqwest::Response,
    mut bytes: Vec<u8>,
    most: usize,
) -> Result<(Vec<u8>, Option<reqwest::Response>), Error> {
    loop {
        if bytes.len() > most {
            return Ok((bytes, Some(response)));
        }
        match response.chunk().await.map_err(untransported)? {
            Some(chunk) => bytes.extend_from_slice(&chunk),
            None => return Ok((bytes, None)),
        }
    }
}

/// Whether the body of a 403 says that a quota is used up: Compute Engine says so in its older form, and means what others
/// say with a 429 (<https://cloud.google.com/compute/docs/api/how-tos/api-requests-responses>).
fn is_quota(body: &[u8]) -> bool {
    let Ok(body) = serde_json::from_slice::<Value>(body) else { return false };
    let reasons = body.pointer("/error/errors").and_then(Value::as_array).into_iter().flatten();
    reasons
        .filter_map(|error| error.get("reason")?.as_str())
        .any(|reason| matches!(reason, "rateLimitExceeded" | "userRateLimitExceeded" | "quotaExceeded"))
}

/// What kind of trouble there was on the way.
fn untransported(error: reqwest::Error) -> Error {
    if error.is_connect() {
        Error::connect(error)
    } else if error.is_timeout() {
        Error::timeout(error)
    } else {
        Error::io(error)
    }
}

impl Body<'_> {
    /// Its bytes.
    pub(super) fn len(&self) -> usize {
        self.bytes.len()
    }

    /// What it says, in the shape of one of Google's types.
    ///
    /// # Errors
    /// It is no JSON, is not in that shape, or holds so much that memory would not do.
    pub(super) fn decoded<T: DeserializeOwned>(&self) -> Result<T, Error> {
        if !measure::fits(&self.bytes) {
            return Err(Error::deser(Excess::Values));
        }
        serde_json::from_slice(&self.bytes).map_err(Error::deser)
    }
}

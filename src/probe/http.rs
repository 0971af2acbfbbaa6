//! Asking a service over HTTP: one bounded answer, no redirect followed.

use std::fmt;
use std::time::{Duration, Instant};

use reqwest::redirect::Policy;
use reqwest::{Client, header};

/// The largest body that is read, in bytes. Health fits in a fraction of it.
const LARGEST: usize = 1 << 20;

/// The dialects that can be told apart, best first; django-health-check answers HTML to `*/*`.
const ACCEPT: &str = "application/health+json, application/json;q=0.9, text/plain;q=0.5";

/// HTTP to services; connections are kept and shared.
#[derive(Clone, Debug)]
pub struct Http {
    client: Result<Client, String>,
    limit: Duration,
}

/// An answer, whatever its status.
#[derive(Clone, Debug)]
pub struct Answer {
    /// Status code.
    pub status: u16,
    /// `Content-Type`, lower case, without parameters.
    pub content_type: String,
    /// `Location` of a redirect.
    pub location: Option<String>,
    /// The body, cut at 1 MiB.
    pub body: Vec<u8>,
    /// Whether the body was longer.
    pub cut: bool,
    /// From the first byte sent to the last one read.
    pub latency: Duration,
}

/// Why no answer came. The texts hold no part of a request.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum NoHttpAnswer {
    /// Nothing within this time.
    TimedOut(Duration),
    /// No connection: refused, unresolvable, TLS.
    Connect(String),
    /// The connection ended in the middle, or what came is not HTTP.
    Broken(String),
}

impl fmt::Display for NoHttpAnswer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::TimedOut(after) => write!(f, "nothing within {} ms", after.as_millis()),
            Self::Connect(detail) => write!(f, "no connection: {detail}"),
            Self::Broken(detail) => write!(f, "the answer broke off: {detail}"),
        }
    }
}

impl Http {
    /// A client whose answers may take so long.
    pub fn new(limit: Duration) -> Self {
        let client = Client::builder()
            .user_agent(concat!("rungate/", env!("CARGO_PKG_VERSION")))
            // A redirect is an answer: to a login page, most often.
            .redirect(Policy::none())
            .connect_timeout(limit)
            .build();
        Self { client: client.map_err(|error| error.to_string()), limit }
    }

    /// Asks for a URL.
    ///
    /// # Errors
    /// No answer came, or not all of its head.
    pub async fn get(&self, url: &str) -> Result<Answer, NoHttpAnswer> {
        let client = self.client.as_ref().map_err(|error| NoHttpAnswer::Connect(error.clone()))?;
        let began = Instant::now();
        let asking = async {
            let mut response = client.get(url).header(header::ACCEPT, ACCEPT).send().await.map_err(told)?;
            let header = |name| {
                let value = response.headers().get(name)?;
                Some(String::from_utf8_lossy(value.as_bytes()).into_owned())
            };
            let content_type = header(header::CONTENT_TYPE).unwrap_or_default();
            let content_type = content_type.split(';').next().unwrap_or_default().trim().to_ascii_lowercase();
            let (status, location) = (response.status().as_u16(), header(header::LOCATION));
            let (mut body, mut cut) = (Vec::new(), false);
            while let Some(chunk) = response.chunk().await.map_err(told)? {
                let room = LARGEST - body.len();
                body.extend_from_slice(&chunk[..chunk.len().min(room)]);
                if chunk.len() > room {
                    cut = true;
                    break;
                }
            }
            Ok(Answer { status, content_type, location, body, cut, latency: began.elapsed() })
        };
        tokio::time::timeout(self.limit, asking).await.unwrap_or(Err(NoHttpAnswer::TimedOut(self.limit)))
    }
}

/// reqwest's error in our words; the URL is left out, for it stands in the finding already.
fn told(error: reqwest::Error) -> NoHttpAnswer {
    let error = error.without_url();
    let innermost =
        std::iter::successors(Some(&error as &dyn std::error::Error), |error| error.source()).last();
    let detail = super::cut(&innermost.map_or_else(|| error.to_string(), ToString::to_string), 200);
    if error.is_connect() { NoHttpAnswer::Connect(detail) } else { NoHttpAnswer::Broken(detail) }
}

//! Asking a service over HTTP: one question, one answer, bounded in time and size. No judgement here.

mod ask;
mod tls;

pub(crate) use ask::accepts;
pub use ask::{Opened, Question, Reply};

use crate::health::HttpAnswer;
use std::fmt;
use std::net::IpAddr;
use std::sync::OnceLock;
use std::time::Duration;

use reqwest::header::{
    ACCEPT, ACCEPT_ENCODING, CONTENT_ENCODING, CONTENT_TYPE, HeaderMap, HeaderValue, LOCATION,
};
use reqwest::{Client, redirect};
use secrecy::{ExposeSecret as _, SecretString};
pub use tls::TlsTrouble;
use url::{Host, Url};

/// Longest body that is read.
pub const LONGEST_BODY: usize = 1024 * 1024;

/// Most header lines that are kept of an answer, and the longest value.
const MOST_HEADERS: usize = 100;
const LONGEST_HEADER: usize = 1000;

/// `health+json` first; JSON before text, since some services answer browsers with pages.
const ACCEPTED: &str = "application/health+json, application/json;q=0.9, text/plain;q=0.5, */*;q=0.1";

/// Where Cloud Run's front end looks for an ID token before it looks into `Authorization`
/// (<https://cloud.google.com/run/docs/authenticating/service-to-service>).
const SERVERLESS_AUTHORIZATION: &str = "x-serverless-authorization";

/// HTTP to services. Connections are kept and used again; redirects are not followed, for what they lead to is not
/// what was asked.
#[derive(Debug)]
pub struct Http {
    /// How long a whole answer may take, connecting included.
    limit: Duration,
    /// One a [`Transport`], each made at its first use: reading the system's certificates takes longer than most answers.
    clients: [OnceLock<Result<Client, String>>; 3],
    /// The same for what turns into a WebSocket: HTTP/1.1 alone.
    upgrading: [OnceLock<Result<Client, String>>; 3],
}

/// How a URL is reached.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Transport {
    /// Through the proxy of the environment, where there is one.
    Outside,
    /// On this machine.
    Here,
    /// On this machine, and without TLS: no certificate need be known.
    HerePlain,
}

impl Transport {
    /// A proxy of the environment is for the world outside, never for this machine itself.
    fn to(url: &Url) -> Self {
        match (is_loopback(url), url.scheme()) {
            (false, _) => Self::Outside,
            (true, "http") => Self::HerePlain,
            (true, _) => Self::Here,
        }
    }
}

/// Why no answer came.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum NoHttpAnswer {
    /// Not within the time-out.
    TimedOut {
        /// The time-out.
        after: Duration,
    },
    /// No connection: name or TCP.
    Connect {
        /// The deepest error.
        detail: String,
    },
    /// A connection, and no TLS over it that could be trusted.
    Tls {
        /// What is wrong.
        trouble: TlsTrouble,
        /// The deepest error.
        detail: String,
    },
    /// A connection, and then no whole answer.
    Inconclusive {
        /// The deepest error.
        detail: String,
    },
    /// Nothing was asked: no URL, or no way to ask anything.
    NotAsked {
        /// Why.
        detail: String,
    },
}

impl fmt::Display for NoHttpAnswer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::TimedOut { after } => write!(f, "no answer within {} ms", after.as_millis()),
            Self::Connect { detail } => write!(f, "no connection: {detail}"),
            Self::Tls { trouble, detail } => {
                write!(f, "no connection that could be trusted: {trouble} ({detail})")
            }
            Self::Inconclusive { detail } => write!(f, "the answer broke off: {detail}"),
            Self::NotAsked { detail } => write!(f, "not asked: {detail}"),
        }
    }
}

impl Http {
    /// Answers may take so long. Builds nothing yet; see the fields.
    pub fn new(limit: Duration) -> Self {
        Self { limit, clients: Default::default(), upgrading: Default::default() }
    }

    /// `GET`, with the headers of somebody who asks for health.
    pub async fn get(&self, url: &Url) -> Result<HttpAnswer, NoHttpAnswer> {
        self.get_as(url, None).await
    }

    /// The same, with an ID token for Cloud Run's front end. It goes in a header that the front end takes off, so that
    /// `Authorization` stays the service's own. Whoever calls this answers for the URL being the service's; redirects
    /// are not followed, so that it reaches nobody else.
    pub async fn get_as(&self, url: &Url, token: Option<&SecretString>) -> Result<HttpAnswer, NoHttpAnswer> {
        if !matches!(url.scheme(), "http" | "https") {
            return Err(NoHttpAnswer::NotAsked { detail: "the URL is neither http nor https".to_owned() });
        }
        let client = self.client(url).map_err(|error| NoHttpAnswer::NotAsked { detail: error.clone() })?;
        match tokio::time::timeout(self.limit, exchange(client, url, token)).await {
            Ok(end) => end,
            Err(_) => Err(NoHttpAnswer::TimedOut { after: self.limit }),
        }
    }

    fn client(&self, url: &Url) -> Result<&Client, &String> {
        let way = Transport::to(url);
        let built = || self.builder(way).build().map_err(|error| deepest(&error));
        self.clients[way as usize].get_or_init(built).as_ref()
    }

    fn upgrading_client(&self, url: &Url) -> Result<&Client, &String> {
        let way = Transport::to(url);
        let built = || self.builder(way).http1_only().build().map_err(|error| deepest(&error));
        self.upgrading[way as usize].get_or_init(built).as_ref()
    }

    fn builder(&self, way: Transport) -> reqwest::ClientBuilder {
        let builder = Client::builder()
            .user_agent(concat!("rungate/", env!("CARGO_PKG_VERSION")))
            .redirect(redirect::Policy::none())
            .connect_timeout(self.limit);
        match way {
            Transport::Outside => builder,
            Transport::Here => builder.no_proxy(),
            Transport::HerePlain => builder.no_proxy().tls_certs_only([]),
        }
    }
}

/// Whether a URL leads to this machine itself.
pub(crate) fn is_loopback(url: &Url) -> bool {
    match url.host() {
        Some(Host::Domain(name)) => name == "localhost",
        Some(Host::Ipv4(address)) => IpAddr::V4(address).is_loopback(),
        Some(Host::Ipv6(address)) => IpAddr::V6(address).is_loopback(),
        None => false,
    }
}

async fn exchange(
    client: &Client,
    url: &Url,
    token: Option<&SecretString>,
) -> Result<HttpAnswer, NoHttpAnswer> {
    let mut request = client.get(url.clone()).header(ACCEPT, ACCEPTED).header(ACCEPT_ENCODING, "identity");
    if let Some(token) = token {
        request = bearer(request, token)?;
    }
    let response = request.send().await.map_err(|error| unanswered(&error))?;
    answer_of(response).await
}

/// Why a request got no answer.
fn unanswered(error: &reqwest::Error) -> NoHttpAnswer {
    let detail = deepest(error);
    match tls::trouble(error) {
        Some(trouble) => NoHttpAnswer::Tls { trouble, detail },
        None if error.is_connect() => NoHttpAnswer::Connect { detail },
        None => NoHttpAnswer::Inconclusive { detail },
    }
}

/// The request with an ID token for Cloud Run's front end.
fn bearer(
    request: reqwest::RequestBuilder,
    token: &SecretString,
) -> Result<reqwest::RequestBuilder, NoHttpAnswer> {
    let mut value = HeaderValue::from_str(&format!("Bearer {}", token.expose_secret().trim()))
        // The source could only tempt to show the value.
        .map_err(|_no_header| NoHttpAnswer::NotAsked {
            detail: "no header can carry the ID token".to_owned(),
        })?;
    value.set_sensitive(true);
    Ok(request.header(SERVERLESS_AUTHORIZATION, value))
}

/// The whole answer, its body bounded.
async fn answer_of(mut response: reqwest::Response) -> Result<HttpAnswer, NoHttpAnswer> {
    let header = |name| response.headers().get(name).and_then(|value| value.to_str().ok()).map(str::to_owned);
    let mut answer = HttpAnswer {
        status: response.status().as_u16(),
        content_type: header(CONTENT_TYPE),
        location: header(LOCATION),
        encoding: header(CONTENT_ENCODING)
            .filter(|encoding| !encoding.trim().eq_ignore_ascii_case("identity")),
        headers: lines(response.headers()),
        body: Vec::new(),
        truncated: false,
    };
    while let Some(chunk) =
        response.chunk().await.map_err(|error| NoHttpAnswer::Inconclusive { detail: deepest(&error) })?
    {
        let room = LONGEST_BODY - answer.body.len();
        answer.body.extend_from_slice(&chunk[..chunk.len().min(room)]);
        if chunk.len() > room {
            answer.truncated = true;
            break;
        }
    }
    Ok(answer)
}

/// The header lines, as far as they are text.
fn lines(headers: &HeaderMap) -> Vec<(String, String)> {
    let text = |value: &HeaderValue| {
        crate::text::line_of(&String::from_utf8_lossy(value.as_bytes()), LONGEST_HEADER)
    };
    headers.iter().take(MOST_HEADERS).map(|(name, value)| (name.as_str().to_owned(), text(value))).collect()
}

/// The innermost error: the outer ones only say that something failed inside.
fn deepest(error: &dyn std::error::Error) -> String {
    let mut deepest = error;
    while let Some(source) = deepest.source() {
        deepest = source;
    }
    crate::text::line_of(&deepest.to_string(), 300)
}

#[cfg(test)]
mod tests {
    use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
    use tokio::net::TcpListener;

    use super::*;

    const LIMIT: Duration = Duration::from_secs(2);

    /// A service that answers its first request with these bytes, byte by byte from `drip` on, and closes.
    async fn service(answer: Vec<u8>, drip: usize) -> Url {
        let listener = TcpListener::bind(("127.0.0.1", 0)).await.unwrap();
        let address = listener.local_addr().unwrap();
        tokio::spawn(async move {
            let (mut stream, _) = listener.accept().await.unwrap();
            let mut request = [0; 4096];
            let read = stream.read(&mut request).await.unwrap();
            // "echo" gives the request back.
            let answer = if answer == b"echo" {
                let head = format!("HTTP/1.1 200 OK\r\nContent-Length: {read}\r\n\r\n");
                [head.as_bytes(), &request[..read]].concat()
            } else {
                answer
            };
            let (at_once, slowly) = answer.split_at(drip.min(answer.len()));
            drop(stream.write_all(at_once).await);
            for byte in slowly {
                tokio::time::sleep(Duration::from_millis(50)).await;
                if stream.write_all(&[*byte]).await.is_err() {
                    return;
                }
            }
        });
        Url::parse(&format!("http://{address}/health")).unwrap()
    }

    async fn get(answer: impl Into<Vec<u8>>) -> Result<HttpAnswer, NoHttpAnswer> {
        Http::new(LIMIT).get(&service(answer.into(), usize::MAX).await).await
    }

    #[tokio::test]
    async fn redirects_are_shown_and_not_followed() {
        let head = "HTTP/1.1 302 Found\r\nLocation: http://127.0.0.1:1/login\r\nContent-Length: 0\r\n\r\n";
        let answer = get(head).await.unwrap();
        assert_eq!((answer.status, answer.location.as_deref()), (302, Some("http://127.0.0.1:1/login")));
    }

    #[tokio::test]
    async fn a_body_is_whole_up_to_the_bound_and_cut_beyond() {
        for (length, truncated) in [(LONGEST_BODY, false), (LONGEST_BODY + 1, true), (3 * LONGEST_BODY, true)]
        {
            let head = format!("HTTP/1.1 200 OK\r\nContent-Length: {length}\r\n\r\n");
            let answer = get([head.into_bytes(), vec![b'x'; length]].concat()).await.unwrap();
            assert_eq!((answer.body.len(), answer.truncated), (LONGEST_BODY, truncated), "{length}");
        }
    }

    #[tokio::test]
    async fn a_drip_ends_with_the_time_out() {
        let head = b"HTTP/1.1 200 OK\r\nContent-Length: 1000\r\n\r\n";
        let url = service([&head[..], &[b'x'; 1000]].concat(), head.len()).await;
        let began = std::time::Instant::now();
        assert_eq!(Http::new(LIMIT).get(&url).await, Err(NoHttpAnswer::TimedOut { after: LIMIT }));
        assert!(began.elapsed() < crate::HANG);
    }

    #[tokio::test]
    async fn what_is_no_http_and_what_is_not_there_are_told_apart() {
        assert!(matches!(get(*b"\x00\x01\x02 no HTTP").await, Err(NoHttpAnswer::Inconclusive { .. })));
        let short = get("HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nabc").await;
        assert!(matches!(short, Err(NoHttpAnswer::Inconclusive { .. })), "{short:?}");
        let nobody = std::net::TcpListener::bind(("127.0.0.1", 0)).unwrap().local_addr().unwrap();
        let refused = Http::new(LIMIT).get(&Url::parse(&format!("http://{nobody}/")).unwrap()).await;
        assert!(matches!(refused, Err(NoHttpAnswer::Connect { .. })), "{refused:?}");
        let file = Http::new(LIMIT).get(&Url::parse("file:///etc/passwd").unwrap()).await;
        assert!(matches!(file, Err(NoHttpAnswer::NotAsked { .. })), "{file:?}");
    }

    #[tokio::test]
    async fn the_gate_says_who_it_is_and_asks_for_json() {
        let request = String::from_utf8(get("echo").await.unwrap().body).unwrap().to_lowercase();
        assert!(request.contains("user-agent: rungate/"), "{request}");
        assert!(request.contains("accept: application/health+json, application/json"), "{request}");
        assert!(request.contains("accept-encoding: identity"), "{request}");
    }
}

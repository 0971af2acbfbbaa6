//! Questions beyond `GET`: any method, headers and body, and connections that turn into WebSockets. The same bounds as
//! in the module above: one whole answer within a time limit, a bounded body, no redirect followed.

use std::time::Duration;

use aws_lc_rs::digest::{SHA1_FOR_LEGACY_USE_ONLY, digest};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use reqwest::Method;
use reqwest::header::{
    ACCEPT, ACCEPT_ENCODING, CONNECTION, HeaderMap, HeaderName, HeaderValue, SEC_WEBSOCKET_ACCEPT,
    SEC_WEBSOCKET_KEY, SEC_WEBSOCKET_PROTOCOL, SEC_WEBSOCKET_VERSION, UPGRADE,
};
use secrecy::SecretString;
use url::Url;

use super::{ACCEPTED, Http, NoHttpAnswer, answer_of, bearer, deepest, unanswered};
use crate::health::HttpAnswer;
use crate::probe::websocket::Talk;

/// A request. No `Debug`: its headers and its body may hold secrets.
pub struct Question<'a> {
    /// The method.
    pub method: Method,
    /// Where it goes. Whoever asks answers for the host.
    pub url: Url,
    /// Its headers, as far as they are the asker's.
    pub headers: HeaderMap,
    /// Its body.
    pub body: Option<Vec<u8>>,
    /// How long the whole answer may take, connecting included.
    pub limit: Duration,
    /// An ID token for Cloud Run's front end, as in [`Http::get_as`].
    pub token: Option<&'a SecretString>,
}

/// An answer with all its headers.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Reply {
    /// Status, body, and what everybody asks of it.
    pub answer: HttpAnswer,
    /// All headers.
    pub headers: HeaderMap,
}

/// What came of asking for a WebSocket.
pub enum Opened {
    /// There is one.
    Talk(Box<Talk>),
    /// The service, or what stands before it, answered something else.
    Refused(Box<Reply>),
}

impl Http {
    /// Asks, and takes the whole answer.
    ///
    /// # Errors
    /// No whole answer within the limit.
    pub async fn ask(&self, question: Question<'_>) -> Result<Reply, NoHttpAnswer> {
        let limit = question.limit;
        let exchange = async {
            let response = self.send(question, false).await?;
            reply(response).await
        };
        within(limit, exchange).await
    }

    /// Asks for a WebSocket, over HTTP/1.1 as RFC 6455 has it.
    ///
    /// # Errors
    /// No whole answer within the limit, or one that breaks the protocol.
    pub async fn open(
        &self,
        mut question: Question<'_>,
        protocol: Option<&str>,
    ) -> Result<Opened, NoHttpAnswer> {
        let limit = question.limit;
        let mut nonce = [0; 16];
        aws_lc_rs::rand::fill(&mut nonce)
            .map_err(|error| NoHttpAnswer::NotAsked { detail: error.to_string() })?;
        let key = STANDARD.encode(nonce);
        let set = |headers: &mut HeaderMap, name: HeaderName, value: &str| {
            let value = HeaderValue::from_str(value)
                .map_err(|error| NoHttpAnswer::NotAsked { detail: error.to_string() })?;
            headers.insert(name, value);
            Ok::<(), NoHttpAnswer>(())
        };
        set(&mut question.headers, CONNECTION, "Upgrade")?;
        set(&mut question.headers, UPGRADE, "websocket")?;
        set(&mut question.headers, SEC_WEBSOCKET_VERSION, "13")?;
        set(&mut question.headers, SEC_WEBSOCKET_KEY, &key)?;
        if let Some(protocol) = protocol {
            set(&mut question.headers, SEC_WEBSOCKET_PROTOCOL, protocol)?;
        }
        let exchange = async {
            let response = self.send(question, true).await?;
            if response.status() != reqwest::StatusCode::SWITCHING_PROTOCOLS {
                return Ok(Opened::Refused(Box::new(reply(response).await?)));
            }
            let shown = response.headers().get(SEC_WEBSOCKET_ACCEPT);
            if shown.is_none_or(|shown| shown.as_bytes() != accepts(&key).as_bytes()) {
                let detail = "it agrees to a WebSocket with a wrong Sec-WebSocket-Accept".to_owned();
                return Err(NoHttpAnswer::Inconclusive { detail });
            }
            let upgraded = response
                .upgrade()
                .await
                .map_err(|error| NoHttpAnswer::Inconclusive { detail: deepest(&error) })?;
            Ok(Opened::Talk(Box::new(Talk::over(upgraded))))
        };
        within(limit, exchange).await
    }

    async fn send(&self, question: Question<'_>, upgrade: bool) -> Result<reqwest::Response, NoHttpAnswer> {
        let Question { method, url, mut headers, body, token, .. } = question;
        if !matches!(url.scheme(), "http" | "https") {
            return Err(NoHttpAnswer::NotAsked { detail: "the URL is neither http nor https".to_owned() });
        }
        let client = if upgrade { self.upgrading_client(&url) } else { self.client(&url) };
        let client = client.map_err(|error| NoHttpAnswer::NotAsked { detail: error.clone() })?;
        if !headers.contains_key(ACCEPT) {
            headers.insert(ACCEPT, HeaderValue::from_static(ACCEPTED));
        }
        // What comes encoded is not unfolded: a few bytes may become gigabytes.
        headers.entry(ACCEPT_ENCODING).or_insert(HeaderValue::from_static("identity"));
        let mut request = client.request(method, url).headers(headers);
        if let Some(token) = token {
            request = bearer(request, token)?;
        }
        if let Some(body) = body {
            request = request.body(body);
        }
        request.send().await.map_err(|error| unanswered(&error))
    }
}

/// What a server shows that takes a handshake with this key for one of WebSockets (RFC 6455, section 4.2.2).
pub(crate) fn accepts(key: &str) -> String {
    let text = format!("{key}258EAFA5-E914-47DA-95CA-C5AB0DC85B11");
    STANDARD.encode(digest(&SHA1_FOR_LEGACY_USE_ONLY, text.as_bytes()))
}

async fn reply(response: reqwest::Response) -> Result<Reply, NoHttpAnswer> {
    let headers = response.headers().clone();
    Ok(Reply { answer: answer_of(response).await?, headers })
}

async fn within<T>(
    limit: Duration,
    exchange: impl Future<Output = Result<T, NoHttpAnswer>>,
) -> Result<T, NoHttpAnswer> {
    match tokio::time::timeout(limit, exchange).await {
        Ok(end) => end,
        Err(_) => Err(NoHttpAnswer::TimedOut { after: limit }),
    }
}

#[cfg(test)]
mod tests {
    #[test]
    fn the_handshake_is_that_of_the_rfc() {
        assert_eq!(super::accepts("dGhlIHNhbXBsZSBub25jZQ=="), "s3pPLMBiTxaQ9kYGzzhZRbK+xOo=");
    }
}

//! `GET /chat`: the end of the golden path. The upgrade always succeeds, as the incident's did; who the user is, is
//! asked after it.

use axum::extract::Request;
use axum::http::{HeaderValue, StatusCode, header};
use axum::response::{IntoResponse as _, Response};
use futures::{SinkExt as _, StreamExt as _};
use hyper_util::rt::TokioIo;
use serde_json::{Value, json};
use tokio::time::timeout;
use tokio_websockets::{CloseCode, Limits, Message, ServerBuilder};

use super::instance::Instance;
use super::journey;
use crate::probe::http::accepts;
use crate::sandbox::world::ChatRoute;

/// Messages are not read beyond this.
const LARGEST: usize = 16 * 1024;
/// A talk in which nobody says anything ends.
const IDLE: std::time::Duration = std::time::Duration::from_secs(30);

/// Opens a talk, where one is asked for.
pub(super) async fn open(instance: &Instance, mut request: Request) -> Response {
    let wants =
        header_of(&request, &header::UPGRADE).is_some_and(|value| value.eq_ignore_ascii_case("websocket"));
    let Some(key) = header_of(&request, &header::SEC_WEBSOCKET_KEY).filter(|_| wants) else {
        return StatusCode::UPGRADE_REQUIRED.into_response();
    };
    let shown = header_of(&request, &header::AUTHORIZATION);
    let token = shown.and_then(|value| value.strip_prefix("Bearer ").map(str::to_owned));
    let user = match token {
        Some(token) => journey::user(instance, &token).await,
        None => None,
    };
    let chat = instance.revision().code.chat;
    let upgrade = hyper::upgrade::on(&mut request);
    tokio::spawn(async move {
        if let Ok(upgraded) = upgrade.await {
            talk(TokioIo::new(upgraded), chat, user.map(|(_, email)| email)).await;
        }
    });
    let mut response = StatusCode::SWITCHING_PROTOCOLS.into_response();
    let headers = response.headers_mut();
    headers.insert(header::CONNECTION, HeaderValue::from_static("Upgrade"));
    headers.insert(header::UPGRADE, HeaderValue::from_static("websocket"));
    if let Ok(accepts) = HeaderValue::from_str(&accepts(&key)) {
        headers.insert(header::SEC_WEBSOCKET_ACCEPT, accepts);
    }
    response
}

fn header_of(request: &Request, name: &header::HeaderName) -> Option<String> {
    request.headers().get(name).and_then(|value| value.to_str().ok()).map(str::to_owned)
}

/// Greets each message of a user who is known; says why not, to anybody else.
async fn talk(
    stream: impl tokio::io::AsyncRead + tokio::io::AsyncWrite + Unpin,
    chat: ChatRoute,
    user: Option<String>,
) {
    let limits = Limits::default().max_payload_len(Some(LARGEST));
    let mut socket = ServerBuilder::new().limits(limits).serve(stream);
    let user = match (chat, user) {
        (ChatRoute::Answers, Some(user)) => user,
        (ChatRoute::Answers, None) => {
            let said = json!({"error": journey::INVALID}).to_string();
            drop(socket.send(Message::text(said)).await);
            return hang_up(&mut socket, CloseCode::POLICY_VIOLATION, journey::INVALID).await;
        }
        (ChatRoute::HangsUp, _) => {
            return hang_up(&mut socket, CloseCode::INTERNAL_SERVER_ERROR, "").await;
        }
    };
    while let Ok(Some(Ok(message))) = timeout(IDLE, socket.next()).await {
        let Some(text) = message.as_text() else { continue };
        let said: Value = serde_json::from_str(text).unwrap_or_default();
        let said = said.get("message").and_then(Value::as_str).unwrap_or_default();
        let reply =
            json!({"from": "assistant", "to": user, "reply": format!("you said: {said}")}).to_string();
        if socket.send(Message::text(reply)).await.is_err() {
            return;
        }
    }
}

async fn hang_up<S>(socket: &mut tokio_websockets::WebSocketStream<S>, code: CloseCode, reason: &str)
where
    S: tokio::io::AsyncRead + tokio::io::AsyncWrite + Unpin,
{
    drop(socket.send(Message::close(Some(code), reason)).await);
    // The other side's close, or its end.
    while let Ok(Some(Ok(_))) = timeout(IDLE, socket.next()).await {}
}

//! The incident's journey: a token is issued without the database, and validated with it.
//!
//! Tokens guard nothing here. They are signed so that the service can tell its own from any other text, which is
//! all that the journey needs.

use std::hash::{DefaultHasher, Hash as _, Hasher as _};

use axum::Json;
use axum::body::to_bytes;
use axum::extract::Request;
use axum::http::{StatusCode, header};
use axum::response::{IntoResponse as _, Response};
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use secrecy::ExposeSecret as _;
use serde_json::{Value, json};
use url::form_urlencoded;

use super::database;
use super::instance::Instance;

/// Bodies are not read beyond this.
const LARGEST_BODY: usize = 16 * 1024;

/// What is said whatever is wrong: the words that hid the incident's cause for days.
pub(super) const INVALID: &str = "Invalid token or user not found";

/// With what tokens are signed.
const SIGNING_SECRET: &str = "JWT_SECRET";

/// `POST /auth/token`: the token endpoint of OAuth (RFC 6749) for a form; for JSON (`{"user_id": 1}`) a token for that
/// user. By default the first user's.
pub(super) async fn issue(instance: &Instance, request: Request) -> Response {
    let kind = request.headers().get(header::CONTENT_TYPE).and_then(|value| value.to_str().ok());
    let form = kind.is_some_and(|kind| kind.starts_with("application/x-www-form-urlencoded"));
    let bytes = to_bytes(request.into_body(), LARGEST_BODY).await.unwrap_or_default();
    if form {
        let fields: Vec<(String, String)> = form_urlencoded::parse(&bytes).into_owned().collect();
        if let Some(refusal) = refuses(instance, &fields) {
            let body = Json(json!({"error": refusal}));
            let status =
                if refusal == "invalid_client" { StatusCode::UNAUTHORIZED } else { StatusCode::BAD_REQUEST };
            return (status, body).into_response();
        }
    }
    let body: Value = serde_json::from_slice(&bytes).unwrap_or_default();
    let id = body.get("user_id").and_then(Value::as_i64).unwrap_or(1);
    let token = token(instance, id);
    Json(json!({"access_token": token, "token": token, "token_type": "bearer", "expires_in": 3600}))
        .into_response()
}

/// Why the token endpoint gives nothing, in OAuth's words (RFC 6749, section 5.2).
fn refuses(instance: &Instance, fields: &[(String, String)]) -> Option<&'static str> {
    let field = |name: &str| fields.iter().find(|(known, _)| known == name).map(|(_, value)| value.as_str());
    if !matches!(field("grant_type"), Some("client_credentials" | "password" | "authorization_code")) {
        return Some("unsupported_grant_type");
    }
    // Where the pipeline knows a client, it is one that is registered here; else any may come.
    let clients = &instance.service().clients;
    let shown = field("client_secret").unwrap_or_default();
    let known = clients.iter().any(|client| client.expose_secret() == shown);
    (!clients.is_empty() && !known).then_some("invalid_client")
}

/// `POST /auth/validate-token-and-get-user`: who a token belongs to.
pub(super) async fn validate(instance: &Instance, request: Request) -> Response {
    let Some(body) = body(request).await else {
        let detail = Json(json!({"detail": "the body is no JSON"}));
        return (StatusCode::UNPROCESSABLE_ENTITY, detail).into_response();
    };
    let user = match body.get("token").and_then(Value::as_str) {
        Some(token) => user(instance, token).await,
        None => None,
    };
    Json(match user {
        Some((id, email)) => json!({"valid": true, "user": {"id": id, "email": email}}),
        None => json!({"valid": false, "error": INVALID}),
    })
    .into_response()
}

/// The user that a token belongs to; `None`: no valid token, no such user, or no way to find out.
pub(super) async fn user(instance: &Instance, token: &str) -> Option<(i64, String)> {
    let id = read(instance, token)?;
    Some((id, database::email(instance, id).await?))
}

async fn body(request: Request) -> Option<Value> {
    let bytes = to_bytes(request.into_body(), LARGEST_BODY).await.ok()?;
    serde_json::from_slice(&bytes).ok()
}

fn token(instance: &Instance, id: i64) -> String {
    let claims = URL_SAFE_NO_PAD.encode(json!({"sub": id}).to_string());
    let signature = sign(instance.variables.get(SIGNING_SECRET).unwrap_or(&instance.signing_key), &claims);
    format!("{claims}.{signature:016x}")
}

fn read(instance: &Instance, token: &str) -> Option<i64> {
    let (claims, signature) = token.split_once('.')?;
    let injected = instance.variables.get(SIGNING_SECRET).unwrap_or(&instance.signing_key);
    let key = instance.revision().code.checks_tokens_with.as_deref().unwrap_or(injected);
    if u64::from_str_radix(signature, 16).ok()? != sign(key, claims) {
        return None;
    }
    let claims: Value = serde_json::from_slice(&URL_SAFE_NO_PAD.decode(claims).ok()?).ok()?;
    claims.get("sub")?.as_i64()
}

fn sign(key: &str, claims: &str) -> u64 {
    let mut hasher = DefaultHasher::new();
    (key, claims).hash(&mut hasher);
    hasher.finish()
}

//! The incident's journey: a token is issued without the database, and validated with it.
//!
//! Tokens guard nothing here. They are signed so that the service can tell its own from any other text, which is
//! all that the journey needs.

use std::hash::{DefaultHasher, Hash as _, Hasher as _};

use axum::Json;
use axum::body::to_bytes;
use axum::extract::Request;
use axum::http::StatusCode;
use axum::response::{IntoResponse as _, Response};
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde_json::{Value, json};

use super::database;
use super::instance::Instance;

/// Bodies are not read beyond this.
const LARGEST_BODY: usize = 16 * 1024;

/// `POST /auth/token`: a token for the user that the body names (`{"user_id": 1}`; by default the first).
pub(super) async fn issue(instance: &Instance, request: Request) -> Response {
    let body = body(request).await.unwrap_or_default();
    let id = body.get("user_id").and_then(Value::as_i64).unwrap_or(1);
    Json(json!({"token": token(instance, id), "token_type": "bearer"})).into_response()
}

/// `POST /auth/validate-token-and-get-user`: who a token belongs to.
pub(super) async fn validate(instance: &Instance, request: Request) -> Response {
    let Some(body) = body(request).await else {
        let detail = Json(json!({"detail": "the body is no JSON"}));
        return (StatusCode::UNPROCESSABLE_ENTITY, detail).into_response();
    };
    let id = body.get("token").and_then(Value::as_str).and_then(|token| read(instance, token));
    let email = match id {
        Some(id) => database::email(instance, id).await,
        None => None,
    };
    let answer = match (id, email) {
        (Some(id), Some(email)) => json!({"valid": true, "user": {"id": id, "email": email}}),
        (Some(_) | None, _) => json!({"valid": false, "error": "Invalid token or user not found"}),
    };
    Json(answer).into_response()
}

async fn body(request: Request) -> Option<Value> {
    let bytes = to_bytes(request.into_body(), LARGEST_BODY).await.ok()?;
    serde_json::from_slice(&bytes).ok()
}

fn token(instance: &Instance, id: i64) -> String {
    let claims = URL_SAFE_NO_PAD.encode(json!({"sub": id}).to_string());
    let signature = sign(instance, &claims);
    format!("{claims}.{signature:016x}")
}

fn read(instance: &Instance, token: &str) -> Option<i64> {
    let (claims, signature) = token.split_once('.')?;
    if u64::from_str_radix(signature, 16).ok()? != sign(instance, claims) {
        return None;
    }
    let claims: Value = serde_json::from_slice(&URL_SAFE_NO_PAD.decode(claims).ok()?).ok()?;
    claims.get("sub")?.as_i64()
}

fn sign(instance: &Instance, claims: &str) -> u64 {
    let key = instance.variables.get("JWT_SECRET").unwrap_or(&instance.signing_key);
    let mut hasher = DefaultHasher::new();
    (key, claims).hash(&mut hasher);
    hasher.finish()
}

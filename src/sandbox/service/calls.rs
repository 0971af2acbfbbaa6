//! What the sample service does with other services of the pipeline: it asks how they are, and hands its users' tokens
//! to them.

use std::time::Duration;

use axum::Json;
use axum::extract::Request;
use axum::http::{StatusCode, header};
use axum::response::{IntoResponse as _, Response};
use serde_json::{Value, json};
use tokio::time::timeout;

use super::instance::Instance;
use super::journey;
use crate::sandbox::tokens;

/// How long another service may take: it answers always, and what is slow is this machine.
const PATIENCE: Duration = Duration::from_secs(60);

/// Whether each service that this one calls is well, by its short name.
pub(super) async fn states(instance: &Instance) -> Vec<(String, bool)> {
    let mut states = Vec::new();
    for key in &instance.service().calls {
        let Some(callee) = instance.cloud.world.services.iter().position(|one| one.key == *key) else {
            continue;
        };
        let (name, path) = {
            let service = &instance.cloud.world.services[callee];
            (service.name.clone(), service.health_path.clone())
        };
        let answer = ask(instance, callee, "GET", &path, None).await;
        states.push((name, answer.is_some_and(|answer| answer["status"] == "healthy")));
    }
    states
}

/// `GET /api/me`: who the user is, as the first service that this one calls knows him.
pub(super) async fn me(instance: &Instance, request: Request) -> Response {
    let token = request.headers().get(header::AUTHORIZATION).and_then(|value| value.to_str().ok());
    let token = token.and_then(|value| value.strip_prefix("Bearer ")).unwrap_or_default().to_owned();
    drop(request);
    let world = &instance.cloud.world;
    let first = instance.service().calls.first();
    let callee = first.and_then(|key| world.services.iter().position(|service| service.key == *key));
    let answer = match callee {
        Some(index) => {
            let body = json!({"token": token});
            ask(instance, index, "POST", "/auth/validate-token-and-get-user", Some(body)).await
        }
        None => None,
    };
    match answer {
        Some(answer) if answer["valid"] == true => Json(json!({"user": answer["user"]})).into_response(),
        Some(_) | None => {
            (StatusCode::UNAUTHORIZED, Json(json!({"error": journey::INVALID}))).into_response()
        }
    }
}

/// Asks another service over HTTP, as its caller in Cloud Run would.
async fn ask(
    instance: &Instance,
    callee: usize,
    method: &str,
    path: &str,
    body: Option<Value>,
) -> Option<Value> {
    let url = instance.cloud.url(callee);
    let method = reqwest::Method::from_bytes(method.as_bytes()).ok()?;
    let mut request = instance.cloud.client()?.request(method, format!("{url}{path}"));
    // Services of one pipeline may call each other, private or not.
    request = request.header("x-serverless-authorization", {
        format!("Bearer {}", tokens::id_token(&instance.cloud, &url))
    });
    if let Some(body) = body {
        request = request.header(header::CONTENT_TYPE, "application/json").body(body.to_string());
    }
    let bytes = timeout(PATIENCE, async { request.send().await.ok()?.bytes().await.ok() }).await.ok()??;
    serde_json::from_slice(&bytes).ok()
}

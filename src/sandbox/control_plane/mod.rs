//! Google's control plane over HTTP, derived from the world: one file an API.
//!
//! The resources are the official client libraries' own types, serialised by their own serialisers, so that their
//! shapes cannot drift; only enumerations are spelt out as Google's servers do.

mod ask;
mod compute;
mod error;
mod iam;
mod iam_credentials;
mod knative;
mod logging;
mod network_connectivity;
mod network_management;
mod project;
mod run;
mod secret_manager;
mod spelling;
mod sql;
mod troubleshooter;
mod vpc_access;

use std::sync::Arc;

use axum::Router;
use axum::extract::{Request, State};
use axum::http::StatusCode;
use axum::response::{IntoResponse as _, Response};
use serde_json::Value;
use tokio::net::TcpListener;
use tokio::sync::watch;

use super::cloud::Cloud;
use ask::Ask;
use error::Refusal;

/// What an API answers: a resource, or a refusal in Google's form.
type Reply = Result<Value, Refusal>;

/// The APIs; each takes the paths that are its own.
const APIS: &[fn(&Ask<'_>) -> Option<Reply>] = &[
    run::answer,
    knative::answer,
    vpc_access::answer,
    secret_manager::answer,
    sql::answer,
    project::answer,
    compute::answer,
    logging::answer,
    iam_credentials::answer,
    troubleshooter::answer,
    network_management::answer,
    network_connectivity::answer,
];

/// Longest request that is read, in bytes.
const LONGEST_BODY: usize = 1 << 20;

/// Answers until the sandbox ends.
pub(super) async fn serve(listener: TcpListener, cloud: Arc<Cloud>, mut stopped: watch::Receiver<()>) {
    let router = Router::new().fallback(answer).with_state(cloud);
    let end = async move { drop(stopped.changed().await) };
    // The accept loop of axum never ends with an error.
    drop(axum::serve(listener, router).with_graceful_shutdown(end).await);
}

async fn answer(State(cloud): State<Arc<Cloud>>, request: Request) -> Response {
    cloud.count(format!("{} {}", request.method(), request.uri().path()));
    if !cloud.latency.is_zero() {
        tokio::time::sleep(cloud.latency).await;
    }
    let (head, body) = request.into_parts();
    let Ok(body) = axum::body::to_bytes(body, LONGEST_BODY).await else {
        return StatusCode::PAYLOAD_TOO_LARGE.into_response();
    };
    let ask = Ask::new(&cloud, &head.method, &head.uri, &body);
    let reply = APIS.iter().find_map(|api| api(&ask)).unwrap_or_else(|| Err(Refusal::no_such_url(&ask)));
    match reply {
        Ok(found) => axum::Json(found).into_response(),
        Err(refusal) => refusal.into_response(),
    }
}

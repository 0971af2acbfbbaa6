//! Cloud Run's front end of one service: starts an instance at the first request, and hands requests to it.

use std::sync::Arc;

use axum::Router;
use axum::extract::{Request, State};
use axum::http::{StatusCode, header};
use axum::response::{IntoResponse as _, Response};
use tokio::net::TcpListener;
use tokio::sync::{OnceCell, watch};

use super::instance::Instance;
use crate::sandbox::cloud::Cloud;

/// What the front end says when an instance does not come up.
const NOT_STARTED: &str = "The request failed because the instance could not start successfully.";

/// The front end of one service.
struct FrontEnd {
    cloud: Arc<Cloud>,
    service: usize,
    /// The instance that serves; `None`: it could not start.
    instance: OnceCell<Option<Instance>>,
}

/// Answers at a service's URL until the sandbox ends.
pub(in crate::sandbox) async fn serve(
    listener: TcpListener,
    cloud: Arc<Cloud>,
    service: usize,
    mut stopped: watch::Receiver<()>,
) {
    let state = Arc::new(FrontEnd { cloud, service, instance: OnceCell::new() });
    let router = Router::new().fallback(answer).with_state(state);
    let end = async move { drop(stopped.changed().await) };
    // The accept loop of axum never ends with an error.
    drop(axum::serve(listener, router).with_graceful_shutdown(end).await);
}

async fn answer(State(front_end): State<Arc<FrontEnd>>, request: Request) -> Response {
    let start = async || Instance::start(&front_end.cloud, front_end.service);
    match front_end.instance.get_or_init(start).await {
        Some(instance) => instance.answer(request).await,
        None => {
            let text = [(header::CONTENT_TYPE, "text/plain; charset=utf-8")];
            (StatusCode::INTERNAL_SERVER_ERROR, text, NOT_STARTED).into_response()
        }
    }
}

//! Cloud Run's front end of one service: starts an instance at the first request, and hands requests to it.

use std::sync::Arc;

use axum::Router;
use axum::extract::{Request, State};
use axum::http::{StatusCode, header};
use axum::response::{Html, IntoResponse as _, Response};
use tokio::net::TcpListener;
use tokio::sync::{OnceCell, watch};

use super::instance::Instance;
use crate::sandbox::cloud::Cloud;
use crate::sandbox::tokens;
use crate::sandbox::world::Admits;

/// What the front end says when an instance does not come up.
const NOT_STARTED: &str = "The request failed because the instance could not start successfully.";

/// To which revision a URL of a service leads.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::sandbox) enum Leads {
    /// The service's own: to the one that has the traffic.
    Traffic,
    /// That of its tag: to the newest.
    Tag,
}

/// The front end of one URL of a service.
struct FrontEnd {
    cloud: Arc<Cloud>,
    service: usize,
    leads: Leads,
    /// The instance that serves; `None`: it could not start.
    instance: OnceCell<Option<Instance>>,
}

impl FrontEnd {
    /// The page for a request that is not let in.
    fn refuses(&self, request: &Request) -> Option<Response> {
        let service = self.cloud.world.services.get(self.service).filter(|service| !service.public)?;
        let shown = ["x-serverless-authorization", "authorization"]
            .iter()
            .find_map(|name| request.headers().get(*name)?.to_str().ok()?.strip_prefix("Bearer "));
        let path = request.uri().path();
        let Some(token) = shown else { return Some(forbidden(path)) };
        let taken = tokens::is_taken(&self.cloud, token, &[self.cloud.url(self.service)]);
        match service.gate {
            Admits::Account if taken => None,
            Admits::Nobody if taken => Some(forbidden(path)),
            Admits::Account | Admits::Nobody | Admits::NoToken => Some(unauthorized(path)),
        }
    }
}

/// Google's page for a caller who may not invoke, or who does not say who he is.
fn forbidden(path: &str) -> Response {
    let title = "403 Forbidden";
    let said = format!("get URL <code>{}</code> from this server", escaped(path));
    (StatusCode::FORBIDDEN, Html(page(title, "Forbidden", &said))).into_response()
}

/// Google's page for a token that is not taken.
fn unauthorized(path: &str) -> Response {
    let bad = "Bearer error=\"invalid_token\" error_description=\"The access token could not be verified\"";
    let said = format!("the requested URL <code>{}</code>", escaped(path));
    let body = Html(page("401 Unauthorized", "Unauthorized", &said));
    (StatusCode::UNAUTHORIZED, [(header::WWW_AUTHENTICATE, bad)], body).into_response()
}

fn page(title: &str, error: &str, said: &str) -> String {
    format!(
        "<html><head>\n<meta http-equiv=\"content-type\" content=\"text/html;charset=utf-8\">\n\
         <title>{title}</title>\n</head>\n<body text=#000000 bgcolor=#ffffff>\n<h1>Error: {error}</h1>\n\
         <h2>Your client does not have permission to {said}.</h2>\n<h2></h2>\n</body></html>\n"
    )
}

fn escaped(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;")
}

/// Answers at a service's URL until the sandbox ends.
pub(in crate::sandbox) async fn serve(
    listener: TcpListener,
    cloud: Arc<Cloud>,
    (service, leads): (usize, Leads),
    mut stopped: watch::Receiver<()>,
) {
    let state = Arc::new(FrontEnd { cloud, service, leads, instance: OnceCell::new() });
    let router = Router::new().fallback(answer).with_state(state);
    let end = async move { drop(stopped.changed().await) };
    // The accept loop of axum never ends with an error.
    drop(axum::serve(listener, router).with_graceful_shutdown(end).await);
}

async fn answer(State(front_end): State<Arc<FrontEnd>>, request: Request) -> Response {
    if let Some(refusal) = front_end.refuses(&request) {
        return refusal;
    }
    let start = async || Instance::start(&front_end.cloud, front_end.service, front_end.leads);
    match front_end.instance.get_or_init(start).await {
        Some(instance) => instance.answer(request).await,
        None => {
            let text = [(header::CONTENT_TYPE, "text/plain; charset=utf-8")];
            (StatusCode::INTERNAL_SERVER_ERROR, text, NOT_STARTED).into_response()
        }
    }
}

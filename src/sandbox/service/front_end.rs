//! Cloud Run's front end of one service: starts an instance at the first request, and hands requests to it.

use std::sync::Arc;

use axum::Router;
use axum::extract::{Request, State};
use axum::http::{StatusCode, header};
use axum::response::{Html, IntoResponse as _, Response};
use jiff::Timestamp;
use tokio::net::TcpListener;
use tokio::sync::{OnceCell, watch};

use super::instance::{Instance, Lost};
use crate::sandbox::cloud::{Cloud, Served};
use crate::sandbox::tokens;
use crate::sandbox::world::{Admits, DoorWorld};

/// What the front end says when an instance does not come up.
const NOT_STARTED: &str = "The request failed because the instance could not start successfully.";

/// What the log of requests says of whoever is not let in.
const REFUSED: &str = "The request was not authenticated. Either allow unauthenticated invocations or set the proper \
                       Authorization header.";
/// What it says of the others.
const NO_INSTANCE: &str = "The request was aborted because there was no available instance.";
const FAILED: &str = "The request failed because either the HTTP response was malformed or connection to the instance \
                      had an error.";
const TOO_LONG: &str = "The request has been terminated because it has reached the maximum request timeout.";

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
    let (url, user_agent) = (front_end.url(&request), agent(&request));
    let (response, reason) = front_end.respond(request).await;
    let logs = !matches!(reason, Reason::AtTheDoor);
    if let (Some(service), true) = (front_end.cloud.world.services.get(front_end.service), logs) {
        front_end.cloud.log_request(Served {
            service: service.name.clone(),
            url,
            user_agent,
            status: response.status().as_u16(),
            line: match reason {
                Reason::Instances(line) | Reason::Refuses(line) => Some(line),
                Reason::AtTheDoor | Reason::Service => None,
            },
            at: Timestamp::now(),
        });
    }
    response
}

/// Who answered, and why.
enum Reason {
    /// The service itself.
    Service,
    /// The front end, before the service was looked for: the log of requests has no entry.
    AtTheDoor,
    /// The front end, to a caller who may not invoke the service.
    Refuses(&'static str),
    /// The front end, for want of an instance that answers.
    Instances(&'static str),
}

impl FrontEnd {
    async fn respond(&self, request: Request) -> (Response, Reason) {
        let door = self.cloud.world.services.get(self.service).map(|service| service.door);
        match door.unwrap_or_default() {
            DoorWorld::Open => {}
            DoorWorld::InsideOnly => return (not_here(), Reason::AtTheDoor),
            DoorWorld::Login => return (login(), Reason::AtTheDoor),
            DoorWorld::Full => {
                let text = [(header::CONTENT_TYPE, "text/plain; charset=utf-8")];
                let answer = (StatusCode::TOO_MANY_REQUESTS, text, "Rate exceeded.").into_response();
                return (answer, Reason::Instances(NO_INSTANCE));
            }
        }
        if let Some(refusal) = self.refuses(&request) {
            return (refusal, Reason::Refuses(REFUSED));
        }
        let start = async || Instance::start(&self.cloud, self.service, self.leads);
        let text = [(header::CONTENT_TYPE, "text/plain; charset=utf-8")];
        let Some(instance) = self.instance.get_or_init(start).await else {
            let answer = (StatusCode::INTERNAL_SERVER_ERROR, text, NOT_STARTED).into_response();
            return (answer, Reason::Instances(NOT_STARTED));
        };
        match instance.answer(request).await {
            Ok(answer) => (answer, Reason::Service),
            Err(Lost::Ended) => {
                let answer = (StatusCode::SERVICE_UNAVAILABLE, text, "Service Unavailable").into_response();
                (answer, Reason::Instances(FAILED))
            }
            // It is not waited for: the time limit of the sandbox's services is none at all.
            Err(Lost::Silent) => {
                let answer = (StatusCode::GATEWAY_TIMEOUT, text, "upstream request timeout").into_response();
                (answer, Reason::Instances(TOO_LONG))
            }
        }
    }

    fn url(&self, request: &Request) -> String {
        format!("{}{}", self.cloud.url(self.service), request.uri())
    }
}

fn agent(request: &Request) -> String {
    let agent = request.headers().get(header::USER_AGENT).and_then(|value| value.to_str().ok());
    agent.unwrap_or_default().to_owned()
}

/// Google's page where there is nothing for this caller.
fn not_here() -> Response {
    let body = "<html><head>\n<meta http-equiv=\"content-type\" content=\"text/html;charset=utf-8\">\n\
                <title>404 Page not found</title>\n</head>\n<body text=#000000 bgcolor=#ffffff>\n\
                <h1>Error: Page not found</h1>\n<h2>The requested URL was not found on this server.</h2>\n<h2></h2>\n\
                </body></html>\n";
    (StatusCode::NOT_FOUND, Html(body)).into_response()
}

/// Identity-Aware Proxy sends whoever is nobody to Google's login.
fn login() -> Response {
    let to = "https://accounts.google.com/o/oauth2/v2/auth?client_id=sandbox&response_type=code";
    (StatusCode::FOUND, [(header::LOCATION.as_str(), to), ("x-goog-iap-generated-response", "true")])
        .into_response()
}

//! One instance of the sample service: its variables as injected at its start, its pool, its routes.

use std::sync::Arc;
use std::sync::atomic::AtomicUsize;

use axum::Json;
use axum::extract::Request;
use axum::http::{Method, StatusCode};
use axum::response::{Html, IntoResponse as _, Response};
use serde_json::json;
use tokio::sync::Semaphore;

use super::front_end::Leads;
use super::{calls, chat, health, journey};
use crate::sandbox::cloud::Cloud;
use crate::sandbox::random;
use crate::sandbox::world::{HealthRoute, Injected, RevisionWorld, ServiceWorld};

/// Connections that the instance keeps at most.
pub(super) const POOL: usize = 2;

/// The start page that a single-page application gives for every path.
const START_PAGE: &str =
    "<!doctype html><html><head><title>Auth</title></head><body><div id=\"root\"></div></body></html>";

/// A running instance.
pub(super) struct Instance {
    pub(super) cloud: Arc<Cloud>,
    service: usize,
    revision: usize,
    pub(super) variables: Injected,
    /// One permit a connection of the pool.
    pub(super) pool: Semaphore,
    /// How often health was asked.
    pub(super) asked: AtomicUsize,
    /// What tokens are signed with, where no variable says.
    pub(super) signing_key: String,
}

impl Instance {
    /// Starts an instance of the revision to which a URL leads; `None`: it does not come up.
    pub(super) fn start(cloud: &Arc<Cloud>, service: usize, leads: Leads) -> Option<Self> {
        let world = &cloud.world;
        let described = &world.services[service];
        let serving = match leads {
            Leads::Traffic => described.serving()?,
            Leads::Tag => described.tagged()?,
        };
        let revision = described.revisions.iter().position(|one| one.name == serving.name)?;
        // An instance from before the deploy still has what it was given then.
        let variables = match &serving.running {
            Some(variables) => variables.clone(),
            None => world.inject(serving).ok()?,
        };
        let pool = Semaphore::new(POOL);
        if serving.code.leaks_connections {
            // Its code took every connection for earlier requests and gave none back.
            pool.forget_permits(POOL);
        }
        Some(Self {
            cloud: Arc::clone(cloud),
            service,
            revision,
            variables,
            pool,
            asked: AtomicUsize::new(0),
            signing_key: random::word(32),
        })
    }

    pub(super) fn service(&self) -> &ServiceWorld {
        &self.cloud.world.services[self.service]
    }

    pub(super) fn revision(&self) -> &RevisionWorld {
        &self.service().revisions[self.revision]
    }

    /// Answers a request as the service's own code does; or it ends while it does.
    pub(super) async fn answer(&self, request: Request) -> Result<Response, Lost> {
        let path = request.uri().path();
        let reads = matches!(*request.method(), Method::GET | Method::HEAD);
        if reads && path == self.service().health_path {
            match self.revision().code.health {
                HealthRoute::Ends => return Err(Lost::Ended),
                HealthRoute::Hangs => return Err(Lost::Silent),
                HealthRoute::Reports
                | HealthRoute::Maintenance
                | HealthRoute::StartPage
                | HealthRoute::Absent
                | HealthRoute::Crashes
                | HealthRoute::Flaps => {}
            }
        }
        Ok(self.serve(request).await)
    }

    async fn serve(&self, request: Request) -> Response {
        let path = request.uri().path();
        let route = self.revision().code.health;
        let reads = matches!(*request.method(), Method::GET | Method::HEAD);
        // A liveness route, as frameworks bring one: the process runs, and nothing is said of what it needs.
        if reads && path == LIVENESS {
            return Json(json!({"status": "ok"})).into_response();
        }
        if reads && path == self.service().health_path {
            return match route {
                HealthRoute::Reports | HealthRoute::Flaps => health::report(self).await,
                HealthRoute::Maintenance => Json(json!({"status": "unhealthy"})).into_response(),
                HealthRoute::StartPage => Html(START_PAGE).into_response(),
                HealthRoute::Absent | HealthRoute::Ends | HealthRoute::Hangs => not_found(),
                HealthRoute::Crashes => {
                    let body = Json(json!({"message": "Internal Server Error"}));
                    (StatusCode::INTERNAL_SERVER_ERROR, body).into_response()
                }
            };
        }
        match (request.method(), path) {
            (&Method::POST, "/auth/token") => journey::issue(self, request).await,
            (&Method::POST, "/auth/validate-token-and-get-user") => journey::validate(self, request).await,
            (&Method::GET, "/chat") => chat::open(self, request).await,
            (&Method::GET, "/api/me") if !self.service().calls.is_empty() => calls::me(self, request).await,
            (&Method::GET, _) if route == HealthRoute::StartPage => Html(START_PAGE).into_response(),
            _ => not_found(),
        }
    }
}

/// Why no answer comes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Lost {
    /// The process ended.
    Ended,
    /// It takes longer than a request may.
    Silent,
}

/// Path of the liveness route.
const LIVENESS: &str = "/live";

fn not_found() -> Response {
    (StatusCode::NOT_FOUND, Json(json!({"detail": "Not Found"}))).into_response()
}

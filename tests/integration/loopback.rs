//! A control plane on loopback that answers as it is told, counts, and can hang, lie and stumble.

use std::collections::HashMap;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use axum::Router;
use axum::extract::{Request, State};
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use rungate::probe::google::{Auth, Endpoints, Google, Timeouts};
use rungate::text::vault::Vault;

/// One answer.
#[derive(Clone)]
pub(crate) enum Reply {
    /// This body with this status.
    Body(u16, String),
    /// None, ever.
    Silence,
}

/// A request as it came.
#[derive(Clone, Debug)]
pub(crate) struct Asked {
    /// Path without query.
    pub(crate) path: String,
    /// Query.
    pub(crate) query: String,
    /// The Authorization header.
    pub(crate) authorization: Option<String>,
    /// Body.
    pub(crate) body: String,
}

#[derive(Default)]
struct World {
    replies: Mutex<HashMap<String, Vec<Reply>>>,
    asked: Mutex<Vec<Asked>>,
}

/// The server; gone with its runtime.
pub(crate) struct Loopback {
    /// Its base URL, in gcloud's form: with the trailing slash.
    pub(crate) url: String,
    world: Arc<World>,
}

impl Loopback {
    pub(crate) async fn start() -> Self {
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}/", listener.local_addr().unwrap());
        let world = Arc::new(World::default());
        let app = Router::new().fallback(answer).with_state(Arc::clone(&world));
        tokio::spawn(async move { axum::serve(listener, app).await });
        Self { url, world }
    }

    /// The answers of a path, in turn; the last one again and again.
    pub(crate) fn answers(&self, path: &str, replies: impl IntoIterator<Item = Reply>) {
        let replies: Vec<Reply> = replies.into_iter().collect();
        self.world.replies.lock().unwrap().insert(path.to_owned(), replies);
    }

    /// A body that a path always answers with.
    pub(crate) fn serves(&self, path: &str, body: impl Into<String>) {
        self.answers(path, [Reply::Body(200, body.into())]);
    }

    /// Every request so far.
    pub(crate) fn asked(&self) -> Vec<Asked> {
        self.world.asked.lock().unwrap().clone()
    }

    /// How often a path was asked.
    pub(crate) fn count(&self, path: &str) -> usize {
        self.asked().iter().filter(|asked| asked.path == path).count()
    }

    /// All of Google's APIs here.
    pub(crate) fn endpoints(&self) -> Endpoints {
        let url = Some(self.url.clone());
        Endpoints {
            run: url.clone(),
            vpcaccess: url.clone(),
            secretmanager: url.clone(),
            sql: url.clone(),
            cloudresourcemanager: url.clone(),
            compute: url.clone(),
            logging: url.clone(),
            policytroubleshooter: url.clone(),
            networkmanagement: url.clone(),
            networkconnectivity: url.clone(),
            sts: url.clone(),
            iamcredentials: url,
        }
    }

    /// A client of it, asking as nobody, with little patience.
    pub(crate) fn google(&self) -> Google {
        self.google_as(Auth::Anonymous, &Arc::new(Vault::default()))
    }

    pub(crate) fn google_as(&self, auth: Auth, vault: &Arc<Vault>) -> Google {
        Google::new(&self.endpoints(), auth, Arc::clone(vault), impatient())
    }
}

/// Time limits for tests: a hung server ends a read in a second.
pub(crate) fn impatient() -> Timeouts {
    Timeouts {
        attempt: Duration::from_millis(600),
        total: Duration::from_secs(1),
        pause: Duration::from_millis(5),
    }
}

async fn answer(State(world): State<Arc<World>>, request: Request) -> Response {
    let (head, body) = request.into_parts();
    let body = axum::body::to_bytes(body, 1 << 20).await.unwrap();
    let uri = &head.uri;
    let authorization = head.headers.get("authorization");
    let asked = Asked {
        path: uri.path().to_owned(),
        query: uri.query().unwrap_or_default().to_owned(),
        authorization: authorization.map(|value| value.to_str().unwrap().to_owned()),
        body: String::from_utf8_lossy(&body).into_owned(),
    };
    world.asked.lock().unwrap().push(asked.clone());
    let reply = {
        let mut replies = world.replies.lock().unwrap();
        match replies.get_mut(&asked.path) {
            Some(replies) if replies.len() > 1 => Some(replies.remove(0)),
            Some(replies) => replies.first().cloned(),
            None => None,
        }
    };
    match reply {
        Some(Reply::Body(status, body)) => (StatusCode::from_u16(status).unwrap(), body).into_response(),
        Some(Reply::Silence) => std::future::pending().await,
        None => {
            let body = include_str!("../data/google/error-not-found.json");
            (StatusCode::NOT_FOUND, body).into_response()
        }
    }
}

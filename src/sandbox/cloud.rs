//! The world as it runs: its plain data, where its parts listen, and what it was asked.

use std::collections::BTreeMap;
use std::future;
use std::io;
use std::net::SocketAddr;
use std::sync::{Arc, Mutex, OnceLock, PoisonError};
use std::time::Duration;

use google_cloud_networkmanagement_v1::model::ConnectivityTest;
use google_cloud_run_v2::model::TrafficTarget;
use jiff::Timestamp;
use tokio::net::TcpStream;

use super::certificates::Authority;
use super::network::Delivery;
use super::random;
use super::world::World;

/// The running world, shared by everything that answers in it.
pub(super) struct Cloud {
    /// Everything that is true.
    pub(super) world: World,
    /// Where it listens.
    pub(super) places: Places,
    /// When it came to be: the time of the deploy.
    pub(super) since: Timestamp,
    /// How long the control plane takes for an answer.
    pub(super) latency: Duration,
    /// Signs the certificates of its database servers.
    pub(super) authority: Arc<Authority>,
    /// With what its ID tokens are signed.
    pub(super) signing_key: String,
    /// With what its services ask each other, without TLS.
    client: OnceLock<Option<reqwest::Client>>,
    requests: Mutex<BTreeMap<String, u64>>,
    logged: Mutex<Vec<Logged>>,
    served: Mutex<Vec<Served>>,
    tests: Mutex<BTreeMap<String, ConnectivityTest>>,
    moved: Mutex<BTreeMap<usize, Vec<TrafficTarget>>>,
}

/// A line that a service logged.
#[derive(Clone, Debug)]
pub(super) struct Logged {
    /// Short name of the service.
    pub(super) service: String,
    /// Short name of the revision.
    pub(super) revision: String,
    /// The line.
    pub(super) line: String,
    /// When.
    pub(super) at: Timestamp,
}

/// An entry of the log of requests, which the front end writes.
#[derive(Clone, Debug)]
pub(super) struct Served {
    /// Short name of the service.
    pub(super) service: String,
    /// The URL that was asked.
    pub(super) url: String,
    /// Who asked.
    pub(super) user_agent: String,
    /// Status of the answer.
    pub(super) status: u16,
    /// Why the front end answered in the service's place, where it did.
    pub(super) line: Option<&'static str>,
    /// When.
    pub(super) at: Timestamp,
}

/// Lines that are kept: a sandbox that runs for days must not grow.
const LOGGED: usize = 1000;

/// Where the world listens, all on loopback.
#[derive(Clone, Debug)]
pub(super) struct Places {
    /// Google's control plane.
    pub(super) control_plane: SocketAddr,
    /// The front end of each service, in the order of [`World::services`].
    pub(super) services: Vec<SocketAddr>,
    /// The front end of each service's tag, in the same order; `None`: it has none.
    pub(super) tagged: Vec<Option<SocketAddr>>,
    /// The server of each instance, in the order of [`World::instances`]; `None`: nothing listens.
    pub(super) instances: Vec<Option<SocketAddr>>,
    /// The server of each instance behind a proxy of Cloud SQL's, in the same order; `None`: nothing listens.
    pub(super) attached: Vec<Option<SocketAddr>>,
    /// The port for connectors of each instance, in the same order; `None`: it has no public address.
    pub(super) connectors: Vec<Option<SocketAddr>>,
    /// An address that is ours and on which nothing listens.
    pub(super) closed: SocketAddr,
}

impl Cloud {
    pub(super) fn new(world: World, places: Places, latency: Duration, authority: Arc<Authority>) -> Self {
        Self {
            authority,
            world,
            places,
            since: Timestamp::now(),
            latency,
            signing_key: random::word(32),
            client: OnceLock::new(),
            requests: Mutex::default(),
            logged: Mutex::default(),
            served: Mutex::default(),
            tests: Mutex::default(),
            moved: Mutex::default(),
        }
    }

    /// With what its services ask each other; `None`: it cannot be made here.
    pub(super) fn client(&self) -> Option<&reqwest::Client> {
        let made = || {
            let builder = reqwest::Client::builder().no_proxy().tls_certs_only([]);
            builder.redirect(reqwest::redirect::Policy::none()).build().ok()
        };
        self.client.get_or_init(made).as_ref()
    }

    /// Somebody makes a Connectivity Test.
    pub(super) fn make_test(&self, name: String, test: ConnectivityTest) {
        self.tests.lock().unwrap_or_else(PoisonError::into_inner).insert(name, test);
    }

    /// A Connectivity Test as it was made.
    pub(super) fn test(&self, name: &str) -> Option<ConnectivityTest> {
        self.tests.lock().unwrap_or_else(PoisonError::into_inner).get(name).cloned()
    }

    /// Deletes a Connectivity Test; whether it was there.
    pub(super) fn delete_test(&self, name: &str) -> bool {
        self.tests.lock().unwrap_or_else(PoisonError::into_inner).remove(name).is_some()
    }

    /// The Connectivity Tests that are there.
    pub(super) fn tests(&self) -> Vec<String> {
        self.tests.lock().unwrap_or_else(PoisonError::into_inner).keys().cloned().collect()
    }

    /// Counts a request to the control plane.
    pub(super) fn count(&self, request: String) {
        *self.requests.lock().unwrap_or_else(PoisonError::into_inner).entry(request).or_default() += 1;
    }

    /// How often the control plane was asked what.
    pub(super) fn requests(&self) -> BTreeMap<String, u64> {
        self.requests.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// A service writes a line to its log.
    pub(super) fn log(&self, service: &str, revision: &str, line: String) {
        let mut logged = self.logged.lock().unwrap_or_else(PoisonError::into_inner);
        if logged.len() < LOGGED {
            let (service, revision) = (service.to_owned(), revision.to_owned());
            logged.push(Logged { service, revision, line, at: Timestamp::now() });
        }
    }

    /// The front end writes an entry to the log of requests.
    pub(super) fn log_request(&self, served: Served) {
        let mut all = self.served.lock().unwrap_or_else(PoisonError::into_inner);
        if all.len() < LOGGED {
            all.push(served);
        }
    }

    /// The log of requests, the oldest first.
    pub(super) fn served(&self) -> Vec<Served> {
        self.served.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// Everything that services logged, the oldest first.
    pub(super) fn logged(&self) -> Vec<Logged> {
        self.logged.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// Somebody gives a service, by its position, another split of its traffic.
    pub(super) fn move_traffic(&self, service: usize, traffic: Vec<TrafficTarget>) {
        self.moved.lock().unwrap_or_else(PoisonError::into_inner).insert(service, traffic);
    }

    /// The split that somebody gave a service since the deploy.
    pub(super) fn moved(&self, service: usize) -> Option<Vec<TrafficTarget>> {
        self.moved.lock().unwrap_or_else(PoisonError::into_inner).get(&service).cloned()
    }

    /// The URL of a service, by its position.
    pub(super) fn url(&self, service: usize) -> String {
        self.places.services.get(service).map(|address| format!("http://{address}")).unwrap_or_default()
    }

    /// The URL of a service's tag, by the service's position.
    pub(super) fn tagged_url(&self, service: usize) -> Option<String> {
        self.places.tagged.get(service).copied().flatten().map(|address| format!("http://{address}"))
    }

    /// Lets the first packet of a connection meet its fate.
    pub(super) async fn deliver(&self, delivery: Delivery) -> io::Result<TcpStream> {
        let address = match delivery {
            Delivery::Dropped => return future::pending().await,
            Delivery::Delivered(instance) => self.places.instances.get(instance).copied().flatten(),
            Delivery::Attached(instance) => self.places.attached.get(instance).copied().flatten(),
            Delivery::Proxied(instance) => self.places.connectors.get(instance).copied().flatten(),
            Delivery::Refused => None,
        };
        TcpStream::connect(address.unwrap_or(self.places.closed)).await
    }

    /// Whether something of ours listens at this address.
    pub(super) fn is_ours(&self, address: SocketAddr) -> bool {
        let Places { control_plane, services, tagged, instances, attached, connectors, closed: _ } =
            &self.places;
        let listens = |places: &[Option<SocketAddr>]| places.contains(&Some(address));
        *control_plane == address
            || services.contains(&address)
            || [tagged, instances, attached, connectors].into_iter().any(|places| listens(places))
    }
}

//! Starting the sandbox, and what holds it.

use std::collections::BTreeMap;
use std::net::{Ipv4Addr, SocketAddr};
use std::sync::{Arc, OnceLock};
use std::time::Duration;
use std::{fmt, io};

use tokio::net::{TcpListener, TcpSocket};
use tokio::sync::watch;
use tokio::task::JoinSet;

use super::certificates::Authority;
use super::cloud::{Cloud, Places};
use super::faults::{Fault, When};
use super::place::ServiceDial;
use super::postgres::Door;
use super::service::Leads;
use super::world::World;
use super::{control_plane, postgres, service, tokens};
use crate::model::Target;
use crate::probe::dial::Dial;
use crate::probe::google::{Auth, Endpoints, Surroundings};

/// How the sandbox behaves beyond what the pipeline says.
#[derive(Clone, Copy, Debug, Default)]
pub struct SandboxOptions {
    /// How long the control plane takes for each answer; zero: at once. For benchmarks.
    pub latency: Duration,
}

/// Why the sandbox did not start.
#[derive(Debug)]
pub enum SandboxError {
    /// No free port on loopback.
    Listen(io::Error),
    /// No certificate could be made for a database server.
    Certificates(rcgen::Error),
    /// The pipeline has nothing that this fault could break.
    FaultDoesNotApply {
        /// Code of the fault.
        code: &'static str,
        /// Why not.
        reason: String,
    },
}

impl fmt::Display for SandboxError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Listen(error) => write!(f, "the sandbox cannot listen on 127.0.0.1: {error}"),
            Self::Certificates(error) => write!(f, "the sandbox cannot make certificates: {error}"),
            Self::FaultDoesNotApply { code, reason } => {
                write!(f, "the fault {code} does not apply to this pipeline: {reason}")
            }
        }
    }
}

impl std::error::Error for SandboxError {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        match self {
            Self::Listen(error) => Some(error),
            Self::Certificates(error) => Some(error),
            Self::FaultDoesNotApply { .. } => None,
        }
    }
}

impl From<io::Error> for SandboxError {
    fn from(error: io::Error) -> Self {
        Self::Listen(error)
    }
}

impl From<rcgen::Error> for SandboxError {
    fn from(error: rcgen::Error) -> Self {
        Self::Certificates(error)
    }
}

/// A running sandbox. Everything in it ends when it is dropped.
pub struct Sandbox {
    cloud: Arc<Cloud>,
    _tasks: JoinSet<()>,
    /// Closing it tells the HTTP connections, which their servers spawned on their own, to end.
    _stop: watch::Sender<()>,
    /// Bound and not listening: whoever connects is refused, and nobody else can take the port.
    _closed: TcpSocket,
}

impl fmt::Debug for Sandbox {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Sandbox").field("places", &self.cloud.places).finish_non_exhaustive()
    }
}

/// Starts the cloud that these services describe, broken in the ways that the faults say.
///
/// The services come from a plan of a filled-in pipeline ([`super::fill`]).
///
/// # Errors
///
/// [`SandboxError`]: no port is free, or a fault does not apply.
pub async fn start(
    targets: &[Arc<Target>],
    faults: &[&'static Fault],
    options: SandboxOptions,
) -> Result<Sandbox, SandboxError> {
    let world = build(targets, faults)?;
    let closed = TcpSocket::new_v4()?;
    closed.bind(SocketAddr::from((Ipv4Addr::LOCALHOST, 0)))?;
    let control = listen().await?;
    let mut services = Vec::new();
    for _ in &world.services {
        services.push(listen().await?);
    }
    let mut tags = Vec::new();
    for service in &world.services {
        tags.push(if service.tag.is_some() { Some(listen().await?) } else { None });
    }
    let mut servers = Vec::new();
    for instance in &world.instances {
        servers.push(if instance.listening { Some(listen().await?) } else { None });
    }

    let mut attached = Vec::new();
    for instance in &world.instances {
        attached.push(if instance.listening { Some(listen().await?) } else { None });
    }
    let mut connectors = Vec::new();
    for instance in &world.instances {
        let takes = instance.listening && instance.public().is_some();
        connectors.push(if takes { Some(listen().await?) } else { None });
    }
    let places = Places {
        control_plane: control.local_addr()?,
        services: services.iter().map(TcpListener::local_addr).collect::<Result<_, _>>()?,
        tagged: addresses(&tags)?,
        instances: addresses(&servers)?,
        attached: addresses(&attached)?,
        connectors: addresses(&connectors)?,
        closed: closed.local_addr()?,
    };
    let authority = authority()?;
    let cloud = Arc::new(Cloud::new(world, places, options.latency, authority));
    let (stop, stopped) = watch::channel(());
    let mut tasks = JoinSet::new();
    tasks.spawn(control_plane::serve(control, Arc::clone(&cloud), stopped.clone()));
    for (index, listener) in services.into_iter().enumerate() {
        tasks.spawn(service::serve(listener, Arc::clone(&cloud), (index, Leads::Traffic), stopped.clone()));
    }
    for (index, listener) in tags.into_iter().enumerate() {
        if let Some(listener) = listener {
            let tag = (index, Leads::Tag);
            tasks.spawn(service::serve(listener, Arc::clone(&cloud), tag, stopped.clone()));
        }
    }
    let doors = servers.into_iter().zip(attached).zip(connectors);
    for (index, ((listener, attached), connector)) in doors.enumerate() {
        let server = postgres::Server::new(Arc::clone(&cloud), index);
        if let Some(listener) = connector {
            let tls = postgres::of_connectors(&cloud, index)?;
            tasks.spawn(postgres::serve_connectors(listener, Arc::clone(&server), tls));
        }
        if let Some(listener) = listener {
            let tls = postgres::Tls::of(&cloud, index)?;
            tasks.spawn(postgres::serve(listener, Arc::clone(&server), tls, Door::Network));
        }
        if let Some(listener) = attached {
            tasks.spawn(postgres::serve(listener, server, None, Door::Connector));
        }
    }
    Ok(Sandbox { cloud, _tasks: tasks, _stop: stop, _closed: closed })
}

/// Who signs the certificates of the sandboxes' servers: one a process, for a key takes time that dozens of sandboxes side
/// by side do not have.
fn authority() -> Result<Arc<Authority>, rcgen::Error> {
    static MADE: OnceLock<Arc<Authority>> = OnceLock::new();
    if let Some(made) = MADE.get() {
        return Ok(Arc::clone(made));
    }
    let new = Arc::new(Authority::new("Google Cloud SQL Server CA (sandbox)")?);
    Ok(Arc::clone(MADE.get_or_init(|| new)))
}

/// The world as it is after the deploy: faults of before it, the deploy itself, faults of after it.
fn build(targets: &[Arc<Target>], faults: &[&'static Fault]) -> Result<World, SandboxError> {
    let mut world = World::describe(targets);
    let inject = |world: &mut World, when: When| {
        for fault in faults.iter().filter(|fault| fault.when == when) {
            fault
                .applies(world)
                .map_err(|reason| SandboxError::FaultDoesNotApply { code: fault.code(), reason })?;
            fault.inject(world);
        }
        Ok::<(), SandboxError>(())
    };
    inject(&mut world, When::BeforeDeploy)?;
    world.deploy();
    inject(&mut world, When::AfterDeploy)?;
    Ok(world)
}

fn addresses(listeners: &[Option<TcpListener>]) -> io::Result<Vec<Option<SocketAddr>>> {
    listeners.iter().map(|listener| listener.as_ref().map(TcpListener::local_addr).transpose()).collect()
}

async fn listen() -> io::Result<TcpListener> {
    TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await
}

impl Sandbox {
    /// Where its control plane answers, in gcloud's form.
    pub fn endpoints(&self) -> Endpoints {
        let url = || Some(format!("http://{}/", self.cloud.places.control_plane));
        Endpoints {
            run: url(),
            vpcaccess: url(),
            secretmanager: url(),
            sql: url(),
            cloudresourcemanager: url(),
            compute: Some(format!("http://{}/compute/v1/", self.cloud.places.control_plane)),
            logging: url(),
            policytroubleshooter: url(),
            networkmanagement: url(),
            networkconnectivity: url(),
            sts: None,
            iamcredentials: url(),
        }
    }

    /// As whom it is asked: its control plane wants no credentials, and gives ID tokens of one account.
    pub fn auth(&self) -> Auth {
        Auth::Environment(Box::new(Surroundings {
            disabled: true,
            impersonate: Some(tokens::GATE.to_owned()),
            ..Surroundings::default()
        }))
    }

    /// Names and connections as its services meet them.
    pub fn dial(&self) -> Arc<dyn Dial> {
        Arc::new(ServiceDial(Arc::clone(&self.cloud)))
    }

    /// How often its control plane was asked what (`GET /v2/projects/…`).
    pub fn requests(&self) -> BTreeMap<String, u64> {
        self.cloud.requests()
    }

    /// The Connectivity Tests that were made and not deleted.
    pub fn connectivity_tests(&self) -> Vec<String> {
        self.cloud.tests()
    }

    /// The URL of a service, by its key, as the control plane gives it.
    pub fn url(&self, key: &str) -> Option<String> {
        let index = self.cloud.world.services.iter().position(|service| service.key == key)?;
        Some(self.cloud.url(index))
    }

    /// Who signs the certificates of its database servers: what its control plane tells of.
    pub fn authority(&self) -> &Authority {
        &self.cloud.authority
    }

    /// Everything that is true in it.
    pub fn world(&self) -> &World {
        &self.cloud.world
    }
}

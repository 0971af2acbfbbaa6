//! The PostgreSQL server of an instance: its own protocol, SCRAM logins, its limits and its errors.

mod connectors;
mod error;
mod login;
mod query;
mod select;
mod settings;
mod statement;
mod tls;

use std::io;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use pgwire::api::PgWireServerHandlers;
use pgwire::api::auth::StartupHandler;
use pgwire::api::query::{ExtendedQueryHandler, SimpleQueryHandler};
use pgwire::tokio::process_socket;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpListener, TcpStream};
use tokio::task::JoinSet;

use super::cloud::Cloud;
use super::world::{InstanceWorld, Speaks};
use login::Login;
use query::Queries;

pub(super) use connectors::serve_connectors;
pub(super) use login::Door;
pub(super) use tls::{Tls, of_connectors};

/// `server_version`.
const VERSION: &str = "15.13";
/// `superuser_reserved_connections`: PostgreSQL's own default.
const RESERVED: usize = 3;

/// Answers on an instance's port until the sandbox ends; connections end with it.
pub(super) async fn serve(listener: TcpListener, server: Arc<Server>, tls: Option<Tls>, door: Door) {
    let login = Arc::new(Login::new(Arc::clone(&server), tls.as_ref(), door));
    let acceptor = tls.map(|tls| tls.acceptor);
    let mut connections = JoinSet::new();
    // An accept fails when the process is out of descriptors: nothing to answer with then.
    while let Ok((stream, _)) = listener.accept().await {
        while connections.try_join_next().is_some() {}
        let (server, login, acceptor) = (Arc::clone(&server), Arc::clone(&login), acceptor.clone());
        connections.spawn(async move {
            // A connection that breaks ends: there is nobody to tell.
            match server.world().speaks {
                Speaks::Postgres => {
                    let slot = Slot::take(&server);
                    drop(
                        process_socket(stream, acceptor, Session { server: Arc::clone(&server), login })
                            .await,
                    );
                    drop(slot);
                }
                Speaks::Http => drop(bad_request(stream).await),
                Speaks::Nothing => drop(hang_up(stream).await),
            }
        });
    }
}

/// What a web server answers to bytes that are no HTTP.
async fn bad_request(mut stream: TcpStream) -> io::Result<()> {
    let mut bytes = [0; 512];
    if stream.read(&mut bytes).await? > 0 {
        stream
            .write_all(b"HTTP/1.1 400 Bad Request\r\nConnection: close\r\nContent-Length: 0\r\n\r\n")
            .await?;
    }
    stream.shutdown().await
}

/// Hears, and says nothing.
async fn hang_up(mut stream: TcpStream) -> io::Result<()> {
    let mut bytes = [0; 512];
    let _heard = stream.read(&mut bytes).await?;
    stream.shutdown().await
}

/// The server of one instance.
pub(super) struct Server {
    cloud: Arc<Cloud>,
    instance: usize,
    /// Connections that clients hold now, this moment's logins included.
    connections: AtomicUsize,
}

impl Server {
    pub(super) fn new(cloud: Arc<Cloud>, instance: usize) -> Arc<Self> {
        Arc::new(Self { cloud, instance, connections: AtomicUsize::new(0) })
    }

    fn world(&self) -> &InstanceWorld {
        &self.cloud.world.instances[self.instance]
    }

    /// Slots that are left, the asking connection's own already taken; below zero: it got none.
    fn free_slots(&self) -> Option<usize> {
        let world = self.world();
        let taken = world.held_connections + self.connections.load(Ordering::Relaxed);
        world.max_connections.checked_sub(taken)
    }
}

/// A connection's place among `max_connections`, given back when dropped.
struct Slot(Arc<Server>);

impl Slot {
    fn take(server: &Arc<Server>) -> Self {
        server.connections.fetch_add(1, Ordering::Relaxed);
        Self(Arc::clone(server))
    }
}

impl Drop for Slot {
    fn drop(&mut self) {
        self.0.connections.fetch_sub(1, Ordering::Relaxed);
    }
}

/// What answers one connection.
struct Session {
    server: Arc<Server>,
    login: Arc<Login>,
}

impl PgWireServerHandlers for Session {
    fn startup_handler(&self) -> Arc<impl StartupHandler> {
        Arc::clone(&self.login)
    }

    fn simple_query_handler(&self) -> Arc<impl SimpleQueryHandler> {
        Arc::new(Queries::new(Arc::clone(&self.server)))
    }

    fn extended_query_handler(&self) -> Arc<impl ExtendedQueryHandler> {
        Arc::new(Queries::new(Arc::clone(&self.server)))
    }
}

//! The port at which an instance takes Cloud SQL's connectors: TLS with a certificate of the client's, and behind it the
//! server itself, which is asked for no TLS any more.

use std::io;
use std::sync::Arc;

use pgwire::tokio::{TlsAcceptor, process_socket_unix};
use tokio::io::copy_bidirectional;
use tokio::net::{TcpListener, TcpStream, UnixStream};
use tokio::task::JoinSet;

use super::login::{Door, Login};
use super::{Server, Session, Slot};

/// Answers there until the sandbox ends; connections end with it.
pub(in crate::sandbox) async fn serve_connectors(
    listener: TcpListener,
    server: Arc<Server>,
    tls: Option<TlsAcceptor>,
) {
    let Some(tls) = tls else { return };
    let login = Arc::new(Login::new(Arc::clone(&server), None, Door::Connector));
    let mut connections = JoinSet::new();
    // An accept fails when the process is out of descriptors: nothing to answer with then.
    while let Ok((stream, _)) = listener.accept().await {
        while connections.try_join_next().is_some() {}
        let session = Session { server: Arc::clone(&server), login: Arc::clone(&login) };
        let tls = tls.clone();
        // A connection that breaks ends: there is nobody to tell.
        connections.spawn(async move { drop(proxy(stream, tls, session).await) });
    }
}

async fn proxy(stream: TcpStream, tls: TlsAcceptor, session: Session) -> io::Result<()> {
    let mut outer = tls.accept(stream).await?;
    let (mut inner, server) = UnixStream::pair()?;
    let slot = Slot::take(&session.server);
    let answered = process_socket_unix(server, session);
    let (copied, answered) = tokio::join!(copy_bidirectional(&mut outer, &mut inner), answered);
    drop(slot);
    copied.map(drop).and(answered)
}

//! How the sample service reaches its database: by its variables, through the world's network.

use std::io;
use std::net::SocketAddr;
use std::time::Duration;

use tokio::net::TcpStream;
use tokio::sync::SemaphorePermit;
use tokio::task::AbortHandle;
use tokio::time::timeout;
use tokio_postgres::{Client, NoTls, SimpleQueryMessage};

use super::instance::Instance;
use super::variables::{By, Configured, way};
use crate::connection::{Authorities, Connection, DsnServer, SessionTarget, SslMode, Trust};
use crate::probe::postgres::{Stream, open_stream};
use crate::record::finding::PostgresFinding;
use crate::sandbox::network::{Delivery, connector, route, socket};

/// How long the service waits for a TCP connection whose packets are lost. Others are not measured by it: on a busy
/// machine many sandboxes share the processor, and a healthy world must not look ill for it.
const CONNECT_TIMEOUT: Duration = Duration::from_secs(1);
/// How long it waits for a place in its pool where none ever comes free.
const POOL_TIMEOUT: Duration = Duration::from_secs(2);
/// How long anything else may take: nothing hangs here, so that only a machine at its end gets there.
const SESSION_TIMEOUT: Duration = Duration::from_secs(60);

/// A session that ends with its value.
pub(super) struct Session {
    pub(super) client: Client,
    connection: AbortHandle,
}

impl Drop for Session {
    fn drop(&mut self) {
        self.connection.abort();
    }
}

/// Whether a connection comes about and answers; if not, the line that the service logs.
pub(super) async fn works(instance: &Instance) -> Result<(), String> {
    let _permit = place(instance).await?;
    let session = connect(instance).await?;
    match timeout(SESSION_TIMEOUT, session.client.simple_query("SELECT 1")).await {
        Ok(Ok(_)) => Ok(()),
        Ok(Err(error)) => Err(said(&error)),
        Err(_) => Err("connection failed: the query got no answer".to_owned()),
    }
}

/// The e-mail address of a user; `None`: no such user, or no way to find out.
pub(super) async fn email(instance: &Instance, id: i64) -> Option<String> {
    let _permit = place(instance).await.ok()?;
    let session = connect(instance).await.ok()?;
    let query = async { session.client.query_opt("SELECT id, email FROM users WHERE id = $1", &[&id]).await };
    let row = timeout(SESSION_TIMEOUT, query).await.ok()?.ok()??;
    row.try_get("email").ok()
}

async fn place(instance: &Instance) -> Result<SemaphorePermit<'_>, String> {
    let limit = if instance.revision().code.leaks_connections { POOL_TIMEOUT } else { SESSION_TIMEOUT };
    match timeout(limit, instance.pool.acquire()).await {
        Ok(Ok(permit)) => Ok(permit),
        Ok(Err(_)) | Err(_) => Err("QueuePool limit reached, connection timed out".to_owned()),
    }
}

/// Why no session came of a server.
enum Ended {
    /// libpq goes on to the next one.
    Next(String),
    /// It goes no further.
    Here(String),
}

/// A session with the first server of the list that takes one; else what libpq says of the last.
async fn connect(instance: &Instance) -> Result<Session, String> {
    let way = way(instance)?;
    let rounds: &[SessionTarget] = match way.target {
        SessionTarget::PreferStandby => &[SessionTarget::Standby, SessionTarget::Any],
        SessionTarget::Any => &[SessionTarget::Any],
        SessionTarget::ReadWrite => &[SessionTarget::ReadWrite],
        SessionTarget::ReadOnly => &[SessionTarget::ReadOnly],
        SessionTarget::Primary => &[SessionTarget::Primary],
        SessionTarget::Standby => &[SessionTarget::Standby],
    };
    let mut problem = "no host is given".to_owned();
    for wanted in rounds {
        for server in &way.servers {
            match session(instance, &way, server, *wanted).await {
                Ok(session) => return Ok(session),
                Err(Ended::Next(why)) => problem = why,
                Err(Ended::Here(why)) => return Err(why),
            }
        }
    }
    Err(problem)
}

async fn session(
    instance: &Instance,
    way: &Configured,
    server: &DsnServer,
    wanted: SessionTarget,
) -> Result<Session, Ended> {
    // A library of Cloud SQL's has made TLS already, as the proxy behind a socket has.
    let socket = server.host.starts_with('/') || way.by == By::Library;
    if socket && way.sslmode.requires_tls() {
        return Err(Ended::Here("server does not support SSL, but SSL was required".to_owned()));
    }
    let (stream, called) = dial(instance, way.by, server).await.map_err(Ended::Next)?;
    let failed = |why: &str| format!("connection to {called} failed: {why}");
    let sslmode = if socket { SslMode::Disable } else { way.sslmode };
    let opened = timeout(SESSION_TIMEOUT, secured(instance, stream, &server.host, sslmode)).await;
    let stream = match opened {
        Ok(Ok(stream)) => stream,
        Ok(Err(why)) => return Err(Ended::Here(failed(&why))),
        Err(_) => return Err(Ended::Next(failed("timeout expired"))),
    };
    let (client, connection) = match timeout(SESSION_TIMEOUT, way.config().connect_raw(stream, NoTls)).await {
        Ok(Ok(made)) => made,
        Ok(Err(error)) => {
            let starting = error.code().is_some_and(|code| code.code() == "57P03");
            let why = failed(&said(&error));
            return Err(if starting { Ended::Next(why) } else { Ended::Here(why) });
        }
        Err(_) => return Err(Ended::Next(failed("timeout expired"))),
    };
    let connection = tokio::spawn(async move { drop(connection.await) }).abort_handle();
    let session = Session { client, connection };
    match unwanted(&session.client, wanted).await {
        None => Ok(session),
        Some(why) => Err(Ended::Next(failed(why))),
    }
}

/// Why a session is not what `target_session_attrs` asks for, in libpq's words.
async fn unwanted(client: &Client, wanted: SessionTarget) -> Option<&'static str> {
    let asks = match wanted {
        SessionTarget::Any | SessionTarget::PreferStandby => return None,
        SessionTarget::ReadWrite
        | SessionTarget::ReadOnly
        | SessionTarget::Primary
        | SessionTarget::Standby => {
            "SELECT pg_is_in_recovery(), current_setting('default_transaction_read_only')"
        }
    };
    let Ok(Ok(answer)) = timeout(SESSION_TIMEOUT, client.simple_query(asks)).await else {
        return Some("could not determine the session's attributes");
    };
    let row = answer.iter().find_map(|message| {
        let SimpleQueryMessage::Row(row) = message else { return None };
        Some((row.get(0) == Some("t"), row.get(1) == Some("on")))
    });
    let (standby, default_read_only) = row?;
    let read_only = standby || default_read_only;
    match wanted {
        SessionTarget::ReadWrite if read_only => Some("session is read-only"),
        SessionTarget::ReadOnly if !read_only => Some("session is not read-only"),
        SessionTarget::Primary if standby => Some("server is in hot standby mode"),
        SessionTarget::Standby if !standby => Some("server is not in hot standby mode"),
        SessionTarget::Any
        | SessionTarget::PreferStandby
        | SessionTarget::ReadWrite
        | SessionTarget::ReadOnly
        | SessionTarget::Primary
        | SessionTarget::Standby => None,
    }
}

/// The stream of the session, with TLS as `sslmode` says; else what libpq says. The service holds the authority that the
/// control plane tells of.
async fn secured(
    instance: &Instance,
    stream: TcpStream,
    host: &str,
    sslmode: SslMode,
) -> Result<Box<dyn Stream>, String> {
    let authorities =
        Authorities::of_pem(instance.cloud.authority.pem.as_bytes(), "the service's authority", true);
    let connection = Connection {
        host: host.to_owned(),
        sslmode,
        trust: Trust { authorities: authorities.ok(), identity: None },
        ..Connection::default()
    };
    open_stream(stream, &connection, SESSION_TIMEOUT).await.map_err(|finding| match finding {
        PostgresFinding::TlsUnsupported { .. } => {
            "server does not support SSL, but SSL was required".to_owned()
        }
        PostgresFinding::CertificateInvalid { .. } => "SSL error: certificate verify failed".to_owned(),
        PostgresFinding::NameUnresolvable { .. }
        | PostgresFinding::Refused { .. }
        | PostgresFinding::TimedOut { .. }
        | PostgresFinding::Unreachable { .. }
        | PostgresFinding::NotPostgres { .. }
        | PostgresFinding::Cut { .. }
        | PostgresFinding::ClientCertificateRefused { .. }
        | PostgresFinding::TlsFailed { .. }
        | PostgresFinding::LoginRefused { .. }
        | PostgresFinding::ServerUnproven { .. }
        | PostgresFinding::SessionUnwanted { .. }
        | PostgresFinding::QueryFailed { .. } => "server closed the connection unexpectedly".to_owned(),
    })
}

/// What the server says, in libpq's form.
fn said(error: &tokio_postgres::Error) -> String {
    match error.as_db_error() {
        Some(error) => format!("{}:  {}", error.severity(), error.message()),
        None => "server closed the connection unexpectedly".to_owned(),
    }
}

/// The first packet's fate; `None`: it is lost, and the service has waited for it in vain.
pub(super) async fn reach(instance: &Instance, delivery: Delivery) -> Option<io::Result<TcpStream>> {
    let limit = match delivery {
        Delivery::Dropped => CONNECT_TIMEOUT,
        Delivery::Delivered(_) | Delivery::Attached(_) | Delivery::Proxied(_) | Delivery::Refused => {
            SESSION_TIMEOUT
        }
    };
    timeout(limit, instance.cloud.deliver(delivery)).await.ok()
}

/// A connection to a server, and what it is called; else what libpq says of it.
async fn dial(instance: &Instance, by: By, server: &DsnServer) -> Result<(TcpStream, String), String> {
    let world = &instance.cloud.world;
    let DsnServer { host, port } = server;
    let (called, deliveries): (String, Vec<Delivery>) = if by == By::Library {
        let delivery = connector(world, instance.service(), instance.revision(), host);
        (format!("Cloud SQL instance \"{host}\""), vec![delivery])
    } else if host.starts_with('/') {
        let delivery = socket(world, instance.service(), instance.revision(), host);
        (format!("server on socket \"{host}/.s.PGSQL.{port}\""), vec![delivery])
    } else {
        let route = |ip| route(world, instance.service(), instance.revision(), SocketAddr::new(ip, *port));
        let deliveries = world.resolve(host).into_iter().map(route).collect();
        (format!("server at \"{host}\", port {port}"), deliveries)
    };
    let mut problem =
        format!("could not translate host name \"{host}\" to address: Name or service not known");
    for delivery in deliveries {
        let why = match reach(instance, delivery).await {
            Some(Ok(stream)) => return Ok((stream, called)),
            Some(Err(_)) if host.starts_with("/cloudsql/") => {
                // Where the instance is attached the socket is there, and the proxy behind it hangs up.
                let attached = instance.revision().cloudsql.iter().any(|one| host.contains(one.as_str()));
                if attached {
                    "server closed the connection unexpectedly"
                } else {
                    "No such file or directory"
                }
            }
            Some(Err(_)) => "Connection refused",
            None => "timeout expired",
        };
        problem = format!("connection to {called} failed: {why}");
    }
    Err(problem)
}

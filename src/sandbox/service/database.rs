//! How the sample service reaches its database: by its variables, through the world's network.

use std::io;
use std::net::SocketAddr;
use std::time::Duration;

use secrecy::ExposeSecret as _;
use tokio::net::TcpStream;
use tokio::sync::SemaphorePermit;
use tokio::task::AbortHandle;
use tokio::time::timeout;
use tokio_postgres::config::Host;
use tokio_postgres::{Client, Config, NoTls};

use super::instance::Instance;
use crate::credential::{has_option, iam_account, mismatch};
use crate::probe::postgres::{Authorities, Connection, Dsn, SslMode, Stream, Trust, open_stream, parse_dsn};
use crate::run::finding::PostgresFinding;
use crate::sandbox::network::{Delivery, route, socket};
use crate::sandbox::tokens;

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

/// A session, where the variables and the network allow one; else what libpq says of it.
async fn connect(instance: &Instance) -> Result<Session, String> {
    let (mut config, sslmode) = config(instance).ok_or("the database is not configured")?;
    let socket = config.get_hosts().iter().any(|host| match host {
        Host::Tcp(host) => host.starts_with('/'),
        #[cfg(unix)]
        Host::Unix(_) => true,
    });
    if socket && sslmode.requires_tls() {
        return Err("server does not support SSL, but SSL was required".to_owned());
    }
    let (stream, server) = dial(instance, &config).await?;
    let opened = timeout(SESSION_TIMEOUT, secured(instance, stream, &config, socket, sslmode)).await;
    let stream = match opened {
        Ok(Ok(stream)) => stream,
        Ok(Err(why)) => return Err(format!("connection to {server} failed: {why}")),
        Err(_) => return Err(format!("connection to {server} failed: timeout expired")),
    };
    // TLS is made already, or not wanted.
    config.ssl_mode(tokio_postgres::config::SslMode::Disable);
    match timeout(SESSION_TIMEOUT, config.connect_raw(stream, NoTls)).await {
        Ok(Ok((client, connection))) => {
            let connection = tokio::spawn(async move { drop(connection.await) }).abort_handle();
            Ok(Session { client, connection })
        }
        Ok(Err(error)) => Err(format!("connection to {server} failed: {}", said(&error))),
        Err(_) => Err(format!("connection to {server} failed: timeout expired")),
    }
}

/// The stream of the session, with TLS as `sslmode` says; else what libpq says. The service holds the authority that the
/// control plane tells of.
async fn secured(
    instance: &Instance,
    stream: TcpStream,
    config: &Config,
    socket: bool,
    sslmode: SslMode,
) -> Result<Box<dyn Stream>, String> {
    let host = config.get_hosts().iter().find_map(|host| match host {
        Host::Tcp(host) => Some(host.clone()),
        #[cfg(unix)]
        Host::Unix(_) => None,
    });
    let authorities =
        Authorities::of_pem(instance.cloud.authority.pem.as_bytes(), "the service's authority", true);
    let sslmode = if socket { SslMode::Disable } else { sslmode };
    let connection = Connection {
        host: host.unwrap_or_default(),
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

/// The way to the database as the injected variables say it.
fn config(instance: &Instance) -> Option<(Config, SslMode)> {
    let variables = &instance.variables;
    let declared = instance.service().database.as_ref()?;
    let part = |name: Option<&str>| name.and_then(|name| variables.get(name)).map(str::to_owned);
    let mut dsn = match declared.url() {
        Some(name) => parse_dsn(variables.get(name).filter(|text| takes(name, text))?).ok()?,
        None => Dsn::default(),
    };
    if let Some(port) = part(declared.port()) {
        dsn.port = port.trim().parse().ok()?;
    }
    let socket = part(declared.instance()).map(|instance| format!("/cloudsql/{instance}"));
    let host = dsn.host.or(part(declared.host())).or(socket).filter(|host| !host.is_empty());
    let user = dsn.user.or(part(declared.user()));
    let password = dsn.password.or(part(declared.password()).map(Into::into));
    let mut config = Config::new();
    // What libpq takes where nothing is said.
    config.host(host.as_deref().unwrap_or("localhost"));
    config.port(dsn.port);
    config.user(user.as_deref().unwrap_or("postgres"));
    if let Some(password) = password {
        config.password(password.expose_secret());
    } else if let Some(account) = user.as_deref().and_then(iam_account) {
        // As the metadata server gives it: a token of the account that the revision runs as, whatever the user is.
        let own = &instance.revision().service_account;
        config.password(tokens::login_token(&instance.cloud, if *own == account { &account } else { own }));
    }
    if let Some(name) = dsn.database.or(part(declared.name())) {
        config.dbname(name);
    }
    if let Some(options) = dsn.options.as_deref().or_else(|| variables.get("PGOPTIONS")) {
        config.options(options);
    }
    let beside = variables.get(&format!("{}SSLMODE", declared.prefix()));
    // Without a word of either, the sample's driver asks for no TLS.
    let sslmode = match (dsn.sslmode, beside.and_then(|word| word.parse().ok())) {
        (SslMode::Prefer, Some(beside)) => beside,
        (SslMode::Prefer, None) => SslMode::Disable,
        (stated, _) => stated,
    };
    Some((config, sslmode))
}

/// Whether the driver that a connection string names takes it, as SQLAlchemy's dialects do.
fn takes(variable: &str, text: &str) -> bool {
    mismatch(variable, text, |key| has_option(text, key)).is_none()
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

/// A connection to the first host that answers, and what it is called; else what libpq says of the last.
async fn dial(instance: &Instance, config: &Config) -> Result<(TcpStream, String), String> {
    let world = &instance.cloud.world;
    let port = config.get_ports().first().copied().unwrap_or(5432);
    let mut problem = "no host is given".to_owned();
    for host in config.get_hosts() {
        let (server, deliveries): (String, Vec<Delivery>) = match host {
            Host::Tcp(host) if host.starts_with('/') => on_socket(instance, host, port),
            Host::Tcp(host) => {
                let route =
                    |ip| route(world, instance.service(), instance.revision(), SocketAddr::new(ip, port));
                (
                    format!("server at \"{host}\", port {port}"),
                    world.resolve(host).into_iter().map(route).collect(),
                )
            }
            #[cfg(unix)]
            Host::Unix(folder) => on_socket(instance, &folder.to_string_lossy(), port),
        };
        if deliveries.is_empty() {
            let name = server.split('"').nth(1).unwrap_or_default();
            problem =
                format!("could not translate host name \"{name}\" to address: Name or service not known");
        }
        for delivery in deliveries {
            problem = match reach(instance, delivery).await {
                Some(Ok(stream)) => return Ok((stream, server)),
                Some(Err(_)) if server.contains("/cloudsql/") => {
                    // Where the instance is attached the socket is there, and the proxy behind it hangs up.
                    let attached =
                        instance.revision().cloudsql.iter().any(|one| server.contains(one.as_str()));
                    let why = if attached {
                        "server closed the connection unexpectedly"
                    } else {
                        "No such file or directory"
                    };
                    format!("connection to {server} failed: {why}")
                }
                Some(Err(_)) => format!("connection to {server} failed: Connection refused"),
                None => format!("connection to {server} failed: timeout expired"),
            };
        }
    }
    Err(problem)
}

fn on_socket(instance: &Instance, folder: &str, port: u16) -> (String, Vec<Delivery>) {
    let delivery = socket(&instance.cloud.world, instance.service(), instance.revision(), folder);
    (format!("server on socket \"{folder}/.s.PGSQL.{port}\""), vec![delivery])
}

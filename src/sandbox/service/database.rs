//! How the sample service reaches its database: by its variables, through the world's network.

use std::net::SocketAddr;
use std::str::FromStr as _;
use std::time::Duration;

use tokio::net::TcpStream;
use tokio::task::AbortHandle;
use tokio::time::timeout;
use tokio_postgres::config::{Host, SslMode};
use tokio_postgres::{Client, Config, NoTls};

use super::instance::Instance;
use crate::credential::{has_option, mismatch};
use crate::model::DatabaseVariables;
use crate::sandbox::network::{Delivery, route, socket};
use crate::sandbox::world::plain_scheme;

/// How long the service waits for one TCP connection: lost packets are noticed this soon.
pub(super) const CONNECT_TIMEOUT: Duration = Duration::from_secs(1);
/// How long it waits for a free place in its pool.
const POOL_TIMEOUT: Duration = Duration::from_secs(2);
/// How long a login or a query may take once there is a connection. Generous: on a busy machine many sandboxes share
/// the processor, and a healthy world must not look ill for it.
const SESSION_TIMEOUT: Duration = Duration::from_secs(8);

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

/// Whether a connection comes about and answers.
pub(super) async fn works(instance: &Instance) -> bool {
    let Ok(Ok(_permit)) = timeout(POOL_TIMEOUT, instance.pool.acquire()).await else { return false };
    let Some(session) = connect(instance).await else { return false };
    matches!(timeout(SESSION_TIMEOUT, session.client.simple_query("SELECT 1")).await, Ok(Ok(_)))
}

/// The e-mail address of a user; `None`: no such user, or no way to find out.
pub(super) async fn email(instance: &Instance, id: i64) -> Option<String> {
    let _permit = timeout(POOL_TIMEOUT, instance.pool.acquire()).await.ok()?.ok()?;
    let session = connect(instance).await?;
    let query = async { session.client.query_opt("SELECT id, email FROM users WHERE id = $1", &[&id]).await };
    let row = timeout(SESSION_TIMEOUT, query).await.ok()?.ok()??;
    row.try_get("email").ok()
}

/// A session, where the variables and the network allow one.
async fn connect(instance: &Instance) -> Option<Session> {
    let mut config = config(instance)?;
    let socket = config.get_hosts().iter().any(|host| match host {
        Host::Tcp(host) => host.starts_with('/'),
        #[cfg(unix)]
        Host::Unix(_) => true,
    });
    if socket && config.get_ssl_mode() == SslMode::Require {
        return None; // "server does not support SSL, but SSL was required"
    }
    // The sandbox's server offers no TLS, and the driver is built without.
    config.ssl_mode(SslMode::Disable);
    let login = async {
        let stream = dial(instance, &config).await?;
        config.connect_raw(stream, NoTls).await.ok()
    };
    let (client, connection) = timeout(SESSION_TIMEOUT, login).await.ok()??;
    let connection = tokio::spawn(async move { drop(connection.await) }).abort_handle();
    Some(Session { client, connection })
}

/// The way to the database as the injected variables say it.
fn config(instance: &Instance) -> Option<Config> {
    let variables = &instance.variables;
    match instance.service().database.as_ref()? {
        DatabaseVariables::Dsn(name) => {
            let text = variables.get(name).filter(|text| takes(name, text))?;
            Config::from_str(&plain_scheme(text)).ok()
        }
        DatabaseVariables::Parts { host, port, user, password, name } => {
            let part = |name: &Option<String>| name.as_deref().and_then(|name| variables.get(name));
            let mut config = Config::new();
            // What libpq takes where nothing is said.
            config.host(variables.get(host).filter(|host| !host.is_empty()).unwrap_or("localhost"));
            config.port(part(port).unwrap_or("5432").trim().parse().ok()?);
            config.user(part(user).unwrap_or("postgres"));
            if let Some(password) = part(password) {
                config.password(password);
            }
            if let Some(name) = part(name) {
                config.dbname(name);
            }
            let prefix = host.strip_suffix("HOST").unwrap_or("DB_");
            if variables.get(&format!("{prefix}SSLMODE")) == Some("require") {
                config.ssl_mode(SslMode::Require);
            }
            Some(config)
        }
    }
}

/// Whether the driver that a connection string names takes it, as SQLAlchemy's dialects do.
fn takes(variable: &str, text: &str) -> bool {
    mismatch(variable, text, |key| has_option(text, key)).is_none()
}

/// A connection to the first host that answers.
async fn dial(instance: &Instance, config: &Config) -> Option<TcpStream> {
    let world = &instance.cloud.world;
    let port = config.get_ports().first().copied().unwrap_or(5432);
    for host in config.get_hosts() {
        let deliveries: Vec<Delivery> = match host {
            Host::Tcp(host) if host.starts_with('/') => vec![socket(world, instance.revision(), host)],
            Host::Tcp(host) => world
                .resolve(host)
                .into_iter()
                .map(|ip| route(world, instance.service(), instance.revision(), SocketAddr::new(ip, port)))
                .collect(),
            #[cfg(unix)]
            Host::Unix(folder) => vec![socket(world, instance.revision(), &folder.to_string_lossy())],
        };
        for delivery in deliveries {
            if let Ok(Ok(stream)) = timeout(CONNECT_TIMEOUT, instance.cloud.deliver(delivery)).await {
                return Some(stream);
            }
        }
    }
    None
}

//! Logging in as the service would, and asking the least that proves that the database works.

use std::net::SocketAddr;
use std::time::Duration;

use secrecy::{ExposeSecret as _, SecretString};
use tokio::net::TcpStream;
use tokio::task::JoinHandle;
use tokio::time::timeout;
use tokio_postgres::config::{SslMode as DriverMode, SslNegotiation};
use tokio_postgres::tls::MakeTlsConnect;
use tokio_postgres::{Client, Config, NoTls, SimpleQueryMessage};
use tokio_postgres_rustls::MakeRustlsConnect;

use super::bounded::Bounded;
use super::dsn::SslMode;
use super::{Offer, errors, tls};
use crate::run::finding::PostgresFinding;

/// With what to log in.
#[derive(Clone, Debug)]
pub struct Login {
    /// User.
    pub user: String,
    /// Password; empty where none is injected: what that means is the server's to say.
    pub password: SecretString,
    /// Database.
    pub database: String,
    /// Host name as dialled, for TLS.
    pub host: String,
    /// TLS or not.
    pub sslmode: SslMode,
}

/// What PostgreSQL says of itself.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Server {
    /// `server_version`.
    pub version: String,
    /// Whether it is a standby.
    pub in_recovery: bool,
}

/// A logged-in connection; closed when dropped.
#[derive(Debug)]
pub struct Session {
    client: Client,
    driver: JoinHandle<()>,
    address: SocketAddr,
    /// Whether it is encrypted.
    pub tls: bool,
}

impl Drop for Session {
    fn drop(&mut self) {
        self.driver.abort();
    }
}

impl Session {
    /// Logs in over a connection on which `offer` was the answer to `SSLRequest`.
    ///
    /// # Errors
    /// The server refuses, TLS fails or is missing, or the connection ends.
    pub async fn login(
        stream: TcpStream,
        address: SocketAddr,
        offer: Offer,
        login: &Login,
        limit: Duration,
    ) -> Result<Self, PostgresFinding> {
        match timeout(limit, begin(stream, address, offer, login)).await {
            Ok(session) => session,
            Err(_elapsed) => Err(PostgresFinding::Cut {
                address,
                step: "login".to_owned(),
                detail: format!("no end of it within {} ms", limit.as_millis()),
            }),
        }
    }

    /// `SELECT 1`, and what the server says of itself, in one read-only transaction with a time-out of its own.
    ///
    /// # Errors
    /// A query fails, or the connection ends.
    pub async fn ask(&self, limit: Duration) -> Result<Server, PostgresFinding> {
        let statement_timeout = format!("SET LOCAL statement_timeout = {}", limit.as_millis());
        let questions = async {
            self.query("BEGIN READ ONLY").await?;
            self.query(&statement_timeout).await?;
            self.query("SELECT 1").await?;
            let version = self.query("SHOW server_version").await?;
            let in_recovery = self.query("SELECT pg_is_in_recovery()").await?;
            self.query("COMMIT").await?;
            Ok(Server { version: errors::bounded(&version), in_recovery: in_recovery == "t" })
        };
        timeout(limit, questions).await.unwrap_or_else(|_elapsed| {
            Err(PostgresFinding::Cut {
                address: self.address,
                step: "query".to_owned(),
                detail: format!("no answer within {} ms", limit.as_millis()),
            })
        })
    }

    /// The first column of the first row, or nothing.
    async fn query(&self, query: &str) -> Result<String, PostgresFinding> {
        let rows = self.client.simple_query(query).await.map_err(|error| match error.as_db_error() {
            Some(refusal) => PostgresFinding::QueryFailed {
                sqlstate: refusal.code().code().to_owned(),
                message: errors::bounded(refusal.message()),
                query: query.to_owned(),
            },
            None => errors::without_sqlstate(&error, self.address, "query"),
        })?;
        let first = rows.iter().find_map(|message| match message {
            SimpleQueryMessage::Row(row) => row.try_get(0).ok().flatten().map(str::to_owned),
            _ => None,
        });
        Ok(first.unwrap_or_default())
    }
}

async fn begin(
    stream: TcpStream,
    address: SocketAddr,
    offer: Offer,
    login: &Login,
) -> Result<Session, PostgresFinding> {
    let demanded = match login.sslmode {
        SslMode::Disable | SslMode::Allow | SslMode::Prefer => false,
        SslMode::Require | SslMode::VerifyCa | SslMode::VerifyFull => true,
    };
    let encrypt = offer == Offer::Tls && login.sslmode != SslMode::Disable;
    if demanded && !encrypt {
        return Err(PostgresFinding::TlsUnsupported { address, sslmode: login.sslmode.to_string() });
    }
    let mut config = Config::new();
    config
        .user(&login.user)
        .password(login.password.expose_secret())
        .dbname(&login.database)
        .application_name("rungate");
    let stream = Bounded::new(stream);
    let refused = |error: tokio_postgres::Error| match error.as_db_error() {
        Some(refusal) => PostgresFinding::LoginRefused {
            sqlstate: refusal.code().code().to_owned(),
            message: errors::bounded(refusal.message()),
            user: login.user.clone(),
            database: login.database.clone(),
            tls: encrypt,
        },
        None => errors::without_sqlstate(&error, address, "login"),
    };
    let (client, driver) = if encrypt {
        // SSLRequest was sent and answered already, so that the driver goes straight on to TLS.
        config.ssl_mode(DriverMode::Require).ssl_negotiation(SslNegotiation::Direct);
        let failed = |detail: String| PostgresFinding::TlsFailed { address, detail };
        let client = tls::client().map_err(|error| failed(error.to_string()))?;
        let mut maker = MakeRustlsConnect::new(client);
        let tls = MakeTlsConnect::<Bounded<TcpStream>>::make_tls_connect(&mut maker, &login.host)
            .map_err(|error| failed(error.to_string()))?;
        let (client, connection) = config.connect_raw(stream, tls).await.map_err(refused)?;
        (client, tokio::spawn(async move { drop(connection.await) }))
    } else {
        config.ssl_mode(DriverMode::Disable);
        let (client, connection) = config.connect_raw(stream, NoTls).await.map_err(refused)?;
        (client, tokio::spawn(async move { drop(connection.await) }))
    };
    Ok(Session { client, driver, address, tls: encrypt })
}

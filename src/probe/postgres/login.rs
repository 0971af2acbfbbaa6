//! The login that the service would make: TLS where asked for, then the start-up of a session.

use std::error::Error as _;
use std::io;
use std::net::SocketAddr;
use std::time::Duration;

use secrecy::ExposeSecret as _;
use tokio::net::TcpStream;
use tokio::task::JoinHandle;
use tokio::time::timeout;
use tokio_postgres::{Client, Config, NoTls};

use super::guard::{Guard, Refusal};
use super::tls::{Stream, handshake};
use super::{Bounds, Connection, SslAnswer, SslMode, Stop, ask_for_tls, bounded, connect, millis};
use crate::probe::dial::Dial;
use crate::run::finding::PostgresFinding;

/// How long the server may take to take leave.
const FAREWELL: Duration = Duration::from_millis(500);

/// The name under which the gate shows in `pg_stat_activity`.
const APPLICATION_NAME: &str = "rungate";

/// A session on the server. Dropped, it is cut; [`Session::close`] takes leave.
#[derive(Debug)]
pub struct Session {
    pub(super) client: Client,
    /// The address that answered.
    pub address: SocketAddr,
    /// Whether it is encrypted.
    pub tls: bool,
    driver: Driver,
}

/// The task that carries messages to and fro; it ends with its value.
#[derive(Debug)]
struct Driver(JoinHandle<()>);

impl Drop for Driver {
    fn drop(&mut self) {
        self.0.abort();
    }
}

impl Session {
    /// Ends the session as PostgreSQL expects it, so that the server logs no lost connection.
    pub async fn close(mut self) {
        drop(self.client);
        drop(timeout(FAREWELL, &mut self.driver.0).await);
    }
}

/// Logs in as the service would. Bounded by `bounds.connect` for TCP and `bounds.step` for all that follows.
pub async fn login(
    dial: &dyn Dial,
    from: &str,
    addresses: &[SocketAddr],
    connection: &Connection,
    bounds: Bounds,
) -> Result<Session, Stop> {
    let (stream, address) = connect(dial, from, addresses, bounds).await?;
    let session = async {
        let (stream, tls) = secure(dial, from, stream, address, connection, bounds).await?;
        start(stream, address, tls, connection).await
    };
    match timeout(bounds.step, session).await {
        Ok(end) => end,
        Err(_) => Err(cut(address, format!("no end of it within {} ms", millis(bounds.step))).into()),
    }
}

/// The login on a stream that stands, such as a socket's: without TLS of its own. Bounded by `bounds.step`.
///
/// # Errors
/// [`Stop`]: what the server did instead.
pub async fn login_over<S>(stream: S, connection: &Connection, bounds: Bounds) -> Result<Session, Stop>
where
    S: tokio::io::AsyncRead + tokio::io::AsyncWrite + Send + Unpin + 'static,
{
    let address = SocketAddr::from(([127, 0, 0, 1], connection.port));
    match timeout(bounds.step, start(Box::new(stream), address, false, connection)).await {
        Ok(end) => end,
        Err(_) => Err(cut(address, format!("no end of it within {} ms", millis(bounds.step))).into()),
    }
}

/// The stream on which the login goes on, and whether it is encrypted.
async fn secure(
    dial: &dyn Dial,
    from: &str,
    mut stream: TcpStream,
    address: SocketAddr,
    connection: &Connection,
    bounds: Bounds,
) -> Result<(Box<dyn Stream>, bool), Stop> {
    if connection.sslmode == SslMode::Disable {
        return Ok((Box::new(stream), false));
    }
    match ask_for_tls(&mut stream, address, bounds.step).await? {
        SslAnswer::Offered => Ok((handshake(stream, &connection.host, address).await?, true)),
        SslAnswer::NotOffered if connection.sslmode.requires_tls() => {
            let sslmode = connection.sslmode.to_string();
            Err(PostgresFinding::TlsUnsupported { address, sslmode }.into())
        }
        SslAnswer::NotOffered => Ok((Box::new(stream), false)),
        // The server said why over a connection that is spent now; asked again without TLS, it says so with an
        // SQLSTATE.
        SslAnswer::Error => {
            let (stream, _) = connect(dial, from, &[address], bounds).await?;
            Ok((Box::new(stream), false))
        }
    }
}

async fn start(
    stream: Box<dyn Stream>,
    address: SocketAddr,
    tls: bool,
    connection: &Connection,
) -> Result<Session, Stop> {
    let mut config = Config::new();
    config.user(&connection.user).dbname(&connection.database).application_name(APPLICATION_NAME);
    // TLS is made already, or not wanted.
    config.ssl_mode(tokio_postgres::config::SslMode::Disable);
    // Where nothing holds a password, the empty one is what a driver would send.
    config.password(connection.password.as_ref().map_or("", |password| password.expose_secret()));
    match config.connect_raw(Guard::new(stream), NoTls).await {
        Ok((client, driver)) => {
            // Its end shows at the client, too.
            let driver = Driver(tokio::spawn(async move { drop(driver.await) }));
            Ok(Session { client, address, tls, driver })
        }
        Err(error) => Err(match error.as_db_error() {
            Some(refused) => PostgresFinding::LoginRefused {
                sqlstate: sqlstate(refused.code().code()),
                message: bounded(refused.message()),
                user: connection.user.clone(),
                database: connection.database.clone(),
                tls,
            },
            None => cut(address, describe(&error)),
        }
        .into()),
    }
}

/// An SQLSTATE has five characters, digits and capitals; whatever else a server calls one is not repeated.
pub(super) fn sqlstate(code: &str) -> String {
    let well_formed =
        code.len() == 5 && code.bytes().all(|byte| byte.is_ascii_digit() || byte.is_ascii_uppercase());
    if well_formed { code.to_owned() } else { "XX000".to_owned() }
}

/// What ended a conversation that no error message of the server's ended.
pub(super) fn describe(error: &tokio_postgres::Error) -> String {
    if error.is_closed() {
        return "closed by the server".to_owned();
    }
    let Some(cause) = error.source() else { return bounded(&error.to_string()) };
    match cause.downcast_ref::<io::Error>() {
        Some(io) => match io.get_ref().and_then(|inner| inner.downcast_ref::<Refusal>()) {
            Some(refusal) => refusal.to_string(),
            None if io.raw_os_error().is_some() || io.kind() == io::ErrorKind::UnexpectedEof => {
                io.kind().to_string()
            }
            None => Refusal::NoMessage.to_string(),
        },
        None => bounded(&format!("{error}: {cause}")),
    }
}

fn cut(address: SocketAddr, detail: String) -> PostgresFinding {
    PostgresFinding::Cut { address, step: "login".to_owned(), detail }
}

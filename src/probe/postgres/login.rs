//! The login that the service would make: TLS as its `sslmode` says, then the start-up of a session.

use std::error::Error as _;
use std::io;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use futures::future::BoxFuture;
use secrecy::ExposeSecret as _;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::task::JoinHandle;
use tokio::time::timeout;
use tokio_postgres::config::SslNegotiation;
use tokio_postgres::{Client, Config};

use super::guard::{Guard, Refusal};
use super::progress::{Method, Progress, ServerError};
use super::secure::{Opened, TlsPolicy, endless, goes_on_without, refused, secure};
use super::stream::AsItIs;
use super::tls::{Secured, alert, detail, is_loss, loss, of_tls};
use super::{Bounds, Stop, connect};
use crate::connection::Connection;
use crate::probe::dial::Dial;
use crate::record::Inconclusive;
use crate::record::finding::{Ending, OtherEnd, OtherWay, PostgresFinding, Stage};
use crate::text::bounded;

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
    /// What the TLS handshake showed, where it is.
    pub secured: Option<Secured>,
    /// What the user was asked to prove themselves with.
    pub method: Method,
    /// What the guard saw of it.
    pub(super) progress: Arc<Progress>,
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

/// Logs in as the service would: by the first way of its `sslmode`, and by the second where libpq would take it.
///
/// libpq takes the second way after *any* refusal; the gate does not where the password was rejected: that could change
/// nothing, and a locked account is the user's. Each way is bounded by `bounds.connect` for TCP and `bounds.step` for
/// all that follows.
pub async fn login(
    dial: &dyn Dial,
    from: &str,
    addresses: &[SocketAddr],
    connection: &Connection,
    bounds: Bounds,
) -> Result<Session, Stop> {
    let (first, second) = TlsPolicy::of(connection.sslmode);
    let road = Road { dial, from, addresses, connection, bounds };
    let mut finding = match road.by(first, Proof::Password).await {
        Ok(session) => return Ok(session),
        Err(Ended { stop: Stop::Found(finding), .. }) => finding,
        Err(Ended { stop, .. }) => return Err(stop),
    };
    if goes_on_without(&finding) {
        let Some(second) = second else { return Err(finding.into()) };
        return match road.by(second, Proof::Password).await {
            Ok(session) => Ok(session),
            Err(further) if further.came_in() => Err(further.stop),
            // Without TLS it comes no further: what is wrong with TLS is what the service meets.
            Err(_) => Err(finding.into()),
        };
    }
    let PostgresFinding::LoginRefused { sqlstate, stage: Stage::BeforeProof, tls, other_way, .. } =
        &mut finding
    else {
        return Err(finding.into());
    };
    // 28000 before any password: the rules of `pg_hba.conf`, which depend on encryption.
    if sqlstate != "28000" {
        return Err(finding.into());
    }
    let tls = !*tls;
    let end = if tls && first == TlsPolicy::TlsIfOffered {
        OtherEnd::NotOffered // or TLS would have been made
    } else {
        let tried = match second {
            Some(second) => road.by(second, Proof::Password).await,
            // The service would not go there. Whether the server would let it tells why it does not let it here.
            None => road.by(if tls { TlsPolicy::Tls } else { TlsPolicy::Plain }, Proof::None).await,
        };
        match tried {
            Ok(session) if second.is_some() => return Ok(session),
            Ok(session) => {
                session.close().await;
                OtherEnd::Admitted
            }
            Err(further) if further.came_in() && second.is_some() => return Err(further.stop),
            Err(further) if further.came_in() => OtherEnd::Admitted,
            Err(ended) => other_end(ended.stop),
        }
    };
    *other_way = Some(OtherWay { tls, end });
    Err(finding.into())
}

/// Where the logins of one call go.
struct Road<'a> {
    dial: &'a dyn Dial,
    from: &'a str,
    addresses: &'a [SocketAddr],
    connection: &'a Connection,
    bounds: Bounds,
}

impl Road<'_> {
    fn by(&self, way: TlsPolicy, proof: Proof) -> BoxFuture<'_, Result<Session, Ended>> {
        let Self { connection, bounds, .. } = *self;
        Box::pin(async move {
            let (stream, address) = connect(self.dial, self.from, self.addresses, bounds).await?;
            let session = over(stream, address, connection, way, proof, bounds);
            let endless = || Err(Stop::from(endless("login", address, bounds)).into());
            timeout(bounds.step, session).await.unwrap_or_else(|_| endless())
        })
    }
}

/// The end of a login, and how far it had come.
struct Ended {
    stop: Stop,
    stage: Stage,
}

impl Ended {
    /// Whether the server had let the connection in: its rules took it, and it went on to the user.
    fn came_in(&self) -> bool {
        self.stage > Stage::BeforeProof
    }
}

impl From<Stop> for Ended {
    fn from(stop: Stop) -> Self {
        Self { stop, stage: Stage::BeforeProof }
    }
}

fn other_end(stop: Stop) -> OtherEnd {
    match stop {
        Stop::Found(PostgresFinding::LoginRefused { sqlstate, certificate_missed, .. }) => {
            OtherEnd::Refused { sqlstate, certificate_missed }
        }
        Stop::Found(PostgresFinding::ClientCertificateRefused { sent, alert, .. }) => {
            OtherEnd::Refused { sqlstate: alert, certificate_missed: !sent }
        }
        Stop::Found(PostgresFinding::TlsUnsupported { .. }) => OtherEnd::NotOffered,
        Stop::Found(_) | Stop::Inconclusive(_) => OtherEnd::Lost,
    }
}

/// With what the gate proves that it is the user.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Proof {
    /// With the password.
    Password,
    /// With nothing: the connection ends when the server asks.
    None,
}

/// The steps of a login on a connection that stands: for servers that are no TCP listener. Bounded by `bounds.step`.
///
/// # Errors
///
/// [`Stop`]: what the server did instead.
#[doc(hidden)]
pub async fn login_over<S>(stream: S, connection: &Connection, bounds: Bounds) -> Result<Session, Stop>
where
    S: AsyncRead + AsyncWrite + Send + Unpin + 'static,
{
    let address = SocketAddr::from(([127, 0, 0, 1], connection.port));
    let (way, _) = TlsPolicy::of(connection.sslmode);
    match timeout(bounds.step, over(stream, address, connection, way, Proof::Password, bounds)).await {
        Ok(Ok(session)) => Ok(session),
        Ok(Err(ended)) => Err(ended.stop),
        Err(_) => Err(endless("login", address, bounds).into()),
    }
}

/// The start-up of a session on a stream that is as it should be: no TLS is asked for. Not bounded in time.
pub(super) async fn within(
    opened: Opened,
    address: SocketAddr,
    connection: &Connection,
) -> Result<Session, Stop> {
    start(opened, address, connection, Proof::Password).await.map_err(|ended| ended.stop)
}

async fn over<S>(
    stream: S,
    address: SocketAddr,
    connection: &Connection,
    way: TlsPolicy,
    proof: Proof,
    bounds: Bounds,
) -> Result<Session, Ended>
where
    S: AsyncRead + AsyncWrite + Send + Unpin + 'static,
{
    let opened = secure(stream, address, connection, way, bounds).await?;
    start(opened, address, connection, proof).await
}

async fn start(
    opened: Opened,
    address: SocketAddr,
    connection: &Connection,
    proof: Proof,
) -> Result<Session, Ended> {
    let Opened { stream, secured } = opened;
    let progress = Arc::new(Progress::default());
    let mut config = Config::new();
    config.user(&connection.user).dbname(&connection.database).application_name(APPLICATION_NAME);
    if let Some(options) = &connection.options {
        config.options(options);
    }
    // The driver's words for a stream on which TLS is made, or not wanted: it asks for none itself.
    config.ssl_mode(tokio_postgres::config::SslMode::Require).ssl_negotiation(SslNegotiation::Direct);
    if proof == Proof::Password {
        // Where nothing holds a password, the empty one is what a driver would send.
        config.password(connection.password.as_ref().map_or("", |password| password.expose_secret()));
    }
    match config.connect_raw(Guard::new(stream, Arc::clone(&progress)), AsItIs).await {
        Ok((client, driver)) => {
            // Its end shows at the client, too.
            let driver = Driver(tokio::spawn(async move { drop(driver.await) }));
            let (tls, method) = (secured.is_some(), progress.method());
            Ok(Session { client, address, tls, secured, method, progress, driver })
        }
        Err(error) => {
            let stop = stop(&error, &progress, address, connection, secured.as_ref());
            Err(Ended { stop, stage: progress.stage() })
        }
    }
}

/// Why no session came about.
fn stop(
    error: &tokio_postgres::Error,
    progress: &Progress,
    address: SocketAddr,
    connection: &Connection,
    secured: Option<&Secured>,
) -> Stop {
    let by_driver = error.as_db_error().map(|refused| ServerError {
        sqlstate: sqlstate(refused.code().code()),
        message: bounded(refused.message()),
        routine: progress.error().and_then(|error| error.routine),
    });
    // The driver reads no message that is not UTF-8; the guard has seen its SQLSTATE.
    if let Some(refusal) = by_driver.or_else(|| progress.error()) {
        let missed = secured.is_some_and(Secured::certificate_missed);
        return refused(refusal, connection, progress.stage(), secured.is_some(), missed).into();
    }
    let io = error.source().and_then(|source| source.downcast_ref::<io::Error>());
    if let Some(error) = io.and_then(of_tls) {
        let asked = secured.filter(|secured| secured.certificate_asked);
        return alert(error, address, asked.map(|secured| secured.certificate_sent))
            .unwrap_or_else(|| PostgresFinding::TlsFailed { address, detail: detail(error) })
            .into();
    }
    if let Method::Other(number) = progress.method() {
        return Stop::Inconclusive(Inconclusive::Unavailable {
            what: format!("the login of user {}", bounded(&connection.user)),
            detail: format!(
                "the server asks for a way of authentication that the gate does not speak (number {number})"
            ),
        });
    }
    let ending = ending(error);
    // The driver's complaint about a proof has an error of its own; a message out of place has none.
    if ending == Ending::OutOfPlace && progress.proof_came() && error.source().is_some() {
        return PostgresFinding::ServerUnproven { address }.into();
    }
    PostgresFinding::Cut { address, step: "login".to_owned(), ending }.into()
}

/// An SQLSTATE has five characters, digits and capitals; whatever else a server calls one is not repeated.
pub(super) fn sqlstate(code: &str) -> String {
    let well_formed =
        code.len() == 5 && code.bytes().all(|byte| byte.is_ascii_digit() || byte.is_ascii_uppercase());
    if well_formed { code.to_owned() } else { "XX000".to_owned() }
}

/// What ended a conversation that no error message of the server's ended.
pub(super) fn ending(error: &tokio_postgres::Error) -> Ending {
    if error.is_closed() {
        return Ending::Closed;
    }
    let io = error.source().and_then(|source| source.downcast_ref::<io::Error>());
    let Some(io) = io else { return Ending::OutOfPlace };
    match io.get_ref().and_then(|inner| inner.downcast_ref::<Refusal>()) {
        Some(refusal) => refusal.ending(),
        None if io.raw_os_error().is_some() || is_loss(io.kind()) => loss(io.kind()),
        // The driver's own complaint about a message that it cannot read, or about SCRAM's.
        None => Ending::OutOfPlace,
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};

    use super::*;
    use crate::connection::SslMode;

    const PASSWORD: &str = "hunter2hunter2";

    /// What a login comes to where the server says these bytes, in parts of that size.
    async fn against(said: Vec<u8>, size: usize, sslmode: SslMode) -> String {
        let (client, mut server) = tokio::io::duplex(4096);
        let other_side = tokio::spawn(async move {
            let mut heard = [0; 1024];
            for part in said.chunks(size) {
                if server.read(&mut heard).await.unwrap_or(0) == 0 || server.write_all(part).await.is_err() {
                    return;
                }
            }
        });
        let connection = Connection {
            host: "localhost".to_owned(),
            user: "user".to_owned(),
            password: Some(PASSWORD.into()),
            database: "database".to_owned(),
            sslmode,
            ..Connection::default()
        };
        let bounds = Bounds { connect: Duration::from_millis(300), step: Duration::from_millis(300) };
        let end = format!("{:?}", login_over(client, &connection, bounds).await);
        other_side.abort();
        end
    }

    fn message() -> impl Strategy<Value = Vec<u8>> {
        let tag = prop::sample::select(b"RESNKZ1TCDv".as_slice());
        let body = prop_oneof![
            prop::collection::vec(any::<u8>(), 0..40),
            (0_u32..14, prop::collection::vec(any::<u8>(), 0..20)).prop_map(|(number, rest)| [
                &number.to_be_bytes()[..],
                &rest
            ]
            .concat()),
            Just(b"SFATAL\0C28000\0Mno\0\0".to_vec()),
            Just(b"\0\0\0\x0aSCRAM-SHA-256\0\0".to_vec()),
        ];
        (tag, body).prop_map(|(tag, body)| {
            let length = u32::try_from(body.len() + 4).unwrap();
            [&[tag], &length.to_be_bytes()[..], &body].concat()
        })
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(64))]

        /// Whatever a server says, a login ends, and nothing that it leaves shows the password.
        #[test]
        fn any_server_is_borne(
            messages in prop::collection::vec(message(), 0..6),
            size in 1_usize..400,
            sslmode in prop::sample::select(vec![SslMode::Disable, SslMode::Prefer, SslMode::Require]),
        ) {
            let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
            let end = runtime.block_on(against(messages.concat(), size, sslmode));
            prop_assert!(!end.contains(PASSWORD) && end.len() < 4096, "{}", end);
        }
    }
}

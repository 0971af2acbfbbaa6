//! From TCP to the stream on which a login goes on: SSLRequest, and TLS as libpq's `sslmode` says.

use std::net::SocketAddr;
use std::time::Duration;

use tokio::io::{AsyncRead, AsyncWrite};
use tokio::time::timeout;

use super::progress::ServerError;
use super::stream::{Plain, Stream};
use super::tls::{Secured, handshake};
use super::{Bounds, SslAnswer, Stop, ask_for_tls, connect, millis};
use crate::connection::{Connection, SslMode};
use crate::probe::dial::Dial;
use crate::record::finding::{Ending, PostgresFinding, Stage};

/// One way to a session.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum TlsPolicy {
    Plain,
    TlsIfOffered,
    Tls,
}

impl TlsPolicy {
    /// The way that an `sslmode` begins with, and the one that libpq takes after it.
    pub(super) fn of(sslmode: SslMode) -> (Self, Option<Self>) {
        match sslmode {
            SslMode::Disable => (Self::Plain, None),
            SslMode::Allow => (Self::Plain, Some(Self::Tls)),
            SslMode::Prefer => (Self::TlsIfOffered, Some(Self::Plain)),
            SslMode::Require | SslMode::VerifyCa | SslMode::VerifyFull => (Self::Tls, None),
        }
    }
}

/// The stream on which the login goes on.
pub(super) struct Opened {
    pub(super) stream: Box<dyn Stream>,
    /// What the handshake showed; `None`: it is not encrypted.
    pub(super) secured: Option<Secured>,
}

/// SSLRequest and TLS on a connection, as far as the way goes through them. Not bounded in time but for SSLRequest.
pub(super) async fn secure<S>(
    mut stream: S,
    address: SocketAddr,
    connection: &Connection,
    way: TlsPolicy,
    bounds: Bounds,
) -> Result<Opened, Stop>
where
    S: AsyncRead + AsyncWrite + Send + Unpin + 'static,
{
    let plain = |stream| Ok(Opened { stream: Box::new(Plain(stream)), secured: None });
    if way == TlsPolicy::Plain {
        return plain(stream);
    }
    match ask_for_tls(&mut stream, address, bounds.step).await? {
        SslAnswer::Offered => {
            let Connection { host, sslmode, trust, .. } = connection;
            let (stream, secured) = handshake(stream, host, address, *sslmode, trust).await?;
            Ok(Opened { stream, secured: Some(secured) })
        }
        SslAnswer::NotOffered if way == TlsPolicy::Tls => {
            let sslmode = connection.sslmode.to_string();
            Err(PostgresFinding::TlsUnsupported { address, sslmode }.into())
        }
        SslAnswer::NotOffered => plain(stream),
        SslAnswer::Error(error) => Err(refused(error, connection, Stage::BeforeProof, false, false).into()),
    }
}

/// The stream of a session by the first way of its `sslmode`: for clients that go on by themselves.
pub(crate) async fn open_stream<S>(
    stream: S,
    connection: &Connection,
    limit: Duration,
) -> Result<Box<dyn Stream>, PostgresFinding>
where
    S: AsyncRead + AsyncWrite + Send + Unpin + 'static,
{
    let address = SocketAddr::from(([127, 0, 0, 1], connection.port));
    let bounds = Bounds { connect: limit, step: limit };
    match secure(stream, address, connection, TlsPolicy::of(connection.sslmode).0, bounds).await {
        Ok(opened) => Ok(opened.stream),
        Err(Stop::Found(finding)) => Err(finding),
        Err(Stop::Inconclusive(_)) => Err(endless("TLS", address, bounds)),
    }
}

/// A refusal of the server's as a finding.
pub(super) fn refused(
    error: ServerError,
    connection: &Connection,
    stage: Stage,
    tls: bool,
    certificate_missed: bool,
) -> PostgresFinding {
    PostgresFinding::LoginRefused {
        sqlstate: error.sqlstate,
        message: error.message,
        user: connection.user.clone(),
        database: connection.database.clone(),
        tls,
        stage,
        certificate_missed,
        other_way: None,
        routine: error.routine,
    }
}

/// What the two sides come to about TLS.
#[derive(Clone, Debug, PartialEq)]
pub enum Agreement {
    /// The service asks for none.
    NotAsked,
    /// The server offers none, and the service goes on without.
    NotOffered,
    /// It is made.
    Secured(Secured),
    /// It fails so, and the service goes on without.
    Without(PostgresFinding),
}

/// Makes TLS as the service would, and hangs up before any login.
pub async fn agree_on_tls(
    dial: &dyn Dial,
    from: &str,
    addresses: &[SocketAddr],
    connection: &Connection,
    bounds: Bounds,
) -> Result<(Agreement, SocketAddr), Stop> {
    let (way, next) = TlsPolicy::of(connection.sslmode);
    let (stream, address) = connect(dial, from, addresses, bounds).await?;
    if way == TlsPolicy::Plain {
        return Ok((Agreement::NotAsked, address));
    }
    let opened = match timeout(bounds.step, secure(stream, address, connection, way, bounds)).await {
        Ok(opened) => opened,
        Err(_) => Err(endless("TLS", address, bounds).into()),
    };
    match opened {
        Ok(Opened { secured: Some(secured), .. }) => Ok((Agreement::Secured(secured), address)),
        Ok(Opened { secured: None, .. }) => Ok((Agreement::NotOffered, address)),
        Err(Stop::Found(finding)) if next.is_some() && goes_on_without(&finding) => {
            Ok((Agreement::Without(finding), address))
        }
        Err(stop) => Err(stop),
    }
}

/// Whether libpq's `prefer` goes on without TLS after this.
pub(super) fn goes_on_without(finding: &PostgresFinding) -> bool {
    match finding {
        PostgresFinding::CertificateInvalid { .. }
        | PostgresFinding::ClientCertificateRefused { .. }
        | PostgresFinding::TlsFailed { .. } => true,
        PostgresFinding::Cut { step, ending: Ending::Closed | Ending::Lost { .. }, .. } => step == "TLS",
        PostgresFinding::NameUnresolvable { .. }
        | PostgresFinding::Refused { .. }
        | PostgresFinding::TimedOut { .. }
        | PostgresFinding::Unreachable { .. }
        | PostgresFinding::NotPostgres { .. }
        | PostgresFinding::Cut { .. }
        | PostgresFinding::TlsUnsupported { .. }
        | PostgresFinding::LoginRefused { .. }
        | PostgresFinding::ServerUnproven { .. }
        | PostgresFinding::SessionUnwanted { .. }
        | PostgresFinding::QueryFailed { .. } => false,
    }
}

/// A step that did not end in its time.
pub(super) fn endless(step: &str, address: SocketAddr, bounds: Bounds) -> PostgresFinding {
    let ending = Ending::Endless { after_ms: millis(bounds.step) };
    PostgresFinding::Cut { address, step: step.to_owned(), ending }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_ways_are_libpqs() {
        for (sslmode, ways) in [
            (SslMode::Disable, (TlsPolicy::Plain, None)),
            (SslMode::Allow, (TlsPolicy::Plain, Some(TlsPolicy::Tls))),
            (SslMode::Prefer, (TlsPolicy::TlsIfOffered, Some(TlsPolicy::Plain))),
            (SslMode::Require, (TlsPolicy::Tls, None)),
            (SslMode::VerifyCa, (TlsPolicy::Tls, None)),
            (SslMode::VerifyFull, (TlsPolicy::Tls, None)),
        ] {
            assert_eq!(TlsPolicy::of(sslmode), ways, "{sslmode}");
        }
    }
}

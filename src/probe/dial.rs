//! Names and TCP connections: the one seam at which the sandbox stands in for a network.

use std::fmt::{self, Debug};
use std::io;
use std::net::{IpAddr, SocketAddr};
use std::time::Duration;

use dns_lookup::{AddrInfoHints, LookupError, LookupErrorKind, SockType};
use futures::future::BoxFuture;
use tokio::net::TcpStream;

/// The `from` of what is dialled from the gate's own place, and in no service's: the public network.
pub const OUTSIDE: &str = "";

/// Resolves names and makes TCP connections as checked from where a service stands.
///
/// `from` is the key of the service ([`crate::model::Target::key`]) in whose place the gate dials; the real
/// network ignores it, for it has one place only: this machine. Neither method bounds its own time.
pub trait Dial: Debug + Send + Sync {
    /// Every address of a host name; an address stands for itself.
    fn resolve<'a>(&'a self, from: &'a str, host: &'a str) -> BoxFuture<'a, io::Result<Vec<IpAddr>>>;

    /// One TCP connection.
    fn connect<'a>(&'a self, from: &'a str, address: SocketAddr) -> BoxFuture<'a, io::Result<TcpStream>>;

    /// How long it may be worth to wait for what time fixes there: a server that starts, a route that comes up.
    fn patience(&self) -> Duration {
        Duration::from_secs(60)
    }
}

/// Why a resolver gave no address; the inner error of what [`Dial::resolve`] gives, where the resolver says it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Unresolved {
    /// There is no such name, or it has no address (`EAI_NONAME`, `EAI_NODATA`).
    NoName,
    /// The resolver could not find out now (`EAI_AGAIN`).
    Again,
    /// The resolver failed for good (`EAI_FAIL`, and what else it knows).
    Failed,
}

impl fmt::Display for Unresolved {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::NoName => "no such name (EAI_NONAME)",
            Self::Again => "the resolver has a temporary failure (EAI_AGAIN)",
            Self::Failed => "the resolver failed (EAI_FAIL)",
        })
    }
}

impl std::error::Error for Unresolved {}

impl From<Unresolved> for io::Error {
    fn from(why: Unresolved) -> Self {
        let kind = match why {
            Unresolved::NoName => io::ErrorKind::NotFound,
            Unresolved::Again => io::ErrorKind::Interrupted,
            Unresolved::Failed => io::ErrorKind::Other,
        };
        Self::new(kind, why)
    }
}

/// The resolver's error by its number.
fn unresolved(error: LookupError) -> io::Error {
    match error.kind() {
        LookupErrorKind::NoName | LookupErrorKind::NoData => Unresolved::NoName.into(),
        LookupErrorKind::Again => Unresolved::Again.into(),
        LookupErrorKind::System | LookupErrorKind::Memory | LookupErrorKind::IO => error.into(),
        LookupErrorKind::Fail
        | LookupErrorKind::Badflags
        | LookupErrorKind::Family
        | LookupErrorKind::Socktype
        | LookupErrorKind::Service
        | LookupErrorKind::Unknown => Unresolved::Failed.into(),
    }
}

/// This machine's own resolver and network.
#[derive(Clone, Copy, Debug, Default)]
pub struct System;

impl Dial for System {
    fn resolve<'a>(&'a self, _from: &'a str, host: &'a str) -> BoxFuture<'a, io::Result<Vec<IpAddr>>> {
        Box::pin(async move {
            if let Ok(address) = host.parse() {
                return Ok(vec![address]);
            }
            let host = host.to_owned();
            // The system's resolver blocks.
            let found = tokio::task::spawn_blocking(move || {
                let hints = AddrInfoHints { socktype: SockType::Stream.into(), ..AddrInfoHints::default() };
                let found = dns_lookup::getaddrinfo(Some(&host), None, Some(hints)).map_err(unresolved)?;
                found.map(|one| one.map(|one| one.sockaddr.ip())).collect::<io::Result<Vec<IpAddr>>>()
            });
            let mut addresses = found.await.map_err(io::Error::other)??;
            addresses.dedup();
            Ok(addresses)
        })
    }

    fn connect<'a>(&'a self, _from: &'a str, address: SocketAddr) -> BoxFuture<'a, io::Result<TcpStream>> {
        Box::pin(TcpStream::connect(address))
    }
}

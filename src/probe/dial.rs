//! Names and TCP connections: the one seam at which the sandbox stands in for a network.

use std::fmt::Debug;
use std::io;
use std::net::{IpAddr, SocketAddr};

use futures::future::BoxFuture;
use tokio::net::TcpStream;

/// Resolves names and makes TCP connections as seen from where a service stands.
///
/// `from` is the key of the service ([`crate::plan::Target::key`]) in whose place the gate dials; the real
/// network ignores it, for it has one place only: this machine. Neither method bounds its own time.
pub trait Dial: Debug + Send + Sync {
    /// Every address of a host name; an address stands for itself.
    fn resolve<'a>(&'a self, from: &'a str, host: &'a str) -> BoxFuture<'a, io::Result<Vec<IpAddr>>>;

    /// One TCP connection.
    fn connect<'a>(&'a self, from: &'a str, address: SocketAddr) -> BoxFuture<'a, io::Result<TcpStream>>;
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
            let mut addresses: Vec<IpAddr> =
                tokio::net::lookup_host((host, 0)).await?.map(|address| address.ip()).collect();
            addresses.dedup();
            Ok(addresses)
        })
    }

    fn connect<'a>(&'a self, _from: &'a str, address: SocketAddr) -> BoxFuture<'a, io::Result<TcpStream>> {
        Box::pin(TcpStream::connect(address))
    }
}

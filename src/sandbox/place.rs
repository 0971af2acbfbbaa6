//! Names and connections as a service of the sandbox meets them: the gate dials from its place.

use std::fmt;
use std::io;
use std::net::{IpAddr, SocketAddr};
use std::sync::Arc;
use std::time::Duration;

use futures::future::BoxFuture;
use tokio::net::TcpStream;

use super::cloud::Cloud;
use super::network::{Delivery, from_outside, route};
use super::world::{RevisionWorld, ServiceWorld};
use crate::probe::dial::{Dial, OUTSIDE};

/// Dials from the place of a service's newest revision.
pub(super) struct ServiceDial(pub(super) Arc<Cloud>);

impl fmt::Debug for ServiceDial {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("ServiceDial")
    }
}

impl ServiceDial {
    fn of<'a>(&'a self, from: &str) -> Option<(&'a ServiceWorld, &'a RevisionWorld)> {
        let service = self.0.world.service(from)?;
        Some((service, service.newest()?))
    }
}

impl Dial for ServiceDial {
    fn resolve<'a>(&'a self, _from: &'a str, host: &'a str) -> BoxFuture<'a, io::Result<Vec<IpAddr>>> {
        Box::pin(async move {
            let addresses = self.0.world.resolve(host);
            if addresses.is_empty() {
                // The words of glibc's resolver for EAI_NONAME.
                return Err(io::Error::new(
                    io::ErrorKind::NotFound,
                    "failed to lookup address information: Name or service not known",
                ));
            }
            Ok(addresses)
        })
    }

    fn connect<'a>(&'a self, from: &'a str, address: SocketAddr) -> BoxFuture<'a, io::Result<TcpStream>> {
        Box::pin(async move {
            // Loopback inside a container is the container; only the sandbox's own listeners are let through, so
            // that no server of this machine is met by accident.
            if self.0.is_ours(address) {
                return TcpStream::connect(address).await;
            }
            let delivery = match self.of(from) {
                None if from == OUTSIDE => from_outside(&self.0.world, address),
                Some((service, revision)) => route(&self.0.world, service, revision, address),
                None => Delivery::Dropped,
            };
            self.0.deliver(delivery).await
        })
    }

    /// Nothing in the sandbox changes by waiting; a little of it is kept, so that patience is exercised.
    fn patience(&self) -> Duration {
        Duration::from_secs(2)
    }
}

//! What becomes of a packet in this world: a pure function.

#[cfg(test)]
mod tests;
mod way;

use std::net::{IpAddr, SocketAddr};

use super::world::{Behind, InstanceWorld, RevisionWorld, ServiceWorld, World};
use crate::connection::{LONGEST_SOCKET, socket_length};
pub(super) use way::{Lost, Route};

/// What becomes of the first packet of a connection.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Delivery {
    /// It reaches the server of that instance (position in [`World::instances`]).
    Delivered(usize),
    /// It reaches the server of that instance through a proxy of Cloud SQL's, which has made TLS.
    Attached(usize),
    /// It reaches the port at which that instance takes connectors.
    Proxied(usize),
    /// It vanishes: no answer, ever.
    Dropped,
    /// Its target answers with a reset: nothing listens there.
    Refused,
}

/// The port of the Cloud SQL proxies, the built-in socket among them.
const PROXY_PORT: u16 = 3307;

/// Whether an address is private by its range alone.
pub(super) fn is_private(address: IpAddr) -> bool {
    match address {
        IpAddr::V4(v4) => v4.is_private() || (v4.octets()[0] == 100 && v4.octets()[1] & 0xc0 == 64),
        IpAddr::V6(v6) => v6.is_unique_local(),
    }
}

/// What becomes of a packet that a revision sends to an address.
pub fn route(world: &World, service: &ServiceWorld, revision: &RevisionWorld, to: SocketAddr) -> Delivery {
    if to.ip().is_loopback() {
        // The loopback address is the container's own: only a proxy beside it could listen there.
        let proxied = revision.proxied.as_deref().and_then(|name| world.instance(name));
        return proxied.map_or(Delivery::Refused, |index| through_proxy(arrive(world, index, to.port())));
    }
    match way::follow(world, Route { service, revision, to }) {
        Ok(index) if world.instances[index].connectors_only => Delivery::Refused,
        Ok(index) => arrive(world, index, to.port()),
        Err(_) => Delivery::Dropped,
    }
}

/// Where packets of a connection are lost, or to which instance they come; whether it serves is not asked.
pub(super) fn follow(
    world: &World,
    service: &ServiceWorld,
    revision: &RevisionWorld,
    to: SocketAddr,
) -> Result<usize, Lost> {
    way::follow(world, Route { service, revision, to })
}

/// What becomes of the first packet that somebody in no network of the world's sends: public addresses take connectors from
/// everywhere, and nobody else.
pub(super) fn from_outside(world: &World, to: SocketAddr) -> Delivery {
    let public =
        |instance: &InstanceWorld| instance.behind == Behind::CloudSql && instance.public() == Some(to.ip());
    match world.instances.iter().position(public) {
        Some(index) if world.instances[index].runs() && to.port() == PROXY_PORT => Delivery::Proxied(index),
        Some(_) | None => Delivery::Dropped,
    }
}

/// What becomes of a connection to the `/cloudsql` socket in that folder: the proxy behind it dials the instance's
/// public address where it has one, else its private one.
pub fn socket(world: &World, service: &ServiceWorld, revision: &RevisionWorld, folder: &str) -> Delivery {
    let name = folder.strip_prefix("/cloudsql/").unwrap_or(folder).trim_end_matches('/');
    let attached = revision.cloudsql.iter().any(|instance| instance == name);
    if !attached || socket_length(folder) > LONGEST_SOCKET {
        return Delivery::Refused;
    }
    connector(world, service, revision, name)
}

/// What becomes of a connection to the port at which that instance takes connectors, as Cloud Run's own proxy and the
/// libraries of Cloud SQL's make it: to the public address where there is one, else to the private one.
pub fn connector(world: &World, service: &ServiceWorld, revision: &RevisionWorld, name: &str) -> Delivery {
    let connects =
        |index: &usize| world.connects(&world.instances[*index].project, &revision.service_account);
    let Some(index) = world.instance(name).filter(connects) else {
        return Delivery::Refused;
    };
    let instance = &world.instances[index];
    let dialled = instance.addresses.iter().min_by_key(|address| address.private);
    // The proxy goes nowhere where the other side does not show that it is the instance.
    let itself = instance.behind == Behind::CloudSql && !instance.impostor;
    let Some(dialled) = dialled.filter(|_| itself) else {
        return Delivery::Refused;
    };
    let to = SocketAddr::new(dialled.ip, PROXY_PORT);
    match way::follow_proxy(world, Route { service, revision, to }) {
        Ok(_) => through_proxy(arrive(world, index, instance.port)),
        Err(_) => Delivery::Dropped,
    }
}

/// The same, through a proxy of Cloud SQL's.
fn through_proxy(delivery: Delivery) -> Delivery {
    match delivery {
        Delivery::Delivered(index) => Delivery::Attached(index),
        Delivery::Attached(_) | Delivery::Proxied(_) | Delivery::Dropped | Delivery::Refused => delivery,
    }
}

/// What the instance does with a packet that reached it.
fn arrive(world: &World, index: usize, port: u16) -> Delivery {
    let instance = &world.instances[index];
    if !instance.runs() {
        Delivery::Dropped
    } else if instance.listening && instance.port == port {
        Delivery::Delivered(index)
    } else {
        Delivery::Refused
    }
}

//! What a fault changes: a service of the world that has such a thing.

use std::net::IpAddr;

use super::parts::{connector_name, credential, dials, holds_credential, instance_of};
use crate::model::DatabaseVariables;
use crate::sandbox::world::{DatabaseLink, Egress, RoleKind, RoleWorld, ServiceWorld, VpcWorld, World};

/// The kind of service that a fault changes: the first one in the world that has what it takes.
#[derive(Debug)]
pub struct Subject {
    /// What it must have, as in "no service of it has …".
    pub has: &'static str,
    /// Whether a service has it.
    pub fits: fn(&World, &ServiceWorld) -> bool,
}

impl Subject {
    /// Position of the service to change: of one with a database, if there is one.
    pub(in crate::sandbox) fn find(&self, world: &World) -> Option<usize> {
        let fits = |service: &ServiceWorld| (self.fits)(world, service);
        let with_database = |service: &ServiceWorld| fits(service) && service.link.is_some();
        world.services.iter().position(with_database).or_else(|| world.services.iter().position(fits))
    }
}

/// Any service.
pub static ANY: Subject = Subject { has: "been deployed", fits: |_, _| true };

/// A service of which the pipeline states what its users do.
pub static WALKED: Subject = Subject { has: "journeys", fits: |_, service| service.walked };

/// A service that the files do not open to everybody by name; where they do, a closed door is a fault of its own.
pub(super) static UNPROMISED: Subject = Subject {
    has: "been deployed without an ingress of `all` in the files",
    fits: |_, service| !service.expects.open,
};

pub(super) static TELLS_VERSION: Subject = Subject {
    has: "a health answer that must tell its revision or commit",
    fits: |_, service| service.expects.revision.is_some() || service.expects.commit.is_some(),
};

pub(super) static TELLS_SOON: Subject = Subject {
    has: "a limit for the latency of its health answer",
    fits: |_, service| service.expects.latency.is_some(),
};

/// A service with a database.
pub static DATABASE: Subject =
    Subject { has: "a database", fits: |world, service| instance_of(world, service).is_some() };

pub(super) static PRIVATE_DATABASE: Subject = Subject {
    has: "a private database and VPC access",
    fits: |world, service| {
        let found = instance_of(world, service).zip(dials(world, service));
        leaves_into_network(service)
            && found.is_some_and(|(instance, dialled)| {
                instance.addresses.iter().any(|address| address.private && address.ip == dialled)
            })
    },
};

/// A service that reaches its private database through a connector.
pub static CONNECTOR: Subject = Subject {
    has: "a private database behind a VPC connector",
    fits: |world, service| {
        (PRIVATE_DATABASE.fits)(world, service) && connector_name(world, service).is_some()
    },
};

/// The credential: the password, or the whole connection string.
pub(super) static SECRET: Subject = Subject {
    has: "its database's credential in Secret Manager",
    fits: |world, service| {
        let credential = credential(service);
        instance_of(world, service).is_some()
            && credential.is_some_and(|at| world.secret(&at.project, &at.name).is_some())
    },
};

pub(super) static PASSWORD: Subject = Subject {
    has: "a database that it logs in to with a password",
    fits: |world, service| role(world, service).is_some_and(|role| role.password.is_some()),
};

/// Not through a socket or a proxy beside it.
pub(super) static DIALLED_DATABASE: Subject = Subject {
    has: "a database that it dials over the network",
    fits: |world, service| dials(world, service).is_some(),
};

pub(super) static ADDRESS: Subject = Subject {
    has: "a database that it dials by address",
    fits: |world, service| {
        linked(service, |link| link.host.parse::<IpAddr>().is_ok())
            && dials(world, service).is_some_and(|address| world.instance_at(address).is_some())
    },
};

pub(super) static PRIVATE_ADDRESS: Subject = Subject {
    has: "a private database that it dials by address, and VPC access",
    fits: |world, service| (PRIVATE_DATABASE.fits)(world, service) && (ADDRESS.fits)(world, service),
};

/// The pipeline does not say that Cloud SQL has the address: a machine may have it.
pub(super) static UNNAMED_PRIVATE_ADDRESS: Subject = Subject {
    has: "a private database that it dials by address, named as no Cloud SQL instance, and VPC access",
    fits: |world, service| (PRIVATE_ADDRESS.fits)(world, service) && linked(service, |link| !link.stated),
};

pub(super) static PUBLIC_ADDRESS: Subject = Subject {
    has: "a database that it dials at a public address",
    fits: |world, service| {
        let mut all = world.instances.iter().flat_map(|instance| &instance.addresses);
        dials(world, service)
            .is_some_and(|dialled| all.any(|address| address.ip == dialled && !address.private))
    },
};

pub(super) static PUBLIC_THROUGH_VPC: Subject = Subject {
    has: "a database at a public address and all its traffic sent into a VPC network",
    fits: |world, service| {
        (PUBLIC_ADDRESS.fits)(world, service) && egress(service) == Some(Egress::AllTraffic)
    },
};

pub(super) static NAME: Subject = Subject {
    has: "a database that it dials by a host name",
    fits: |world, service| linked(service, |link| world.names.iter().any(|(name, _)| *name == link.host)),
};

pub(super) static NAMED_INSTANCE: Subject = Subject {
    has: "a database whose instance the pipeline names",
    fits: |world, service| instance_of(world, service).is_some() && linked(service, |link| link.stated),
};

pub(super) static SOCKET: Subject = Subject {
    has: "a database that it reaches through a /cloudsql socket",
    fits: |world, service| opens_socket(service) && instance_of(world, service).is_some(),
};

/// The socket of an instance that it attaches.
pub(super) static ATTACHED_SOCKET: Subject = Subject {
    has: "a database that it dials through a /cloudsql socket",
    fits: |_, service| {
        opens_socket(service) && service.newest().is_some_and(|revision| !revision.cloudsql.is_empty())
    },
};

/// The way of connectors is open from everywhere.
pub(super) static CONNECTOR_WAY: Subject = Subject {
    has: "a /cloudsql socket of an instance with a public address",
    fits: |world, service| {
        let instance = instance_of(world, service);
        opens_socket(service) && instance.is_some_and(|instance| instance.public().is_some())
    },
};

/// All addresses of its instance are private.
pub(super) static PRIVATE_SOCKET: Subject = Subject {
    has: "a /cloudsql socket of a private instance, and VPC access",
    fits: |world, service| {
        let addresses = instance_of(world, service).map(|instance| &instance.addresses);
        opens_socket(service)
            && leaves_into_network(service)
            && addresses.is_some_and(|all| !all.is_empty() && all.iter().all(|address| address.private))
    },
};

pub(super) static CONNECTION_STRING: Subject = Subject {
    has: "its connection string in Secret Manager",
    fits: |world, service| {
        let url = service.database.as_ref().and_then(DatabaseVariables::url);
        let credential = service.database.as_ref().and_then(holds_credential);
        url.is_some() && url == credential && (SECRET.fits)(world, service)
    },
};

pub(super) static LATEST: Subject = Subject {
    has: "its database's password in Secret Manager, taken as `latest`",
    fits: |world, service| takes_version(world, service, |version| version == "latest"),
};

pub(super) static PINNED: Subject = Subject {
    has: "its database's password in Secret Manager, pinned to a version",
    fits: |world, service| takes_version(world, service, |version| version.parse::<u64>().is_ok()),
};

pub(super) static IAM_USER: Subject = Subject {
    has: "a database that it logs in to with IAM",
    fits: |world, service| role(world, service).is_some_and(|role| role.kind == RoleKind::IamServiceAccount),
};

pub(super) static MIGRATIONS: Subject = Subject {
    has: "migrations that the pipeline expects to have been run",
    fits: |_, service| linked(service, |link| link.expects.migrations.is_some()),
};

pub(super) static TABLES: Subject = Subject {
    has: "tables that the pipeline expects",
    fits: |_, service| linked(service, |link| !link.expects.tables.is_empty()),
};

pub(super) static PRIVILEGES: Subject = Subject {
    has: "privileges that the pipeline expects",
    fits: |_, service| linked(service, |link| !link.expects.privileges.is_empty()),
};

pub(super) static EXTENSIONS: Subject = Subject {
    has: "extensions that the pipeline expects",
    fits: |_, service| linked(service, |link| !link.expects.extensions.is_empty()),
};

pub(super) static QUERIES: Subject = Subject {
    has: "queries of which the pipeline says what they give",
    fits: |_, service| linked(service, |link| !link.expects.queries.is_empty()),
};

/// Whether its variables lead to such a database.
fn linked(service: &ServiceWorld, fits: impl FnOnce(&DatabaseLink) -> bool) -> bool {
    service.link.as_ref().is_some_and(fits)
}

fn opens_socket(service: &ServiceWorld) -> bool {
    linked(service, |link| link.host.starts_with("/cloudsql/"))
}

fn leaves_into_network(service: &ServiceWorld) -> bool {
    service.newest().is_some_and(|revision| revision.vpc != VpcWorld::None)
}

/// What it sends into its network.
pub(super) fn egress(service: &ServiceWorld) -> Option<Egress> {
    service.newest()?.vpc.egress()
}

/// Whether it logs in with a password from a secret, of such a version.
fn takes_version(world: &World, service: &ServiceWorld, fits: impl FnOnce(&str) -> bool) -> bool {
    (PASSWORD.fits)(world, service)
        && (SECRET.fits)(world, service)
        && credential(service).is_some_and(|at| fits(&at.version))
}

/// The role that it logs in as.
fn role<'a>(world: &'a World, service: &ServiceWorld) -> Option<&'a RoleWorld> {
    instance_of(world, service)?.role(&service.link.as_ref()?.role)
}

//! What a fault breaks: a service of the world that has such a thing, and the parts that belong to it.

use std::net::IpAddr;

use secrecy::{ExposeSecret as _, SecretString};

use crate::model::{DatabaseExpectation, DatabaseVariables};
use crate::sandbox::world::{
    ConnectorWorld, DatabaseWorld, Egress, EnvValue, EnvWorld, InstanceWorld, NetworkWorld, RevisionWorld,
    RoleKind, RoleWorld, SecretWorld, ServiceWorld, VersionWorld, VpcWorld, World,
};

/// The kind of service that a fault breaks: the first one in the world that has what it takes.
#[derive(Debug)]
pub struct Subject {
    /// What it must have, as in "no service of it has …".
    pub has: &'static str,
    /// Whether a service has it.
    pub fits: fn(&World, &ServiceWorld) -> bool,
}

/// Any service; one with a database, if there is one.
pub static ANY: Subject = Subject { has: "been deployed", fits: |_, _| true };

/// A service of which the pipeline states what its users do.
pub static WALKED: Subject = Subject { has: "journeys", fits: |_, service| service.walked };
/// A service that the files do not open to everybody by name; where they do, a closed door is a fault of its own.
pub static UNPROMISED: Subject = Subject {
    has: "been deployed without an ingress of `all` in the files",
    fits: |_, service| !service.expects.open,
};

/// A service of which the files expect that its health answer tells its revision or commit.
pub static TELLS_VERSION: Subject = Subject {
    has: "a health answer that must tell its revision or commit",
    fits: |_, service| service.expects.revision.is_some() || service.expects.commit.is_some(),
};

/// A service of which the files expect that it tells its health soon.
pub static TELLS_SOON: Subject = Subject {
    has: "a limit for the latency of its health answer",
    fits: |_, service| service.expects.latency.is_some(),
};

/// A service with a database.
pub static DATABASE: Subject =
    Subject { has: "a database", fits: |world, service| instance_of(world, service).is_some() };

/// A service that reaches its private database through a VPC network.
pub static PRIVATE_DATABASE: Subject =
    Subject { has: "a private database and VPC access", fits: has_private_database };

/// A service that reaches its private database through a connector.
pub static CONNECTOR: Subject = Subject {
    has: "a private database behind a VPC connector",
    fits: |world, service| has_private_database(world, service) && connector_name(world, service).is_some(),
};

/// A service whose database credential (the password, or the whole connection string) comes from Secret Manager.
pub static SECRET: Subject = Subject {
    has: "its database's credential in Secret Manager",
    fits: |world, service| {
        instance_of(world, service).is_some()
            && credential(service).is_some_and(|at| at.find(world).is_some())
    },
};

/// A service that logs in to its database with a password.
pub static PASSWORD: Subject = Subject {
    has: "a database that it logs in to with a password",
    fits: |world, service| {
        let role = instance_of(world, service).zip(service.link.as_ref());
        let role = role.and_then(|(index, link)| world.instances[index].role(&link.role));
        role.is_some_and(|role| role.password.is_some())
    },
};

/// A service that dials its database over the network, not through a socket or a proxy beside it.
pub static DIALLED_DATABASE: Subject = Subject {
    has: "a database that it dials over the network",
    fits: |world, service| dials(world, service).is_some(),
};

/// A service that dials its database by a literal address.
pub static ADDRESS: Subject = Subject {
    has: "a database that it dials by address",
    fits: |world, service| {
        let literal = service.link.as_ref().is_some_and(|link| link.host.parse::<IpAddr>().is_ok());
        literal && dials(world, service).is_some_and(|address| world.instance_at(address).is_some())
    },
};

/// A service that dials a private database by a literal address, through a VPC network.
pub static PRIVATE_ADDRESS: Subject = Subject {
    has: "a private database that it dials by address, and VPC access",
    fits: |world, service| has_private_database(world, service) && (ADDRESS.fits)(world, service),
};

/// The same, where the pipeline does not say that Cloud SQL has the address: a machine may have it.
pub static UNNAMED_PRIVATE_ADDRESS: Subject = Subject {
    has: "a private database that it dials by address, named as no Cloud SQL instance, and VPC access",
    fits: |world, service| {
        (PRIVATE_ADDRESS.fits)(world, service) && service.link.as_ref().is_some_and(|link| !link.stated)
    },
};

/// A service that opens the socket of an instance with private addresses only, through a VPC network.
pub static PRIVATE_SOCKET: Subject = Subject {
    has: "a /cloudsql socket of a private instance, and VPC access",
    fits: |world, service| {
        let addresses = instance_of(world, service).map(|index| &world.instances[index].addresses);
        (SOCKET.fits)(world, service)
            && service.newest().is_some_and(|revision| revision.vpc != VpcWorld::None)
            && addresses.is_some_and(|all| !all.is_empty() && all.iter().all(|address| address.private))
    },
};

/// A service that dials a public address, with all its traffic sent into a VPC network.
pub static PUBLIC_THROUGH_VPC: Subject = Subject {
    has: "a database at a public address and all its traffic sent into a VPC network",
    fits: |world, service| {
        let egress = service.newest().and_then(|revision| revision.vpc.egress());
        (PUBLIC_ADDRESS.fits)(world, service) && egress == Some(Egress::AllTraffic)
    },
};

/// A service that takes a stated version of its credential into a variable.
pub static PINNED: Subject = Subject {
    has: "its database's password in Secret Manager, pinned to a version",
    fits: |world, service| {
        (PASSWORD.fits)(world, service)
            && (SECRET.fits)(world, service)
            && credential(service).is_some_and(|at| at.version.parse::<u64>().is_ok())
    },
};

/// A service that dials its database by a host name.
pub static NAME: Subject = Subject {
    has: "a database that it dials by a host name",
    fits: |world, service| {
        service.link.as_ref().is_some_and(|link| world.names.iter().any(|(name, _)| *name == link.host))
    },
};

/// A service for whose database the pipeline names the instance.
pub static NAMED_INSTANCE: Subject = Subject {
    has: "a database whose instance the pipeline names",
    fits: |world, service| {
        instance_of(world, service).is_some() && service.link.as_ref().is_some_and(|link| link.stated)
    },
};

/// A service that dials the socket of an instance that it attaches.
pub static ATTACHED_SOCKET: Subject = Subject {
    has: "a database that it dials through a /cloudsql socket",
    fits: |_, service| {
        let dials = service.link.as_ref().is_some_and(|link| link.host.starts_with("/cloudsql/"));
        dials && service.newest().is_some_and(|revision| !revision.cloudsql.is_empty())
    },
};

/// A service whose whole connection string comes from Secret Manager.
pub static CONNECTION_STRING: Subject = Subject {
    has: "its connection string in Secret Manager",
    fits: |world, service| {
        let url = service.database.as_ref().and_then(DatabaseVariables::url);
        let credential = service.database.as_ref().and_then(holds_credential);
        url.is_some() && url == credential && (SECRET.fits)(world, service)
    },
};

/// A service that takes the latest version of its credential into a variable.
pub static LATEST: Subject = Subject {
    has: "its database's password in Secret Manager, taken as `latest`",
    fits: |world, service| {
        (PASSWORD.fits)(world, service)
            && (SECRET.fits)(world, service)
            && credential(service).is_some_and(|at| at.version == "latest")
    },
};

/// A service that opens the `/cloudsql` socket of its database.
pub static SOCKET: Subject = Subject {
    has: "a database that it reaches through a /cloudsql socket",
    fits: |world, service| {
        let socket = service.link.as_ref().is_some_and(|link| link.host.starts_with("/cloudsql/"));
        socket && instance_of(world, service).is_some()
    },
};

/// A service that opens the socket of an instance with a public address: the way of connectors is open from everywhere.
pub static CONNECTOR_WAY: Subject = Subject {
    has: "a /cloudsql socket of an instance with a public address",
    fits: |world, service| {
        let public =
            instance_of(world, service).is_some_and(|index| world.instances[index].public().is_some());
        (SOCKET.fits)(world, service) && public
    },
};

/// A service that logs in to its database with IAM.
pub static IAM_USER: Subject = Subject {
    has: "a database that it logs in to with IAM",
    fits: |world, service| {
        let role = service.link.as_ref().map(|link| link.role.as_str()).unwrap_or_default();
        let role = instance_of(world, service).and_then(|index| world.instances[index].role(role));
        role.is_some_and(|role| role.kind == RoleKind::IamServiceAccount)
    },
};

/// A service that dials its database at a public address.
pub static PUBLIC_ADDRESS: Subject = Subject {
    has: "a database that it dials at a public address",
    fits: |world, service| {
        let dialled = dials(world, service);
        let mut all = world.instances.iter().flat_map(|instance| &instance.addresses);
        dialled.is_some_and(|dialled| all.any(|address| address.ip == dialled && !address.private))
    },
};

/// A service with migrations that the pipeline expects to have been run.
pub static MIGRATIONS: Subject = Subject {
    has: "migrations that the pipeline expects to have been run",
    fits: |_, service| service.link.as_ref().is_some_and(|link| link.expects.migrations.is_some()),
};

/// A service with tables that the pipeline expects.
pub static TABLES: Subject = Subject {
    has: "tables that the pipeline expects",
    fits: |_, service| service.link.as_ref().is_some_and(|link| !link.expects.tables.is_empty()),
};

/// A service with privileges that the pipeline expects.
pub static PRIVILEGES: Subject = Subject {
    has: "privileges that the pipeline expects",
    fits: |_, service| service.link.as_ref().is_some_and(|link| !link.expects.privileges.is_empty()),
};

/// A service with extensions that the pipeline expects.
pub static EXTENSIONS: Subject = Subject {
    has: "extensions that the pipeline expects",
    fits: |_, service| service.link.as_ref().is_some_and(|link| !link.expects.extensions.is_empty()),
};

/// A service with queries of which the pipeline says what they give.
pub static QUERIES: Subject = Subject {
    has: "queries of which the pipeline says what they give",
    fits: |_, service| service.link.as_ref().is_some_and(|link| !link.expects.queries.is_empty()),
};

impl Subject {
    /// Position of the service to break.
    pub(in crate::sandbox) fn find(&self, world: &World) -> Option<usize> {
        let fits = |service: &ServiceWorld| (self.fits)(world, service);
        let with_database = |service: &ServiceWorld| fits(service) && service.link.is_some();
        world.services.iter().position(with_database).or_else(|| world.services.iter().position(fits))
    }
}

/// Where the credential of a service lies in Secret Manager.
#[derive(Clone)]
pub(in crate::sandbox) struct SecretPlace {
    pub(in crate::sandbox) project: String,
    pub(in crate::sandbox) name: String,
    /// As the newest revision refers to it.
    pub(in crate::sandbox) version: String,
}

impl SecretPlace {
    fn find<'a>(&self, world: &'a World) -> Option<&'a SecretWorld> {
        world.secret(&self.project, &self.name)
    }
}

/// Where the credential of a service lies in Secret Manager, if it lies there.
pub(in crate::sandbox) fn credential(service: &ServiceWorld) -> Option<SecretPlace> {
    let name = holds_credential(service.database.as_ref()?)?;
    match &service.newest()?.variable(name)?.value {
        EnvValue::Plain(_) => None,
        EnvValue::Secret { project, secret, version } => {
            Some(SecretPlace { project: project.clone(), name: secret.clone(), version: version.clone() })
        }
    }
}

/// The variable that holds the password, by itself or in a connection string.
fn holds_credential(variables: &DatabaseVariables) -> Option<&str> {
    variables.password().or(variables.url())
}

/// The newest revision of a service.
pub(in crate::sandbox) fn revision(world: &mut World, service: usize) -> Option<&mut RevisionWorld> {
    world.services.get_mut(service)?.newest_mut()
}

/// The connector of its newest revision.
pub(in crate::sandbox) fn connector(world: &mut World, service: usize) -> Option<&mut ConnectorWorld> {
    let name = connector_name(world, world.services.get(service)?)?;
    world.connectors.iter_mut().find(|connector| connector.resource() == name)
}

/// The VPC network that its newest revision leaves into.
pub(in crate::sandbox) fn network(world: &mut World, service: usize) -> Option<&mut NetworkWorld> {
    let from = world.services.get(service)?;
    let (project, name) = match &from.newest()?.vpc {
        VpcWorld::None => return None,
        VpcWorld::Direct { network, .. } => (from.project.clone(), network.clone()),
        VpcWorld::Connector { resource, .. } => {
            let connector = world.connector(resource)?;
            (connector.project.clone(), connector.network.clone())
        }
    };
    let project = world.host(&project).to_owned();
    world.networks.iter_mut().find(|network| network.project == project && network.name == name)
}

/// The instance of its database.
pub(in crate::sandbox) fn instance(world: &mut World, service: usize) -> Option<&mut InstanceWorld> {
    let index = instance_of(world, world.services.get(service)?)?;
    world.instances.get_mut(index)
}

/// Its database.
pub(in crate::sandbox) fn database(world: &mut World, service: usize) -> Option<&mut DatabaseWorld> {
    let name = world.services.get(service)?.link.as_ref()?.name.clone();
    instance(world, service)?.databases.iter_mut().find(|database| database.name == name)
}

/// What the pipeline expects of its database.
pub(super) fn expects(world: &World, service: usize) -> Option<DatabaseExpectation> {
    Some(world.services.get(service)?.link.as_ref()?.expects.clone())
}

/// The role that it logs in as.
pub(in crate::sandbox) fn role(world: &mut World, service: usize) -> Option<&mut RoleWorld> {
    let name = world.services.get(service)?.link.as_ref()?.role.clone();
    instance(world, service)?.roles.iter_mut().find(|role| role.name == name)
}

/// The secret that holds its credential, and the version that its newest revision refers to.
pub(in crate::sandbox) fn secret(world: &mut World, service: usize) -> Option<(&mut SecretWorld, String)> {
    let at = credential(world.services.get(service)?)?;
    Some((world.secret_mut(&at.project, &at.name)?, at.version))
}

/// That version itself.
pub(in crate::sandbox) fn version(world: &mut World, service: usize) -> Option<&mut VersionWorld> {
    let (secret, version) = secret(world, service)?;
    secret.version_mut(&version)
}

/// The address at which it dials its database.
pub(in crate::sandbox) fn dialled(world: &World, service: usize) -> Option<IpAddr> {
    dials(world, world.services.get(service)?)
}

/// A private address of its database's instance.
pub(in crate::sandbox) fn private_address(world: &mut World, service: usize) -> Option<IpAddr> {
    instance(world, service)?.addresses.iter().find(|address| address.private).map(|address| address.ip)
}

/// Gives a version another payload.
pub(in crate::sandbox) fn change_payload(version: &mut VersionWorld, change: impl FnOnce(&str) -> String) {
    version.payload = SecretString::from(change(version.payload.expose_secret()));
}

/// Gives a variable of the newest revision another value, where it stands: on the revision or in its secret.
pub(in crate::sandbox) fn change_variable(
    world: &mut World,
    service: usize,
    variable: &str,
    change: impl FnOnce(&str) -> String,
) {
    let Some(found) =
        revision(world, service).and_then(|one| one.env.iter_mut().find(|one| one.name == variable))
    else {
        return;
    };
    let (project, secret, version) = match &mut found.value {
        EnvValue::Plain(text) => {
            *text = change(text);
            return;
        }
        EnvValue::Secret { project, secret, version } => (project.clone(), secret.clone(), version.clone()),
    };
    if let Some(version) = world.secret_mut(&project, &secret).and_then(|secret| secret.version_mut(&version))
    {
        change_payload(version, change);
    }
}

/// Lets the newest revision dial another host.
pub(in crate::sandbox) fn change_host(world: &mut World, service: usize, host: &str) {
    let Some(described) = world.services.get(service) else { return };
    let (Some(link), Some(variables)) = (described.link.clone(), described.database.clone()) else { return };
    match variables {
        DatabaseVariables::Dsn(variable) | DatabaseVariables::Url { url: variable, .. } => {
            change_variable(world, service, &variable, |text| text.replacen(&link.host, host, 1));
        }
        DatabaseVariables::Parts { host: variable, .. } => {
            change_variable(world, service, &variable, |_| host.to_owned());
        }
        DatabaseVariables::Instance { instance: variable, .. } => {
            let name = host.strip_prefix("/cloudsql/").unwrap_or(host);
            change_variable(world, service, &variable, |_| name.to_owned());
        }
    }
}

/// Lets the newest revision ask for TLS in this way.
pub(in crate::sandbox) fn change_sslmode(world: &mut World, service: usize, mode: &str) {
    let variables = world.services.get(service).and_then(|service| service.database.clone());
    let Some(variables) = variables else { return };
    if let Some(variable) = variables.url() {
        return change_variable(world, service, variable, |text| {
            let separator = if text.contains('?') { '&' } else { '?' };
            format!("{text}{separator}sslmode={mode}")
        });
    }
    let name = format!("{}SSLMODE", variables.prefix());
    let Some(revision) = revision(world, service) else { return };
    revision.env.retain(|variable| variable.name != name);
    revision.env.push(EnvWorld { name, value: EnvValue::Plain(mode.to_owned()) });
}

/// The password of the role that it logs in as.
pub(in crate::sandbox) fn password(world: &mut World, service: usize) -> Option<String> {
    role(world, service)?.password.as_ref().map(|password| password.expose_secret().to_owned())
}

fn instance_of(world: &World, service: &ServiceWorld) -> Option<usize> {
    world.instance(&service.link.as_ref()?.instance)
}

fn dials(world: &World, service: &ServiceWorld) -> Option<IpAddr> {
    let address = world.resolve(&service.link.as_ref()?.host).first().copied()?;
    (!address.is_loopback()).then_some(address)
}

fn has_private_database(world: &World, service: &ServiceWorld) -> bool {
    let enters = service.newest().is_some_and(|revision| revision.vpc != VpcWorld::None);
    let found = instance_of(world, service).zip(dials(world, service));
    enters
        && found.is_some_and(|(index, dialled)| {
            world.instances[index].addresses.iter().any(|address| address.private && address.ip == dialled)
        })
}

/// Resource name of the connector of its newest revision, if that exists.
fn connector_name(world: &World, service: &ServiceWorld) -> Option<String> {
    match &service.newest()?.vpc {
        VpcWorld::Connector { resource, .. } => world.connector(resource).map(ConnectorWorld::resource),
        VpcWorld::None | VpcWorld::Direct { .. } => None,
    }
}

/// Moves a database to another address, and everything that leads newest revisions there.
pub(in crate::sandbox) fn move_database(world: &mut World, from: IpAddr, to: IpAddr) {
    for instance in &mut world.instances {
        instance
            .addresses
            .iter_mut()
            .filter(|address| address.ip == from)
            .for_each(|address| address.ip = to);
    }
    let (old, new) = (from.to_string(), to.to_string());
    let mut secrets = Vec::new();
    for service in world.services.iter_mut() {
        let Some(link) = service.link.as_mut().filter(|link| link.host == old) else { continue };
        link.host.clone_from(&new);
        let names = service.database.iter().flat_map(|variables| variables.names());
        let names: Vec<String> = names.map(str::to_owned).collect();
        let Some(revision) = service.newest_mut() else { continue };
        for variable in revision.env.iter_mut().filter(|variable| names.contains(&variable.name)) {
            match &mut variable.value {
                EnvValue::Plain(text) => *text = text.replace(&old, &new),
                EnvValue::Secret { project, secret, .. } => secrets.push((project.clone(), secret.clone())),
            }
        }
    }
    for (project, secret) in secrets {
        for version in world.secret_mut(&project, &secret).into_iter().flat_map(|secret| &mut secret.versions)
        {
            change_payload(version, |payload| payload.replace(&old, &new));
        }
    }
}

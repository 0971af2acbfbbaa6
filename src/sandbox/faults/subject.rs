//! What a fault breaks: the first service of the world that has such a thing.

use std::net::IpAddr;

use secrecy::{ExposeSecret as _, SecretString};

use crate::model::DatabaseVariables;
use crate::sandbox::world::{
    ConnectorWorld, DatabaseWorld, EnvValue, InstanceWorld, RevisionWorld, RoleWorld, SecretWorld,
    ServiceWorld, VersionWorld, VpcWorld, World,
};

/// Why a fault does not apply.
pub(super) type Applies = Result<(), String>;

/// Whether there is what the fault breaks.
pub(super) fn needs<T>(found: Option<T>, what: &str) -> Applies {
    found.map(drop).ok_or_else(|| format!("no service of it has {what}"))
}

/// A service.
pub(super) fn any(world: &World) -> Applies {
    needs(world.services.first(), "been deployed")
}

/// A service with a database.
pub(super) fn database(world: &World) -> Applies {
    needs(service(world), "a database")
}

/// A service whose database stands at a private address, with a way there.
pub(super) fn private_database(world: &World) -> Applies {
    needs(private_service(world), "a private database and VPC access")
}

/// A service whose private database is behind a connector.
pub(super) fn connector(world: &World) -> Applies {
    needs(connector_at(world), "a private database behind a VPC connector")
}

/// A service whose database's password (or whole connection string) comes from Secret Manager.
pub(super) fn secret(world: &World) -> Applies {
    needs(secret_reference(world), "its database's credential in Secret Manager")
}

/// A service that dials its database over the network.
pub(super) fn dials_database(world: &World) -> Applies {
    needs(
        dialled(world).filter(|address| !address.is_loopback()),
        "a database that it dials over the network",
    )
}

/// A service that logs in with a password.
pub(super) fn password(world: &World) -> Applies {
    let link = service(world).and_then(|index| world.services[index].link.as_ref());
    let role = link.and_then(|link| world.instances[world.instance(&link.instance)?].role(&link.role));
    needs(role.and_then(|role| role.password.as_ref()), "a database that it logs in to with a password")
}

/// Position of the first service with a database.
fn service(world: &World) -> Option<usize> {
    world.services.iter().position(|service| {
        service.link.as_ref().is_some_and(|link| world.instance(&link.instance).is_some())
    })
}

fn private_service(world: &World) -> Option<usize> {
    world.services.iter().position(|service| {
        let vpc = service.newest().is_some_and(|revision| revision.vpc != VpcWorld::None);
        let instance = service.link.as_ref().and_then(|link| world.instance(&link.instance));
        let dialled = service.link.as_ref().map(|link| world.resolve(&link.host)).unwrap_or_default();
        let private = instance.is_some_and(|index| {
            let addresses = &world.instances[index].addresses;
            addresses.iter().any(|address| address.private && dialled.contains(&address.ip))
        });
        vpc && private
    })
}

fn connector_at(world: &World) -> Option<(usize, usize)> {
    world.services.iter().enumerate().find_map(|(index, service)| {
        let Some(VpcWorld::Connector { resource, .. }) = service.newest().map(|revision| &revision.vpc)
        else {
            return None;
        };
        let connector = world.connectors.iter().position(|one| one.resource() == *resource)?;
        let link = service.link.as_ref()?;
        let instance = &world.instances[world.instance(&link.instance)?];
        let dialled = world.resolve(&link.host);
        let private = instance.addresses.iter().any(|one| one.private && dialled.contains(&one.ip));
        private.then_some((index, connector))
    })
}

/// Project, name and version of the secret that holds the credential of the first service with a database.
pub(super) fn secret_reference(world: &World) -> Option<(String, String, String)> {
    let service = &world.services[service(world)?];
    let revision = service.newest()?;
    credential_names(service)
        .into_iter()
        .find_map(|name| match &revision.variable(name)?.value {
            EnvValue::Plain(_) => None,
            EnvValue::Secret { project, secret, version } => {
                Some((project.clone(), secret.clone(), version.clone()))
            }
        })
        .filter(|(project, secret, _)| world.secret(project, secret).is_some())
}

/// The variables that hold the credential: the password's, or the connection string's.
pub(super) fn credential_names(service: &ServiceWorld) -> Vec<&str> {
    match &service.database {
        Some(DatabaseVariables::Dsn(name)) => vec![name],
        Some(DatabaseVariables::Parts { password, .. }) => password.iter().map(String::as_str).collect(),
        None => Vec::new(),
    }
}

/// The first service, to break it.
pub(super) fn any_mut(world: &mut World) -> Option<&mut ServiceWorld> {
    let index = service(world).unwrap_or(0);
    world.services.get_mut(index)
}

/// The newest revision of the first service; that with a database, if one has.
pub(super) fn revision_mut(world: &mut World) -> Option<&mut RevisionWorld> {
    any_mut(world)?.newest_mut()
}

/// The newest revision of the first service with a private database.
pub(super) fn private_revision_mut(world: &mut World) -> Option<&mut RevisionWorld> {
    let index = private_service(world)?;
    world.services[index].newest_mut()
}

/// The connector, with the position of the service behind it.
pub(super) fn connector_mut(world: &mut World) -> Option<(usize, &mut ConnectorWorld)> {
    let (service, connector) = connector_at(world)?;
    Some((service, &mut world.connectors[connector]))
}

/// The instance of the first service with a database.
pub(super) fn instance_mut(world: &mut World) -> Option<&mut InstanceWorld> {
    let link = world.services[service(world)?].link.clone()?;
    let index = world.instance(&link.instance)?;
    Some(&mut world.instances[index])
}

/// The database itself.
pub(super) fn database_mut(world: &mut World) -> Option<&mut DatabaseWorld> {
    let name = world.services[service(world)?].link.clone()?.name;
    instance_mut(world)?.databases.iter_mut().find(|database| database.name == name)
}

/// The role that the service logs in as.
pub(super) fn role_mut(world: &mut World) -> Option<&mut RoleWorld> {
    let name = world.services[service(world)?].link.clone()?.role;
    instance_mut(world)?.roles.iter_mut().find(|role| role.name == name)
}

/// The secret that holds the credential, and the version that the revision refers to.
pub(super) fn secret_mut(world: &mut World) -> Option<(&mut SecretWorld, String)> {
    let (project, name, version) = secret_reference(world)?;
    Some((world.secret_mut(&project, &name)?, version))
}

/// The version of it.
pub(super) fn version_mut(world: &mut World) -> Option<&mut VersionWorld> {
    let (secret, version) = secret_mut(world)?;
    secret.version_mut(&version)
}

/// The address at which the service dials its database.
pub(super) fn dialled(world: &World) -> Option<IpAddr> {
    let link = world.services[service(world)?].link.as_ref()?;
    world.resolve(&link.host).first().copied()
}

/// Whether the service dials its database at a literal address of the instance.
pub(super) fn dials_an_address(world: &World) -> bool {
    let link = service(world).and_then(|index| world.services[index].link.as_ref());
    let address = link.and_then(|link| link.host.parse::<IpAddr>().ok());
    address.is_some_and(|address| world.instance_at(address).is_some())
}

/// Whether the service dials its database by a name.
pub(super) fn dials_a_name(world: &World) -> bool {
    let link = service(world).and_then(|index| world.services[index].link.as_ref());
    link.is_some_and(|link| world.names.iter().any(|(name, _)| *name == link.host))
}

/// Whether the pipeline names the instance.
pub(super) fn states_its_instance(world: &World) -> bool {
    let link = service(world).and_then(|index| world.services[index].link.as_ref());
    link.is_some_and(|link| link.stated)
}

/// Moves the database to another address, and the variables of the newest revisions that lead there with it.
pub(super) fn move_database(world: &mut World, to: IpAddr) {
    let Some(from) = dialled(world) else { return };
    let (old, new) = (from.to_string(), to.to_string());
    let Some(instance) = instance_mut(world) else { return };
    instance.addresses.iter_mut().filter(|address| address.ip == from).for_each(|address| address.ip = to);
    let mut secrets = Vec::new();
    for service in &mut world.services {
        if service.link.as_ref().is_none_or(|link| link.host != old) {
            continue;
        }
        let names: Vec<String> =
            service.database.iter().flat_map(|one| one.names()).map(str::to_owned).collect();
        let Some(revision) = service.newest_mut() else { continue };
        for variable in revision.env.iter_mut().filter(|variable| names.contains(&variable.name)) {
            match &mut variable.value {
                EnvValue::Plain(text) => *text = text.replace(&old, &new),
                EnvValue::Secret { project, secret, version } => {
                    secrets.push((project.clone(), secret.clone(), version.clone()));
                }
            }
        }
        if let Some(link) = &mut service.link {
            link.host.clone_from(&new);
        }
    }
    for (project, secret, version) in secrets {
        let version = world.secret_mut(&project, &secret).and_then(|secret| secret.version_mut(&version));
        if let Some(version) = version {
            change_payload(version, |payload| payload.replace(&old, &new));
        }
    }
}

/// Gives a version another payload.
pub(super) fn change_payload(version: &mut VersionWorld, change: impl FnOnce(&str) -> String) {
    version.payload = SecretString::from(change(version.payload.expose_secret()));
}

//! The parts of the world that belong to a service, as faults find and change them.

use std::net::IpAddr;

use ipnet::IpNet;
use secrecy::{ExposeSecret as _, SecretString};

use crate::model::{DatabaseExpectation, DatabaseVariables};
use crate::sandbox::world::{
    Code, ConnectorWorld, DatabaseWorld, EnvValue, EnvWorld, InstanceWorld, NetworkWorld, RevisionWorld,
    RoleWorld, SecretWorld, ServiceWorld, VersionWorld, VpcWorld, World, around,
};

/// Changes what was found. What is not there cannot be changed.
pub(super) fn on<T>(found: Option<T>, change: impl FnOnce(T)) {
    if let Some(found) = found {
        change(found);
    }
}

/// The instance of its database.
pub(super) fn instance_of<'a>(world: &'a World, service: &ServiceWorld) -> Option<&'a InstanceWorld> {
    world.instances.get(world.instance(&service.link.as_ref()?.instance)?)
}

/// The address at which it dials its database over the network.
pub(super) fn dials(world: &World, service: &ServiceWorld) -> Option<IpAddr> {
    let address = world.resolve(&service.link.as_ref()?.host).first().copied()?;
    (!address.is_loopback()).then_some(address)
}

/// Resource name of the connector of its newest revision, if that exists.
pub(super) fn connector_name(world: &World, service: &ServiceWorld) -> Option<String> {
    match &service.newest()?.vpc {
        VpcWorld::Connector { resource, .. } => world.connector(resource).map(ConnectorWorld::resource),
        VpcWorld::None | VpcWorld::Direct { .. } => None,
    }
}

/// Where the credential of a service lies in Secret Manager.
pub(super) struct SecretPlace {
    pub(super) project: String,
    pub(super) name: String,
    /// As the newest revision refers to it.
    pub(super) version: String,
}

/// Where the credential of a service lies in Secret Manager, if it lies there.
pub(super) fn credential(service: &ServiceWorld) -> Option<SecretPlace> {
    let name = holds_credential(service.database.as_ref()?)?;
    match &service.newest()?.variable(name)?.value {
        EnvValue::Plain(_) => None,
        EnvValue::Secret { project, secret, version } => {
            Some(SecretPlace { project: project.clone(), name: secret.clone(), version: version.clone() })
        }
    }
}

/// The variable that holds the password, by itself or in a connection string.
pub(super) fn holds_credential(variables: &DatabaseVariables) -> Option<&str> {
    variables.password().or(variables.url())
}

/// The newest revision of a service.
pub(super) fn revision(world: &mut World, service: usize) -> Option<&mut RevisionWorld> {
    world.services.get_mut(service)?.newest_mut()
}

/// How the code of its newest revision behaves.
pub(super) fn code(world: &mut World, service: usize) -> Option<&mut Code> {
    revision(world, service).map(|revision| &mut revision.code)
}

/// A variable of its newest revision.
pub(super) fn variable<'a>(world: &'a mut World, service: usize, name: &str) -> Option<&'a mut EnvWorld> {
    revision(world, service)?.env.iter_mut().find(|variable| variable.name == name)
}

/// The connector of its newest revision.
pub(super) fn connector(world: &mut World, service: usize) -> Option<&mut ConnectorWorld> {
    let name = connector_name(world, world.services.get(service)?)?;
    world.connectors.iter_mut().find(|connector| connector.resource() == name)
}

/// The VPC network that its newest revision leaves into.
pub(super) fn network(world: &mut World, service: usize) -> Option<&mut NetworkWorld> {
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
pub(super) fn instance(world: &mut World, service: usize) -> Option<&mut InstanceWorld> {
    let index = world.instance(&world.services.get(service)?.link.as_ref()?.instance)?;
    world.instances.get_mut(index)
}

/// Its database.
pub(super) fn database(world: &mut World, service: usize) -> Option<&mut DatabaseWorld> {
    let name = world.services.get(service)?.link.as_ref()?.name.clone();
    instance(world, service)?.databases.iter_mut().find(|database| database.name == name)
}

/// What the pipeline expects of its database, and that.
pub(super) fn expected(
    world: &mut World,
    service: usize,
) -> Option<(DatabaseExpectation, &mut DatabaseWorld)> {
    let expects = world.services.get(service)?.link.as_ref()?.expects.clone();
    Some((expects, database(world, service)?))
}

/// The role that it logs in as.
pub(super) fn role(world: &mut World, service: usize) -> Option<&mut RoleWorld> {
    let name = world.services.get(service)?.link.as_ref()?.role.clone();
    instance(world, service)?.roles.iter_mut().find(|role| role.name == name)
}

/// The secret that holds its credential, and the version that its newest revision refers to.
pub(super) fn secret(world: &mut World, service: usize) -> Option<(&mut SecretWorld, String)> {
    let at = credential(world.services.get(service)?)?;
    Some((world.secret_mut(&at.project, &at.name)?, at.version))
}

/// That version itself.
pub(super) fn version(world: &mut World, service: usize) -> Option<&mut VersionWorld> {
    let (secret, version) = secret(world, service)?;
    secret.version_mut(&version)
}

/// The range around the address at which it dials its database.
pub(super) fn dialled_range(world: &World, service: usize) -> Option<IpNet> {
    dialled(world, service).map(around)
}

/// The address at which it dials its database.
pub(super) fn dialled(world: &World, service: usize) -> Option<IpAddr> {
    dials(world, world.services.get(service)?)
}

/// A private address of its database's instance.
pub(super) fn private_address(world: &mut World, service: usize) -> Option<IpAddr> {
    instance(world, service)?.addresses.iter().find(|address| address.private).map(|address| address.ip)
}

/// Gives a version another payload.
pub(super) fn change_payload(version: &mut VersionWorld, change: impl FnOnce(&str) -> String) {
    version.payload = SecretString::from(change(version.payload.expose_secret()));
}

/// Gives the version that holds its credential another payload.
pub(super) fn change_credential(world: &mut World, service: usize, change: impl FnOnce(&str) -> String) {
    on(version(world, service), |version| change_payload(version, change));
}

/// Gives a variable of the newest revision another value, where it stands: on the revision or in its secret.
pub(super) fn change_variable(
    world: &mut World,
    service: usize,
    name: &str,
    change: impl FnOnce(&str) -> String,
) {
    let Some(found) = variable(world, service, name) else { return };
    match &mut found.value {
        EnvValue::Plain(text) => *text = change(text),
        EnvValue::Secret { project, secret, version } => {
            let (project, secret, version) = (project.clone(), secret.clone(), version.clone());
            let found = world.secret_mut(&project, &secret).and_then(|secret| secret.version_mut(&version));
            on(found, |version| change_payload(version, change));
        }
    }
}

/// Lets the newest revision dial another host.
pub(super) fn change_host(world: &mut World, service: usize, host: &str) {
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
pub(super) fn change_sslmode(world: &mut World, service: usize, mode: &str) {
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

/// Gives the role that it logs in as another password.
pub(super) fn set_password(world: &mut World, service: usize, password: String) {
    on(role(world, service), |role| role.password = Some(SecretString::from(password)));
}

/// The password of the role that it logs in as.
pub(super) fn password(world: &mut World, service: usize) -> Option<String> {
    role(world, service)?.password.as_ref().map(|password| password.expose_secret().to_owned())
}

/// Moves its database to another address, and everything that leads newest revisions there.
pub(super) fn move_database(world: &mut World, service: usize, to: IpAddr) {
    let Some(from) = dialled(world, service) else { return };
    let addresses = world.instances.iter_mut().flat_map(|instance| &mut instance.addresses);
    addresses.filter(|address| address.ip == from).for_each(|address| address.ip = to);
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

//! The healthy world that a pipeline describes: everything that it claims holds.
//!
//! What the pipeline forgets is not made up for: without VPC access a private database stays out of reach here too.

use std::net::{IpAddr, Ipv4Addr};
use std::str::FromStr as _;
use std::sync::Arc;

use secrecy::{ExposeSecret as _, SecretString};
use tokio_postgres::config::Host;

use super::access::connector_resource;
use super::{
    Activation, Code, ConnectorState, ConnectorWorld, DatabaseLink, DatabaseWorld, Egress, EnvValue,
    EnvWorld, InstanceAddress, InstanceState, InstanceWorld, Mount, RevisionWorld, RoleWorld, SecretWorld,
    ServiceWorld, Speaks, Started, Traffic, VersionState, VersionWorld, VpcWorld, World, project_number,
};
use crate::model::{DatabaseVariables, Stated};
use crate::plan::Target;
use crate::sandbox::network::is_private;
use crate::sandbox::{invent, random};

/// The network of connectors and databases for which the pipeline names none.
const NETWORK: &str = "default";
/// How many connections an instance takes: PostgreSQL's own default.
const MAX_CONNECTIONS: usize = 100;
/// The image of what names none: Google's sample.
const IMAGE: &str = "us-docker.pkg.dev/cloudrun/container/hello";

/// The way to a database, as the variables of one service state or leave it.
struct Way {
    host: String,
    port: u16,
    user: String,
    /// `None`: no variable holds one, so the server must trust the role.
    password: Option<String>,
    name: String,
}

impl World {
    /// The healthy world of these services, before their newest revisions are deployed.
    pub fn describe(targets: &[Arc<Target>]) -> Self {
        let mut world = Self::default();
        for target in targets {
            world.add(target);
        }
        // The revisions before this deploy run with what was true then.
        let running: Vec<_> = world
            .services
            .iter()
            .map(|service| service.revisions.first().and_then(|before| world.inject(before).ok()))
            .collect();
        for (service, variables) in world.services.iter_mut().zip(running) {
            if let Some(before) = service.revisions.first_mut() {
                before.started = Started::Ready;
                before.running = variables;
            }
        }
        world
    }

    fn add(&mut self, target: &Target) {
        let service = &target.service;
        let project = &target.project;
        let mut env: Vec<EnvWorld> = service
            .env
            .iter()
            .map(|variable| EnvWorld {
                name: variable.name.clone(),
                value: EnvValue::Plain(variable.value.raw().to_owned()),
            })
            .collect();
        let mut mounts = Vec::new();
        for reference in &service.secrets {
            let (project, secret) = secret_name(reference.secret.raw(), project);
            let version = reference.version.raw().to_owned();
            if reference.target.starts_with('/') {
                mounts.push(Mount { path: reference.target.clone(), project, secret, version });
            } else {
                let value = EnvValue::Secret { project, secret, version };
                env.push(EnvWorld { name: reference.target.clone(), value });
            }
        }

        let account = service.service_account.as_ref().map_or_else(
            || format!("{}-compute@developer.gserviceaccount.com", project_number(project)),
            |account| account.raw().to_owned(),
        );
        let mut revision = RevisionWorld {
            name: format!("{}-00001-{}", target.name, random::word(3)),
            project: project.clone(),
            image: service.image.as_ref().map_or(IMAGE, Stated::raw).to_owned(),
            port: service.port.as_ref().and_then(|port| port.raw().parse().ok()).unwrap_or(8080),
            service_account: account.clone(),
            env,
            mounts,
            vpc: self.vpc(target),
            cloudsql: service.cloudsql_instances.iter().map(|instance| instance.raw().to_owned()).collect(),
            proxied: None,
            code: Code::default(),
            started: Started::Pending,
            running: None,
        };
        let link = service.database.as_ref().map(|database| {
            let way = self.way(target, &database.variables, &mut revision);
            let stated = database.instance.as_ref().or(service.cloudsql_instances.first());
            let index = self.place(target, stated.map(Stated::raw), &way, &mut revision);
            let link = DatabaseLink {
                instance: self.instances[index].connection_name(),
                stated: stated.is_some(),
                host: way.host.clone(),
                role: way.user.clone(),
                name: way.name.clone(),
            };
            self.admit(index, way);
            link
        });
        // Whatever secret was not given a payload for the database's sake gets one now.
        for (project, secret, version) in references(&revision) {
            self.payload(&project, &secret, &version, || random::word(32));
            if let Some(secret) = self.secret_mut(&project, &secret)
                && !secret.accessors.contains(&account)
            {
                secret.accessors.push(account.clone());
            }
        }
        let leads_to_database =
            service.database.as_ref().map(|one| one.variables.names()).unwrap_or_default();
        let declared = revision.env.iter().map(|variable| variable.name.clone());
        revision.code.requires =
            declared.filter(|name| !leads_to_database.contains(&name.as_str())).collect();

        let mut newest = revision.clone();
        newest.name = format!("{}-00002-{}", target.name, random::word(3));
        let traffic = match service.no_traffic {
            Some(true) => Traffic::Pinned(revision.name.clone()),
            Some(false) | None => Traffic::Latest,
        };
        self.services.push(ServiceWorld {
            key: target.key.clone(),
            name: target.name.clone(),
            project: project.clone(),
            region: target.region.clone(),
            revisions: vec![revision, newest],
            traffic,
            public: service.allow_unauthenticated.unwrap_or(true),
            database: service.database.as_ref().map(|database| database.variables.clone()),
            link,
            health_path: health_path(target),
        });
    }

    /// The way into the network that the pipeline gives the service; its connector comes to exist.
    fn vpc(&mut self, target: &Target) -> VpcWorld {
        let vpc = &target.service.vpc;
        let egress = match vpc.egress.as_ref().map(|egress| egress.raw().to_ascii_lowercase()) {
            Some(word) if word.starts_with("all") => Egress::AllTraffic,
            Some(_) | None => Egress::PrivateRangesOnly,
        };
        let network = vpc.network.as_ref().map_or(NETWORK, |network| last_segment(network.raw()));
        if let Some(connector) = &vpc.connector {
            let raw = connector.raw();
            let (project, region, name) = match raw.split('/').collect::<Vec<_>>()[..] {
                ["projects", project, "locations", region, "connectors", name] => (project, region, name),
                _ => (target.project.as_str(), target.region.as_str(), last_segment(raw)),
            };
            let resource = connector_resource(project, region, name);
            if self.connector(&resource).is_none() {
                self.connectors.push(ConnectorWorld {
                    project: project.to_owned(),
                    region: region.to_owned(),
                    name: name.to_owned(),
                    network: network.to_owned(),
                    state: ConnectorState::Ready,
                });
            }
            return VpcWorld::Connector { resource, egress };
        }
        if vpc.network.is_none() && vpc.subnet.is_none() {
            return VpcWorld::None;
        }
        let subnetwork = vpc.subnet.as_ref().map_or(network, |subnet| last_segment(subnet.raw()));
        VpcWorld::Direct { network: network.to_owned(), subnetwork: subnetwork.to_owned(), egress }
    }

    /// Reads the way to the database off the variables, and gives those that are open a value.
    fn way(&mut self, target: &Target, variables: &DatabaseVariables, revision: &mut RevisionWorld) -> Way {
        let service = &target.service;
        let instance = service.database.as_ref().and_then(|database| database.instance.as_ref());
        let host = invent::invented_host(&service.vpc, &service.cloudsql_instances, instance);
        // An instance that another service already uses keeps its address.
        let shared = instance.and_then(|name| self.instances[self.instance(name.raw())?].addresses.first());
        let host = match shared {
            Some(address) if !host.starts_with('/') => address.ip.to_string(),
            Some(_) | None => self.free(&host),
        };
        let user = invent::slug(&target.name, '_');
        match variables {
            DatabaseVariables::Dsn(variable) => {
                let invented = || invent::dsn(&host, &user, &random::word(24), &user);
                let text = self.value(target, revision, variable, true, invented);
                read_dsn(&text).unwrap_or_else(|| Way {
                    host,
                    port: 5432,
                    user: user.clone(),
                    password: Some(random::word(24)),
                    name: user,
                })
            }
            DatabaseVariables::Parts { host: host_variable, port, user: user_variable, password, name } => {
                let mut part = |variable: &Option<String>, secret: bool, default: String| {
                    variable.as_ref().map(|one| self.value(target, revision, one, secret, || default))
                };
                let host = part(&Some(host_variable.clone()), false, host.clone()).unwrap_or(host);
                let port = part(port, false, "5432".to_owned()).and_then(|port| port.trim().parse().ok());
                let user = part(user_variable, false, user).unwrap_or_else(|| "postgres".to_owned());
                let password = part(password, true, random::word(24));
                let name = part(name, false, user.clone()).unwrap_or_else(|| user.clone());
                Way { host, port: port.unwrap_or(5432), user, password, name }
            }
        }
    }

    /// The value of a variable of the revision. One that the files do not state, but the database's description
    /// names, was set elsewhere: it comes to exist, as a secret where it holds a password.
    fn value(
        &mut self,
        target: &Target,
        revision: &mut RevisionWorld,
        variable: &str,
        secret: bool,
        invent: impl FnOnce() -> String,
    ) -> String {
        match revision.variable(variable).map(|found| found.value.clone()) {
            Some(EnvValue::Plain(text)) => text,
            Some(EnvValue::Secret { project, secret, version }) => {
                self.payload(&project, &secret, &version, invent)
            }
            None if secret => {
                let (project, version) = (target.project.clone(), "latest".to_owned());
                let secret = invent::slug(&format!("{}-{variable}", target.name), '-');
                let text = self.payload(&project, &secret, &version, invent);
                let value = EnvValue::Secret { project, secret, version };
                revision.env.push(EnvWorld { name: variable.to_owned(), value });
                text
            }
            None => {
                let text = invent();
                revision
                    .env
                    .push(EnvWorld { name: variable.to_owned(), value: EnvValue::Plain(text.clone()) });
                text
            }
        }
    }

    /// The payload of a version of a secret; both come to exist if they do not.
    fn payload(
        &mut self,
        project: &str,
        name: &str,
        version: &str,
        invent: impl FnOnce() -> String,
    ) -> String {
        if self.secret(project, name).is_none() {
            self.secrets.push(SecretWorld {
                project: project.to_owned(),
                name: name.to_owned(),
                versions: Vec::new(),
                aliases: Vec::new(),
                accessors: Vec::new(),
            });
        }
        let Some(secret) = self.secret_mut(project, name) else { return invent() };
        if let Some(found) = secret.version(version) {
            return found.payload.expose_secret().to_owned();
        }
        let number = secret.number(version).unwrap_or(1);
        if version != "latest" && version.parse::<u64>().is_err() {
            secret.aliases.push((version.to_owned(), number));
        }
        if let Some(found) = secret.version(&number.to_string()) {
            return found.payload.expose_secret().to_owned();
        }
        let payload = invent();
        secret.versions.push(VersionWorld {
            number,
            state: VersionState::Enabled,
            payload: SecretString::from(payload.clone()),
        });
        secret.versions.sort_by_key(|version| version.number);
        payload
    }

    /// The instance behind a way, made where there is none yet; its host comes to lead there.
    fn place(
        &mut self,
        target: &Target,
        stated: Option<&str>,
        way: &Way,
        revision: &mut RevisionWorld,
    ) -> usize {
        let socket = way.host.strip_prefix("/cloudsql/").map(str::to_owned);
        let addresses = if way.host.starts_with('/') { Vec::new() } else { self.resolve(&way.host) };
        let loopback = addresses.iter().any(IpAddr::is_loopback);
        let known = stated
            .map(str::to_owned)
            .or(socket)
            .or_else(|| {
                let index = addresses.iter().find_map(|address| self.instance_at(*address))?;
                Some(self.instances[index].connection_name())
            })
            .unwrap_or_else(|| format!("{}:{}:{}-db", target.project, target.region, target.name));
        let index = match self.instance(&known) {
            Some(index) => index,
            None => {
                self.instances.push(new_instance(&known, target, way.port));
                self.instances.len() - 1
            }
        };
        let wanted: Vec<IpAddr> = if addresses.is_empty() || loopback {
            if self.instances[index].addresses.is_empty() {
                let private = !matches!(revision.vpc, VpcWorld::None);
                let host = self.free(if private { invent::PRIVATE_HOST } else { invent::PUBLIC_HOST });
                host.parse().into_iter().collect()
            } else {
                self.instances[index].addresses.iter().map(|address| address.ip).collect()
            }
        } else {
            addresses.clone()
        };
        for ip in wanted {
            let address = InstanceAddress { ip, private: is_private(ip) };
            let instance = &mut self.instances[index];
            if address.private && instance.network.is_none() {
                instance.network = Some(NETWORK.to_owned());
            }
            if !instance.addresses.contains(&address) {
                instance.addresses.push(address);
            }
        }
        if address_less_name(&way.host, &addresses) {
            let found = self.instances[index].addresses.iter().map(|address| address.ip).collect();
            self.names.push((way.host.clone(), found));
        }
        if loopback && !target.service.sidecars.is_empty() {
            revision.proxied = Some(self.instances[index].connection_name());
        }
        self.attach_network(index, &revision.vpc);
        index
    }

    /// A private database stands in the network that its first service leaves into.
    fn attach_network(&mut self, index: usize, vpc: &VpcWorld) {
        let network = match vpc {
            VpcWorld::None => return,
            VpcWorld::Connector { resource, .. } => self.connector(resource).map(|one| one.network.clone()),
            VpcWorld::Direct { network, .. } => Some(network.clone()),
        };
        let others = self.services.iter().any(|service| {
            service.link.as_ref().is_some_and(|link| link.instance == self.instances[index].connection_name())
        });
        if let (Some(network), false, Some(stands_in)) = (network, others, &mut self.instances[index].network)
        {
            *stands_in = network;
        }
    }

    /// The server comes to know the role and the database.
    fn admit(&mut self, index: usize, way: Way) {
        let instance = &mut self.instances[index];
        let password = way.password.map(SecretString::from);
        match instance.roles.iter_mut().find(|role| role.name == way.user) {
            Some(role) => role.password = password,
            None => instance.roles.push(RoleWorld { name: way.user, password, login: true }),
        }
        if instance.database(&way.name).is_none() {
            instance.databases.push(DatabaseWorld::healthy(way.name));
        }
    }

    /// The address itself if no instance has it, else the next one that is free; anything else unchanged.
    fn free(&self, host: &str) -> String {
        let Ok(first) = host.parse::<Ipv4Addr>() else { return host.to_owned() };
        let mut address = first;
        while self.instance_at(address.into()).is_some() {
            address = Ipv4Addr::from(u32::from(address).wrapping_add(1));
        }
        address.to_string()
    }
}

fn new_instance(connection_name: &str, target: &Target, port: u16) -> InstanceWorld {
    let (project, region, name) = match connection_name.split(':').collect::<Vec<_>>()[..] {
        [project, region, name] => (project, region, name),
        // `domain.com:project` is an old form of a project's id.
        [domain, project, region, name] if domain.contains('.') => {
            return InstanceWorld {
                project: format!("{domain}:{project}"),
                ..new_instance(&format!("{project}:{region}:{name}"), target, port)
            };
        }
        _ => (target.project.as_str(), target.region.as_str(), connection_name),
    };
    InstanceWorld {
        project: project.to_owned(),
        region: region.to_owned(),
        name: name.to_owned(),
        addresses: Vec::new(),
        network: None,
        state: InstanceState::Runnable,
        activation: Activation::Always,
        port,
        listening: true,
        speaks: Speaks::Postgres,
        starting: false,
        max_connections: MAX_CONNECTIONS,
        held_connections: 0,
        roles: Vec::new(),
        databases: vec![DatabaseWorld::healthy("postgres")],
    }
}

/// A host name that nothing knows yet.
fn address_less_name(host: &str, addresses: &[IpAddr]) -> bool {
    addresses.is_empty() && !host.starts_with('/') && !host.is_empty()
}

/// The secrets that a revision refers to: project, name, version.
fn references(revision: &RevisionWorld) -> Vec<(String, String, String)> {
    let variables = revision.env.iter().filter_map(|variable| match &variable.value {
        EnvValue::Plain(_) => None,
        EnvValue::Secret { project, secret, version } => {
            Some((project.clone(), secret.clone(), version.clone()))
        }
    });
    let mounts =
        revision.mounts.iter().map(|one| (one.project.clone(), one.secret.clone(), one.version.clone()));
    variables.chain(mounts).collect()
}

/// Project and short name of a secret as a pipeline writes it.
fn secret_name(raw: &str, project: &str) -> (String, String) {
    match raw.split('/').collect::<Vec<_>>()[..] {
        ["projects", project, "secrets", name, ..] => (project.to_owned(), name.to_owned()),
        _ => (project.to_owned(), raw.to_owned()),
    }
}

/// The way that a connection string leads. A driver in the scheme (`postgresql+asyncpg`) is taken out, as the
/// driver's own wrapper does.
fn read_dsn(text: &str) -> Option<Way> {
    let config = tokio_postgres::Config::from_str(&plain_scheme(text)).ok()?;
    let host = match config.get_hosts().first() {
        Some(Host::Tcp(host)) => host.clone(),
        #[cfg(unix)]
        Some(Host::Unix(path)) => path.to_string_lossy().into_owned(),
        None => "localhost".to_owned(),
    };
    let user = config.get_user().unwrap_or("postgres").to_owned();
    Some(Way {
        host,
        port: config.get_ports().first().copied().unwrap_or(5432),
        password: config.get_password().map(|bytes| String::from_utf8_lossy(bytes).into_owned()),
        name: config.get_dbname().unwrap_or(&user).to_owned(),
        user,
    })
}

/// A connection string whose scheme names no driver.
pub(in crate::sandbox) fn plain_scheme(text: &str) -> String {
    match text.split_once("://") {
        Some((scheme, rest)) => format!("{}://{rest}", scheme.split('+').next().unwrap_or(scheme)),
        None => text.to_owned(),
    }
}

fn last_segment(text: &str) -> &str {
    text.rsplit('/').next().unwrap_or(text)
}

/// The path at which the service reports its health.
fn health_path(target: &Target) -> String {
    let service = &target.service;
    let stated = service.health.path.iter().chain(&service.health_paths).find_map(Stated::as_known);
    let path = stated.map_or("/health", |path| path.split(['?', '#']).next().unwrap_or(path));
    let path = url::Url::parse(path).map_or_else(|_| path.to_owned(), |url| url.path().to_owned());
    if path.starts_with('/') { path } else { format!("/{path}") }
}

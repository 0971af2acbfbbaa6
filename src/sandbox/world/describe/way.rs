//! The way to a database as the variables of a service state it, or as it is invented where they leave it open.

use secrecy::{ExposeSecret as _, SecretString};

use crate::connection::{parse_dsn, passfile};
use crate::model::{DatabaseVariables, Holds, Target};
use crate::sandbox::world::{
    Added, EnvValue, EnvWorld, RevisionWorld, SecretWorld, VersionState, VersionWorld, World,
};
use crate::sandbox::{invent, random};

/// The way to a database, as the variables of one service state or leave it.
pub(super) struct Way {
    pub(super) host: String,
    pub(super) port: u16,
    pub(super) user: String,
    /// `None`: no variable holds one, so the server must trust the role.
    pub(super) password: Option<String>,
    pub(super) name: String,
}

impl World {
    /// Reads the way to the database off the variables, and gives those that are open a value.
    pub(super) fn way(
        &mut self,
        target: &Target,
        variables: &DatabaseVariables,
        revision: &mut RevisionWorld,
    ) -> Way {
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
            DatabaseVariables::Url { url, user: user_variable, password, name } => {
                // What has a variable of its own is left out of the invented one.
                let invented = || format!("postgresql://{host}:5432/{user}");
                let text = self.value(target, revision, url, password.is_none(), invented);
                let mut way = read_dsn(&text).unwrap_or_else(|| Way {
                    host: host.clone(),
                    port: 5432,
                    user: String::new(),
                    password: None,
                    name: String::new(),
                });
                let mut part = |variable: &Option<String>, secret: bool, default: String| {
                    variable.as_ref().map(|one| self.value(target, revision, one, secret, || default))
                };
                if way.user.is_empty() {
                    way.user = part(user_variable, false, user).unwrap_or_else(|| "postgres".to_owned());
                }
                if way.password.is_none() {
                    way.password = part(password, true, random::word(24));
                }
                if way.name.is_empty() {
                    way.name = part(name, false, way.user.clone()).unwrap_or_else(|| way.user.clone());
                }
                way
            }
            DatabaseVariables::Instance { instance: variable, user: user_variable, password, name } => {
                let invented = instance.map_or_else(
                    || format!("{}:{}:{}", target.project, target.region, invent::slug(&target.name, '-')),
                    |stated| stated.raw().to_owned(),
                );
                let mut part = |variable: &Option<String>, secret: bool, default: String| {
                    variable.as_ref().map(|one| self.value(target, revision, one, secret, || default))
                };
                let instance = part(&Some(variable.clone()), false, invented).unwrap_or_default();
                // The stand-in's code opens the socket: that is there where the instance is attached.
                let user = part(user_variable, false, user).unwrap_or_else(|| "postgres".to_owned());
                let password = part(password, true, random::word(24));
                let name = part(name, false, user.clone()).unwrap_or_else(|| user.clone());
                if !revision.cloudsql.contains(&instance) {
                    revision.cloudsql.push(instance.clone());
                }
                Way { host: format!("/cloudsql/{instance}"), port: 5432, user, password, name }
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
            Some(EnvValue::Plain(text)) => self.of_file(revision, variable, &text, invent).unwrap_or(text),
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

    /// What the file holds to which a variable leads; `None`: it leads to none that is mounted.
    fn of_file(
        &mut self,
        revision: &RevisionWorld,
        variable: &str,
        path: &str,
        invent: impl FnOnce() -> String,
    ) -> Option<String> {
        let mount = revision.mounts.iter().find(|mount| mount.path == path)?;
        let (project, secret, version) = (&mount.project, &mount.secret, &mount.version);
        match Holds::of(variable) {
            Holds::Value => None,
            Holds::Path => Some(self.payload(project, secret, version, invent)),
            Holds::PasswordFile => {
                let content = self.payload(project, secret, version, || format!("*:*:*:*:{}", invent()));
                let first = passfile::passwords(&content.into()).into_iter().next()?;
                Some(first.expose_secret().to_owned())
            }
        }
    }

    /// The payload of a version of a secret; both come to exist if they do not.
    pub(super) fn payload(
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
            added: Added::Before,
            corrupted: false,
        });
        secret.versions.sort_by_key(|version| version.number);
        payload
    }
}

/// The way that a connection string leads. What it leaves out is empty.
fn read_dsn(text: &str) -> Option<Way> {
    let dsn = parse_dsn(text).ok()?;
    Some(Way {
        host: dsn.host.unwrap_or_else(|| "localhost".to_owned()),
        port: dsn.port,
        password: dsn.password.map(|password| password.expose_secret().to_owned()),
        name: dsn.database.or_else(|| dsn.user.clone()).unwrap_or_default(),
        user: dsn.user.unwrap_or_default(),
    })
}

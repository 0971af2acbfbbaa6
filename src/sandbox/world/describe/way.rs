//! The way to a database as the variables of a service state it, or as it is invented where they leave it open.

use secrecy::{ExposeSecret as _, SecretString};

use crate::connection::{DEFAULT_PORT, Dsn, Facts, Given, Reads, Source, passfile, resolve};
use crate::model::{DatabaseVariables, Holds, Target};
use crate::sandbox::world::{
    Added, EnvValue, EnvWorld, RevisionWorld, SecretWorld, VersionState, VersionWorld, World,
};
use crate::sandbox::{invent, random};

/// The user whose name nothing states: the same for the world and for the service in it.
pub(crate) const DEFAULT_USER: &str = "postgres";

/// The way to a database, as the variables of one service state or leave it.
pub(super) struct DatabaseAccess {
    /// Address, name or socket folder; for a library of Cloud SQL's, the instance's connection name.
    pub(super) host: String,
    /// Whether the service dials by such a library.
    pub(super) by_library: bool,
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
    ) -> DatabaseAccess {
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
        self.fill(target, variables, revision, &host);
        let facts = Facts {
            names: revision.env.iter().map(|variable| variable.name.as_str()).collect(),
            opens_socket: &|instance| revision.cloudsql.iter().any(|one| one == instance),
            reads: Reads::AsMeant,
        };
        let way = resolve(variables, &facts, &|source| self.given(revision, source));
        let place = way.place.unwrap_or_else(|_| {
            let host = way.host.ok().flatten().map_or(host, |part| part.value);
            Dsn { host: Some(host), ..Dsn::default() }
        });
        let by_library = place.host.is_none() && place.instance.is_some();
        let user =
            way.user.map_or(user, |part| part.map_or_else(|| DEFAULT_USER.to_owned(), |part| part.value));
        DatabaseAccess {
            host: place.host.or(place.instance).unwrap_or_else(|| "localhost".to_owned()),
            by_library,
            port: place.port,
            name: way.name.ok().flatten().map_or_else(|| user.clone(), |part| part.value),
            password: match way.password {
                Ok(password) => password.map(|part| part.value.expose_secret().to_owned()),
                Err(_) => Some(random::word(24)),
            },
            user,
        }
    }

    /// What a variable or a mounted file of the revision holds.
    fn given(&self, revision: &RevisionWorld, source: &Source) -> Given {
        let payload = |project: &str, name: &str, version: &str| {
            let found = self.secret(project, name).and_then(|secret| secret.version(version));
            found.map_or(Given::Absent, |found| Given::Value(found.payload.clone()))
        };
        match source {
            Source::Variable(name) => match revision.variable(name).map(|found| &found.value) {
                None => Given::Absent,
                Some(EnvValue::Plain(text)) => Given::Value(text.clone().into()),
                Some(EnvValue::Secret { project, secret, version }) => payload(project, secret, version),
            },
            // Who may read it is the service's affair.
            Source::File(path) | Source::PasswordFile(path) => {
                let mount = revision.mounts.iter().find(|mount| mount.path == *path);
                mount.map_or(Given::Absent, |mount| payload(&mount.project, &mount.secret, &mount.version))
            }
        }
    }

    /// Gives a value to every variable that the database's description names and the files leave open.
    fn fill(
        &mut self,
        target: &Target,
        variables: &DatabaseVariables,
        revision: &mut RevisionWorld,
        host: &str,
    ) {
        let user = invent::slug(&target.name, '_');
        if let Some(url) = variables.url() {
            // What has a variable of its own is left out of the invented one.
            let password = random::word(24);
            let whole = matches!(variables, DatabaseVariables::Dsn(_));
            let login = whole.then_some((user.as_str(), password.as_str()));
            let names: Vec<String> = revision.env.iter().map(|variable| variable.name.clone()).collect();
            let names = names.iter().map(String::as_str);
            self.value(target, revision, url, variables.password().is_none(), || {
                invent::dsn(url, names, host, login, &user)
            });
        }
        if let Some(name) = variables.instance() {
            let stated = target.service.database.as_ref().and_then(|database| database.instance.as_ref());
            let invented =
                || format!("{}:{}:{}", target.project, target.region, invent::slug(&target.name, '-'));
            self.value(target, revision, name, false, || {
                stated.map_or_else(invented, |stated| stated.raw().to_owned())
            });
        }
        for (name, value) in
            [(variables.host(), host.to_owned()), (variables.port(), DEFAULT_PORT.to_string())]
        {
            if let Some(name) = name {
                self.value(target, revision, name, false, || value);
            }
        }
        let stated = variables.user().map(|name| self.value(target, revision, name, false, || user.clone()));
        if let Some(name) = variables.password() {
            self.value(target, revision, name, true, || random::word(24));
        }
        if let Some(name) = variables.name() {
            self.value(target, revision, name, false, || stated.unwrap_or(user));
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

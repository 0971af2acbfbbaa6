//! The way to the database as the revision is given it: from its variables, plain or out of Secret Manager, or from the
//! files to which they lead.
//!
//! What the files declare only says *which* variables matter ([`DatabaseVariables`]); their values are those of the
//! live revision, for it is the revision that dials.

use std::collections::BTreeMap;

use google_cloud_run_v2::model::{Revision, env_var};
use google_cloud_secretmanager_v1::model::secret_version::State;
use secrecy::{ExposeSecret as _, SecretString};

use crate::connection::{
    self, Connection, Dsn, DsnServer, Facts, Missing, Part, Reads, Resolved, SessionTarget, Source, SslMode,
    TlsFiles, Trust, passfile,
};
use crate::live::service::{ingress, not_applicable, not_visible};
use crate::live::variables::{attached, declares};
use crate::live::{Scope, files};
use crate::model::{Database, DatabaseVariables, resource};
use crate::probe::google::{NoAnswer, Payload};
use crate::record::{CheckId, DatabaseRecord, Inconclusive, NodeKey, Outcome, Skip, check_id};

/// What allows the gate to read payloads of secrets.
pub(crate) const INSPECT_SECRETS: &str = "--inspect-secrets";

/// A value as the revision is given it.
pub(crate) enum Given {
    /// It stands on the revision.
    Plain(SecretString),
    /// Cloud Run reads it from Secret Manager when an instance starts.
    Secret {
        /// A short name, or `projects/P/secrets/S`.
        secret: String,
        /// A number, an alias, or `latest`.
        version: String,
    },
}

/// Where the database listens.
#[derive(Debug)]
pub(crate) struct Endpoint {
    /// Host name, address, or folder of a socket.
    pub(crate) host: String,
    /// Port.
    pub(crate) port: u16,
    /// Further servers, which the driver tries in this order where the first does not serve.
    pub(crate) others: Vec<DsnServer>,
    /// Which of the servers is taken.
    pub(crate) target: SessionTarget,
    /// Whether each connection begins with any of them.
    pub(crate) balanced: bool,
}

impl From<&Connection> for Endpoint {
    fn from(connection: &Connection) -> Self {
        let Connection { host, port, others, target, balanced, .. } = connection;
        let (host, others) = (host.clone(), others.clone());
        Self { host, port: *port, others, target: *target, balanced: *balanced }
    }
}

impl Endpoint {
    /// Every server, in the order in which they stand.
    pub(crate) fn servers(&self) -> Vec<DsnServer> {
        let first = DsnServer { host: self.host.clone(), port: self.port };
        std::iter::once(first).chain(self.others.iter().cloned()).collect()
    }

    /// Whether it is a socket in the file system (`/cloudsql/…`).
    pub(crate) fn is_socket(&self) -> bool {
        self.host.starts_with('/')
    }
}

/// The host as the live revision dials it; `None` where it is not known. Reads a secret only where the host stands
/// in one.
pub(crate) async fn host(scope: &Scope) -> Result<Option<String>, Outcome> {
    let Some(database) = &scope.target.service.database else { return Ok(None) };
    let revision = scope.revision().await?;
    let host = asking(scope, &revision, database, |way| way.host).await?.map(|part| part.value);
    note(scope, database, |record| record.host.clone_from(&host));
    Ok(host)
}

/// Where the database listens, as the live revision dials it. Reads a secret only where that stands in one.
pub(crate) async fn endpoint(scope: &Scope) -> Result<Endpoint, Outcome> {
    let database = database(scope).ok_or_else(no_database)?;
    let revision = scope.revision().await?;
    let way = asking(scope, &revision, database, |way| way.place).await?;
    let port = way.port;
    let Some(host) = way.host.clone() else { return Err(unknown_host(&way)) };
    note(scope, database, |record| (record.host, record.port) = (Some(host.clone()), Some(port)));
    let others = way.servers.into_iter().skip(1).collect();
    Ok(Endpoint { host, port, others, target: way.target, balanced: way.balanced })
}

/// The whole way to the database, as the live revision goes it.
pub(crate) async fn connection(scope: &Scope) -> Result<Connection, Outcome> {
    let revision = scope.revision().await?;
    whole(scope, &revision, false).await
}

/// As whom and to which database the live revision logs in; where the host is not known, it is empty.
pub(crate) async fn credentials(scope: &Scope) -> Result<Connection, Outcome> {
    let revision = scope.revision().await?;
    whole(scope, &revision, true).await
}

/// What this revision says, or why it says nothing: for the table of all who ask.
#[cfg(test)]
pub(crate) async fn asked(scope: &Scope, revision: &Revision) -> Result<Connection, String> {
    whole(scope, revision, false).await.map_err(|outcome| match outcome {
        Outcome::Skipped { reason } => format!("! {reason:?}"),
        Outcome::Blocked { by } => format!("! blocked by {by}"),
        other @ (Outcome::Passed { .. } | Outcome::Failed { .. } | Outcome::Inconclusive { .. }) => {
            format!("! {other:?}")
        }
    })
}

async fn whole(scope: &Scope, revision: &Revision, hostless: bool) -> Result<Connection, Outcome> {
    let database = database(scope).ok_or_else(no_database)?;
    let way = asking(scope, revision, database, Resolved::whole).await?;
    let port = way.port;
    let host = match way.host.clone() {
        Some(host) => host,
        None if hostless => String::new(),
        None => return Err(unknown_host(&way)),
    };
    // libpq would take the name of the account that the container runs as, which nothing here knows.
    let Some(user) = way.user else { return Err(unstated("the database's user")) };
    let name = way.database.unwrap_or_else(|| user.clone());
    note(scope, database, |record| {
        record.host = Some(host.clone()).filter(|host| !host.is_empty());
        record.port = Some(port);
        record.user = Some(user.clone());
        record.name = Some(name.clone());
    });
    Ok(Connection {
        host,
        port,
        user,
        password: way.password,
        database: name,
        sslmode: way.sslmode,
        connect_timeout: way.connect_timeout,
        others: way.servers.into_iter().skip(1).collect(),
        target: way.target,
        balanced: way.balanced,
        files: way.files,
        options: way.options,
        pool: way.pool,
        trust: Trust::default(),
    })
}

/// The files that the driver is given for TLS: by the connection string, or by variables beside it.
pub(crate) async fn tls_files(scope: &Scope, revision: &Revision) -> TlsFiles {
    let Some(database) = database(scope) else { return TlsFiles::default() };
    match asking(scope, revision, database, |way| way.place).await {
        Ok(way) => way.files,
        // Where the connection string cannot be read, the variables beside it can.
        Err(_) => as_given(revision, &database.variables, &BTreeMap::new()).files,
    }
}

/// User and database as the live revision names them; `None` where no variable states one. Reads a secret only where
/// one of them stands in it.
pub(crate) async fn identity(scope: &Scope) -> Result<(Option<String>, Option<String>), Outcome> {
    let database = database(scope).ok_or_else(no_database)?;
    let revision = scope.revision().await?;
    let both = |way: Resolved| Ok((way.user?.map(|part| part.value), way.name?.map(|part| part.value)));
    let (user, name) = asking(scope, &revision, database, both).await?;
    note(scope, database, |record| {
        record.user.clone_from(&user);
        record.name.clone_from(&name);
    });
    Ok((user, name))
}

/// How the live revision asks for TLS, where that can be seen.
pub(crate) async fn sslmode(scope: &Scope) -> Result<SslMode, Outcome> {
    let database = database(scope).ok_or_else(no_database)?;
    let revision = scope.revision().await?;
    let mode = asking(scope, &revision, database, |way| way.sslmode).await?;
    Ok(mode.map(|part| part.value).unwrap_or_default())
}

/// The variable that holds the database's password, if the live revision is given one. The password itself is not read.
pub(crate) async fn password_variable(scope: &Scope) -> Result<Option<String>, Outcome> {
    let database = database(scope).ok_or_else(no_database)?;
    let revision = scope.revision().await?;
    let variable = |way: Resolved| {
        way.place?;
        Ok(match way.password {
            Ok(Some(password)) => Some(password).filter(|part| !part.value.expose_secret().is_empty()),
            Err(Missing::Unread(Source::Variable(from))) => {
                Some(Part { value: SecretString::default(), from })
            }
            Err(
                Missing::Unread(Source::File(_) | Source::PasswordFile(_))
                | Missing::Unreadable { .. }
                | Missing::NoPassword { .. },
            ) => database
                .variables
                .password()
                .map(|name| Part { value: SecretString::default(), from: name.to_owned() }),
            Err(Missing::Absent(_) | Missing::Open) | Ok(None) => None,
        })
    };
    Ok(asking(scope, &revision, database, variable).await?.map(|part| part.from))
}

/// What a variable beside the host's says of TLS: `DB_SSLMODE` beside `DB_HOST`, or libpq's own `PGSSLMODE`.
pub(crate) fn ssl_mode(revision: &Revision, variables: &DatabaseVariables) -> SslMode {
    let mode = as_given(revision, variables, &BTreeMap::new()).sslmode;
    mode.ok().flatten().map(|part| part.value).unwrap_or_default()
}

/// What is read of secrets and files, once it is.
type Read = BTreeMap<Source, connection::Given>;

/// The way as the revision states it, with what was read beside it.
fn as_given(revision: &Revision, variables: &DatabaseVariables, read: &Read) -> Resolved {
    let attached = attached(revision);
    let facts = Facts {
        names: names(revision),
        // Not attached, it has no socket: then the code gives the name to a library, which dials by no address that can
        // be seen.
        opens_socket: &|instance| attached.iter().any(|one| one == instance),
        reads: Reads::AsMeant,
    };
    let look_up = |source: &Source| match (read.get(source), source) {
        (Some(known), _) => known.clone(),
        (None, Source::Variable(name)) => match given(revision, name) {
            None => connection::Given::Absent,
            Some(Given::Plain(value)) => connection::Given::Value(value),
            Some(Given::Secret { .. }) => connection::Given::Unread,
        },
        (None, Source::File(_) | Source::PasswordFile(_)) => connection::Given::Unread,
    };
    connection::resolve(variables, &facts, &look_up)
}

/// A part of the way; reads what it stands in, and nothing else.
async fn asking<T>(
    scope: &Scope,
    revision: &Revision,
    database: &Database,
    part: impl Fn(Resolved) -> Result<T, Missing>,
) -> Result<T, Outcome> {
    let mut read = Read::new();
    loop {
        let way = as_given(revision, &database.variables, &read);
        way.secrets.iter().for_each(|secret| scope.outside.vault.remember(secret));
        match part(way) {
            Ok(part) => return Ok(part),
            Err(Missing::Unread(source)) => {
                let given = fetch(scope, revision, &source).await?;
                read.insert(source, given);
            }
            Err(Missing::Absent(variable)) if declares(&scope.target.service, &variable) => {
                return Err(blocked(scope, check_id::VARIABLES_INJECTED, None));
            }
            // Only the native file names it: the image may bring it along, and that cannot be seen.
            Err(Missing::Absent(variable)) => {
                return Err(not_visible(format!(
                    "the revision has no variable {variable}; its image may bring one"
                )));
            }
            // The check of its shape says what is wrong with it.
            Err(Missing::Open | Missing::Unreadable { .. } | Missing::NoPassword { .. }) => {
                return Err(malformed(scope));
            }
        }
    }
}

/// Reads a secret or a file of the revision.
async fn fetch(scope: &Scope, revision: &Revision, source: &Source) -> Result<connection::Given, Outcome> {
    let value = match source {
        Source::Variable(variable) => match given(revision, variable) {
            None => return Ok(connection::Given::Absent),
            Some(Given::Plain(value)) => value,
            Some(Given::Secret { .. }) if !scope.settings.inspect_secrets => {
                return Err(Outcome::Skipped {
                    reason: Skip::NotAllowed { flag: INSPECT_SECRETS.to_owned() },
                });
            }
            Some(Given::Secret { secret, version }) => {
                payload(scope, variable, &secret, &version).await?.ok_or_else(|| malformed(scope))?
            }
        },
        Source::File(path) => files::content(scope, revision, path).await?,
        Source::PasswordFile(path) => {
            let content = files::content(scope, revision, path).await?;
            passfile::passwords(&content).iter().for_each(|one| scope.outside.vault.remember(one));
            let mode = files::mounted(revision, path).map(|file| file.mode).unwrap_or_default();
            if mode & passfile::OTHERS != 0 {
                return Ok(connection::Given::PassedOver { mode });
            }
            content
        }
    };
    Ok(connection::Given::Value(value))
}

/// Why no host is known.
fn unknown_host(way: &Dsn) -> Outcome {
    if way.instance.is_some() {
        return not_visible(
            "the service reaches its instance through a library of Cloud SQL's, by no address that its variables state"
                .to_owned(),
        );
    }
    if way.service.is_some() {
        return not_visible(
            "the host stands in a service file (pg_service.conf) in the container".to_owned(),
        );
    }
    unstated("the database's host")
}

/// What a secret's version holds; `None` where that is no text.
pub(crate) async fn payload(
    scope: &Scope,
    variable: &str,
    secret: &str,
    version: &str,
) -> Result<Option<SecretString>, Outcome> {
    let by = |check: CheckId| blocked(scope, check, Some(variable));
    let (google, project) = (&scope.outside.google, &scope.target.project);
    match google.secret_payload(project, secret, version).await.as_deref() {
        Ok(Payload::Whole(bytes)) => {
            Ok(std::str::from_utf8(bytes.expose_secret()).ok().map(SecretString::from))
        }
        Ok(Payload::Corrupted) => Err(by(check_id::SECRET_INTACT)),
        Ok(Payload::Locked) => match google.secret_version(project, secret, version).await {
            // Its own state does not forbid it, so something else does: the key that it is encrypted with, as a rule.
            Ok(live) if live.state == State::Enabled => Err(Outcome::Inconclusive {
                why: Inconclusive::Unavailable {
                    what: format!("the payload of {}", resource::secret(project, secret)),
                    detail: "its version is enabled, and may not be read all the same (FAILED_PRECONDITION)"
                        .to_owned(),
                },
            }),
            Ok(_) | Err(_) => Err(by(check_id::SECRET_VERSION_ENABLED)),
        },
        Err(NoAnswer::NotFound) => Err(by(check_id::SECRET_VERSION_ENABLED)),
        Err(NoAnswer::Inconclusive(why)) => Err(Outcome::Inconclusive { why: why.clone() }),
    }
}

/// The names of the variables of the revision's ingress container.
pub(crate) fn names(revision: &Revision) -> Vec<&str> {
    ingress(revision)
        .map(|container| container.env.iter().map(|one| one.name.as_str()).collect())
        .unwrap_or_default()
}

/// How the revision's ingress container is given a variable.
pub(crate) fn given(revision: &Revision, variable: &str) -> Option<Given> {
    let env = ingress(revision)?.env.iter().find(|env| env.name == variable)?;
    Some(match &env.values {
        // Google leaves an empty value out of its JSON.
        None => Given::Plain(SecretString::default()),
        Some(env_var::Values::Value(value)) => Given::Plain(value.clone().into()),
        Some(_) => {
            let reference = env.value_source()?.secret_key_ref.as_ref()?;
            let version = if reference.version.is_empty() { "latest" } else { &reference.version };
            Given::Secret { secret: reference.secret.clone(), version: version.to_owned() }
        }
    })
}

fn database(scope: &Scope) -> Option<&Database> {
    scope.target.service.database.as_ref()
}

/// What a check of the database says where there is none; it is not even planned then.
fn no_database() -> Outcome {
    not_applicable("the pipeline declares no database")
}

fn note(scope: &Scope, database: &Database, fill: impl FnOnce(&mut DatabaseRecord)) {
    scope.notes.note(|noted| {
        let record = noted.database.get_or_insert_with(DatabaseRecord::default);
        record.variables = database.variables.names().into_iter().map(str::to_owned).collect();
        record.instance =
            database.instance.as_ref().and_then(|instance| instance.as_known()).map(str::to_owned);
        record.others.clone_from(&database.others);
        fill(record);
    });
}

/// Another check's finding stands in the way.
pub(crate) fn blocked(scope: &Scope, check: CheckId, subject: Option<&str>) -> Outcome {
    Outcome::Blocked { by: NodeKey { service: &scope.target.key, check, subject }.to_string() }
}

fn malformed(scope: &Scope) -> Outcome {
    blocked(scope, check_id::CREDENTIAL_WELL_FORMED, None)
}

pub(crate) fn unstated(what: &str) -> Outcome {
    let what = format!("{what}: no declared variable states it, and drivers differ in what they take then");
    Outcome::Skipped { reason: Skip::Unresolved { what } }
}

//! The way to the database as the revision is given it: from its variables, plain or out of Secret Manager, or from the
//! files to which they lead.
//!
//! What the files declare only says *which* variables matter ([`DatabaseVariables`]); their values are those of the
//! live revision, for it is the revision that dials.

use std::time::Duration;

use google_cloud_run_v2::model::{Revision, env_var};
use google_cloud_secretmanager_v1::model::secret_version::State;
use secrecy::{ExposeSecret as _, SecretString};

use crate::connection::{
    Connection, Dsn, DsnServer, SessionTarget, SslMode, TlsFiles, Trust, driver, passfile,
};
use crate::live::service::{ingress, not_applicable, not_visible};
use crate::live::variables::{attached, declares};
use crate::live::{Scope, files};
use crate::model::{Database, DatabaseVariables, Holds, resource};
use crate::probe::google::{NoAnswer, Payload};
use crate::record::{Broken, DatabaseRecord, NodeKey, Outcome, Skip};

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
    let host = match database.variables.url() {
        Some(url) => dsn(scope, &revision, url).await?.host,
        None => {
            let host = location(scope, &revision, &database.variables).await?;
            Dsn::at(host, None).map_err(|_problem| malformed(scope))?.host
        }
    };
    note(scope, database, |record| record.host.clone_from(&host));
    Ok(host)
}

/// Where the database listens, as the live revision dials it. Reads a secret only where that stands in one.
pub(crate) async fn endpoint(scope: &Scope) -> Result<Endpoint, Outcome> {
    let database = database(scope).ok_or_else(no_database)?;
    let revision = scope.revision().await?;
    let way = place(scope, &revision, &database.variables).await?;
    let port = way.port;
    let Some(host) = way.host.clone() else { return Err(unknown_host(&way, &database.variables)) };
    note(scope, database, |record| (record.host, record.port) = (Some(host.clone()), Some(port)));
    let others = way.servers.into_iter().skip(1).collect();
    Ok(Endpoint { host, port, others, target: way.target, balanced: way.balanced })
}

/// The whole way to the database, as the live revision goes it.
pub(crate) async fn connection(scope: &Scope) -> Result<Connection, Outcome> {
    drawn(scope, false).await
}

/// As whom and to which database the live revision logs in; where the host is not known, it is empty.
pub(crate) async fn credentials(scope: &Scope) -> Result<Connection, Outcome> {
    drawn(scope, true).await
}

async fn drawn(scope: &Scope, hostless: bool) -> Result<Connection, Outcome> {
    let revision = scope.revision().await?;
    of_revision(scope, &revision, hostless).await
}

/// What this revision says, in a line: for the table of all who ask.
#[cfg(test)]
pub(crate) async fn asked(scope: &Scope, revision: &Revision) -> Result<Connection, String> {
    of_revision(scope, revision, false).await.map_err(|outcome| match outcome {
        Outcome::Skipped { reason } => format!("! {reason:?}"),
        Outcome::Blocked { by } => format!("! blocked by {by}"),
        other @ (Outcome::Passed { .. } | Outcome::Failed { .. } | Outcome::Broken { .. }) => {
            format!("! {other:?}")
        }
    })
}

async fn of_revision(scope: &Scope, revision: &Revision, hostless: bool) -> Result<Connection, Outcome> {
    let database = database(scope).ok_or_else(no_database)?;
    let way = whole(scope, revision, &database.variables).await?;
    let port = way.port;
    let host = match way.host.clone() {
        Some(host) => host,
        None if hostless => String::new(),
        None => return Err(unknown_host(&way, &database.variables)),
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
        options: way.options.or_else(|| options(revision)),
        pool: way.pool.or_else(|| pool(revision, &database.variables)),
        trust: Trust::default(),
    })
}

/// The settings that the driver asks the server for by libpq's own variable, which other drivers read, too.
fn options(revision: &Revision) -> Option<String> {
    match given(revision, "PGOPTIONS")? {
        Given::Plain(value) => Some(value.expose_secret().to_owned()).filter(|text| !text.is_empty()),
        Given::Secret { .. } => None,
    }
}

/// The files that the driver is given for TLS: by the connection string, or by variables beside it.
pub(crate) async fn tls_files(scope: &Scope, revision: &Revision) -> TlsFiles {
    let Some(database) = database(scope) else { return TlsFiles::default() };
    // Where the connection string cannot be read, the variables beside it can.
    match place(scope, revision, &database.variables).await {
        Ok(way) => way.files,
        Err(_) => files_beside(revision, &database.variables),
    }
}

/// The files for TLS that variables of their own state.
fn files_beside(revision: &Revision, variables: &DatabaseVariables) -> TlsFiles {
    let beside = |words: &[&str]| beside(revision, variables, words);
    TlsFiles {
        root: beside(&["SSLROOTCERT", "SSL_ROOT_CERT", "SSL_CA"]),
        certificate: beside(&["SSLCERT", "SSL_CERT"]),
        key: beside(&["SSLKEY", "SSL_KEY"]),
    }
}

/// User and database as the live revision names them; `None` where no variable states one. Reads a secret only where
/// one of them stands in it.
pub(crate) async fn identity(scope: &Scope) -> Result<(Option<String>, Option<String>), Outcome> {
    let database = database(scope).ok_or_else(no_database)?;
    let revision = scope.revision().await?;
    let way = place(scope, &revision, &database.variables).await?;
    let user = match way.user {
        Some(user) => Some(user),
        None => text(scope, &revision, database.variables.user()).await?,
    };
    let name = match way.database {
        Some(name) => Some(name),
        None => text(scope, &revision, database.variables.name()).await?,
    };
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
    match database.variables.url() {
        Some(url) => Ok(dsn(scope, &revision, url).await?.sslmode),
        None => Ok(ssl_mode(&revision, &database.variables)),
    }
}

/// The variable that holds the database's password, if the live revision is given one.
pub(crate) async fn password_variable(scope: &Scope) -> Result<Option<String>, Outcome> {
    let database = database(scope).ok_or_else(no_database)?;
    let revision = scope.revision().await?;
    if let Some(url) = database.variables.url() {
        let password = dsn(scope, &revision, url).await?.password;
        if password.is_some_and(|password| !password.expose_secret().is_empty()) {
            return Ok(Some(url.to_owned()));
        }
    }
    let filled = |variable: &&str| match given(&revision, variable) {
        Some(Given::Plain(value)) => !value.expose_secret().is_empty(),
        Some(Given::Secret { .. }) => true,
        None => false,
    };
    Ok(database.variables.password().filter(filled).map(str::to_owned))
}

/// The host that variables of their own state.
async fn location(
    scope: &Scope,
    revision: &Revision,
    variables: &DatabaseVariables,
) -> Result<Option<String>, Outcome> {
    if let Some(instance) = text(scope, revision, variables.instance()).await? {
        // Not attached, it has no socket: then the code gives the name to a library, which dials by no address that
        // can be seen.
        let attached = attached(revision).contains(&instance);
        return Ok(attached.then(|| format!("/cloudsql/{instance}")));
    }
    text(scope, revision, variables.host()).await
}

/// Host and port, and whatever stands in the same variable; and the files for TLS.
async fn place(scope: &Scope, revision: &Revision, variables: &DatabaseVariables) -> Result<Dsn, Outcome> {
    let files = files_beside(revision, variables);
    if let Some(url) = variables.url() {
        let mut way = dsn(scope, revision, url).await?;
        way.files = TlsFiles {
            root: way.files.root.or(files.root),
            certificate: way.files.certificate.or(files.certificate),
            key: way.files.key.or(files.key),
        };
        return Ok(way);
    }
    let host = location(scope, revision, variables).await?;
    let port = text(scope, revision, variables.port()).await?;
    let mut way = Dsn::at(host, port).map_err(|_problem| malformed(scope))?;
    let beside = |words: &[&str]| beside(revision, variables, words);
    way.sslmode = ssl_mode(revision, variables);
    way.files = files;
    way.target = beside(&["TARGET_SESSION_ATTRS", "TARGETSESSIONATTRS"])
        .and_then(|word| word.trim().parse().ok())
        .unwrap_or_default();
    way.balanced = beside(&["LOADBALANCEHOSTS"]).is_some_and(|word| word.trim() == "random");
    way.connect_timeout = beside(&["CONNECT_TIMEOUT"])
        .and_then(|seconds| seconds.trim().parse().ok())
        .filter(|seconds| *seconds > 0)
        .map(Duration::from_secs);
    Ok(way)
}

/// The whole way, as one connection string would say it: what a connection string leaves out is taken from the
/// variables beside it, as JDBC does, and last from libpq's own.
async fn whole(scope: &Scope, revision: &Revision, variables: &DatabaseVariables) -> Result<Dsn, Outcome> {
    let mut way = place(scope, revision, variables).await?;
    if way.user.is_none() {
        way.user = text(scope, revision, variables.user()).await?;
    }
    if way.database.is_none() {
        way.database = text(scope, revision, variables.name()).await?;
    }
    if way.password.is_none() {
        way.password = password(scope, revision, variables, &way).await?;
    }
    Ok(way)
}

/// The password that stands beside the connection string; else where libpq looks for one.
async fn password(
    scope: &Scope,
    revision: &Revision,
    variables: &DatabaseVariables,
    way: &Dsn,
) -> Result<Option<SecretString>, Outcome> {
    let is_value = |variable: &&str| Holds::of(variable) != Holds::PasswordFile;
    let libpqs = || given(revision, "PGPASSWORD").map(|_given| "PGPASSWORD");
    if let Some(variable) = variables.password().filter(is_value).or_else(libpqs) {
        let password = value(scope, revision, variable).await?;
        scope.outside.vault.remember(&password);
        return Ok(Some(password));
    }
    let path = way.passfile.clone().or_else(|| plain(revision, Holds::PASSFILE));
    let Some(path) = path else { return Ok(None) };
    let content = files::content(scope, revision, &path).await?;
    passfile::passwords(&content).iter().for_each(|password| scope.outside.vault.remember(password));
    let (Some(host), Some(user)) = (&way.host, &way.user) else { return Ok(None) };
    let name = way.database.as_ref().unwrap_or(user);
    let found = passfile::password(content.expose_secret(), host, way.port, name, user);
    // libpq passes over a file that others may read; the check of the credential says so.
    let usable = files::mounted(revision, &path).is_none_or(|file| file.mode & passfile::OTHERS == 0);
    match found.filter(|_| usable) {
        Some(password) => Ok(Some(password)),
        None => Err(malformed(scope)),
    }
}

/// Why no host is known.
fn unknown_host(way: &Dsn, variables: &DatabaseVariables) -> Outcome {
    let library = way.instance.is_some() || variables.instance().is_some();
    if library {
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

/// How many connections an instance of the service may hold, as the variables beside the leading one say it.
fn pool(revision: &Revision, variables: &DatabaseVariables) -> Option<u32> {
    let words = [
        "POOL_SIZE",
        "POOL_MAX",
        "POOL_MAX_SIZE",
        "MAX_POOL_SIZE",
        "MAX_OPEN_CONNS",
        "MAX_CONNECTIONS",
        "CONNECTION_LIMIT",
        "POOL",
        "HIKARI_MAXIMUM_POOL_SIZE",
        "HIKARI_MAXIMUMPOOLSIZE",
    ];
    let stated = beside(revision, variables, &words).or_else(|| plain(revision, "RAILS_MAX_THREADS"));
    stated.and_then(|number| number.trim().parse().ok())
}

/// A plain variable that begins as the leading one does, or as libpq's own.
fn beside(revision: &Revision, variables: &DatabaseVariables, words: &[&str]) -> Option<String> {
    let prefix = variables.prefix();
    let own = words.iter().find_map(|word| plain(revision, &format!("{prefix}{word}")));
    own.or_else(|| words.iter().find_map(|word| plain(revision, &format!("PG{word}"))))
}

/// A plain variable with something in it.
fn plain(revision: &Revision, name: &str) -> Option<String> {
    match given(revision, name)? {
        Given::Plain(value) => Some(value.expose_secret().to_owned()).filter(|value| !value.is_empty()),
        Given::Secret { .. } => None,
    }
}

/// What a variable beside the host's says of TLS: `DB_SSLMODE` beside `DB_HOST`, or libpq's own `PGSSLMODE`.
pub(crate) fn ssl_mode(revision: &Revision, variables: &DatabaseVariables) -> SslMode {
    let prefix = variables.prefix();
    [format!("{prefix}SSLMODE"), format!("{prefix}SSL_MODE"), "PGSSLMODE".to_owned()]
        .iter()
        .find_map(|name| match given(revision, name)? {
            Given::Plain(value) => value.expose_secret().trim().to_ascii_lowercase().parse().ok(),
            Given::Secret { .. } => None,
        })
        .unwrap_or_default()
}

async fn dsn(scope: &Scope, revision: &Revision, variable: &str) -> Result<Dsn, Outcome> {
    let value = value(scope, revision, variable).await?;
    let names = names(revision);
    let parsed = driver::parse(variable, value.expose_secret(), names.iter().copied());
    // Even an unreadable one holds a password: then the whole of it is secret.
    match parsed {
        Ok(dsn) => {
            if let Some(password) = &dsn.password {
                scope.outside.vault.remember(password);
                scope.outside.vault.remember(&value);
            }
            Ok(dsn)
        }
        // The check of its shape says what is wrong with it.
        Err(_problem) => {
            scope.outside.vault.remember(&value);
            Err(malformed(scope))
        }
    }
}

/// The value of a variable of the revision.
pub(crate) async fn value(
    scope: &Scope,
    revision: &Revision,
    variable: &str,
) -> Result<SecretString, Outcome> {
    match given(revision, variable) {
        None if declares(&scope.target.service, variable) => Err(blocked(scope, "variables-injected", None)),
        // Only the native file names it: the image may bring it along, and that cannot be seen.
        None => Err(not_visible(format!("the revision has no variable {variable}; its image may bring one"))),
        Some(Given::Plain(value)) => match Holds::of(variable) {
            Holds::Value | Holds::PasswordFile => Ok(value),
            Holds::Path => of_file(scope, revision, value.expose_secret().trim()).await,
        },
        Some(Given::Secret { .. }) if !scope.settings.inspect_secrets => {
            Err(Outcome::Skipped { reason: Skip::NotAllowed { flag: INSPECT_SECRETS.to_owned() } })
        }
        Some(Given::Secret { secret, version }) => {
            payload(scope, variable, &secret, &version).await?.ok_or_else(|| malformed(scope))
        }
    }
}

/// The value that a file holds. Its last line's end does not belong to it: who reads such files cuts it off, as the
/// images of Docker do.
async fn of_file(scope: &Scope, revision: &Revision, path: &str) -> Result<SecretString, Outcome> {
    let content = files::content(scope, revision, path).await?;
    let text = content.expose_secret();
    Ok(text.strip_suffix('\n').map_or(text, |text| text.strip_suffix('\r').unwrap_or(text)).into())
}

/// A value that is no secret by itself (host, port, user, database name); `None` where no variable is named, or an
/// empty one.
async fn text(scope: &Scope, revision: &Revision, variable: Option<&str>) -> Result<Option<String>, Outcome> {
    let Some(variable) = variable else { return Ok(None) };
    let text = value(scope, revision, variable).await?.expose_secret().to_owned();
    Ok(Some(text).filter(|text| !text.is_empty()))
}

/// What a secret's version holds; `None` where that is no text.
pub(crate) async fn payload(
    scope: &Scope,
    variable: &str,
    secret: &str,
    version: &str,
) -> Result<Option<SecretString>, Outcome> {
    let by = |check: &str| blocked(scope, check, Some(variable));
    let (google, project) = (&scope.outside.google, &scope.target.project);
    match google.secret_payload(project, secret, version).await.as_deref() {
        Ok(Payload::Whole(bytes)) => {
            Ok(std::str::from_utf8(bytes.expose_secret()).ok().map(SecretString::from))
        }
        Ok(Payload::Corrupted) => Err(by("secret-intact")),
        Ok(Payload::Locked) => match google.secret_version(project, secret, version).await {
            // Its own state does not forbid it, so something else does: the key that it is encrypted with, as a rule.
            Ok(live) if live.state == State::Enabled => Err(Outcome::Broken {
                why: Broken::Unavailable {
                    what: format!("the payload of {}", resource::secret(project, secret)),
                    detail: "its version is enabled, and may not be read all the same (FAILED_PRECONDITION)"
                        .to_owned(),
                },
            }),
            Ok(_) | Err(_) => Err(by("secret-version-enabled")),
        },
        Err(NoAnswer::NotFound) => Err(by("secret-version-enabled")),
        Err(NoAnswer::Broken(why)) => Err(Outcome::Broken { why: why.clone() }),
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
pub(crate) fn blocked(scope: &Scope, check: &str, subject: Option<&str>) -> Outcome {
    Outcome::Blocked { by: NodeKey { service: &scope.target.key, check, subject }.to_string() }
}

fn malformed(scope: &Scope) -> Outcome {
    blocked(scope, "credential-well-formed", None)
}

pub(crate) fn unstated(what: &str) -> Outcome {
    let what = format!("{what}: no declared variable states it, and drivers differ in what they take then");
    Outcome::Skipped { reason: Skip::Unresolved { what } }
}

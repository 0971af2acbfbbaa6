//! The way to the database as the new revision is given it: from its own variables and the secrets behind them.

use std::net::{IpAddr, SocketAddr};
use std::time::Duration;

use futures::future::BoxFuture;
use google_cloud_run_v2::model::{EnvVar, env_var};
use secrecy::{ExposeSecret as _, SecretString};

use super::facts::{broken, ingress, not_visible};
use super::network_facts::in_private_range;
use super::{Scope, credential_well_formed, secret_version_enabled, variables_injected};
use crate::model::DatabaseVariables;
use crate::probe::google::NoAnswer;
use crate::probe::postgres::dsn::{Dsn, SslMode};
use crate::probe::postgres::{self, Login};
use crate::run::finding::Finding;
use crate::run::outcome::{Outcome, Skip, Vantage};
use crate::run::record::NodeKey;

/// PostgreSQL's port, where nobody says another.
const PORT: u16 = 5432;

/// Where and with what the service logs in.
#[derive(Clone, Debug)]
pub(super) struct Connection {
    /// Host name, address, or folder of a socket.
    pub(super) host: String,
    /// Port.
    pub(super) port: u16,
    /// How to log in there.
    pub(super) login: Login,
    /// `connect_timeout`, where the connection string has one.
    pub(super) connect_timeout: Option<Duration>,
}

/// The value of one variable, as the revision is given it.
#[derive(Clone, Debug)]
pub(super) struct Injected {
    /// The variable.
    pub(super) variable: String,
    /// `projects/P/secrets/S` or the short name, where it comes from Secret Manager.
    pub(super) secret: Option<String>,
    /// The value.
    pub(super) value: SecretString,
}

/// The host that the new revision dials. Reads a secret only where the host is in one.
///
/// # Errors
/// The outcome of a check that needs the host and cannot have it.
pub(super) async fn host(scope: &Scope) -> Result<Option<String>, Outcome> {
    let Some(database) = &scope.target.service.database else { return Ok(None) };
    let host = match &database.variables {
        DatabaseVariables::Dsn(name) => dsn(scope, &injected(scope, name).await?)?.host,
        DatabaseVariables::Parts { host, .. } => {
            Some(injected(scope, host).await?.value.expose_secret().trim().to_owned())
        }
    };
    Ok(host.filter(|host| !host.is_empty()))
}

/// The whole way to the database, the password included.
///
/// # Errors
/// The outcome of a check that needs it and cannot have it.
pub(super) async fn connection(scope: &Scope) -> Result<Connection, Outcome> {
    let Some(database) = &scope.target.service.database else {
        return Err(not_visible("the pipeline states no database"));
    };
    let dsn = match &database.variables {
        DatabaseVariables::Dsn(name) => dsn(scope, &injected(scope, name).await?)?,
        DatabaseVariables::Parts { host, port, user, password, name } => {
            // Secrets behind several variables are read side by side.
            let (host, port, user, password, name) = futures::join!(
                part(scope, Some(host)),
                part(scope, port.as_ref()),
                part(scope, user.as_ref()),
                part(scope, password.as_ref()),
                part(scope, name.as_ref()),
            );
            let text = |part: Option<Injected>| part.map(|one| one.value.expose_secret().to_owned());
            let port = text(port?).filter(|text| !text.is_empty());
            Dsn {
                host: text(host?),
                port: port
                    .map(|text| text.trim().parse())
                    .transpose()
                    .map_err(|_unread| blocked(scope, credential_well_formed::CHECK.id, None))?,
                user: text(user?),
                password: password?.map(|one| one.value),
                database: text(name?),
                ..Dsn::default()
            }
        }
    };
    let unknown = |what: &str| not_visible(format!("no variable of the revision holds the {what}"));
    let user = dsn.user.ok_or_else(|| unknown("user"))?;
    let host = dsn.host.ok_or_else(|| unknown("host"))?;
    let connection = Connection {
        port: dsn.port.unwrap_or(PORT),
        login: Login {
            database: dsn.database.unwrap_or_else(|| user.clone()),
            user,
            password: dsn.password.unwrap_or_default(),
            host: host.clone(),
            sslmode: dsn.sslmode.unwrap_or_default(),
        },
        host,
        connect_timeout: dsn.connect_timeout,
    };
    note(scope, &connection);
    Ok(connection)
}

/// Notes what may be shown, for the texts of causes and remedies.
fn note(scope: &Scope, connection: &Connection) {
    scope.notes.note(|noted| {
        let record = noted.database.get_or_insert_default();
        record.host = Some(connection.host.clone());
        record.port = Some(connection.port);
        record.user = Some(connection.login.user.clone());
        record.name = Some(connection.login.database.clone());
    });
}

async fn part(scope: &Scope, name: Option<&String>) -> Result<Option<Injected>, Outcome> {
    match name {
        Some(name) => injected(scope, name).await.map(Some),
        None => Ok(None),
    }
}

/// The value of a variable of the new revision's ingress container.
///
/// # Errors
/// The revision lacks it, or its secret may not or cannot be read.
pub(super) fn injected<'a>(scope: &'a Scope, name: &'a str) -> BoxFuture<'a, Result<Injected, Outcome>> {
    // Boxed: the compiler cannot see through the nested futures of the HTTP client otherwise.
    Box::pin(async move {
        let revision = scope.revision().await?;
        let found = ingress(&revision).and_then(|one| one.env.iter().find(|one| one.name == name));
        let Some(variable) = found else {
            return Err(if variables_injected::declares(&scope.target.service, name) {
                blocked(scope, variables_injected::CHECK.id, None)
            } else {
                not_visible(format!("the revision has no {name}; the image may bring it along"))
            });
        };
        of_variable(scope, variable).await
    })
}

async fn of_variable(scope: &Scope, variable: &EnvVar) -> Result<Injected, Outcome> {
    let name = &variable.name;
    let reference = match &variable.values {
        // Absent is empty, in JSON as Google writes it.
        None => return Ok(plain(scope, name, "")),
        Some(env_var::Values::Value(value)) => return Ok(plain(scope, name, value)),
        Some(env_var::Values::ValueSource(source)) => source.secret_key_ref.as_ref(),
        Some(_) => None,
    };
    let Some(reference) = reference else {
        return Err(not_visible(format!("{name} comes from a source that this version does not know")));
    };
    if !scope.settings.inspect_secrets {
        return Err(Outcome::Skipped { reason: Skip::NotAllowed { flag: "--inspect-secrets".to_owned() } });
    }
    let google = &scope.outside.google;
    match google.secret_payload(&scope.target.project, &reference.secret, &reference.version).await {
        Ok(payload) => {
            let text = std::str::from_utf8(payload.expose_secret());
            let text = text.map_err(|_not_text| blocked(scope, credential_well_formed::CHECK.id, None))?;
            Ok(Injected {
                variable: name.clone(),
                secret: Some(reference.secret.clone()),
                value: text.into(),
            })
        }
        // Another check tells the absent from the disabled.
        Err(NoAnswer::NotFound) => Err(blocked(scope, secret_version_enabled::CHECK.id, Some(name))),
        Err(answer @ NoAnswer::Broken(_)) => Err(broken(&format!("the secret behind {name}"), answer)),
    }
}

/// A value that stands on the revision itself. Where it is, or holds, a password, no output may show it.
fn plain(scope: &Scope, name: &str, value: &str) -> Injected {
    let value = SecretString::from(value);
    if is_secret(scope, name) {
        scope.outside.vault.remember(&value);
        if let Ok(Dsn { password: Some(password), .. }) = Dsn::parse(value.expose_secret()) {
            scope.outside.vault.remember(&password);
        }
    }
    Injected { variable: name.to_owned(), secret: None, value }
}

/// Whether a variable holds a password, alone or within a connection string.
pub(super) fn is_secret(scope: &Scope, name: &str) -> bool {
    scope.target.service.database.as_ref().is_some_and(|database| match &database.variables {
        DatabaseVariables::Dsn(dsn) => dsn == name,
        DatabaseVariables::Parts { password, .. } => password.as_deref() == Some(name),
    })
}

fn dsn(scope: &Scope, injected: &Injected) -> Result<Dsn, Outcome> {
    let dsn = Dsn::parse(injected.value.expose_secret().trim())
        .map_err(|_unreadable| blocked(scope, credential_well_formed::CHECK.id, None))?;
    if let Some(password) = &dsn.password {
        scope.outside.vault.remember(password);
    }
    Ok(dsn)
}

fn blocked(scope: &Scope, check: &str, subject: Option<&str>) -> Outcome {
    Outcome::Blocked { by: NodeKey { service: &scope.target.key, check, subject }.to_string() }
}

/// The addresses to dial, where dialling them from here is evidence.
///
/// From outside the service's network only a public address is: names may mean another thing there, and private
/// addresses lead elsewhere or nowhere.
///
/// # Errors
/// The outcome of a check that cannot dial from here, or whose name has no address.
pub(super) async fn addresses(scope: &Scope, connection: &Connection) -> Result<Vec<SocketAddr>, Outcome> {
    if connection.host.starts_with('/') {
        return Err(not_visible("the socket exists only in the service's own containers"));
    }
    let dial = scope.outside.dial.as_ref();
    let bare = connection.host.trim_start_matches('[').trim_end_matches(']');
    let found = postgres::resolve(dial, &scope.target.key, bare, scope.settings.step_timeout).await;
    let outside = scope.settings.vantage != Vantage::InVpc;
    let found = match found {
        Ok(found) => found,
        Err(_unresolved) if outside => {
            return Err(not_visible(format!("{bare} has no address here, and may have one inside the VPC")));
        }
        Err(finding) => return Err(Outcome::Failed { finding: Finding::Postgres(finding) }),
    };
    if outside && let Some(private) = found.iter().find(|address| !is_public(**address)) {
        return Err(not_visible(format!(
            "{private} is not public: what answers or fails here is no evidence"
        )));
    }
    Ok(found.into_iter().map(|address| SocketAddr::new(address, connection.port)).collect())
}

fn is_public(address: IpAddr) -> bool {
    !in_private_range(address) && !address.is_loopback() && !address.is_unspecified()
}

/// How long one connection may take to be made: the service's own patience, if it is shorter than the gate's.
pub(super) fn patience(scope: &Scope, connection: &Connection) -> Duration {
    let own = connection.connect_timeout.unwrap_or(scope.settings.connect_timeout);
    own.min(scope.settings.connect_timeout)
}

/// Opens a connection to the database.
///
/// # Errors
/// The outcome of the step that failed: the name, or TCP.
pub(super) async fn open(
    scope: &Scope,
    connection: &Connection,
) -> Result<(SocketAddr, tokio::net::TcpStream), Outcome> {
    let addresses = addresses(scope, connection).await?;
    let dial = scope.outside.dial.as_ref();
    let opened = postgres::open(dial, &scope.target.key, &addresses, patience(scope, connection)).await;
    opened.map_err(|finding| Outcome::Failed { finding: Finding::Postgres(finding) })
}

/// `sslmode` in words, where it asks for more than the gate proves.
pub(super) fn unproven_tls(mode: SslMode) -> Option<String> {
    match mode {
        SslMode::Disable | SslMode::Allow | SslMode::Prefer | SslMode::Require => None,
        SslMode::VerifyCa | SslMode::VerifyFull => Some(format!(
            "sslmode={mode} asks to verify the server's certificate; the gate encrypts and does not"
        )),
    }
}

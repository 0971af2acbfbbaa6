//! What the sample service makes of its variables: its driver is the one that they are meant for, and it takes what that
//! driver takes.

use secrecy::{ExposeSecret as _, SecretString};
use tokio_postgres::Config;

use super::instance::Instance;
use crate::connection::{Dsn, DsnServer, SessionTarget, SslMode, driver, iam_account};
use crate::model::Holds;
use crate::sandbox::tokens;

/// The way to the database.
pub(super) struct Way {
    /// The servers, in the order in which they are tried.
    pub(super) servers: Vec<DsnServer>,
    /// Which of them is taken.
    pub(super) target: SessionTarget,
    /// How TLS is asked for.
    pub(super) sslmode: SslMode,
    user: String,
    password: Option<SecretString>,
    name: Option<String>,
    options: Option<String>,
}

impl Way {
    /// For the driver; TLS is made already, or not wanted.
    pub(super) fn config(&self) -> Config {
        let mut config = Config::new();
        config.user(&self.user).ssl_mode(tokio_postgres::config::SslMode::Disable);
        if let Some(password) = &self.password {
            config.password(password.expose_secret());
        }
        if let Some(name) = &self.name {
            config.dbname(name);
        }
        if let Some(options) = &self.options {
            config.options(options);
        }
        config
    }
}

/// The way that the injected variables say; else what the driver says of them.
pub(super) fn way(instance: &Instance) -> Result<Way, String> {
    let unset = || "the database is not configured".to_owned();
    let variables = &instance.variables;
    let declared = instance.service().database.as_ref().ok_or_else(unset)?;
    let part = |name: Option<&str>| name.and_then(|name| value(instance, name));
    let mut dsn = match declared.url() {
        Some(name) => {
            let text = value(instance, name).ok_or_else(unset)?;
            driver::dialled(name, &text, variables.names()).map_err(str::to_owned)?
        }
        None => Dsn::default(),
    };
    if let Some(port) = part(declared.port()) {
        dsn.port = port.trim().parse().map_err(|_why| unset())?;
    }
    if dsn.servers.is_empty() {
        let socket = part(declared.instance()).map(|instance| format!("/cloudsql/{instance}"));
        let host = part(declared.host()).or(socket).filter(|host| !host.is_empty());
        // What libpq takes where nothing is said.
        let hosts = host.unwrap_or_else(|| "localhost".to_owned());
        dsn.servers =
            hosts.split(',').map(|host| DsnServer { host: host.to_owned(), port: dsn.port }).collect();
    }
    let user = dsn.user.clone().or(part(declared.user())).unwrap_or_else(|| "postgres".to_owned());
    let name = dsn.database.clone().or(part(declared.name()));
    let password = dsn.password.clone().or(part(declared.password()).map(Into::into)).or_else(|| {
        // As the metadata server gives it: a token of the account that the revision runs as, whatever the user is.
        iam_account(&user)?;
        Some(tokens::login_token(&instance.cloud, &instance.revision().service_account).into())
    });
    let beside = variables.get(&format!("{}SSLMODE", declared.prefix()));
    // Without a word of either, the sample's driver asks for no TLS.
    let sslmode = match (dsn.sslmode, beside.and_then(|word| word.parse().ok())) {
        (SslMode::Prefer, Some(beside)) => beside,
        (SslMode::Prefer, None) => SslMode::Disable,
        (stated, _) => stated,
    };
    let options = dsn.options.or_else(|| variables.get("PGOPTIONS").map(str::to_owned));
    Ok(Way { servers: dsn.servers, target: dsn.target, sslmode, user, password, name, options })
}

/// What a variable says, or the file that it leads to.
fn value(instance: &Instance, name: &str) -> Option<String> {
    let text = instance.variables.get(name)?;
    match Holds::of(name) {
        Holds::Value => Some(text.to_owned()),
        Holds::Path => Some(file(instance, text)?.trim_end_matches(['\n', '\r']).to_owned()),
        // libpq passes over a file that others may read, and secrets are mounted so.
        Holds::PasswordFile => None,
    }
}

/// A mounted secret, as the instance reads it.
fn file(instance: &Instance, path: &str) -> Option<String> {
    let text = instance.cloud.world.file(instance.revision(), path)?;
    Some(text.expose_secret().to_owned())
}

/// What the sample service makes of its variables, in a line: for the table of all who ask.
#[cfg(test)]
pub(crate) fn asked(world: crate::sandbox::world::World) -> String {
    use std::sync::Arc;

    use crate::sandbox::certificates::Authority;
    use crate::sandbox::cloud::{Cloud, Places};

    let nowhere = std::net::SocketAddr::from(([127, 0, 0, 1], 1));
    let places = Places {
        control_plane: nowhere,
        services: Vec::new(),
        tagged: Vec::new(),
        instances: Vec::new(),
        attached: Vec::new(),
        connectors: Vec::new(),
        closed: nowhere,
    };
    let authority = Arc::new(Authority::new("table").unwrap());
    let cloud = Arc::new(Cloud::new(world, places, std::time::Duration::ZERO, authority));
    let Some(instance) = Instance::start(&cloud, 0, super::Leads::Traffic) else {
        return "! no instance".to_owned();
    };
    let way = match way(&instance) {
        Ok(way) => way,
        Err(why) => return format!("! {why}"),
    };
    let password = way.password.as_ref().map(|password| password.expose_secret());
    let first = way.servers.first();
    let mut said = crate::connection::tests::core(
        first.map(|one| one.host.as_str()).unwrap_or_default(),
        &first.map(|one| one.port.to_string()).unwrap_or_default(),
        Some(&way.user),
        password,
        way.name.as_deref(),
    );
    for server in way.servers.iter().skip(1) {
        said.push_str(&format!(" then={server}"));
    }
    if way.sslmode != SslMode::Disable {
        said.push_str(&format!(" sslmode={}", way.sslmode));
    }
    if way.target != SessionTarget::Any {
        said.push_str(&format!(" target={}", way.target));
    }
    if let Some(options) = &way.options {
        said.push_str(&format!(" options={options}"));
    }
    said
}

//! What the sample service makes of its variables: its driver is the one that they are meant for, and it takes what that
//! driver takes.

use secrecy::{ExposeSecret as _, SecretString};
use tokio_postgres::Config;

use super::instance::Instance;
use crate::connection::{
    DsnServer, Facts, Found, Given, Missing, Reads, SessionTarget, Source, SslMode, Unreadable, iam_account,
    resolve,
};
use crate::sandbox::tokens;
use crate::sandbox::world::DEFAULT_USER;

/// How a server is dialled.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum By {
    /// By its address, its name, or the folder of its socket.
    Address,
    /// By a library of Cloud SQL's: the host is the instance's connection name.
    Library,
}

/// The way to the database.
pub(super) struct Configured {
    /// The servers, in the order in which they are tried.
    pub(super) servers: Vec<DsnServer>,
    /// How they are dialled.
    pub(super) by: By,
    /// Which of them is taken.
    pub(super) target: SessionTarget,
    /// How TLS is asked for.
    pub(super) sslmode: SslMode,
    user: String,
    password: Option<SecretString>,
    name: Option<String>,
    options: Option<String>,
}

impl Configured {
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
pub(super) fn way(instance: &Instance) -> Result<Configured, String> {
    let unset = || "the database is not configured".to_owned();
    let variables = &instance.variables;
    let service = instance.service();
    let declared = service.database.as_ref().ok_or_else(unset)?;
    let facts = Facts {
        names: variables.names().collect(),
        // As its code was written: a fault changes the variables, and not the code.
        opens_socket: &|_| service.link.as_ref().is_some_and(|link| link.host.starts_with("/cloudsql/")),
        reads: Reads::AsItsDriver,
    };
    let way = resolve(declared, &facts, &|source| match source {
        Source::Variable(name) => {
            variables.get(name).map_or(Given::Absent, |text| Given::Value(text.to_owned().into()))
        }
        Source::File(path) => {
            instance.cloud.world.file(instance.revision(), path).map_or(Given::Absent, Given::Value)
        }
        // libpq passes over a file that others may read, and secrets are mounted so.
        Source::PasswordFile(_) => Given::Absent,
    });
    let driver = |missing: Missing| match missing {
        Missing::Unreadable { why: Unreadable::Refused(words), .. } => words.to_owned(),
        Missing::Unreadable { .. }
        | Missing::Unread(_)
        | Missing::Absent(_)
        | Missing::Open
        | Missing::NoPassword { .. } => unset(),
    };
    let dsn = way.place.map_err(driver)?;
    let part = |found: Found<String>| found.ok().flatten().map(|part| part.value);
    let user = part(way.user).unwrap_or_else(|| DEFAULT_USER.to_owned());
    let password = way.password.ok().flatten().map(|part| part.value).or_else(|| {
        // As the metadata server gives it: a token of the account that the revision runs as, whatever the user is.
        iam_account(&user)?;
        Some(tokens::login_token(&instance.cloud, &instance.revision().service_account).into())
    });
    // Without a word of anybody's, the sample's driver asks for no TLS.
    let sslmode = way.sslmode.ok().flatten().map_or(SslMode::Disable, |part| part.value);
    let (mut servers, mut by) = (dsn.servers, By::Address);
    if servers.is_empty() {
        let port = dsn.port;
        servers.push(match dsn.instance {
            Some(host) => {
                by = By::Library;
                DsnServer { host, port }
            }
            // What libpq takes where nothing is said.
            None => DsnServer { host: "localhost".to_owned(), port },
        });
    }
    let (target, name, options) = (dsn.target, part(way.name), dsn.options);
    Ok(Configured { servers, by, target, sslmode, user, password, name, options })
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

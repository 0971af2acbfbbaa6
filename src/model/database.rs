//! Which variables of a service lead it to its database.

use serde::{Deserialize, Serialize};

use super::{DatabaseExpectation, Service, Stated};

/// The variables that hold the way to the database.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum DatabaseVariables {
    /// One variable holds a whole connection string.
    Dsn(String),
    /// Each part has a variable of its own; a part without one takes PostgreSQL's default.
    Parts {
        /// Holds the host name, the address or the socket folder.
        host: String,
        /// Holds the port; default 5432.
        port: Option<String>,
        /// Holds the user.
        user: Option<String>,
        /// Holds the password.
        password: Option<String>,
        /// Holds the database name; default: the user's name.
        name: Option<String>,
    },
}

impl DatabaseVariables {
    /// The names of all variables concerned.
    pub fn names(&self) -> Vec<&str> {
        match self {
            Self::Dsn(name) => vec![name],
            Self::Parts { host, port, user, password, name } => {
                let optional = [port, user, password, name];
                std::iter::once(host.as_str())
                    .chain(optional.into_iter().filter_map(|part| part.as_deref()))
                    .collect()
            }
        }
    }
}

/// The PostgreSQL database that a service needs.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Database {
    /// Which variables lead to it.
    pub variables: DatabaseVariables,
    /// Its Cloud SQL instance (`project:region:instance`), where the files name one.
    pub instance: Option<Stated>,
    /// Whether the native file states it, or its variables' names gave it away.
    pub stated: bool,
    /// How many connections one instance of the service may hold, where the native file says so.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub pool: Option<u32>,
    /// What the native file asks of it.
    #[serde(default, skip_serializing_if = "DatabaseExpectation::is_empty")]
    pub expect: DatabaseExpectation,
}

impl Database {
    /// A database of which only the way is known.
    pub fn new(variables: DatabaseVariables, instance: Option<Stated>, stated: bool) -> Self {
        Self { variables, instance, stated, pool: None, expect: DatabaseExpectation::default() }
    }
}

/// Names under which users put a whole connection string, most usual first.
const DSN_NAMES: &[&str] = &[
    "DATABASE_URL",
    "DB_URL",
    "POSTGRES_URL",
    "POSTGRESQL_URL",
    "PG_URL",
    "DATABASE_DSN",
    "DB_DSN",
    "SQLALCHEMY_DATABASE_URI",
];
/// Prefixes under which users put the parts, most usual first.
const PART_PREFIXES: &[&str] = &["DB_", "DATABASE_", "POSTGRES_", "POSTGRESQL_", "PG", "SQL_"];
const USER_SUFFIXES: &[&str] = &["USER", "USERNAME"];
const PASSWORD_SUFFIXES: &[&str] = &["PASSWORD", "PASS", "PASSWD"];
const NAME_SUFFIXES: &[&str] = &["NAME", "DATABASE", "DB"];

/// Recognises the database of a service by the names of its variables and secrets, as users name them.
///
/// Returns `None` where nothing hints at one: nothing is guessed from values.
pub fn infer(service: &Service) -> Option<Database> {
    let exists = |name: &str| service.variable(name).is_some() || service.secret(name).is_some();
    let instance = service.cloudsql_instances.first().cloned();
    if let Some(name) = DSN_NAMES.iter().find(|name| exists(name)) {
        let variables = DatabaseVariables::Dsn((*name).to_owned());
        return Some(Database::new(variables, instance, false));
    }
    let prefix = PART_PREFIXES.iter().find(|prefix| exists(&format!("{prefix}HOST")))?;
    let part = |suffixes: &[&str]| {
        suffixes.iter().map(|suffix| format!("{prefix}{suffix}")).find(|name| exists(name))
    };
    let variables = DatabaseVariables::Parts {
        host: format!("{prefix}HOST"),
        port: part(&["PORT"]),
        user: part(USER_SUFFIXES),
        password: part(PASSWORD_SUFFIXES),
        name: part(NAME_SUFFIXES),
    };
    Some(Database::new(variables, instance, false))
}

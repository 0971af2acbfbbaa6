//! Which variables of a service lead it to its database.

mod infer;
mod names;

use serde::{Deserialize, Serialize};

use super::{DatabaseExpectation, Stated};

pub use infer::{holds_connection_string, infer, names_postgres, usual_parts};

/// The variables that hold the way to the database.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum DatabaseVariables {
    /// One variable holds a whole connection string.
    Dsn(String),
    /// One variable holds a connection string, others what it leaves out, as Spring and Quarkus have it. What the
    /// connection string itself states is taken from there.
    Url {
        /// Holds the connection string.
        url: String,
        /// Holds the user.
        user: Option<String>,
        /// Holds the password.
        password: Option<String>,
        /// Holds the database name.
        name: Option<String>,
    },
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
    /// One variable holds the connection name of the Cloud SQL instance (`project:region:instance`), as Google's own
    /// samples have it: the code opens the socket `/cloudsql/…` of that name, or gives it to a connector's library.
    Instance {
        /// Holds the connection name.
        instance: String,
        /// Holds the user.
        user: Option<String>,
        /// Holds the password.
        password: Option<String>,
        /// Holds the database name; default: the user's name.
        name: Option<String>,
    },
}

/// What a variable holds that leads to a part of the way to a database.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Holds {
    /// The part itself.
    Value,
    /// The path of a file that holds it, as images of Docker's have it (`DB_PASSWORD_FILE`).
    Path,
    /// The path of libpq's file of passwords, where each line is for a server, a database and a user.
    PasswordFile,
}

impl Holds {
    /// libpq's own variable for its file of passwords.
    pub const PASSFILE: &'static str = "PGPASSFILE";

    /// What a variable of this name holds.
    pub fn of(variable: &str) -> Self {
        let end = variable.len().checked_sub(names::FILE.len()).and_then(|at| variable.get(at..));
        if variable == Self::PASSFILE {
            Self::PasswordFile
        } else if end.is_some_and(|end| end.eq_ignore_ascii_case(names::FILE)) {
            Self::Path
        } else {
            Self::Value
        }
    }
}

impl DatabaseVariables {
    /// The variable that says where the database is.
    pub fn leading(&self) -> &str {
        match self {
            Self::Dsn(name) | Self::Url { url: name, .. } => name,
            Self::Parts { host: name, .. } | Self::Instance { instance: name, .. } => name,
        }
    }

    /// The variable that holds a connection string.
    pub fn url(&self) -> Option<&str> {
        match self {
            Self::Dsn(name) | Self::Url { url: name, .. } => Some(name),
            Self::Parts { .. } | Self::Instance { .. } => None,
        }
    }

    /// The variable that holds the host.
    pub fn host(&self) -> Option<&str> {
        match self {
            Self::Parts { host, .. } => Some(host),
            Self::Dsn(_) | Self::Url { .. } | Self::Instance { .. } => None,
        }
    }

    /// The variable that holds the connection name of the instance.
    pub fn instance(&self) -> Option<&str> {
        match self {
            Self::Instance { instance, .. } => Some(instance),
            Self::Dsn(_) | Self::Url { .. } | Self::Parts { .. } => None,
        }
    }

    /// The variable that holds the port.
    pub fn port(&self) -> Option<&str> {
        match self {
            Self::Parts { port, .. } => port.as_deref(),
            Self::Dsn(_) | Self::Url { .. } | Self::Instance { .. } => None,
        }
    }

    /// The variable that holds the user by itself.
    pub fn user(&self) -> Option<&str> {
        match self {
            Self::Dsn(_) => None,
            Self::Url { user, .. } | Self::Parts { user, .. } | Self::Instance { user, .. } => {
                user.as_deref()
            }
        }
    }

    /// The variable that holds the password by itself.
    pub fn password(&self) -> Option<&str> {
        match self {
            Self::Dsn(_) => None,
            Self::Url { password, .. } | Self::Parts { password, .. } | Self::Instance { password, .. } => {
                password.as_deref()
            }
        }
    }

    /// The variable that holds the database name by itself.
    pub fn name(&self) -> Option<&str> {
        match self {
            Self::Dsn(_) => None,
            Self::Url { name, .. } | Self::Parts { name, .. } | Self::Instance { name, .. } => {
                name.as_deref()
            }
        }
    }

    /// The names of all variables concerned, the leading one first.
    pub fn names(&self) -> Vec<&str> {
        let optional = [self.port(), self.user(), self.password(), self.name()];
        std::iter::once(self.leading()).chain(optional.into_iter().flatten()).collect()
    }

    /// What stands before the part's word in the leading variable's name: `DB_` of `DB_HOST`. Variables beside it
    /// (`DB_SSLMODE`) begin with the same.
    pub fn prefix(&self) -> &str {
        let leading = self.leading();
        let leading = match Holds::of(leading) {
            Holds::Path => leading.get(..leading.len() - names::FILE.len()).unwrap_or(leading),
            Holds::Value | Holds::PasswordFile => leading,
        };
        let after = |word: &str| {
            let at = leading.len().checked_sub(word.len())?;
            let tail = leading.get(at..)?;
            // The `_` before a word of two belongs to the prefix.
            let end = at + usize::from(word.starts_with('_'));
            tail.eq_ignore_ascii_case(word).then(|| &leading[..end])
        };
        let prefix = names::HOSTS.iter().chain(names::URL_WORDS).find_map(|word| after(word));
        prefix.filter(|prefix| !prefix.is_empty()).unwrap_or("DB_")
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
    /// Variables that lead to further databases, or to this one by another way. They are named, and not checked.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub others: Vec<String>,
    /// How many connections one instance of the service may hold, where the native file says so.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub pool: Option<u32>,
    /// The authorities by which the service verifies its server, where the native file brings them.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub ca: Option<AuthorityFile>,
    /// What the native file asks of it.
    #[serde(default, skip_serializing_if = "DatabaseExpectation::is_empty")]
    pub expect: DatabaseExpectation,
}

/// Certificates of authorities, as a file beside the pipeline holds them.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct AuthorityFile {
    /// The file, as the pipeline names it.
    pub path: String,
    /// What it holds, in PEM. No secret: certificates only.
    pub pem: String,
}

impl Database {
    /// A database of which only the way is known.
    pub fn new(variables: DatabaseVariables, instance: Option<Stated>, stated: bool) -> Self {
        let expect = DatabaseExpectation::default();
        Self { variables, instance, stated, others: Vec::new(), pool: None, ca: None, expect }
    }
}

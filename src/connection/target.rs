//! Where a service's database is, and how its driver goes there.

use std::fmt;
use std::time::Duration;

use secrecy::SecretString;

use super::dsn::{Server, SessionTarget, SslMode, TlsFiles};
use super::trust::Trust;

/// PostgreSQL's port, where nothing else is stated.
pub const DEFAULT_PORT: u16 = 5432;

/// The way to a database, as a service is given it.
#[derive(Clone)]
pub struct Connection {
    /// Host name, address, or folder of a socket.
    pub host: String,
    /// Port.
    pub port: u16,
    /// User.
    pub user: String,
    /// Password; `None` where nothing holds one.
    pub password: Option<SecretString>,
    /// Database name.
    pub database: String,
    /// How TLS is asked for.
    pub sslmode: SslMode,
    /// How long the service itself waits for a connection, where it says so.
    pub connect_timeout: Option<Duration>,
    /// Further servers, which the driver tries in this order where the first does not serve.
    pub others: Vec<Server>,
    /// Which of the servers is taken.
    pub target: SessionTarget,
    /// Whether each connection begins with any of the servers, and not with the first.
    pub balanced: bool,
    /// The files that TLS needs, by their paths in the service's own container.
    pub files: TlsFiles,
    /// What is given to the server's process, such as `-c search_path=auth`.
    pub options: Option<String>,
    /// How many connections one instance of the service may hold, where its variables say so.
    pub pool: Option<u32>,
    /// What the service holds for TLS, as far as the gate knows it.
    pub trust: Trust,
}

/// Nobody's way anywhere: what a way is built from that states little.
impl Default for Connection {
    fn default() -> Self {
        Self {
            host: String::new(),
            port: DEFAULT_PORT,
            user: String::new(),
            password: None,
            database: String::new(),
            sslmode: SslMode::default(),
            connect_timeout: None,
            others: Vec::new(),
            target: SessionTarget::default(),
            balanced: false,
            files: TlsFiles::default(),
            options: None,
            pool: None,
            trust: Trust::default(),
        }
    }
}

/// Without the password.
impl fmt::Debug for Connection {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Connection")
            .field("host", &self.host)
            .field("port", &self.port)
            .field("user", &self.user)
            .field("database", &self.database)
            .field("sslmode", &self.sslmode)
            .field("others", &self.others.len())
            .field("target", &self.target)
            .field("trust", &self.trust)
            .finish_non_exhaustive()
    }
}

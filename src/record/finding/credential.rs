//! Findings about the shape of a credential. Never its value: length, character class, position.

use std::fmt;

use serde::{Deserialize, Serialize};

/// What the families of drivers make of a connection string. No part of it.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Drivers {
    /// Whether the driver that the value is meant for is known, and fails with it.
    pub certain: bool,
    /// Each family, or several of one mind, and what they make of it; those that fail first.
    pub opinions: Vec<String>,
}

impl Drivers {
    fn is_empty(&self) -> bool {
        *self == Self::default()
    }
}

/// What was seen of a credential's shape.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "kebab-case")]
pub enum CredentialFinding {
    /// A newline or blank at its edge.
    EdgeWhitespace {
        /// The variable that receives it.
        variable: String,
        /// `projects/P/secrets/S` where it comes from Secret Manager.
        secret: Option<String>,
        /// `leading` or `trailing`.
        edge: String,
        /// `line feed`, `carriage return`, `blank` or `tab`.
        class: String,
        /// Length of the whole value in bytes.
        length: usize,
        /// What drivers make of it, where it is a connection string.
        #[serde(default, skip_serializing_if = "Drivers::is_empty")]
        drivers: Drivers,
    },
    /// Nothing in it.
    Empty {
        /// The variable that receives it.
        variable: String,
        /// `projects/P/secrets/S` where it comes from Secret Manager.
        secret: Option<String>,
    },
    /// The connection string is none that a PostgreSQL driver could read.
    Unreadable {
        /// The variable that receives it.
        variable: String,
        /// What is wrong with it, without any part of the value.
        problem: String,
        /// What drivers make of it.
        #[serde(default, skip_serializing_if = "Drivers::is_empty")]
        drivers: Drivers,
    },
    /// The value has a shape that cannot work, or leads where nothing is.
    Unfit {
        /// The variable that receives it.
        variable: String,
        /// `projects/P/secrets/S` where it comes from Secret Manager.
        secret: Option<String>,
        /// In which way.
        unfit: Unfit,
    },
}

/// In which way a value cannot work. What is shown of it is never a password, nor a part of an unreadable text.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "unfit", rename_all = "kebab-case")]
pub enum Unfit {
    /// Quotes stand around it, and are part of it.
    Quoted,
    /// It is something encoded; what, in words.
    Encoded {
        /// `a JSON document`, `a byte-order mark before its text`, ….
        what: String,
    },
    /// It looks like a text in base64.
    LooksEncoded,
    /// A character that a URL gives another meaning stands raw before the host.
    Unescaped {
        /// Which one, and where.
        what: String,
        /// What drivers make of it.
        #[serde(default, skip_serializing_if = "Drivers::is_empty")]
        drivers: Drivers,
    },
    /// A dummy stands in its place.
    Placeholder {
        /// The part: `host`, `user`, `password` or `name`.
        part: String,
    },
    /// The URL has a scheme or option that its driver does not take.
    Scheme {
        /// What the driver does not take, and what it takes.
        what: String,
        /// What drivers make of it.
        #[serde(default, skip_serializing_if = "Drivers::is_empty")]
        drivers: Drivers,
    },
    /// The host is the container itself, and no other container runs beside it.
    Loopback {
        /// The host.
        host: String,
    },
    /// The host is a name from a compose file.
    ComposeName {
        /// The host.
        host: String,
    },
    /// The port is another server's.
    Port {
        /// The port.
        port: u16,
        /// Whose it is.
        whose: String,
    },
    /// libpq finds no password in its file of passwords.
    PasswordFile {
        /// Why.
        problem: String,
    },
    /// TLS is asked for on a socket.
    SocketTls {
        /// The `sslmode`.
        sslmode: String,
    },
    /// The path of the socket is longer than Linux allows.
    SocketTooLong {
        /// Its length in bytes, with the socket's own name.
        length: usize,
    },
}

impl fmt::Display for Unfit {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Quoted => f.write_str("has quotes around it that are part of it"),
            Self::Encoded { what } => write!(f, "is {what}"),
            Self::LooksEncoded => f.write_str("looks like a text in base64, which nothing decodes"),
            Self::Unescaped { what, .. } => write!(f, "has {what}"),
            Self::Placeholder { part } => write!(f, "has a dummy for its {part}"),
            Self::Scheme { what, .. } => write!(f, "does not fit its driver: {what}"),
            Self::Loopback { host } => {
                write!(f, "leads to {host}, the container itself, and no other container runs beside it")
            }
            Self::ComposeName { host } => write!(f, "leads to {host}, a name from a compose file"),
            Self::Port { port, whose } => write!(f, "names port {port}, {whose}"),
            Self::PasswordFile { problem } => {
                write!(f, "leads to a password file that libpq does not take: {problem}")
            }
            Self::SocketTls { sslmode } => {
                write!(f, "asks for TLS (sslmode={sslmode}) on a socket, which has none")
            }
            Self::SocketTooLong { length } => {
                write!(f, "leads to a socket whose path has {length} bytes; 107 are possible")
            }
        }
    }
}

impl fmt::Display for CredentialFinding {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::EdgeWhitespace { variable, edge, class, length, .. } => {
                write!(f, "the value of {variable} ({length} bytes) has a {edge} {class}")
            }
            Self::Empty { variable, .. } => write!(f, "the value of {variable} is empty"),
            Self::Unreadable { variable, problem, .. } => {
                write!(f, "the value of {variable} is no connection string: {problem}")
            }
            Self::Unfit { variable, unfit, .. } => write!(f, "the value of {variable} {unfit}"),
        }
    }
}

//! The closed sets by which findings about a talk with PostgreSQL tell one end from another.

use std::fmt;
use std::net::SocketAddr;

use serde::{Deserialize, Serialize};

/// One address, and how the attempt to connect to it ended.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Tried {
    /// The address.
    pub address: SocketAddr,
    /// `refused`, `no answer`, or the system's error, as `EHOSTUNREACH`.
    pub end: String,
}

/// How far a login had come when the server refused it. The server's messages up to then tell, in any language.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Stage {
    /// Not noted (records of older versions).
    #[default]
    Unknown,
    /// Before it asked for any proof of who the user is: no password was sent.
    BeforeProof,
    /// After it asked, and before it was content.
    DuringProof,
    /// After it took the user's proof (AuthenticationOk), or wanted none.
    AfterProof,
}

impl fmt::Display for Stage {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Unknown => "by the server",
            Self::BeforeProof => "before any password was asked for",
            Self::DuringProof => "after the password was asked for",
            Self::AfterProof => "after user and password were accepted",
        })
    }
}

/// What came of the same start of a session with TLS where the refused one had none, or without where it had. No
/// password is sent for it unless the service's own `sslmode` makes the service send it, too.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct OtherWay {
    /// Whether this one was encrypted.
    pub tls: bool,
    /// What came of it.
    pub end: OtherEnd,
}

/// The end of such a start.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "end", rename_all = "kebab-case")]
pub enum OtherEnd {
    /// The server goes on: it asks for the password, or lets the user in.
    Admitted,
    /// It refuses that one, too.
    Refused {
        /// The SQLSTATE.
        sqlstate: String,
        /// Whether it asked for a client certificate, and none was sent.
        certificate_missed: bool,
    },
    /// There is no such way: the server offers no TLS.
    NotOffered,
    /// It ended before the server said anything of the user.
    Lost,
}

impl fmt::Display for OtherWay {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let how = if self.tls { "with TLS" } else { "without TLS" };
        match &self.end {
            OtherEnd::Admitted => write!(f, "{how} it goes on"),
            OtherEnd::Refused { sqlstate, .. } => write!(f, "{how} it is refused, too ({sqlstate})"),
            OtherEnd::NotOffered => f.write_str("it offers no TLS"),
            OtherEnd::Lost => write!(f, "{how} nothing came of it"),
        }
    }
}

/// What is wrong with a server's certificate, by rustls' own kinds of error.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "problem", rename_all = "kebab-case")]
pub enum CertificateProblem {
    /// It is over.
    Expired {
        /// When, in RFC 3339, where known.
        not_after: Option<String>,
    },
    /// It has not begun.
    NotYetValid {
        /// When it does, in RFC 3339, where known.
        not_before: Option<String>,
    },
    /// Nobody whom the service trusts signed it.
    UnknownIssuer,
    /// It names other hosts.
    OtherName {
        /// The host that is dialled.
        host: String,
        /// The names that it holds.
        names: Vec<String>,
    },
    /// Something else.
    Unusable {
        /// rustls' word for it.
        detail: String,
    },
}

impl fmt::Display for CertificateProblem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Expired { not_after: Some(at) } => write!(f, "it expired at {at}"),
            Self::Expired { not_after: None } => f.write_str("it has expired"),
            Self::NotYetValid { not_before: Some(at) } => write!(f, "it is not valid before {at}"),
            Self::NotYetValid { not_before: None } => f.write_str("it is not valid yet"),
            Self::UnknownIssuer => f.write_str("none of these authorities signed it"),
            Self::OtherName { host, names } if names.is_empty() => {
                write!(f, "it names no host at all, and {host} is dialled")
            }
            Self::OtherName { host, names } => write!(f, "it is for {}, not for {host}", names.join(", ")),
            Self::Unusable { detail } => write!(f, "it cannot be used ({detail})"),
        }
    }
}

/// What ended a conversation that no error message of the server's ended.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "ending", rename_all = "kebab-case")]
pub enum Ending {
    /// The other side closed the connection.
    Closed,
    /// The other side reset it, or the system lost it.
    Lost {
        /// The system's word for it.
        error: String,
    },
    /// It accepted the connection, and nothing came.
    Silence {
        /// How long it was waited, in milliseconds.
        after_ms: u64,
    },
    /// Something came, but no end of it.
    Endless {
        /// How long it was waited, in milliseconds.
        after_ms: u64,
    },
    /// A message was announced that is longer than any honest one.
    MessageTooLong {
        /// The longest that is taken, in bytes.
        most: u64,
    },
    /// More came than any login or query gives.
    TooMuch,
    /// More rounds of SCRAM were asked for than an honest server does.
    TooManyRounds {
        /// The most that are computed.
        most: u64,
    },
    /// What came is no message of PostgreSQL's protocol.
    NoMessage,
    /// A message came that has no place there, or cannot be read.
    OutOfPlace,
    /// A query was answered with something else than it asks for.
    WrongAnswer {
        /// What, in words of the gate's own.
        what: String,
    },
}

impl fmt::Display for Ending {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Closed => f.write_str("closed by the other side"),
            Self::Lost { error } => f.write_str(error),
            Self::Silence { after_ms } => {
                write!(f, "it accepted the connection and then said nothing for {after_ms} ms")
            }
            Self::Endless { after_ms } => write!(f, "no end of it within {after_ms} ms"),
            Self::MessageTooLong { most } => write!(f, "it announced a message of more than {most} bytes"),
            Self::TooMuch => f.write_str("it sent more than any login and query give"),
            Self::TooManyRounds { most } => write!(f, "it asked for more than {most} rounds of SCRAM"),
            Self::NoMessage => f.write_str("it sent something that is no message of PostgreSQL's protocol"),
            Self::OutOfPlace => f.write_str("it sent a message that has no place there"),
            Self::WrongAnswer { what } => f.write_str(what),
        }
    }
}

//! Findings about talking to PostgreSQL, one step after the other.

use std::fmt;
use std::net::SocketAddr;

use serde::{Deserialize, Serialize};

use super::conversation::{CertificateProblem, Ending, OtherWay, Stage, Tried};

/// What was seen while talking to PostgreSQL.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "kebab-case")]
pub enum PostgresFinding {
    /// The host name has no address.
    NameUnresolvable {
        /// The host name.
        host: String,
    },
    /// Every address answered with a reset.
    Refused {
        /// The addresses.
        addresses: Vec<SocketAddr>,
        /// The addresses that failed in another way.
        #[serde(default, skip_serializing_if = "Vec::is_empty")]
        others: Vec<Tried>,
    },
    /// Packets vanished: no answer at all.
    TimedOut {
        /// The addresses.
        addresses: Vec<SocketAddr>,
        /// How long it was waited, in milliseconds.
        after_ms: u64,
        /// The addresses that failed in another way.
        #[serde(default, skip_serializing_if = "Vec::is_empty")]
        others: Vec<Tried>,
    },
    /// No route to the host or network.
    Unreachable {
        /// The addresses.
        addresses: Vec<SocketAddr>,
        /// The system's error, as `EHOSTUNREACH`.
        error: String,
    },
    /// Something answers that does not speak PostgreSQL's protocol.
    NotPostgres {
        /// The address.
        address: SocketAddr,
        /// What it did, without any of its bytes: `answered 'H' to SSLRequest`, `spoke first`, ….
        answered: String,
    },
    /// The connection ended in the middle of a step.
    Cut {
        /// The address.
        address: SocketAddr,
        /// The step: `SSLRequest`, `TLS`, `login`, `query`.
        step: String,
        /// What ended it.
        ending: Ending,
    },
    /// TLS is asked for by the connection string, and the server does not offer it.
    TlsUnsupported {
        /// The address.
        address: SocketAddr,
        /// The `sslmode` asked for.
        sslmode: String,
    },
    /// The server's certificate is not one that the service would take.
    CertificateInvalid {
        /// The address.
        address: SocketAddr,
        /// The `sslmode` by which the service verifies it.
        sslmode: String,
        /// What is wrong with it.
        problem: CertificateProblem,
        /// By which authorities it was verified, as the end of a sentence.
        by: String,
        /// Whether these are the service's own, as it states them, and not what the control plane says of them.
        stated: bool,
    },
    /// The server ended TLS because it wants a client certificate, or another one than it was given.
    ClientCertificateRefused {
        /// The address.
        address: SocketAddr,
        /// Whether the gate sent one.
        sent: bool,
        /// The name of the alert, as `CertificateRequired`.
        alert: String,
    },
    /// The TLS handshake failed for another reason.
    TlsFailed {
        /// The address.
        address: SocketAddr,
        /// What rustls said.
        detail: String,
    },
    /// The server refused the login with an SQLSTATE.
    LoginRefused {
        /// The SQLSTATE, as `28P01`.
        sqlstate: String,
        /// The server's message (untrusted text).
        message: String,
        /// The user that logged in.
        user: String,
        /// The database asked for.
        database: String,
        /// Whether the connection was encrypted.
        tls: bool,
        /// How far the login had come.
        #[serde(default)]
        stage: Stage,
        /// Whether the server asked for a client certificate, and none was sent.
        #[serde(default)]
        certificate_missed: bool,
        /// What came of the same start with TLS where this one had none, or without.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        other_way: Option<OtherWay>,
        /// The routine of the server's that refused (`InitializeSessionUserId`), where it names one.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        routine: Option<String>,
    },
    /// The server asked for the password and then did not prove that it knows it (SCRAM's signature).
    ServerUnproven {
        /// The address.
        address: SocketAddr,
    },
    /// The login works, and no server is one that `target_session_attrs` asks for.
    SessionUnwanted {
        /// The addresses of the servers that take the login.
        addresses: Vec<SocketAddr>,
        /// What is asked for, in libpq's word: `read-write`, `read-only`, `primary`, `standby`.
        wanted: String,
        /// Whether the last of them is a standby.
        standby: bool,
        /// Whether its sessions are read-only.
        read_only: bool,
    },
    /// A query failed with an SQLSTATE.
    QueryFailed {
        /// The SQLSTATE, as `42P01`.
        sqlstate: String,
        /// The server's message (untrusted text).
        message: String,
        /// The query, which is one of the gate's own.
        query: String,
    },
}

impl PostgresFinding {
    /// Whether the server refuses who asks or what is asked for, having let the connection in: it says so to everybody, from
    /// wherever the same login comes.
    pub fn refuses_the_login(&self) -> bool {
        match self {
            Self::LoginRefused { stage, .. } => *stage > Stage::BeforeProof,
            Self::NameUnresolvable { .. }
            | Self::Refused { .. }
            | Self::TimedOut { .. }
            | Self::Unreachable { .. }
            | Self::NotPostgres { .. }
            | Self::Cut { .. }
            | Self::TlsUnsupported { .. }
            | Self::CertificateInvalid { .. }
            | Self::ClientCertificateRefused { .. }
            | Self::TlsFailed { .. }
            | Self::ServerUnproven { .. }
            | Self::SessionUnwanted { .. }
            | Self::QueryFailed { .. } => false,
        }
    }
}

impl fmt::Display for PostgresFinding {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let list = |addresses: &[SocketAddr]| {
            addresses.iter().map(ToString::to_string).collect::<Vec<_>>().join(", ")
        };
        match self {
            Self::NameUnresolvable { host } => write!(f, "{host} has no address"),
            Self::Refused { addresses, others } => {
                write!(f, "connection refused by {}: nothing listens there", list(addresses))?;
                more(f, others)
            }
            Self::TimedOut { addresses, after_ms, others } => {
                write!(f, "no answer from {} within {} ms", list(addresses), after_ms)?;
                more(f, others)
            }
            Self::Unreachable { addresses, error } => write!(f, "no route to {} ({error})", list(addresses)),
            Self::NotPostgres { address, answered } => {
                write!(f, "{address} is no PostgreSQL server: it {answered}")
            }
            Self::Cut { address, step, ending } => {
                write!(f, "{address} ended the connection during {step}: {ending}")
            }
            Self::TlsUnsupported { address, sslmode } => {
                write!(f, "{address} does not offer TLS; sslmode={sslmode} asks for it")
            }
            Self::CertificateInvalid { address, sslmode, problem, by, .. } => write!(
                f,
                "the certificate of {address} does not pass sslmode={sslmode}: {problem} (verified by {by})"
            ),
            Self::ClientCertificateRefused { address, sent: false, alert } => {
                write!(f, "{address} ended TLS for want of a client certificate (alert {alert})")
            }
            Self::ClientCertificateRefused { address, sent: true, alert } => {
                write!(f, "{address} did not take the client certificate (alert {alert})")
            }
            Self::TlsFailed { address, detail } => write!(f, "TLS with {address} failed: {detail}"),
            Self::ServerUnproven { address } => {
                write!(f, "{address} did not prove that it knows the password (wrong SCRAM signature)")
            }
            Self::LoginRefused { sqlstate, message, user, database, stage, other_way, .. } => {
                write!(
                    f,
                    "login of user {user} to database {database} was refused {stage}: {message} ({sqlstate})"
                )?;
                other_way.as_ref().map_or(Ok(()), |other| write!(f, "; {other}"))
            }
            Self::SessionUnwanted { addresses, wanted, standby, read_only } => {
                let is = match (standby, read_only) {
                    (true, _) => "a standby",
                    (false, true) => "read-only",
                    (false, false) => "a primary that takes writes",
                };
                let list = list(addresses);
                write!(
                    f,
                    "target_session_attrs={wanted} asks for another server: {list} takes the login and is {is}"
                )
            }
            Self::QueryFailed { sqlstate, message, query } => {
                write!(f, "{query} failed: {message} ({sqlstate})")
            }
        }
    }
}

/// The addresses that failed in another way, as a further clause.
fn more(f: &mut fmt::Formatter<'_>, others: &[Tried]) -> fmt::Result {
    others.iter().try_for_each(|tried| write!(f, "; {}: {}", tried.address, tried.end))
}

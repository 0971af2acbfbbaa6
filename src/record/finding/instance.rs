//! Findings about the Cloud SQL instance.

use std::fmt;
use std::net::{IpAddr, SocketAddr};

use serde::{Deserialize, Serialize};

use super::conversation::CertificateProblem;

/// What was seen of the instance.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "kebab-case")]
pub enum InstanceFinding {
    /// Cloud SQL knows no such instance.
    NotFound {
        /// `project:region:instance` or `project:instance`.
        instance: String,
    },
    /// The host is a `/cloudsql` socket, or the pipeline declares an attachment, and none is on the revision.
    NotAttached {
        /// Short name of the revision.
        revision: String,
        /// `project:region:instance` of the socket that the service dials, else of the declared attachment.
        instance: String,
        /// The variable that leads to the socket, where one does.
        variable: Option<String>,
    },
    /// The host is the `/cloudsql` socket of another instance than the attached ones.
    SocketDiffers {
        /// Short name of the revision.
        revision: String,
        /// What stands after `/cloudsql/` in the host.
        dialled: String,
        /// The attached instances.
        attached: Vec<String>,
        /// The variable that leads to the socket.
        variable: String,
    },
    /// The owner stopped it (`activationPolicy` is `NEVER`).
    Stopped {
        /// Connection name.
        instance: String,
    },
    /// Google suspended it.
    Suspended {
        /// Connection name.
        instance: String,
        /// Reasons as Google words them.
        reasons: Vec<String>,
    },
    /// It is in another state than RUNNABLE.
    NotRunning {
        /// Connection name.
        instance: String,
        /// The state as Google words it.
        state: String,
    },
    /// The host that the service dials is none of its addresses.
    AddressDiffers {
        /// Connection name.
        instance: String,
        /// The address that the service dials.
        dialled: IpAddr,
        /// The addresses that the instance has.
        addresses: Vec<IpAddr>,
        /// The variable that holds the address, where one alone does.
        variable: String,
        /// Whether the files name the instance; else it is the only candidate.
        instance_is_stated: bool,
    },
    /// Its disk is full, and Cloud SQL shut it down to protect the data.
    DiskFull {
        /// Connection name.
        instance: String,
        /// By how many GB it should grow at least, where Cloud SQL says so.
        grow_by_gb: Option<i32>,
    },
    /// It is no PostgreSQL.
    OtherEngine {
        /// Connection name.
        instance: String,
        /// The version as Google words it, as `MYSQL_8_0`.
        version: String,
    },
    /// Only connectors may connect, and the service dials an address.
    ConnectorRequired {
        /// Connection name.
        instance: String,
        /// The host that the service dials.
        host: String,
    },
    /// The authorised networks do not admit the service at the instance's public address.
    NotAuthorized {
        /// Connection name.
        instance: String,
        /// The public address that the service dials.
        dialled: IpAddr,
        /// The networks that are admitted.
        networks: Vec<String>,
    },
    /// Only encrypted connections are taken, and the service asks for none.
    TlsRequired {
        /// Connection name.
        instance: String,
        /// The `sslmode` that the service asks for.
        sslmode: String,
    },
    /// Only connections with a client certificate are taken, and nothing gives the service one.
    ClientCertificateRequired {
        /// Connection name.
        instance: String,
    },
    /// It has no such database.
    NoDatabase {
        /// Connection name.
        instance: String,
        /// The database that the service asks for.
        database: String,
        /// Some of those that there are.
        known: Vec<String>,
    },
    /// It lists no such user. Roles made with SQL need not be listed.
    NoUser {
        /// Connection name.
        instance: String,
        /// The user that the service logs in as.
        user: String,
        /// Some of those that there are.
        known: Vec<String>,
    },
    /// Something is missing for a login with IAM.
    IamLogin {
        /// Connection name.
        instance: String,
        /// The user that the service logs in as.
        user: String,
        /// What is missing.
        problem: IamProblem,
    },
    /// What answers connectors at its address does not show that it is this instance.
    NotItself {
        /// Connection name.
        instance: String,
        /// The address.
        address: SocketAddr,
        /// What is wrong with the certificate that it shows.
        problem: CertificateProblem,
    },
    /// The runtime service account may not connect to the instance.
    NoConnectBinding {
        /// Connection name.
        instance: String,
        /// E-mail address of the runtime service account.
        service_account: String,
        /// What shows that nothing that it inherits lets it.
        shown_by: String,
        /// Whether the service is known to connect through the socket; else an instance is attached, and the host is
        /// not known.
        through_socket: bool,
    },
}

/// What is missing for a login with IAM.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "problem", rename_all = "kebab-case")]
pub enum IamProblem {
    /// The name ends in `.gserviceaccount.com`, which the names of PostgreSQL's roles do not.
    Suffix,
    /// The instance knows no such IAM user.
    NotCreated,
    /// The flag `cloudsql.iam_authentication` is not on.
    FlagOff,
    /// The user is IAM's, and the service is given a password for it.
    Password {
        /// The variable that holds the password.
        variable: String,
    },
    /// The account may not log in to instances.
    NoRole {
        /// E-mail address of the runtime service account.
        service_account: String,
        /// What shows that nothing that it inherits lets it.
        shown_by: String,
    },
}

impl fmt::Display for InstanceFinding {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::NotFound { instance } => write!(f, "Cloud SQL knows no instance {instance}"),
            Self::NotAttached { revision, instance, variable: Some(variable) } => {
                write!(
                    f,
                    "{variable} leads to the socket of {instance}, and revision {revision} attaches no instance"
                )
            }
            Self::NotAttached { revision, instance, variable: None } => {
                write!(f, "revision {revision} attaches no instance; the pipeline declares {instance}")
            }
            Self::SocketDiffers { revision, dialled, attached, variable } => write!(
                f,
                "{variable} leads to the socket of {dialled}; revision {revision} attaches {}",
                attached.join(", ")
            ),
            Self::Stopped { instance } => {
                write!(f, "{instance} is stopped (activation policy NEVER); expected ALWAYS")
            }
            Self::Suspended { instance, reasons } => {
                write!(f, "{instance} is SUSPENDED ({})", reasons.join(", "))
            }
            Self::NotRunning { instance, state } => {
                write!(f, "{instance} is in state {state}; expected RUNNABLE")
            }
            Self::AddressDiffers { instance, dialled, addresses, variable, .. } => {
                let addresses: Vec<String> = addresses.iter().map(ToString::to_string).collect();
                write!(f, "{variable} leads to {dialled}; {instance} has {}", addresses.join(", "))
            }
            Self::DiskFull { instance, .. } => {
                write!(f, "the disk of {instance} is full, and Cloud SQL shut it down (SOFT_SHUTDOWN)")
            }
            Self::OtherEngine { instance, version } => {
                write!(f, "{instance} is {version}; expected PostgreSQL")
            }
            Self::ConnectorRequired { instance, host } => write!(
                f,
                "{instance} takes connections of Cloud SQL's connectors only (connectorEnforcement REQUIRED), and the \
                 service dials {host} itself"
            ),
            Self::NotAuthorized { instance, dialled, networks } if networks.is_empty() => {
                write!(f, "{instance} authorises no network at its public address {dialled}")
            }
            Self::NotAuthorized { instance, dialled, networks } => write!(
                f,
                "{instance} admits {} only at its public address {dialled}, and the service leaves from addresses of \
                 Google's that change",
                networks.join(", ")
            ),
            Self::TlsRequired { instance, sslmode } => write!(
                f,
                "{instance} takes encrypted connections only, and the service asks for sslmode={sslmode}"
            ),
            Self::ClientCertificateRequired { instance } => write!(
                f,
                "{instance} takes connections with a client certificate only, and no variable of the service names one"
            ),
            Self::NoDatabase { instance, database, known } => {
                write!(f, "{instance} has no database {database}; it has {}", known.join(", "))
            }
            Self::NoUser { instance, user, known } => {
                write!(f, "{instance} lists no user {user}; it lists {}", known.join(", "))
            }
            Self::IamLogin { instance, user, problem } => match problem {
                IamProblem::Suffix => {
                    write!(f, "user {user} ends in .gserviceaccount.com, which no role of {instance} does")
                }
                IamProblem::NotCreated => write!(f, "{instance} lists no IAM user {user}"),
                IamProblem::FlagOff => write!(
                    f,
                    "user {user} logs in with IAM, and the flag cloudsql.iam_authentication of {instance} is not on"
                ),
                IamProblem::Password { variable } => {
                    write!(f, "user {user} of {instance} is IAM's, and {variable} holds a password for it")
                }
                IamProblem::NoRole { service_account, shown_by } => write!(
                    f,
                    "user {user} logs in with IAM, and nothing gives {service_account} the permission \
                     cloudsql.instances.login (shown by {shown_by})"
                ),
            },
            Self::NotItself { instance, address, problem } => {
                write!(f, "what answers at {address} does not show that it is {instance}: {problem}")
            }
            Self::NoConnectBinding { instance, service_account, shown_by, .. } => write!(
                f,
                "nothing gives {service_account} the permission cloudsql.instances.connect for {instance} (shown by \
                 {shown_by})"
            ),
        }
    }
}

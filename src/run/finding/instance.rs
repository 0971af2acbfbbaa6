//! Findings about the Cloud SQL instance.

use std::fmt;
use std::net::IpAddr;

use serde::{Deserialize, Serialize};

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
        }
    }
}

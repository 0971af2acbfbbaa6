//! What became of a check: a closed set, never a boolean.

use std::fmt;

use serde::{Deserialize, Serialize};

use super::finding::Finding;

/// Where an observation was made. What one vantage cannot reach is no evidence about another.
#[derive(
    Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize, strum::Display, strum::EnumString,
)]
#[serde(rename_all = "kebab-case")]
#[strum(serialize_all = "kebab-case")]
pub enum Vantage {
    /// The pipeline's own files.
    Pipeline,
    /// Google's APIs.
    ControlPlane,
    /// This machine, outside the service's network.
    Runner,
    /// A place with the service's own network and identity.
    InVpc,
    /// What the service itself answered.
    Service,
}

/// The end of a check.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(tag = "outcome", rename_all = "kebab-case")]
pub enum Outcome {
    /// The fact holds, and was seen to hold.
    Passed {
        /// What was seen, in one sentence.
        detail: String,
    },
    /// The fact was seen not to hold.
    Failed {
        /// What was seen instead.
        finding: Finding,
    },
    /// A check that this one needs did not pass, so this one could not start.
    Blocked {
        /// Key of the node that blocks (see [`super::NodeRecord::key`]).
        by: String,
    },
    /// Not run, for a reason that is no defect of the gate.
    Skipped {
        /// Why.
        reason: Skip,
    },
    /// It could not be found out.
    Inconclusive {
        /// Why not.
        why: Inconclusive,
    },
}

/// Why a check was not run.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "reason", rename_all = "kebab-case")]
pub enum Skip {
    /// There is nothing to check here (no connector, a public address, …).
    NotApplicable {
        /// Why it does not apply.
        because: String,
    },
    /// Only another vantage could see it.
    NotVisible {
        /// Why this vantage cannot.
        because: String,
    },
    /// It would read something that nobody allowed the gate to read (a secret's payload).
    NotAllowed {
        /// The flag or setting that allows it.
        flag: String,
    },
    /// A value of the files is unresolved, and nothing is guessed.
    Unresolved {
        /// The expression, and what it stands for.
        what: String,
    },
    /// The record already proved a cause that waiting cannot fix.
    Settled {
        /// The check that proved it.
        by: String,
    },
    /// SIGINT or SIGTERM ended the run before this check did.
    Interrupted {
        /// The signal's name.
        signal: String,
    },
    /// The deadline ended the run before this check started.
    Deadline {
        /// The deadline in seconds.
        seconds: u64,
    },
}

/// Why something could not be found out.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "why", rename_all = "kebab-case")]
pub enum Inconclusive {
    /// Google refused the read.
    PermissionDenied {
        /// The permission that is missing, as `run.services.get`.
        permission: String,
        /// The smallest predefined role that holds it, as `roles/run.viewer`.
        role: String,
        /// What was to be read.
        resource: String,
    },
    /// The API is switched off in the project.
    ApiDisabled {
        /// The API's service name, as `vpcaccess.googleapis.com`.
        api: String,
        /// The project.
        project: String,
    },
    /// There are no credentials to ask with.
    NoCredentials {
        /// Whose were tried, and what came of it.
        detail: String,
        /// What gives the gate credentials, where that is known.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        fix: Option<Fix>,
    },
    /// Cloud Run's front end knows who the gate is, and may not let it in.
    InvokerDenied {
        /// The URL that was asked.
        url: String,
        /// As whom the gate asked.
        caller: String,
    },
    /// The gate's proof of who it is was not taken, or shows by itself that it will not be.
    TokenRejected {
        /// The URL or audience that it was for.
        url: String,
        /// As whom the gate asked.
        caller: String,
        /// What is wrong with the token, as far as is known.
        detail: String,
    },
    /// Somebody else answered in the service's place, and did not let the gate in.
    AccessDenied {
        /// The URL that was asked.
        url: String,
        /// What is closed.
        barrier: Barrier,
    },
    /// Asked, and no usable answer came (time-out, 5xx, connection error).
    Unavailable {
        /// What was asked.
        what: String,
        /// What came instead.
        detail: String,
    },
    /// An answer came that is not in the API's shape.
    Malformed {
        /// What was asked.
        what: String,
        /// What is wrong with the answer.
        detail: String,
    },
    /// It was under way when the deadline ended the run.
    Deadline {
        /// The deadline in seconds.
        seconds: u64,
    },
    /// The check itself failed in a way that is a defect of rungate.
    Defect {
        /// What happened.
        detail: String,
    },
}

/// What keeps the gate's own request from the service. None of it says anything of the service's health.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "barrier", rename_all = "kebab-case")]
pub enum Barrier {
    /// The service takes requests from inside only.
    Ingress {
        /// The setting, as gcloud spells it: `internal`, `internal-and-cloud-load-balancing`.
        setting: String,
    },
    /// Its `run.app` URL is switched off.
    DefaultUrlDisabled,
    /// Google's front end keeps this path for itself.
    ReservedPath {
        /// The path.
        path: String,
    },
    /// Identity-Aware Proxy stands before the service.
    IdentityAwareProxy,
    /// A login page answers.
    Login {
        /// How it shows.
        how: String,
    },
    /// The service itself wants credentials at this path.
    Credentials {
        /// 401 or 403.
        status: u16,
    },
    /// Google's front end knows no such service at this address, and the control plane does not say why.
    Unknown {
        /// What is known of it.
        because: String,
    },
}

impl fmt::Display for Barrier {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Ingress { setting } => {
                write!(
                    f,
                    "Google's front end answers 404: the service takes no requests from outside (ingress {setting})"
                )
            }
            Self::DefaultUrlDisabled => f.write_str("the service's run.app URL is switched off"),
            Self::ReservedPath { path } => write!(f, "Google's front end keeps {path} for itself"),
            Self::IdentityAwareProxy => f.write_str("Identity-Aware Proxy answers in the service's place"),
            Self::Login { how } => write!(f, "it wants a login: {how}"),
            Self::Credentials { status } => write!(f, "the service wants credentials there ({status})"),
            Self::Unknown { because } => f.write_str(because),
        }
    }
}

/// What a person can do about it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Fix {
    /// In words.
    pub text: String,
    /// The command, where there is one.
    #[serde(default)]
    pub command: Option<String>,
}

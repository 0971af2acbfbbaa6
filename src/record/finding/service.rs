//! Findings about the service and its revision.

use std::fmt;

use serde::{Deserialize, Serialize};

/// What was seen of the service and its revision.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "kebab-case")]
pub enum ServiceFinding {
    /// Cloud Run knows no such service.
    NotFound {
        /// The service.
        service: String,
        /// The project that was asked.
        project: String,
        /// The region that was asked.
        region: String,
    },
    /// The revision's terminal condition is failed.
    RevisionFailed {
        /// Short name of the revision.
        revision: String,
        /// Google's reason, where it states one (`SECRETS_ACCESS_CHECK_FAILED`, `HEALTH_CHECK_CONTAINER_ERROR`, …).
        reason: Option<String>,
        /// Google's message.
        message: String,
    },
    /// The revision runs as another account than the pipeline declares.
    AccountDiffers {
        /// Short name of the revision.
        revision: String,
        /// E-mail address of the account that the pipeline declares.
        declared: String,
        /// E-mail address of the account on the revision; `None`: the project's default one.
        serving: Option<String>,
    },
    /// The tag of this deploy leads to a revision that does not exist any more.
    TagLeadsNowhere {
        /// The tag.
        tag: String,
        /// Short name of the revision that is gone.
        revision: String,
    },
    /// Another revision than the new one receives the traffic.
    TrafficElsewhere {
        /// Short name of the revision that this deploy created.
        created: String,
        /// Short names of the revisions that receive traffic, with their percentage.
        serving: Vec<(String, u32)>,
    },
}

impl fmt::Display for ServiceFinding {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::NotFound { service, project, region } => {
                write!(f, "Cloud Run knows no service {service} in project {project}, region {region}")
            }
            Self::RevisionFailed { revision, reason, message } => {
                write!(f, "revision {revision} failed")?;
                if let Some(reason) = reason {
                    write!(f, " ({reason})")?;
                }
                write!(f, ": {message}")
            }
            Self::AccountDiffers { revision, declared, serving } => {
                let serving = serving.as_deref().unwrap_or("the project's default service account");
                write!(f, "revision {revision} runs as {serving}; the pipeline declares {declared}")
            }
            Self::TagLeadsNowhere { tag, revision } => {
                write!(f, "tag {tag} leads to revision {revision}, which does not exist any more")
            }
            Self::TrafficElsewhere { created, serving } => {
                let shares: Vec<String> =
                    serving.iter().map(|(revision, percent)| format!("{revision} {percent} %")).collect();
                let shares = if shares.is_empty() { "no revision".to_owned() } else { shares.join(", ") };
                write!(f, "the traffic goes to {shares}; expected the new revision {created}")
            }
        }
    }
}

//! Findings about the variables and secrets that the revision is given.

use std::fmt;

use serde::{Deserialize, Serialize};

/// What was seen of injected configuration.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "kebab-case")]
pub enum InjectionFinding {
    /// Variables that the pipeline declares are not on the revision.
    VariablesMissing {
        /// Short name of the revision.
        revision: String,
        /// All that are missing.
        missing: Vec<String>,
        /// Those of them that lead to the database.
        of_database: Vec<String>,
    },
    /// Variables that lead to the database are on the revision, and empty.
    VariablesEmpty {
        /// Short name of the revision.
        revision: String,
        /// Their names.
        variables: Vec<String>,
    },
    /// Variables that led the revision before to its database are not on the new one, and nothing leads it there
    /// instead. The pipeline declares none of them.
    VariablesDropped {
        /// Short name of the revision.
        revision: String,
        /// Short name of the revision before.
        before: String,
        /// Those that led to the database.
        dropped: Vec<String>,
    },
    /// The revision refers to another secret or version than the pipeline declares.
    SecretReferenceDiffers {
        /// The variable or mount path.
        target: String,
        /// `secret:version` as declared.
        declared: String,
        /// `secret:version` on the revision, or `None` where it is a plain value there.
        serving: Option<String>,
    },
    /// Secret Manager knows no such secret.
    SecretNotFound {
        /// `projects/P/secrets/S`.
        secret: String,
    },
    /// The secret exists, that version of it does not.
    VersionNotFound {
        /// `projects/P/secrets/S`.
        secret: String,
        /// The version as referred to.
        version: String,
    },
    /// The version exists and is disabled.
    VersionDisabled {
        /// `projects/P/secrets/S`.
        secret: String,
        /// The version as referred to.
        version: String,
    },
    /// The version was destroyed.
    VersionDestroyed {
        /// `projects/P/secrets/S`.
        secret: String,
        /// The version as referred to.
        version: String,
    },
    /// No binding lets the runtime service account read the secret.
    NoAccessBinding {
        /// `projects/P/secrets/S`.
        secret: String,
        /// E-mail address of the runtime service account.
        service_account: String,
        /// What shows that nothing that it inherits does either; `None`: that was not looked at.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        shown_by: Option<String>,
    },
    /// A version was added after the revision, and instances that were started before it hold the one before.
    NewerVersion {
        /// `projects/P/secrets/S`.
        secret: String,
        /// The variable that receives it.
        target: String,
        /// Number of the newest version.
        newest: String,
        /// When that was added.
        added: String,
        /// Short name of the revision.
        revision: String,
        /// When the revision was made.
        deployed: String,
    },
    /// The payload came, and the checksum that Secret Manager states of it is another.
    Corrupted {
        /// `projects/P/secrets/S`.
        secret: String,
        /// The version as referred to.
        version: String,
    },
}

impl fmt::Display for InjectionFinding {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::VariablesMissing { revision, missing, .. } => {
                write!(f, "revision {revision} lacks {}, which the pipeline declares", missing.join(", "))
            }
            Self::VariablesEmpty { revision, variables } => {
                write!(f, "empty on revision {revision}: {}", variables.join(", "))
            }
            Self::VariablesDropped { revision, before, dropped } => write!(
                f,
                "revision {revision} lacks {}, which led {before} before it to its database",
                dropped.join(", ")
            ),
            Self::SecretReferenceDiffers { target, declared, serving: Some(serving) } => {
                write!(f, "{target} refers to {serving}; the pipeline declares {declared}")
            }
            Self::SecretReferenceDiffers { target, declared, serving: None } => {
                write!(
                    f,
                    "{target} is a plain value on the revision; the pipeline declares the secret {declared}"
                )
            }
            Self::SecretNotFound { secret } => write!(f, "Secret Manager knows no {secret}"),
            Self::VersionNotFound { secret, version } => write!(f, "{secret} has no version {version}"),
            Self::VersionDisabled { secret, version } => {
                write!(f, "version {version} of {secret} is DISABLED; expected ENABLED")
            }
            Self::VersionDestroyed { secret, version } => {
                write!(f, "version {version} of {secret} is DESTROYED; expected ENABLED")
            }
            Self::NoAccessBinding { secret, service_account, shown_by } => {
                write!(
                    f,
                    "no binding on {secret} or its project gives {service_account} the permission \
                     secretmanager.versions.access"
                )?;
                shown_by.as_ref().map_or(Ok(()), |by| write!(f, " (shown by {by})"))
            }
            Self::NewerVersion { secret, target, newest, added, revision, deployed } => write!(
                f,
                "{target} takes the latest version of {secret}, and version {newest} was added {added}, after revision \
                 {revision} was deployed {deployed}"
            ),
            Self::Corrupted { secret, version } => {
                write!(
                    f,
                    "the payload of version {version} of {secret} does not match its checksum (CRC-32C)"
                )
            }
        }
    }
}

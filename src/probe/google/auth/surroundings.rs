//! What the process's environment says about credentials. Plain data: read in one place, passed on, judged here.

use std::fmt;
use std::path::PathBuf;

use secrecy::SecretString;

use crate::record::Fix;

/// What the environment says about credentials. The names are gcloud's own and those of Google's client libraries.
#[derive(Clone, Debug, Default)]
pub struct Surroundings {
    /// `CLOUDSDK_AUTH_DISABLE_CREDENTIALS`: ask as nobody (a stand-in that wants no credentials).
    pub disabled: bool,
    /// A ready-made access token, and the variable that holds it.
    pub access_token: Option<(&'static str, SecretString)>,
    /// A file that holds an access token, and the variable that names it.
    pub access_token_file: Option<(&'static str, PathBuf)>,
    /// A credential file, and the variable that names it.
    pub credential_file: Option<(&'static str, PathBuf)>,
    /// The folder of gcloud's settings (`CLOUDSDK_CONFIG`, else `~/.config/gcloud`), in which
    /// `gcloud auth application-default login` leaves its file.
    pub gcloud_folder: Option<PathBuf>,
    /// The account to act as, by way of its delegates: `A,B,TARGET` (`CLOUDSDK_AUTH_IMPERSONATE_SERVICE_ACCOUNT`).
    pub impersonate: Option<String>,
    /// A ready-made ID token for a private service (`RUNGATE_ID_TOKEN`).
    pub id_token: Option<SecretString>,
    /// Host and port of the metadata server (`GCE_METADATA_HOST`).
    pub metadata_host: Option<String>,
    /// The project whose quota is used (`GOOGLE_CLOUD_QUOTA_PROJECT`).
    pub quota_project: Option<String>,
    /// What runs the gate.
    pub platform: Platform,
}

/// What runs the gate, as far as it decides where credentials come from.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Platform {
    /// `GITHUB_ACTIONS=true`.
    GithubActions,
    /// `BUILDER_OUTPUT` is set, as in every step of Cloud Build.
    CloudBuild,
    /// `K_SERVICE` or `CLOUD_RUN_JOB` is set.
    CloudRun,
    /// A laptop, another CI system, a virtual machine.
    #[default]
    Elsewhere,
}

impl fmt::Display for Platform {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::GithubActions => "GitHub Actions",
            Self::CloudBuild => "Cloud Build",
            Self::CloudRun => "Cloud Run",
            Self::Elsewhere => "a person or another system",
        })
    }
}

impl Platform {
    /// Whether it brings a metadata server, so that waiting for one is worth while.
    pub(super) fn has_metadata(self) -> bool {
        match self {
            Self::CloudBuild | Self::CloudRun => true,
            Self::GithubActions | Self::Elsewhere => false,
        }
    }

    /// How the gate gets credentials here at all.
    pub(super) fn fix(self) -> Fix {
        match self {
            Self::GithubActions => Fix {
                text: "put a step with google-github-actions/auth before this one, and give the job the permission \
                       `id-token: write`"
                    .to_owned(),
                command: None,
            },
            Self::CloudBuild => Fix {
                text: "give the build a service account that exists (`serviceAccount:` in cloudbuild.yaml)"
                    .to_owned(),
                command: None,
            },
            Self::CloudRun => Fix {
                text: "give the job or service a service account that exists".to_owned(),
                command: None,
            },
            Self::Elsewhere => Fix {
                text: "give the gate credentials (in CI: by the platform's own way of federation)".to_owned(),
                command: Some("gcloud auth application-default login".to_owned()),
            },
        }
    }
}

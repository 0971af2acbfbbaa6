//! The process's surroundings, read in one place and passed on.
#![expect(clippy::disallowed_methods, reason = "this is the one place that reads the environment")]

use std::collections::BTreeMap;
use std::ffi::OsString;
use std::io::IsTerminal as _;
use std::path::{Path, PathBuf};

use secrecy::SecretString;

use super::github::Runner;
use super::host;
use crate::probe::google::{Auth, Endpoints, Platform, Surroundings};

/// What the process was started with, besides its arguments.
#[derive(Clone, Debug)]
pub struct Context {
    /// The working directory.
    pub directory: PathBuf,
    /// Where Google's APIs are reached (`CLOUDSDK_API_ENDPOINT_OVERRIDES_…`).
    pub endpoints: Endpoints,
    /// As whom they are asked (`CLOUDSDK_AUTH_…`, `GOOGLE_APPLICATION_CREDENTIALS`, …).
    pub auth: Auth,
    /// The default project (`CLOUDSDK_CORE_PROJECT`, `GOOGLE_CLOUD_PROJECT`; in Cloud Build also `PROJECT_ID`).
    pub project: Option<String>,
    /// The default region (`CLOUDSDK_RUN_REGION`).
    pub region: Option<String>,
    /// What runs the gate.
    pub platform: Platform,
    /// The pipeline file that runs the gate, where the platform names it and it is there.
    pub running: Option<PathBuf>,
    /// The build's substitutions, as far as Cloud Build was told to hand them on.
    pub substitutions: Vec<(String, String)>,
    /// Whether colours are unwanted (`NO_COLOR`).
    pub no_color: bool,
    /// Whether a CI system runs us (`CI`).
    pub ci: bool,
    /// Whether standard output is a terminal.
    pub stdout_is_terminal: bool,
    /// Whether standard error is a terminal.
    pub stderr_is_terminal: bool,
    /// Whether standard error goes to a file, which keeps what is written.
    pub stderr_is_file: bool,
    /// What GitHub's runner gave us, if it runs us.
    pub github: Runner,
    /// Width to wrap text at, in columns.
    pub width: usize,
}

/// Texts are wrapped here where nobody says how wide the output is.
const DEFAULT_WIDTH: usize = 100;

impl Context {
    /// The context of this process.
    pub fn of_process() -> Self {
        let stdout_is_terminal = std::io::stdout().is_terminal();
        let platform = platform();
        let directory = std::env::current_dir().unwrap_or_else(|_| PathBuf::from("."));
        let in_cloud_build = |name: &str| (platform == Platform::CloudBuild).then(|| set(name)).flatten();
        Self {
            running: running(platform, &directory),
            directory,
            platform,
            substitutions: substitutions(platform),
            endpoints: endpoints(),
            auth: auth(),
            project: set("CLOUDSDK_CORE_PROJECT")
                .or_else(|| set("GOOGLE_CLOUD_PROJECT"))
                .or_else(|| in_cloud_build("PROJECT_ID")),
            region: set("CLOUDSDK_RUN_REGION"),
            no_color: set("NO_COLOR").is_some(),
            ci: set("CI").is_some_and(|value| value != "false"),
            stdout_is_terminal,
            stderr_is_terminal: std::io::stderr().is_terminal(),
            stderr_is_file: stderr_is_file(),
            github: runner(),
            width: set("COLUMNS").and_then(|text| text.parse().ok()).unwrap_or(DEFAULT_WIDTH).clamp(40, 200),
        }
    }

    /// A variable that a journey asks for by its name, if it is set and not empty.
    pub fn variable(&self, name: &str) -> Option<SecretString> {
        set(name).map(SecretString::from)
    }
}

impl Context {
    /// Every variable of the process: only for what stands in a service's place and goes its way. Any may be secret.
    pub fn variables() -> BTreeMap<String, SecretString> {
        let text = |(name, value): (OsString, OsString)| {
            Some((name.into_string().ok()?, SecretString::from(value.into_string().ok()?)))
        };
        std::env::vars_os().filter_map(text).collect()
    }

    /// Whether Cloud Run runs us, as a service or as a job.
    pub(super) fn on_cloud_run(&self) -> bool {
        matches!(self.auth.platform(), Platform::CloudRun)
    }
}

/// The value of a variable that a file names.
pub(super) fn variable(name: &str) -> Option<String> {
    set(name)
}

/// A variable that is set and not empty.
fn set(name: &str) -> Option<String> {
    std::env::var(name).ok().filter(|value| !value.is_empty())
}

/// GitHub's runner.
fn runner() -> Runner {
    let path = |name| set(name).map(PathBuf::from);
    Runner {
        is_here: set("GITHUB_ACTIONS").is_some_and(|value| value == "true"),
        summary: path("GITHUB_STEP_SUMMARY"),
        output: path("GITHUB_OUTPUT"),
        workspace: path("GITHUB_WORKSPACE"),
    }
}

#[cfg(unix)]
fn stderr_is_file() -> bool {
    use std::os::fd::AsFd as _;
    let copy = std::io::stderr().as_fd().try_clone_to_owned();
    copy.ok().and_then(|copy| std::fs::File::from(copy).metadata().ok()).is_some_and(|meta| meta.is_file())
}

/// Where that cannot be told, it is taken for one: nothing secret is written there.
#[cfg(not(unix))]
fn stderr_is_file() -> bool {
    true
}

fn endpoints() -> Endpoints {
    let of = |api: &str| set(&format!("CLOUDSDK_API_ENDPOINT_OVERRIDES_{api}"));
    Endpoints {
        run: of("RUN"),
        vpcaccess: of("VPCACCESS"),
        secretmanager: of("SECRETMANAGER"),
        sql: of("SQL"),
        cloudresourcemanager: of("CLOUDRESOURCEMANAGER"),
        compute: of("COMPUTE"),
        logging: of("LOGGING"),
        policytroubleshooter: of("POLICYTROUBLESHOOTER"),
        networkmanagement: of("NETWORKMANAGEMENT"),
        networkconnectivity: of("NETWORKCONNECTIVITY"),
        sts: of("STS"),
        iamcredentials: of("IAMCREDENTIALS"),
    }
}

fn auth() -> Auth {
    // gcloud's own spellings of true.
    let disabled = set("CLOUDSDK_AUTH_DISABLE_CREDENTIALS")
        .is_some_and(|value| ["true", "1", "on", "yes", "y"].contains(&value.to_ascii_lowercase().as_str()));
    let first =
        |names: &[&'static str]| names.iter().copied().find_map(|name| set(name).map(|value| (name, value)));
    let path = |(name, value): (&'static str, String)| (name, PathBuf::from(value));
    let home = set("HOME").map(|home| PathBuf::from(home).join(".config/gcloud"));
    Auth::Environment(Box::new(Surroundings {
        disabled,
        // The last is the name that Terraform's provider has for it.
        access_token: first(&["CLOUDSDK_AUTH_ACCESS_TOKEN", "GOOGLE_OAUTH_ACCESS_TOKEN"])
            .map(|(name, value)| (name, SecretString::from(value))),
        access_token_file: first(&["CLOUDSDK_AUTH_ACCESS_TOKEN_FILE"]).map(path),
        credential_file: first(&["CLOUDSDK_AUTH_CREDENTIAL_FILE_OVERRIDE", "GOOGLE_APPLICATION_CREDENTIALS"])
            .map(path),
        gcloud_folder: set("CLOUDSDK_CONFIG").map(PathBuf::from).or(home),
        impersonate: set("CLOUDSDK_AUTH_IMPERSONATE_SERVICE_ACCOUNT"),
        id_token: set("RUNGATE_ID_TOKEN").map(SecretString::from),
        metadata_host: set("GCE_METADATA_HOST"),
        quota_project: set("GOOGLE_CLOUD_QUOTA_PROJECT").or_else(|| set("CLOUDSDK_BILLING_QUOTA_PROJECT")),
        platform: platform(),
    }))
}

/// The pipeline file that runs the gate. Elsewhere, and where the file is not there (nothing was checked out, say), it
/// is looked for in the usual places.
fn running(platform: Platform, directory: &Path) -> Option<PathBuf> {
    let (root, file) = match platform {
        Platform::GithubActions => {
            let file = host::workflow(&set("GITHUB_WORKFLOW_REF")?, &set("GITHUB_REPOSITORY")?)?;
            (PathBuf::from(set("GITHUB_WORKSPACE")?), file)
        }
        Platform::CloudBuild => {
            // A step may have a folder of its own (`dir:`), below that of the source.
            let file = host::within(&set("TRIGGER_BUILD_CONFIG_PATH")?)?;
            let root = if directory.join(&file).is_file() { directory } else { Path::new(host::WORKSPACE) };
            (root.to_owned(), file)
        }
        Platform::CloudRun | Platform::Elsewhere => return None,
    };
    let root = root.canonicalize().ok()?;
    root.join(&file).is_file().then(|| host::from(directory, &root, &file))
}

/// The build's substitutions that are in the environment: those that Cloud Build itself fills in, and the user's.
fn substitutions(platform: Platform) -> Vec<(String, String)> {
    if platform != Platform::CloudBuild {
        return Vec::new();
    }
    let mut all: Vec<(String, String)> = std::env::vars_os()
        .filter_map(|(name, value)| Some((name.into_string().ok()?, value.into_string().ok()?)))
        .filter(|(name, value)| host::is_substitution(name, value))
        .collect();
    all.sort();
    all
}

fn platform() -> Platform {
    if set("GITHUB_ACTIONS").is_some_and(|value| value == "true") {
        Platform::GithubActions
    } else if set("BUILDER_OUTPUT").is_some() {
        Platform::CloudBuild
    } else if set("K_SERVICE").or_else(|| set("CLOUD_RUN_JOB")).is_some() {
        Platform::CloudRun
    } else {
        Platform::Elsewhere
    }
}

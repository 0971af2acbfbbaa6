//! The process's surroundings, read in one place and passed on.
#![expect(clippy::disallowed_methods, reason = "this is the one place that reads the environment")]

use std::io::IsTerminal as _;
use std::path::PathBuf;

use secrecy::SecretString;

use crate::probe::google::{Auth, Endpoints};

/// What the process was started with, besides its arguments.
#[derive(Clone, Debug)]
pub struct Context {
    /// The working directory.
    pub directory: PathBuf,
    /// Where Google's APIs are reached (`CLOUDSDK_API_ENDPOINT_OVERRIDES_…`).
    pub endpoints: Endpoints,
    /// As whom they are asked (`CLOUDSDK_AUTH_…`).
    pub auth: Auth,
    /// The default project (`CLOUDSDK_CORE_PROJECT`, `GOOGLE_CLOUD_PROJECT`).
    pub project: Option<String>,
    /// The default region (`CLOUDSDK_RUN_REGION`).
    pub region: Option<String>,
    /// Whether colours are unwanted (`NO_COLOR`).
    pub no_color: bool,
    /// Whether a CI system runs us (`CI`).
    pub ci: bool,
    /// Whether standard output is a terminal.
    pub stdout_is_terminal: bool,
    /// Whether standard error is a terminal.
    pub stderr_is_terminal: bool,
    /// Width to wrap text at, in columns.
    pub width: usize,
}

/// Texts are wrapped here where nobody says how wide the output is.
const DEFAULT_WIDTH: usize = 100;

impl Context {
    /// The context of this process.
    pub fn of_process() -> Self {
        let stdout_is_terminal = std::io::stdout().is_terminal();
        Self {
            directory: std::env::current_dir().unwrap_or_else(|_| PathBuf::from(".")),
            endpoints: endpoints(),
            auth: auth(),
            project: set("CLOUDSDK_CORE_PROJECT").or_else(|| set("GOOGLE_CLOUD_PROJECT")),
            region: set("CLOUDSDK_RUN_REGION"),
            no_color: set("NO_COLOR").is_some(),
            ci: set("CI").is_some_and(|value| value != "false"),
            stdout_is_terminal,
            stderr_is_terminal: std::io::stderr().is_terminal(),
            width: set("COLUMNS").and_then(|text| text.parse().ok()).unwrap_or(DEFAULT_WIDTH).clamp(40, 200),
        }
    }
}

/// A variable that is set and not empty.
fn set(name: &str) -> Option<String> {
    std::env::var(name).ok().filter(|value| !value.is_empty())
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
        networkmanagement: of("NETWORKMANAGEMENT"),
        policytroubleshooter: of("POLICYTROUBLESHOOTER"),
    }
}

fn auth() -> Auth {
    // gcloud's own spellings of true.
    let disabled = set("CLOUDSDK_AUTH_DISABLE_CREDENTIALS")
        .is_some_and(|value| ["true", "1", "on", "yes", "y"].contains(&value.to_ascii_lowercase().as_str()));
    if disabled {
        return Auth::Anonymous;
    }
    match set("CLOUDSDK_AUTH_ACCESS_TOKEN") {
        Some(token) => Auth::AccessToken(SecretString::from(token)),
        None => Auth::ApplicationDefault,
    }
}

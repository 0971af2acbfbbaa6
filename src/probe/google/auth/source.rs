//! Which credentials there are: found in the order of gcloud and of Google's client libraries, told without secrets.

use std::fmt;
use std::path::{Path, PathBuf};

use secrecy::SecretString;
use tokio::io::AsyncReadExt as _;

use super::file::{CredentialFile, Kind};
use super::surroundings::Surroundings;
use crate::record::Inconclusive;
use crate::text::bounded;

/// Longest file that is read, in bytes. Real ones have a few thousand.
const LONGEST_FILE: u64 = 256 * 1024;

/// The name of the file that `gcloud auth application-default login` writes.
const WELL_KNOWN: &str = "application_default_credentials.json";

/// Which credentials there are, and where they come from. `Display` names them without any secret.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum CredentialSource {
    /// `CLOUDSDK_AUTH_DISABLE_CREDENTIALS`: nobody.
    Nobody,
    /// A ready-made access token: whose it is, only Google knows.
    AccessToken {
        /// The variable that holds it, or that names its file.
        variable: &'static str,
    },
    /// A credential file.
    File {
        /// Its path.
        path: PathBuf,
        /// Who it stands for.
        kind: Kind,
    },
    /// The metadata server of a Google machine.
    Metadata,
}

impl fmt::Display for CredentialSource {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Nobody => f.write_str("nobody (CLOUDSDK_AUTH_DISABLE_CREDENTIALS)"),
            Self::AccessToken { variable } => write!(f, "the bearer of the access token in {variable}"),
            Self::File { path, kind } => write!(f, "{kind} ({})", bounded(&path.display().to_string())),
            Self::Metadata => f.write_str("the service account of this machine (metadata server)"),
        }
    }
}

/// What was found: the source, and what it takes to use it.
#[derive(Debug)]
pub(super) enum Found {
    Nobody,
    AccessToken(&'static str, SecretString),
    File(PathBuf, CredentialFile),
    /// Nothing says where credentials are; the machine itself may have some.
    Metadata,
}

impl Found {
    pub(super) fn source(&self) -> CredentialSource {
        match self {
            Self::Nobody => CredentialSource::Nobody,
            Self::AccessToken(variable, _) => CredentialSource::AccessToken { variable },
            Self::File(path, file) => CredentialSource::File { path: path.clone(), kind: file.kind.clone() },
            Self::Metadata => CredentialSource::Metadata,
        }
    }
}

/// Finds the credentials that the environment speaks of.
///
/// # Errors
/// A file that is named and cannot be read, or is no credential file. One that is merely not in its usual place is no
/// error: the machine may have credentials of its own.
pub(super) async fn find(surroundings: &Surroundings) -> Result<Found, Inconclusive> {
    if surroundings.disabled {
        return Ok(Found::Nobody);
    }
    if let Some((variable, token)) = &surroundings.access_token {
        return Ok(Found::AccessToken(variable, token.clone()));
    }
    if let Some((variable, path)) = &surroundings.access_token_file {
        let token = read(path).await.map_err(|error| named(variable, path, &error, surroundings))?;
        return Ok(Found::AccessToken(variable, SecretString::from(token)));
    }
    if let Some((variable, path)) = &surroundings.credential_file {
        let text = read(path).await.map_err(|error| named(variable, path, &error, surroundings))?;
        return file(path, &text);
    }
    let Some(path) = surroundings.gcloud_folder.as_ref().map(|folder| folder.join(WELL_KNOWN)) else {
        return Ok(Found::Metadata);
    };
    match read(&path).await {
        Ok(text) => file(&path, &text),
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => Ok(Found::Metadata),
        Err(error) => Err(named("gcloud's folder", &path, &error, surroundings)),
    }
}

fn file(path: &Path, text: &str) -> Result<Found, Inconclusive> {
    let file = CredentialFile::parse(text).map_err(|what| {
        let place = bounded(&path.display().to_string());
        Inconclusive::NoCredentials {
            detail: format!("{place} is no credential file that can be used: {what}"),
            fix: None,
        }
    })?;
    Ok(Found::File(path.to_owned(), file))
}

fn named(who: &str, path: &Path, error: &std::io::Error, surroundings: &Surroundings) -> Inconclusive {
    let place = bounded(&path.display().to_string());
    Inconclusive::NoCredentials {
        detail: format!("{who} leads to {place}, which cannot be read: {error}"),
        fix: Some(surroundings.platform.fix()),
    }
}

/// The text of a file or pipe, up to a size. A pipe that nobody writes to ends with the caller's time limit.
async fn read(path: &Path) -> std::io::Result<String> {
    let mut text = String::new();
    let file = tokio::fs::File::open(path).await?;
    file.take(LONGEST_FILE + 1).read_to_string(&mut text).await?;
    if text.len() as u64 > LONGEST_FILE {
        return Err(std::io::Error::other("it is far too long for one"));
    }
    Ok(text)
}

//! Files of the service's container that lead to its database (certificates, passwords), where the gate may read them:
//! mounted secrets, or the container itself where the gate stands in its place.

use google_cloud_run_v2::model::{Revision, volume};
use secrecy::SecretString;
use tokio::io::AsyncReadExt as _;

use super::connection::{INSPECT_SECRETS, payload};
use super::vantage::inside;
use crate::live::Scope;
use crate::live::service::{ingress, not_visible};
use crate::record::{Outcome, Skip};
use crate::text::bounded;

/// Longest file that is read: a bundle of all public authorities has about 250 KiB.
const LONGEST: u64 = 1024 * 1024;

/// The mode in which Cloud Run mounts a secret where nothing else is stated (`SecretVolumeSource.default_mode`).
const DEFAULT_MODE: u32 = 0o444;

/// A secret that is mounted as a file.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Mounted {
    /// A short name, or `projects/P/secrets/S`.
    pub(crate) secret: String,
    /// A number, an alias, or `latest`.
    pub(crate) version: String,
    /// The file's mode.
    pub(crate) mode: u32,
}

/// What a file of the service's container holds; else why the gate does not know.
pub(crate) async fn content(scope: &Scope, revision: &Revision, path: &str) -> Result<SecretString, Outcome> {
    let shown = bounded(path);
    if let Some(Mounted { secret, version, .. }) = mounted(revision, path) {
        if !scope.settings.inspect_secrets {
            return Err(Outcome::Skipped { reason: Skip::NotAllowed { flag: INSPECT_SECRETS.to_owned() } });
        }
        let payload = payload(scope, path, &secret, &version).await?;
        return payload.ok_or_else(|| not_visible(format!("{shown} is a mounted secret that holds no text")));
    }
    if !inside(scope) {
        return Err(not_visible(format!(
            "{shown} is a file of the service's container, which is not checked from here"
        )));
    }
    let read = async {
        // What is no file is not opened: a pipe would be waited for.
        if !tokio::fs::metadata(path).await?.is_file() {
            return Err(std::io::Error::from(std::io::ErrorKind::InvalidInput));
        }
        // Bounded as it is read: a file may grow, and those of /proc state no length.
        let mut text = String::new();
        let read = tokio::fs::File::open(path).await?.take(LONGEST + 1).read_to_string(&mut text).await?;
        if u64::try_from(read).is_ok_and(|read| read <= LONGEST) {
            Ok(text)
        } else {
            Err(std::io::Error::from(std::io::ErrorKind::FileTooLarge))
        }
    };
    match read.await {
        Ok(text) => Ok(text.into()),
        Err(error) => Err(not_visible(format!("{shown} cannot be read here ({})", error.kind()))),
    }
}

/// Why a file is not known, as a part of a sentence.
pub(crate) fn why(outcome: &Outcome, path: &str) -> String {
    let shown = bounded(path);
    match outcome {
        Outcome::Skipped { reason: Skip::NotVisible { because } } => because.clone(),
        Outcome::Skipped { reason: Skip::NotAllowed { flag } } => {
            format!("{shown} is a mounted secret, and {flag} is not given")
        }
        Outcome::Skipped { .. }
        | Outcome::Passed { .. }
        | Outcome::Failed { .. }
        | Outcome::Blocked { .. }
        | Outcome::Inconclusive { .. } => format!("{shown} is a mounted secret that the gate cannot read"),
    }
}

/// The secret that is mounted as this file.
pub(crate) fn mounted(revision: &Revision, path: &str) -> Option<Mounted> {
    let mounts = &ingress(revision)?.volume_mounts;
    mounts.iter().find_map(|mount| {
        let file = path.strip_prefix(mount.mount_path.trim_end_matches('/'))?.strip_prefix('/')?;
        let volume = revision.volumes.iter().find(|volume| volume.name == mount.name)?;
        let Some(volume::VolumeType::Secret(source)) = &volume.volume_type else { return None };
        // Without items, Cloud Run mounts the latest version under the secret's own name.
        let item = source.items.iter().find(|item| item.path == file);
        let version = match item {
            Some(item) if !item.version.is_empty() => item.version.clone(),
            Some(_) => "latest".to_owned(),
            None if source.items.is_empty() => "latest".to_owned(),
            None => return None,
        };
        let stated = item.map(|item| item.mode).filter(|mode| *mode > 0).unwrap_or(source.default_mode);
        let mode = u32::try_from(stated).ok().filter(|mode| *mode > 0).unwrap_or(DEFAULT_MODE);
        Some(Mounted { secret: source.secret.clone(), version, mode })
    })
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn a_mounted_secret_is_found_by_its_path() {
        let of = |source: serde_json::Value| -> Revision {
            serde_json::from_value(json!({
                "containers": [{"ports": [{"containerPort": 8080}], "volumeMounts": [{"name": "ca", "mountPath": "/secrets/"}]}],
                "volumes": [{"name": "ca", "secret": source}]
            }))
            .unwrap()
        };
        let revision = of(json!({"secret": "db-ca", "items": [{"path": "ca.pem", "version": "3"}]}));
        let found = |version: &str, mode| {
            Some(Mounted { secret: "db-ca".to_owned(), version: version.to_owned(), mode })
        };
        assert_eq!(mounted(&revision, "/secrets/ca.pem"), found("3", 0o444));
        for other in ["/secrets/other.pem", "/secretsca.pem", "/etc/ca.pem", "ca.pem"] {
            assert_eq!(mounted(&revision, other), None, "{other}");
        }
        let item = json!({"path": "ca.pem", "version": "3", "mode": 0o400});
        let strict = of(json!({"secret": "db-ca", "defaultMode": 0o440, "items": [item]}));
        assert_eq!(mounted(&strict, "/secrets/ca.pem"), found("3", 0o400));
        let whole = of(json!({"secret": "db-ca", "defaultMode": 0o440}));
        assert_eq!(mounted(&whole, "/secrets/anything"), found("latest", 0o440));
    }
}

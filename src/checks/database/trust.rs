//! What the service's driver holds for TLS, gathered from where the gate may read it.
//!
//! A revision names files of its container (`sslrootcert=/secrets/ca.pem`). The gate reads them where they are mounted
//! secrets and it may read those, or where it stands in the container's place. What a Cloud SQL instance's control
//! plane says of its authority tells what a right file would hold; whether the service's file holds it stays open.

use std::path::Path;

use google_cloud_run_v2::model::{Revision, volume};
use secrecy::{ExposeSecret as _, SecretString};

use crate::checks::Scope;
use crate::checks::database::connection::{self, INSPECT_SECRETS};
use crate::checks::database::inside;
use crate::checks::facts::ingress;
use crate::checks::instance::instance_facts::{connection_name, own_instance};
use crate::probe::google::bounded;
use crate::probe::postgres::{Authorities, Identity, SslMode, TlsFiles, Trust};

/// Longest file that is read: a bundle of all public authorities has about 250 KiB.
const LONGEST_FILE: u64 = 1024 * 1024;

/// What the service holds for this `sslmode`, and what about it stays open, in one sentence.
pub(super) async fn trust(scope: &Scope, sslmode: SslMode) -> (Trust, Option<String>) {
    if matches!(sslmode, SslMode::Disable) {
        return (Trust::default(), None);
    }
    let Ok(revision) = scope.revision().await else { return (Trust::default(), None) };
    let files = connection::tls_files(scope, &revision).await;
    let (authorities, open) = authorities(scope, &revision, files.root.as_deref(), sslmode).await;
    let (identity, missing) = identity(scope, &revision, files).await;
    (Trust { authorities, identity }, open.or(missing))
}

async fn authorities(
    scope: &Scope,
    revision: &Revision,
    stated: Option<&str>,
    sslmode: SslMode,
) -> (Option<Authorities>, Option<String>) {
    let unread = match stated {
        Some(Trust::SYSTEM) => match Authorities::of_system() {
            Ok(all) => {
                let open = "verified by this machine's authorities (sslrootcert=system); the service's image has its own";
                return (Some(all), Some(open.to_owned()));
            }
            Err(problem) => problem.to_string(),
        },
        Some(path) => match file(scope, revision, path).await {
            Ok(pem) => {
                let whose = format!("the service's own sslrootcert ({})", bounded(path));
                match Authorities::of_pem(pem.expose_secret().as_bytes(), whose, true) {
                    Ok(all) => return (Some(all), None),
                    Err(problem) => format!("sslrootcert {}: {problem}", bounded(path)),
                }
            }
            Err(why) => why,
        },
        None => "no variable states sslrootcert".to_owned(),
    };
    if !sslmode.verifies() {
        // libpq verifies by a stated file from `require` on.
        let matters = stated.is_some() && sslmode == SslMode::Require;
        return (None, matters.then_some(unread));
    }
    match of_instance(scope).await {
        Some(all) => {
            let open = format!(
                "verified by what Cloud SQL says of the instance's authority; whether the service holds the same is not known: {unread}"
            );
            (Some(all), Some(open))
        }
        None => (None, Some(unread)),
    }
}

/// The authority of the Cloud SQL instance, as the control plane gives it.
async fn of_instance(scope: &Scope) -> Option<Authorities> {
    let instance = own_instance(scope).await.ok()?;
    let pem = &instance.server_ca_cert.as_ref()?.cert;
    let whose = format!("Cloud SQL's authority of {}", connection_name(&instance));
    Authorities::of_pem(pem.as_bytes(), whose, false).ok()
}

/// The client certificate that the service states, and why it is not there where it states one.
async fn identity(scope: &Scope, revision: &Revision, files: TlsFiles) -> (Option<Identity>, Option<String>) {
    let (Some(certificate), Some(key)) = (files.certificate, files.key) else { return (None, None) };
    let read = async {
        let (certificate, key) =
            (file(scope, revision, &certificate).await?, file(scope, revision, &key).await?);
        scope.outside.vault.remember(&key);
        Identity::of_pem(certificate.expose_secret().as_bytes(), key.expose_secret().as_bytes())
            .map_err(|problem| problem.to_string())
    };
    match read.await {
        Ok(identity) => (Some(identity), None),
        Err(why) => (None, Some(format!("the service's client certificate is not sent: {why}"))),
    }
}

/// What a file of the service's container holds, where the gate may read it; else why not.
async fn file(scope: &Scope, revision: &Revision, path: &str) -> Result<SecretString, String> {
    let shown = bounded(path);
    if let Some((secret, version)) = mounted(revision, path) {
        if !scope.settings.inspect_secrets {
            return Err(format!("{shown} is a mounted secret, and {INSPECT_SECRETS} is not given"));
        }
        return match connection::payload(scope, path, &secret, &version).await {
            Ok(Some(payload)) => Ok(payload),
            Ok(None) => Err(format!("{shown} is a mounted secret that holds no text")),
            Err(_) => Err(format!("{shown} is a mounted secret that the gate cannot read")),
        };
    }
    if !inside(scope) {
        return Err(format!("{shown} is a file of the service's container, which is not seen from here"));
    }
    let read = async {
        let meta = tokio::fs::metadata(Path::new(path)).await?;
        if !meta.is_file() || meta.len() > LONGEST_FILE {
            return Err(std::io::Error::from(std::io::ErrorKind::InvalidData));
        }
        tokio::fs::read_to_string(Path::new(path)).await
    };
    match read.await {
        Ok(text) => Ok(text.into()),
        Err(error) => Err(format!("{shown} cannot be read here ({})", error.kind())),
    }
}

/// The secret that is mounted as this file, and its version.
fn mounted(revision: &Revision, path: &str) -> Option<(String, String)> {
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
        Some((source.secret.clone(), version))
    })
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn a_mounted_secret_is_found_by_its_path() {
        let revision: Revision = serde_json::from_value(json!({
            "containers": [{"ports": [{"containerPort": 8080}], "volumeMounts": [{"name": "ca", "mountPath": "/secrets/"}]}],
            "volumes": [{"name": "ca", "secret": {"secret": "db-ca", "items": [{"path": "ca.pem", "version": "3"}]}}]
        }))
        .unwrap();
        let found = Some(("db-ca".to_owned(), "3".to_owned()));
        assert_eq!(mounted(&revision, "/secrets/ca.pem"), found);
        for other in ["/secrets/other.pem", "/secretsca.pem", "/etc/ca.pem", "ca.pem"] {
            assert_eq!(mounted(&revision, other), None, "{other}");
        }
    }
}

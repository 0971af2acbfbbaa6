//! What the service's driver holds for TLS, gathered from where the gate may read it.
//!
//! The native file may bring the authorities itself (`database: ca:`), which is then taken.
//! A revision names files of its container (`sslrootcert=/secrets/ca.pem`). The gate reads them where they are mounted
//! secrets and it may read those, or where it stands in the container's place. What a Cloud SQL instance's control
//! plane says of its authority tells what a right file would hold; whether the service's file holds it stays open.

use google_cloud_run_v2::model::Revision;
use secrecy::{ExposeSecret as _, SecretString};

use crate::connection::{Authorities, Identity, SslMode, TlsFiles, Trust};
use crate::live::instance::{connection_name, own_instance};
use crate::live::{Scope, connection, files};
use crate::probe::postgres::system_authorities;
use crate::text::bounded;

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
    // What the pipeline says of the service's authorities, it says for the gate.
    if let Some(ca) = scope.target.service.database.as_ref().and_then(|database| database.ca.as_ref()) {
        let whose = format!("the pipeline's `ca` ({})", bounded(&ca.path));
        // The file was looked at when it was loaded.
        if let Ok(all) = Authorities::of_pem(ca.pem.as_bytes(), whose, true) {
            return (Some(all), None);
        }
    }
    let unread = match stated {
        Some(Trust::SYSTEM) => match system_authorities() {
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
    files::content(scope, revision, path).await.map_err(|outcome| files::why(&outcome, path))
}

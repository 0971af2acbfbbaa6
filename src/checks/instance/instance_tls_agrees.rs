//! The service asks for TLS as the Cloud SQL instance demands it.

use google_cloud_run_v2::model::{Revision, volume};
use google_cloud_sql_v1::model::DatabaseInstance;
use google_cloud_sql_v1::model::ip_configuration::SslMode as Demanded;

use crate::checks::database::declared;
use crate::checks::{Check, USUAL, either, place};
use crate::connection::SslMode;
use crate::live::instance::{Reached, connection_name, own_instance, reached};
use crate::live::service::{failed, malformed, not_applicable, not_visible, passed};
use crate::live::{Scope, connection};
use crate::record::finding::{Finding, InstanceFinding};
use crate::record::{Family, Outcome, check_id};
use crate::text::bounded;

/// See the module.
pub(in crate::checks) static CHECK: Check = Check {
    id: check_id::INSTANCE_TLS_AGREES,
    holds: "The service asks for TLS as the Cloud SQL instance demands it",
    family: Family::Instance,
    place: place::of_instance,
    explained_by: &[check_id::CREDENTIAL_WELL_FORMED],
    subjects: declared,
    run: |scope| either(look(scope)),
    ..USUAL
};

async fn look(scope: &Scope) -> Result<Outcome, Outcome> {
    let revision = scope.revision().await?;
    let Some(host) = connection::host(scope).await? else {
        return Err(connection::unstated("the database's host"));
    };
    match reached(&host, revision.containers.len() > 1) {
        Reached::Directly(_) => {}
        Reached::Socket(_) | Reached::Sidecar => {
            return Err(not_applicable("the service connects through a connector, which brings its own TLS"));
        }
    }
    let instance = own_instance(scope).await?;
    let asked = connection::sslmode(scope).await?;
    Ok(judge(&instance, asked, may_have_certificate(&revision)))
}

/// Whether something of the revision may be a client certificate: a variable named so, or a mounted file.
fn may_have_certificate(revision: &Revision) -> bool {
    let named = |name: &str| {
        let upper = name.to_ascii_uppercase();
        upper.contains("CERT") || upper.contains("SSLKEY") || upper.contains("SSL_KEY")
    };
    let mounted = |volume: &google_cloud_run_v2::model::Volume| {
        !matches!(volume.volume_type, None | Some(volume::VolumeType::CloudSqlInstance(_)))
    };
    revision.containers.iter().flat_map(|container| &container.env).any(|variable| named(&variable.name))
        || revision.volumes.iter().any(mounted)
}

fn judge(instance: &DatabaseInstance, asked: SslMode, may_have_certificate: bool) -> Outcome {
    let name = connection_name(instance);
    let configuration = instance.settings.as_ref().and_then(|settings| settings.ip_configuration.as_ref());
    let stated = configuration.map(|configuration| &configuration.ssl_mode);
    let legacy = configuration.and_then(|configuration| configuration.require_ssl).unwrap_or_default();
    let plain = InstanceFinding::TlsRequired { instance: name.clone(), sslmode: asked.to_string() };
    match stated {
        Some(Demanded::AllowUnencryptedAndEncrypted) => {
            passed(format!("{name} takes connections with TLS and without"))
        }
        Some(Demanded::EncryptedOnly | Demanded::TrustedClientCertificateRequired)
            if asked == SslMode::Disable =>
        {
            failed(Finding::Instance(plain))
        }
        Some(Demanded::EncryptedOnly) if asked.requires_tls() => passed(format!(
            "{name} takes encrypted connections only, and the service asks for sslmode={asked}"
        )),
        // Drivers differ in what they do unasked: libpq tries TLS first, node-postgres does not.
        Some(Demanded::EncryptedOnly) => not_visible(format!(
            "{name} takes encrypted connections only, and nothing makes the service's driver ask for TLS \
             (sslmode={asked})"
        )),
        Some(Demanded::TrustedClientCertificateRequired) => certificate(name, may_have_certificate),
        // The older setting, where the newer one is not stated.
        Some(Demanded::Unspecified) | None if legacy => certificate(name, may_have_certificate),
        Some(Demanded::Unspecified) | None => passed(format!("{name} demands no TLS")),
        Some(other) => {
            let word = other.name().map_or_else(|| "a number".to_owned(), bounded);
            malformed(name, format!("its sslMode is {word}, which this version does not know"))
        }
    }
}

fn certificate(name: String, may_have_one: bool) -> Outcome {
    if may_have_one {
        return not_visible(format!(
            "{name} takes connections with a client certificate only, and whether the service sends one is not known"
        ));
    }
    failed(Finding::Instance(InstanceFinding::ClientCertificateRequired { instance: name }))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn judged(mode: &str, asked: SslMode, certificate: bool) -> Outcome {
        let body = json!({"settings": {"ipConfiguration": {"sslMode": mode}}});
        judge(&serde_json::from_value(body).unwrap(), asked, certificate)
    }

    #[test]
    fn what_is_asked_for_is_held_against_what_is_demanded() {
        for asked in [SslMode::Disable, SslMode::Prefer, SslMode::VerifyFull] {
            assert!(matches!(
                judged("ALLOW_UNENCRYPTED_AND_ENCRYPTED", asked, false),
                Outcome::Passed { .. }
            ));
        }
        assert!(matches!(judged("ENCRYPTED_ONLY", SslMode::Disable, true), Outcome::Failed { .. }));
        assert!(matches!(judged("ENCRYPTED_ONLY", SslMode::Require, false), Outcome::Passed { .. }));
        let unasked = judged("ENCRYPTED_ONLY", SslMode::Prefer, false);
        assert!(matches!(unasked, Outcome::Skipped { .. }), "drivers differ: {unasked:?}");
        assert!(matches!(
            judged("TRUSTED_CLIENT_CERTIFICATE_REQUIRED", SslMode::Require, false),
            Outcome::Failed { .. }
        ));
        assert!(matches!(
            judged("TRUSTED_CLIENT_CERTIFICATE_REQUIRED", SslMode::Require, true),
            Outcome::Skipped { .. }
        ));
        assert!(matches!(judged("QUANTUM_SAFE", SslMode::Require, true), Outcome::Inconclusive { .. }));
    }

    #[test]
    fn the_older_setting_counts_where_the_newer_one_is_not_stated() {
        let body = json!({"settings": {"ipConfiguration": {"requireSsl": true}}});
        let outcome = judge(&serde_json::from_value(body).unwrap(), SslMode::Prefer, false);
        assert!(matches!(outcome, Outcome::Failed { .. }), "{outcome:?}");
        let both = json!({"settings": {"ipConfiguration": {"requireSsl": true,
            "sslMode": "ALLOW_UNENCRYPTED_AND_ENCRYPTED"}}});
        let outcome = judge(&serde_json::from_value(both).unwrap(), SslMode::Prefer, false);
        assert!(matches!(outcome, Outcome::Passed { .. }), "the newer one wins: {outcome:?}");
    }

    #[test]
    fn what_may_be_a_certificate() {
        let seen = |body| may_have_certificate(&serde_json::from_value(body).unwrap());
        assert!(seen(json!({"containers": [{"env": [{"name": "PGSSLCERT", "value": "/x"}]}]})));
        assert!(seen(json!({"volumes": [{"name": "v", "secret": {"secret": "s"}}]})));
        assert!(!seen(json!({"containers": [{"env": [{"name": "DB_HOST", "value": "/x"}]}],
            "volumes": [{"name": "v", "cloudSqlInstance": {"instances": ["p:r:i"]}}]})));
    }
}

//! The revision takes its secrets from where the pipeline says: same secret, same version.

use google_cloud_run_v2::model::{Container, Revision, env_var, volume};

use crate::checks::{Check, Subjects, USUAL, place};
use crate::live::Scope;
use crate::live::service::{failed, ingress, passed};
use crate::model::{SecretReference, resource};
use crate::record::finding::{Finding, InjectionFinding};
use crate::record::{Fact, Family, Outcome, Skip, check_id};

/// See the module.
pub(in crate::checks) static CHECK: Check = Check {
    id: check_id::SECRET_REFERENCES_MATCH,
    holds: "The new revision refers to the secrets and versions that the pipeline declares",
    family: Family::Injection,
    place: place::of_secret,
    subjects: |service| {
        if service.secrets.is_empty() { Subjects::None } else { Subjects::Whole }
    },
    run: |scope| Box::pin(run(scope)),
    ..USUAL
};

async fn run(scope: &Scope) -> Outcome {
    let revision = match scope.revision().await {
        Ok(revision) => revision,
        Err(outcome) => return outcome,
    };
    let target = &scope.target;
    let mut differing = Vec::new();
    let (mut same, mut unresolved, mut absent) = (0_usize, Vec::new(), 0_usize);
    for declared in &target.service.secrets {
        match compare(&target.project, declared, &revision) {
            Compared::Same => same += 1,
            Compared::Differs(finding) => differing.push(finding),
            Compared::Unresolved(what) => unresolved.push(what),
            Compared::Absent => absent += 1,
        }
    }
    let mut differing = differing.into_iter();
    if let Some(first) = differing.next() {
        for further in differing {
            scope.fact(Fact::Note { text: further.to_string() });
        }
        return failed(Finding::Injection(first));
    }
    if same == 0
        && let Some(what) = unresolved.first()
    {
        return Outcome::Skipped { reason: Skip::Unresolved { what: what.clone() } };
    }
    let mut detail = format!("{same} of {} references are as declared", target.service.secrets.len());
    if !unresolved.is_empty() {
        detail.push_str(&format!(
            "; not compared, for the files do not resolve them: {}",
            unresolved.join(", ")
        ));
    }
    if absent > 0 {
        detail.push_str(&format!("; {absent} not on the revision (see variables-injected)"));
    }
    passed(detail)
}

/// What a declared reference is on the revision.
#[derive(Debug, PartialEq)]
enum Compared {
    Same,
    Differs(InjectionFinding),
    /// The files do not say what it should be; the expression.
    Unresolved(String),
    /// The variable is not there at all, which is the finding of `variables-injected`.
    Absent,
}

fn compare(project: &str, declared: &SecretReference, revision: &Revision) -> Compared {
    let (Some(secret), Some(version)) = (declared.secret.as_known(), declared.version.as_known()) else {
        let unknown = if declared.secret.as_known().is_none() { &declared.secret } else { &declared.version };
        return Compared::Unresolved(format!("{} ({})", declared.target, unknown.raw()));
    };
    let container = ingress(revision);
    let serving = if declared.target.starts_with('/') {
        Some(container.and_then(|container| mounted(revision, container, &declared.target)))
    } else {
        container.and_then(|container| injected(container, &declared.target))
    };
    let differs = |serving: Option<String>| {
        Compared::Differs(InjectionFinding::SecretReferenceDiffers {
            target: declared.target.clone(),
            declared: format!("{secret}:{version}"),
            serving,
        })
    };
    match serving {
        None => Compared::Absent,
        Some(None) if declared.target.starts_with('/') => differs(Some("no secret".to_owned())),
        Some(None) => differs(None),
        Some(Some((live, live_version))) => {
            if same_secret(project, secret, &live) && version == live_version {
                Compared::Same
            } else {
                differs(Some(format!("{live}:{live_version}")))
            }
        }
    }
}

/// Secret and version that a variable is taken from; the inner `None`: from no secret.
#[expect(clippy::option_option, reason = "absent, plain and secret are three different things here")]
fn injected(container: &Container, name: &str) -> Option<Option<(String, String)>> {
    let variable = container.env.iter().find(|variable| variable.name == name)?;
    Some(match &variable.values {
        Some(env_var::Values::ValueSource(source)) => {
            source.secret_key_ref.as_ref().map(|key| (key.secret.clone(), latest_if_absent(&key.version)))
        }
        Some(_) | None => None,
    })
}

/// Secret and version that a file is taken from.
fn mounted(revision: &Revision, container: &Container, path: &str) -> Option<(String, String)> {
    container.volume_mounts.iter().find_map(|mount| {
        let file = path.strip_prefix(mount.mount_path.trim_end_matches('/'))?.strip_prefix('/')?;
        let volume = revision.volumes.iter().find(|volume| volume.name == mount.name)?;
        let Some(volume::VolumeType::Secret(source)) = &volume.volume_type else { return None };
        // Without items, the file has the secret's own name and holds its latest version.
        if source.items.is_empty() && file == crate::model::resource::short(&source.secret) {
            return Some((source.secret.clone(), "latest".to_owned()));
        }
        let item = source.items.iter().find(|item| item.path == file)?;
        Some((source.secret.clone(), latest_if_absent(&item.version)))
    })
}

fn latest_if_absent(version: &str) -> String {
    if version.is_empty() { "latest".to_owned() } else { version.to_owned() }
}

/// Whether two references mean the same secret. A project by number and one by id may be the same; then the
/// names decide.
fn same_secret(project: &str, declared: &str, live: &str) -> bool {
    let (declared, live) = (resource::secret(project, declared), resource::secret(project, live));
    let project_of = |name: &str| resource::segment(name, "projects").unwrap_or_default().to_owned();
    let secret_of = |name: &str| resource::segment(name, "secrets").map(str::to_owned);
    let number = |text: &str| !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
    let (one, other) = (project_of(&declared), project_of(&live));
    let same_project = one == other || number(&one) != number(&other);
    same_project && secret_of(&declared).is_some() && secret_of(&declared) == secret_of(&live)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::live::testing::{place, secret};
    use crate::model::Stated;

    fn revision() -> Revision {
        serde_json::from_value(json!({
            "name": "s-1",
            "containers": [{
                "env": [
                    {"name": "DB_PASSWORD", "valueSource": {"secretKeyRef": {"secret": "db-password", "version": "3"}}},
                    {"name": "FOREIGN", "valueSource": {"secretKeyRef": {"secret": "projects/42/secrets/key", "version": "latest"}}},
                    {"name": "PLAIN", "value": "db-password:3"},
                    {"name": "FUTURE", "valueSource": {}},
                ],
                "volumeMounts": [{"name": "v", "mountPath": "/secrets"}, {"name": "gone", "mountPath": "/x"}],
            }],
            "volumes": [{"name": "v", "secret": {"secret": "tls", "items": [{"path": "key.pem", "version": "5"}]}}],
        }))
        .unwrap()
    }

    fn serving(target: &str, name: &str, version: &str) -> Result<Compared, Option<String>> {
        match compare("p", &secret(target, name, version), &revision()) {
            Compared::Differs(InjectionFinding::SecretReferenceDiffers { serving, .. }) => Err(serving),
            other @ (Compared::Same | Compared::Differs(_) | Compared::Unresolved(_) | Compared::Absent) => {
                Ok(other)
            }
        }
    }

    #[test]
    fn the_same_in_any_form_is_the_same() {
        assert_eq!(serving("DB_PASSWORD", "db-password", "3"), Ok(Compared::Same));
        assert_eq!(serving("DB_PASSWORD", "projects/p/secrets/db-password", "3"), Ok(Compared::Same));
        assert_eq!(serving("FOREIGN", "projects/other/secrets/key", "latest"), Ok(Compared::Same));
        assert_eq!(serving("/secrets/key.pem", "tls", "5"), Ok(Compared::Same));
    }

    #[test]
    fn another_secret_version_project_or_a_plain_value_differs() {
        assert_eq!(serving("DB_PASSWORD", "db-password", "4"), Err(Some("db-password:3".into())));
        assert_eq!(serving("DB_PASSWORD", "db-pass", "3"), Err(Some("db-password:3".into())));
        assert_eq!(
            serving("DB_PASSWORD", "projects/q/secrets/db-password", "3"),
            Err(Some("db-password:3".into()))
        );
        assert_eq!(serving("PLAIN", "db-password", "3"), Err(None));
        assert_eq!(serving("FUTURE", "db-password", "3"), Err(None));
        assert_eq!(serving("/secrets/other", "tls", "5"), Err(Some("no secret".into())));
        assert_eq!(serving("/x/key.pem", "tls", "5"), Err(Some("no secret".into())));
    }

    #[test]
    fn the_absent_and_the_unresolved_are_not_compared() {
        assert_eq!(serving("MISSING", "db-password", "3"), Ok(Compared::Absent));
        let mut declared = secret("DB_PASSWORD", "db-password", "3");
        declared.version = Stated::unresolved("$_VERSION", place());
        let compared = compare("p", &declared, &revision());
        assert_eq!(compared, Compared::Unresolved("DB_PASSWORD ($_VERSION)".into()));
    }

    #[test]
    fn a_volume_without_items_holds_the_latest_version_under_the_secrets_name() {
        let revision: Revision = serde_json::from_value(json!({
            "containers": [{"volumeMounts": [{"name": "v", "mountPath": "/etc/tls/"}]}],
            "volumes": [{"name": "v", "secret": {"secret": "projects/p/secrets/tls"}}],
        }))
        .unwrap();
        assert_eq!(compare("p", &secret("/etc/tls/tls", "tls", "latest"), &revision), Compared::Same);
    }
}

//! The secret version that the pipeline injects exists and is enabled.

use google_cloud_secretmanager_v1::model::secret_version::State;

use super::facts::{broken, failed, malformed, passed};
use super::{Check, Scope, Subjects};
use crate::model::{SecretReference, Service};
use crate::probe::google::{NoAnswer, bounded, names};
use crate::run::finding::{Finding, InjectionFinding};
use crate::run::outcome::{Outcome, Skip, Vantage};
use crate::run::record::{Fact, Role};

/// See the module.
pub(super) static CHECK: Check = Check {
    id: "secret-version-enabled",
    holds: "The secret version exists and is enabled",
    vantage: Vantage::ControlPlane,
    role: Role::Advisory,
    needs: &[],
    explained_by: &[],
    subjects: each_secret,
    run: |scope| Box::pin(run(scope)),
};

/// One node for each target that a secret is injected into.
pub(super) fn each_secret(service: &Service) -> Subjects {
    let mut targets: Vec<String> = Vec::new();
    for secret in &service.secrets {
        if !targets.contains(&secret.target) {
            targets.push(secret.target.clone());
        }
    }
    if targets.is_empty() { Subjects::None } else { Subjects::Each(targets) }
}

/// The reference that the check is about.
#[expect(clippy::result_large_err, reason = "an outcome is made once a check")]
pub(super) fn reference(scope: &Scope) -> Result<&SecretReference, Outcome> {
    scope
        .subject
        .as_deref()
        .and_then(|target| scope.target.service.secret(target))
        .ok_or_else(|| malformed("the plan", "no secret has this target"))
}

/// The secret's name as stated, if it is known.
#[expect(clippy::result_large_err, reason = "an outcome is made once a check")]
pub(super) fn stated_secret(reference: &SecretReference) -> Result<&str, Outcome> {
    reference.secret.as_known().ok_or_else(|| unresolved(&reference.target, reference.secret.raw()))
}

fn unresolved(target: &str, expression: &str) -> Outcome {
    Outcome::Skipped { reason: Skip::Unresolved { what: format!("{expression}, the secret of {target}") } }
}

async fn run(scope: &Scope) -> Outcome {
    match look(scope).await {
        Ok(outcome) | Err(outcome) => outcome,
    }
}

async fn look(scope: &Scope) -> Result<Outcome, Outcome> {
    let reference = reference(scope)?;
    let stated = stated_secret(reference)?;
    let Some(version) = reference.version.as_known() else {
        return Err(unresolved(&reference.target, reference.version.raw()));
    };
    let (google, project) = (&scope.outside.google, &scope.target.project);
    let secret = names::secret(project, stated);
    let version = version.to_owned();
    let finding = match google.secret_version(project, stated, &version).await {
        Ok(live) if live.state == State::Enabled => {
            return Ok(passed(format!("version {version} of {secret} is ENABLED")));
        }
        Ok(live) if live.state == State::Disabled => InjectionFinding::VersionDisabled { secret, version },
        Ok(live) if live.state == State::Destroyed => InjectionFinding::VersionDestroyed { secret, version },
        Ok(live) => {
            let state = bounded(live.state.name().unwrap_or("a number that this version does not know"));
            return Err(malformed(format!("{secret}/versions/{version}"), format!("its state is {state}")));
        }
        Err(NoAnswer::NotFound) => match google.secret(project, stated).await {
            Err(NoAnswer::NotFound) => InjectionFinding::SecretNotFound { secret },
            Ok(_) => InjectionFinding::VersionNotFound { secret, version },
            Err(NoAnswer::Broken(_)) => {
                let text = format!("whether {secret} itself exists could not be read");
                scope.fact(Fact::Note { text });
                InjectionFinding::VersionNotFound { secret, version }
            }
        },
        Err(answer @ NoAnswer::Broken(_)) => return Err(broken(&secret, answer)),
    };
    Ok(failed(Finding::Injection(finding)))
}

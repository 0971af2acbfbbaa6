//! The secret version that the pipeline injects exists and is enabled.

use google_cloud_secretmanager_v1::model::secret_version::State;
use google_cloud_wkt::Timestamp as Then;
use jiff::{SignedDuration, Timestamp};

use crate::checks::{Check, Subjects, USUAL, either, place};
use crate::live::Scope;
use crate::live::service::{failed, inconclusive, malformed, passed};
use crate::model::{SecretReference, Service, resource};
use crate::probe::google::NoAnswer;
use crate::record::finding::{Finding, InjectionFinding};
use crate::record::{Fact, Family, Outcome, Skip, check_id};
use crate::text::bounded;

/// See the module.
pub(in crate::checks) static CHECK: Check = Check {
    id: check_id::SECRET_VERSION_ENABLED,
    holds: "The secret version exists and is enabled",
    family: Family::Injection,
    place: place::of_secret,
    needs: &[],
    subjects: each_secret,
    run: |scope| either(look(scope)),
    ..USUAL
};

/// One node for each target that a secret is injected into.
pub(in crate::checks) fn each_secret(service: &Service) -> Subjects {
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
pub(in crate::checks) fn reference(scope: &Scope) -> Result<&SecretReference, Outcome> {
    scope
        .subject
        .as_deref()
        .and_then(|target| scope.target.service.secret(target))
        .ok_or_else(|| malformed("the plan", "no secret has this target"))
}

/// The secret's name as stated, if it is known.
#[expect(clippy::result_large_err, reason = "an outcome is made once a check")]
pub(in crate::checks) fn stated_secret(reference: &SecretReference) -> Result<&str, Outcome> {
    reference.secret.as_known().ok_or_else(|| unresolved(&reference.target, reference.secret.raw()))
}

fn unresolved(target: &str, expression: &str) -> Outcome {
    Outcome::Skipped { reason: Skip::Unresolved { what: format!("{expression}, the secret of {target}") } }
}

async fn look(scope: &Scope) -> Result<Outcome, Outcome> {
    let reference = reference(scope)?;
    let stated = stated_secret(reference)?;
    let Some(version) = reference.version.as_known() else {
        return Err(unresolved(&reference.target, reference.version.raw()));
    };
    let (google, project) = (&scope.outside.google, &scope.target.project);
    let secret = resource::secret(project, stated);
    let version = version.to_owned();
    // Both at once: what is to come of the secret stands on the secret, and is advice only.
    let (live, whole) =
        futures::join!(google.secret_version(project, stated, &version), google.secret(project, stated));
    let expiry = whole.as_deref().ok().and_then(|whole| whole.expire_time().map(|end| **end));
    let destroyed = live.as_deref().ok().and_then(|live| live.scheduled_destroy_time);
    for text in advice(&secret, &version, expiry, destroyed, Timestamp::now()) {
        scope.fact(Fact::Note { text });
    }
    let finding = match live {
        Ok(live) if live.state == State::Enabled => {
            return Ok(passed(format!("version {version} of {secret} is ENABLED")));
        }
        Ok(live) if live.state == State::Disabled => InjectionFinding::VersionDisabled { secret, version },
        Ok(live) if live.state == State::Destroyed => InjectionFinding::VersionDestroyed { secret, version },
        Ok(live) => {
            let state = bounded(live.state.name().unwrap_or("a number that this version does not know"));
            return Err(malformed(format!("{secret}/versions/{version}"), format!("its state is {state}")));
        }
        Err(NoAnswer::NotFound) => match whole {
            Err(NoAnswer::NotFound) => InjectionFinding::SecretNotFound { secret },
            Ok(_) => InjectionFinding::VersionNotFound { secret, version },
            Err(NoAnswer::Inconclusive(_)) => {
                let text = format!("whether {secret} itself exists could not be read");
                scope.fact(Fact::Note { text });
                InjectionFinding::VersionNotFound { secret, version }
            }
        },
        Err(answer @ NoAnswer::Inconclusive(_)) => return Err(inconclusive(&secret, answer)),
    };
    Ok(failed(Finding::Injection(finding)))
}

/// What will break by itself: the secret's expiry, and the destruction of a version that is scheduled.
fn advice(
    secret: &str,
    version: &str,
    expiry: Option<Then>,
    destroyed: Option<Then>,
    now: Timestamp,
) -> Vec<String> {
    let soon = |then: &Then| then.seconds() - now.as_second() < SOON.as_secs();
    let expiry = expiry.filter(soon).map(|then| {
        format!("{secret} expires at {}: it is deleted then with all its versions", String::from(then))
    });
    let destroyed = destroyed.map(|then| {
        format!(
            "version {version} of {secret} is destroyed for good at {}, unless it is enabled before",
            String::from(then)
        )
    });
    expiry.into_iter().chain(destroyed).collect()
}

/// What is so near that somebody should look.
const SOON: SignedDuration = SignedDuration::from_hours(30 * 24);

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_will_break_by_itself_is_told_in_time() {
        let now: Timestamp = "2026-03-10T00:00:00Z".parse().unwrap();
        let at = |text: &str| Some(Then::try_from(text).unwrap());
        let told = |expiry, destroyed| advice("s", "3", expiry, destroyed, now);
        assert!(told(None, None).is_empty() && told(at("2026-06-01T00:00:00Z"), None).is_empty());
        assert_eq!(
            told(at("2026-03-20T00:00:00Z"), None),
            ["s expires at 2026-03-20T00:00:00Z: it is deleted then with all its versions"]
        );
        assert!(
            told(None, at("2027-01-01T00:00:00Z"))[0].contains("destroyed for good at 2027-01-01T00:00:00Z")
        );
    }
}

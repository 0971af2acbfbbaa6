//! The account that the revision runs as may read the secret.
//!
//! From the policies of the secret, its project, and all that it inherits; see [`crate::live::access`].

use crate::checks::injection::secret_version_enabled::{each_secret, reference, stated_secret};
use crate::checks::{Check, Subjects, USUAL, either, place};
use crate::live::Scope;
use crate::live::access::{self, Access, On};
use crate::live::service::{failed, malformed, not_applicable, passed};
use crate::model::resource;
use crate::probe::google::NoAnswer;
use crate::record::finding::{Finding, InjectionFinding};
use crate::record::{Family, Outcome, check_id};

/// See the module.
pub(in crate::checks) static CHECK: Check = Check {
    id: check_id::SECRET_READABLE,
    holds: "The runtime service account may read the secret",
    family: Family::Injection,
    place: place::of_secret,
    explained_by: &[check_id::SERVICE_ACCOUNT_MATCHES],
    subjects: |service| -> Subjects { each_secret(service) },
    run: |scope| either(look(scope)),
    ..USUAL
};

async fn look(scope: &Scope) -> Result<Outcome, Outcome> {
    let account = account(scope).await?;
    access_of(scope, &account).await
}

/// Judges whether an account may read the secret that the check is about.
pub(in crate::checks) async fn access_of(scope: &Scope, account: &str) -> Result<Outcome, Outcome> {
    let stated = stated_secret(reference(scope)?)?;
    let (google, project) = (&scope.outside.google, &scope.target.project);
    let secret = resource::secret(project, stated);
    let owner = resource::segment(&secret, "projects").unwrap_or(project).to_owned();

    // Both at once: most grants stand on one of the two, and each answer takes a round trip.
    let (policy, _) = futures::join!(google.secret_policy(project, stated), google.project_policy(&owner));
    if matches!(policy, Err(NoAnswer::NotFound)) {
        return Err(not_applicable(format!("{secret} does not exist (see secret-version-enabled)")));
    }
    let resource = format!("//secretmanager.googleapis.com/{secret}");
    let on = On { resource: &resource, project: &owner, policy: Some((&secret, policy)) };
    match access::access(scope, &access::READ_SECRET, account, on).await {
        Access::Granted(by) => Ok(passed(by)),
        Access::Unknown(why) => Err(Outcome::Inconclusive { why }),
        Access::Denied(shown_by) => Ok(failed(Finding::Injection(InjectionFinding::NoAccessBinding {
            secret,
            service_account: account.to_owned(),
            shown_by: Some(shown_by),
        }))),
    }
}

/// E-mail address of the account that the live revision runs as.
pub(in crate::checks) async fn account(scope: &Scope) -> Result<String, Outcome> {
    let revision = scope.revision().await?;
    if revision.service_account.is_empty() {
        return Err(malformed(format!("revision {}", revision.name), "it states no service account"));
    }
    Ok(revision.service_account.clone())
}

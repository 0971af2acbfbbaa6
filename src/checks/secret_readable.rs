//! The account that the revision runs as may read the secret.
//!
//! Seen in the policies of the secret and of its project. What folders and the organisation grant is not in them, so
//! that a missing binding is a finding whose weight the diagnosis decides.

use google_cloud_iam_v1::model::{Binding, Policy};

use super::facts::{broken, failed, malformed, not_applicable, passed};
use super::secret_version_enabled::{each_secret, reference, stated_secret};
use super::{Check, Scope, Subjects};
use crate::probe::google::{NoAnswer, bounded, names};
use crate::run::finding::{Finding, InjectionFinding};
use crate::run::outcome::{Broken, Outcome, Vantage};
use crate::run::record::Role;

/// See the module.
pub(super) static CHECK: Check = Check {
    id: "secret-readable",
    holds: "The runtime service account may read the secret",
    vantage: Vantage::ControlPlane,
    role: Role::Advisory,
    needs: &["service-exists"],
    explained_by: &["service-account-matches"],
    subjects: |service| -> Subjects { each_secret(service) },
    run: |scope| Box::pin(run(scope)),
};

/// Predefined roles with `secretmanager.versions.access` that people give to service accounts.
const READERS: &[&str] = &["roles/secretmanager.secretAccessor", "roles/secretmanager.admin", "roles/owner"];

/// What a policy says of an account.
#[derive(Debug, PartialEq)]
enum Grant {
    /// It grants access, by this role.
    Yes(String),
    /// It may, for a reason that cannot be seen through from here.
    Perhaps(String),
    /// It does not.
    No,
}

async fn run(scope: &Scope) -> Outcome {
    match look(scope).await {
        Ok(outcome) | Err(outcome) => outcome,
    }
}

async fn look(scope: &Scope) -> Result<Outcome, Outcome> {
    let revision = scope.revision().await?;
    let account = revision.service_account.as_str();
    if account.is_empty() {
        return Err(malformed(format!("revision {}", revision.name), "it states no service account"));
    }
    access_of(scope, account).await
}

/// Judges whether an account may read the secret that the check is about.
pub(super) async fn access_of(scope: &Scope, account: &str) -> Result<Outcome, Outcome> {
    let stated = stated_secret(reference(scope)?)?;
    let (google, project) = (&scope.outside.google, &scope.target.project);
    let secret = names::secret(project, stated);
    let owner = names::segment(&secret, "projects").unwrap_or(project).to_owned();

    // Both at once: most grants stand on one of the two, and each answer takes a round trip.
    let (on_secret, on_project) =
        futures::join!(google.secret_policy(project, stated), google.project_policy(&owner));
    if matches!(on_secret, Err(NoAnswer::NotFound)) {
        return Err(not_applicable(format!("{secret} does not exist (see secret-version-enabled)")));
    }
    let mut doubts = Vec::new();
    for (place, answer) in [(secret.clone(), on_secret), (format!("projects/{owner}"), on_project)] {
        match answer {
            Ok(policy) => match grant(&policy, account) {
                Grant::Yes(role) => {
                    return Ok(passed(format!("{account} has {role} on {place}")));
                }
                Grant::Perhaps(why) => doubts.push(broken(
                    &place,
                    NoAnswer::Broken(Broken::Unavailable {
                        what: format!("access of {account} to {place}"),
                        detail: why,
                    }),
                )),
                Grant::No => {}
            },
            Err(answer) => doubts.push(broken(&place, answer)),
        }
    }
    match doubts.into_iter().next() {
        Some(doubt) => Err(doubt),
        None => Ok(failed(Finding::Injection(InjectionFinding::NoAccessBinding {
            secret,
            service_account: account.to_owned(),
        }))),
    }
}

fn grant(policy: &Policy, account: &str) -> Grant {
    let mut perhaps = Grant::No;
    for binding in &policy.bindings {
        match grant_of(binding, account) {
            yes @ Grant::Yes(_) => return yes,
            doubt @ Grant::Perhaps(_) if perhaps == Grant::No => perhaps = doubt,
            Grant::Perhaps(_) | Grant::No => {}
        }
    }
    perhaps
}

fn grant_of(binding: &Binding, account: &str) -> Grant {
    let role = binding.role.as_str();
    let custom = !role.starts_with("roles/");
    if !custom && !READERS.contains(&role) {
        return Grant::No;
    }
    // E-mail addresses are compared without case, as IAM does.
    let is_account = |member: &str| {
        member.strip_prefix("serviceAccount:").is_some_and(|email| email.eq_ignore_ascii_case(account))
    };
    let everybody = |member: &str| matches!(member, "allUsers" | "allAuthenticatedUsers");
    let role = bounded(role);
    if binding.members.iter().any(|member| is_account(member) || everybody(member)) {
        if let Some(condition) = &binding.condition {
            let title = bounded(&condition.title);
            return Grant::Perhaps(format!(
                "{role} is granted under a condition ({title}), which is not evaluated here"
            ));
        }
        if custom {
            return Grant::Perhaps(format!(
                "it has the custom role {role}, whose permissions are not read here"
            ));
        }
        return Grant::Yes(role);
    }
    // A custom role given to a group is two unknowns; most are about something else.
    let hidden = binding.members.iter().find(|member| {
        let kind = member.split(':').next().unwrap_or_default();
        matches!(kind, "group" | "domain" | "principal" | "principalSet")
    });
    match hidden {
        Some(member) if !custom => Grant::Perhaps(format!(
            "{role} is granted to {}, whose members are not visible here",
            bounded(member)
        )),
        Some(_) | None => Grant::No,
    }
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;

    const ACCOUNT: &str = "auth@p.iam.gserviceaccount.com";

    fn seen(bindings: Value) -> Grant {
        grant(&serde_json::from_value(json!({"bindings": bindings})).unwrap(), ACCOUNT)
    }

    fn binding(role: &str, member: &str) -> Value {
        json!({"role": role, "members": ["user:x@example.com", member]})
    }

    const ACCESSOR: &str = "roles/secretmanager.secretAccessor";

    #[test]
    fn every_role_and_member_that_grants() {
        let own = format!("serviceAccount:{ACCOUNT}");
        let shouted = format!("serviceAccount:{}", ACCOUNT.to_uppercase());
        for member in [own.as_str(), &shouted, "allUsers", "allAuthenticatedUsers"] {
            for role in READERS {
                assert_eq!(seen(json!([binding(role, member)])), Grant::Yes((*role).to_owned()));
            }
        }
    }

    #[test]
    fn other_roles_and_members_do_not() {
        let own = format!("serviceAccount:{ACCOUNT}");
        assert_eq!(seen(json!([])), Grant::No);
        assert_eq!(seen(json!([binding("roles/secretmanager.viewer", &own)])), Grant::No);
        assert_eq!(seen(json!([binding("roles/editor", &own)])), Grant::No);
        assert_eq!(
            seen(json!([binding(ACCESSOR, "serviceAccount:ci@p.iam.gserviceaccount.com")])),
            Grant::No
        );
        let deleted = format!("deleted:serviceAccount:{ACCOUNT}?uid=1");
        assert_eq!(seen(json!([binding(ACCESSOR, &deleted)])), Grant::No);
    }

    #[test]
    fn what_cannot_be_seen_through_is_neither_yes_nor_no() {
        let own = format!("serviceAccount:{ACCOUNT}");
        let mut conditional = binding(ACCESSOR, &own);
        conditional["condition"] = json!({"title": "until Friday", "expression": "request.time < x"});
        for bindings in [
            json!([conditional]),
            json!([binding("projects/p/roles/reader", &own)]),
            json!([binding(ACCESSOR, "group:services@example.com")]),
        ] {
            assert!(matches!(seen(bindings.clone()), Grant::Perhaps(_)), "{bindings}");
        }
        let both = json!([conditional, binding(ACCESSOR, &own)]);
        assert_eq!(seen(both), Grant::Yes(ACCESSOR.to_owned()), "a plain grant beside a doubtful one counts");
        assert_eq!(seen(json!([binding("projects/p/roles/x", "group:g@example.com")])), Grant::No);
    }
}

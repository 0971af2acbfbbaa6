//! Whether an account may do something, from all that can be seen of the policies.
//!
//! A grant on the resource or its project settles it. Where none stands there, Google's Policy Troubleshooter is asked,
//! which sees through groups, custom roles and what is inherited as far as the gate's own identity may; and at last
//! the policies of folders and organisation are read. What stays hidden is unknown, never a refusal.

use google_cloud_iam_v1::model::{Binding, Policy};
use google_cloud_policytroubleshooter_v1::model::AccessState;

use super::Scope;
use crate::probe::google::{Answer, NoAnswer};
use crate::record::Inconclusive;
use crate::text::bounded;

/// A permission that an account needs.
#[derive(Debug)]
pub(crate) struct Need {
    /// The permission.
    permission: &'static str,
    /// Predefined roles that surely hold it.
    roles: &'static [&'static str],
    /// Predefined roles of which that is not known.
    unread: &'static [&'static str],
}

/// To read the payload of a secret.
pub(crate) const READ_SECRET: Need = Need {
    permission: "secretmanager.versions.access",
    roles: &["roles/secretmanager.secretAccessor", "roles/secretmanager.admin", "roles/owner"],
    // Not the Editor role: Google leaves payloads out of it on purpose.
    unread: &[],
};

/// To connect to Cloud SQL through a connector or the `/cloudsql` socket.
pub(crate) const CONNECT: Need = Need {
    permission: "cloudsql.instances.connect",
    roles: &[
        "roles/cloudsql.client",
        "roles/cloudsql.editor",
        "roles/cloudsql.admin",
        "roles/editor",
        "roles/owner",
    ],
    unread: &[],
};

/// To log in to a database of Cloud SQL with an IAM token.
pub(crate) const LOG_IN: Need = Need {
    permission: "cloudsql.instances.login",
    roles: &["roles/cloudsql.instanceUser", "roles/cloudsql.admin", "roles/owner"],
    unread: &["roles/editor", "roles/cloudsql.editor"],
};

/// Whether an account may.
#[derive(Debug)]
pub(crate) enum Access {
    /// It may; the sentence says by what.
    Granted(String),
    /// It may not; what shows that nothing is left that could grant it.
    Denied(String),
    /// It could not be found out.
    Unknown(Inconclusive),
}

/// What an account is to have access to.
#[derive(Debug)]
pub(crate) struct On<'a> {
    /// Full resource name, as `//secretmanager.googleapis.com/projects/P/secrets/S`.
    pub(crate) resource: &'a str,
    /// The project that it belongs to.
    pub(crate) project: &'a str,
    /// Its own policy, where such resources have one, with the resource's name.
    pub(crate) policy: Option<(&'a str, Answer<Policy>)>,
}

/// Whether `account` (an e-mail address) has what it needs on a resource.
pub(crate) async fn access(scope: &Scope, need: &Need, account: &str, on: On<'_>) -> Access {
    let google = &scope.outside.google;
    let mut policies: Vec<(String, Answer<Policy>)> = Vec::new();
    let own_read = on.policy.as_ref().is_none_or(|(_, policy)| policy.is_ok());
    policies.extend(on.policy.map(|(name, policy)| (name.to_owned(), policy)));
    policies.push((format!("projects/{}", on.project), google.project_policy(on.project).await));
    let mut seen = Seen::default();
    for (name, answer) in &policies {
        seen.look(need, account, name, answer.as_deref());
    }
    if let Some(granted) = seen.granted {
        return Access::Granted(granted);
    }
    match google.access(on.project, account, on.resource, need.permission).await.as_deref() {
        Ok(AccessState::Granted) => {
            return Access::Granted(format!(
                "{account} has {} by what it inherits or is a member of, says the Policy Troubleshooter",
                need.permission
            ));
        }
        // Of a resource whose own policy could not be read it is not known that it exists.
        Ok(AccessState::NotGranted) if own_read => {
            return Access::Denied(
                "the Policy Troubleshooter, which looks at all that it inherits".to_owned(),
            );
        }
        // A condition, policies that the gate's identity may not see, or no answer: that settles nothing.
        Ok(_) | Err(_) => {}
    }
    if seen.doubt.is_none() {
        match google.inherited(on.project).await {
            Ok(above) => {
                for one in above.iter() {
                    seen.look(need, account, &one.name, Ok(&one.policy));
                }
            }
            Err(answer) => {
                seen.doubt = Some(unread(&format!("what projects/{} inherits", on.project), &answer));
            }
        }
    }
    match (seen.granted, seen.doubt) {
        (Some(granted), _) => Access::Granted(granted),
        (None, Some(doubt)) => Access::Unknown(doubt),
        (None, None) => Access::Denied("every policy from there up to the organisation".to_owned()),
    }
}

/// What the policies that were looked at say together.
#[derive(Debug, Default)]
struct Seen {
    /// The first grant, as a sentence.
    granted: Option<String>,
    /// The first thing that could hide one.
    doubt: Option<Inconclusive>,
}

impl Seen {
    fn look(&mut self, need: &Need, account: &str, place: &str, answer: Result<&Policy, &NoAnswer>) {
        let place = bounded(place);
        let doubt = match answer.map(|policy| grant(policy, need, account)) {
            Ok(Grant::Yes(role)) => {
                self.granted.get_or_insert(format!("{account} has {role} on {place}"));
                return;
            }
            Ok(Grant::No) => return,
            Ok(Grant::Perhaps(detail)) => {
                Inconclusive::Unavailable { what: format!("access of {account} to {place}"), detail }
            }
            Err(answer) => unread(&place, answer),
        };
        self.doubt.get_or_insert(doubt);
    }
}

fn unread(what: &str, answer: &NoAnswer) -> Inconclusive {
    match answer {
        NoAnswer::Inconclusive(why) => why.clone(),
        NoAnswer::NotFound => Inconclusive::Unavailable {
            what: what.to_owned(),
            detail: "Google knows no such resource".to_owned(),
        },
    }
}

/// What a policy says of an account.
#[derive(Debug, PartialEq)]
enum Grant {
    /// It grants, by this role.
    Yes(String),
    /// It may, for a reason that cannot be seen through from here.
    Perhaps(String),
    /// It does not.
    No,
}

fn grant(policy: &Policy, need: &Need, account: &str) -> Grant {
    let mut perhaps = Grant::No;
    for binding in &policy.bindings {
        match grant_of(binding, need, account) {
            yes @ Grant::Yes(_) => return yes,
            doubt @ Grant::Perhaps(_) if perhaps == Grant::No => perhaps = doubt,
            Grant::Perhaps(_) | Grant::No => {}
        }
    }
    perhaps
}

/// How much a role is known to hold the permission.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Holds {
    /// It surely does.
    Surely,
    /// Its permissions are not read here: a custom role, or one of Google's for its own agents.
    Unread,
    /// A predefined role of something else.
    Not,
}

fn holds(role: &str, need: &Need) -> Holds {
    if need.roles.contains(&role) {
        Holds::Surely
    } else if !role.starts_with("roles/") || role.ends_with("erviceAgent") || need.unread.contains(&role) {
        Holds::Unread
    } else {
        Holds::Not
    }
}

fn grant_of(binding: &Binding, need: &Need, account: &str) -> Grant {
    let holds = holds(&binding.role, need);
    if holds == Holds::Not {
        return Grant::No;
    }
    // E-mail addresses are compared without case, as IAM does.
    let is_account = |member: &str| {
        member.strip_prefix("serviceAccount:").is_some_and(|email| email.eq_ignore_ascii_case(account))
    };
    let everybody = |member: &str| matches!(member, "allUsers" | "allAuthenticatedUsers");
    let role = bounded(&binding.role);
    if binding.members.iter().any(|member| is_account(member) || everybody(member)) {
        if let Some(condition) = &binding.condition {
            let title = bounded(&condition.title);
            return Grant::Perhaps(format!(
                "{role} is granted under a condition ({title}), which is not evaluated here"
            ));
        }
        if holds == Holds::Unread {
            return Grant::Perhaps(format!("it has the role {role}, whose permissions are not read here"));
        }
        return Grant::Yes(role);
    }
    // An unread role given to a group is two unknowns; most are about something else.
    let hidden = binding.members.iter().find(|member| {
        let kind = member.split(':').next().unwrap_or_default();
        matches!(kind, "group" | "domain" | "principal" | "principalSet")
    });
    match hidden {
        Some(member) if holds == Holds::Surely => Grant::Perhaps(format!(
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
        grant(&serde_json::from_value(json!({"bindings": bindings})).unwrap(), &READ_SECRET, ACCOUNT)
    }

    fn binding(role: &str, member: &str) -> Value {
        json!({"role": role, "members": ["user:x@example.com", member]})
    }

    const ACCESSOR: &str = "roles/secretmanager.secretAccessor";

    #[test]
    fn every_role_and_member_that_grants() {
        let own = format!("serviceAccount:{ACCOUNT}");
        let shouted = format!("serviceAccount:{}", ACCOUNT.to_uppercase());
        for need in [&READ_SECRET, &CONNECT, &LOG_IN] {
            for member in [own.as_str(), &shouted, "allUsers", "allAuthenticatedUsers"] {
                for role in need.roles {
                    let policy = json!({"bindings": [binding(role, member)]});
                    let grant = grant(&serde_json::from_value(policy).unwrap(), need, ACCOUNT);
                    assert_eq!(grant, Grant::Yes((*role).to_owned()));
                }
            }
        }
    }

    #[test]
    fn other_roles_and_members_do_not() {
        let own = format!("serviceAccount:{ACCOUNT}");
        assert_eq!(seen(json!([])), Grant::No);
        assert_eq!(seen(json!([binding("roles/secretmanager.viewer", &own)])), Grant::No);
        assert_eq!(seen(json!([binding("roles/editor", &own)])), Grant::No, "payloads are not in it");
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
            json!([binding("roles/cloudbuild.serviceAgent", &own)]),
            json!([binding(ACCESSOR, "group:services@example.com")]),
        ] {
            assert!(matches!(seen(bindings.clone()), Grant::Perhaps(_)), "{bindings}");
        }
        let both = json!([conditional, binding(ACCESSOR, &own)]);
        assert_eq!(seen(both), Grant::Yes(ACCESSOR.to_owned()), "a plain grant beside a doubtful one counts");
        assert_eq!(seen(json!([binding("projects/p/roles/x", "group:g@example.com")])), Grant::No);
    }
}

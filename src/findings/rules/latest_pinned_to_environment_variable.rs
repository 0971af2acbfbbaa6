//! A variable takes the version `latest` of a secret.

use crate::findings::look::{Found, Look};
use crate::findings::{Rule, Severity};

/// See the module.
pub(super) static RULE: Rule = Rule {
    code: "latest-pinned-to-environment-variable",
    severity: Severity::Advice,
    what: "a variable takes the version `latest` of a secret",
    why: "variables are resolved when an instance starts: after a rotation old and new instances differ, and no deploy tells of it",
    fix: "name the version's number, and deploy when it changes; or mount the secret as a file, which is read anew",
    look,
};

fn look(look: &Look<'_>) -> Vec<Found> {
    let variables = look.service.secrets.iter().filter(|secret| !secret.target.starts_with('/'));
    variables
        .filter(|secret| secret.version.as_known() == Some("latest"))
        .map(|secret| {
            look.found_at(&secret.version, format!("`{}` takes the version `latest`", secret.target))
        })
        .collect()
}

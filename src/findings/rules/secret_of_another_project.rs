//! A secret of another project is referred to.

use crate::findings::look::{Found, Look};
use crate::findings::{Rule, Severity};
use crate::model::Stated;

/// See the module.
pub(super) static RULE: Rule = Rule {
    code: "secret-of-another-project",
    severity: Severity::Advice,
    what: "a secret of another project is referred to",
    why: "a short name is looked up in the service's project; this one is not, and its grants and versions are administered elsewhere",
    fix: "see that it is meant, and that the runtime service account may read it there",
    look,
};

fn look(look: &Look<'_>) -> Vec<Found> {
    let Some(project) = look.service.project.as_ref().and_then(Stated::as_known) else { return Vec::new() };
    let is_number = |text: &str| text.chars().all(|c| c.is_ascii_digit());
    let mut found = Vec::new();
    for secret in &look.service.secrets {
        let parts: Vec<&str> = secret.secret.raw().split('/').collect();
        let ["projects", other, "secrets", ..] = parts.as_slice() else { continue };
        // A number cannot be compared with an id.
        if *other != project && !other.contains('$') && is_number(other) == is_number(project) {
            found.push(look.found_at(
                &secret.secret,
                format!("the secret of `{}` is of the project `{other}`", secret.target),
            ));
        }
    }
    found
}

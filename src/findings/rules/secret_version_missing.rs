//! The version of a secret is a word that is hardly one.

use crate::catalogue::CauseCode;
use crate::findings::look::{Found, Look};
use crate::findings::{Rule, Severity};

/// See the module.
pub(super) static RULE: Rule = Rule {
    code: CauseCode::SecretVersionMissing.id(),
    severity: Severity::Warning,
    what: "the version of a secret is neither a number nor `latest`",
    why: "on Cloud Run the `key` of a secretKeyRef is the secret's version, not a field of it as in Kubernetes: without such an alias the deploy is refused",
    fix: "name a version's number, or `latest`",
    look,
};

fn look(look: &Look<'_>) -> Vec<Found> {
    // What Kubernetes knows as keys within a secret; an alias may have any other name.
    let keys = ["password", "username", "user", "url", "value", "key", "token", "secret", "host", "data"];
    let mut found = Vec::new();
    for secret in &look.service.secrets {
        let Some(version) = secret.version.as_known() else { continue };
        let lower = version.to_ascii_lowercase();
        let field = lower.rsplit(['-', '_', '.']).next().unwrap_or_default();
        if keys.contains(&field) {
            let message =
                format!("`{}` takes the version `{version}`, which looks like a field", secret.target);
            found.push(look.found_at(&secret.version, message));
        }
    }
    found
}

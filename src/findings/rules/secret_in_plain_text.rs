//! A password or another secret stands in the file itself.

use crate::catalogue::CauseCode;
use crate::connection::is_dummy;
use crate::findings::look::{Found, Look};
use crate::findings::names::{holds_password, holds_secret};
use crate::findings::{Rule, Severity};
use crate::model::Variable;

/// See the module.
pub(super) static RULE: Rule = Rule {
    code: CauseCode::SecretInPlainText.id(),
    severity: Severity::Error,
    what: "a password stands in the pipeline file itself",
    why: "whoever reads the repository, the build's log or the revision in Cloud Run's console reads it",
    fix: "keep it in Secret Manager: `printf %s VALUE | gcloud secrets create NAME --data-file=-`, then --set-secrets; and change it, it is known",
    look,
};

fn look(look: &Look<'_>) -> Vec<Found> {
    let mut found = Vec::new();
    let mut told: Vec<&Variable> = Vec::new();
    for password in look.ways.iter().filter_map(|way| way.password.as_ref()) {
        let Some(text) = password.known().filter(|text| is_secret(text)) else { continue };
        told.push(password.from);
        let message = format!(
            "the password in `{}` stands here in plain text ({} characters)",
            password.from.name,
            text.chars().count()
        );
        found.push(look.found(password.from, message));
    }
    for variable in
        look.variables().filter(|variable| !told.iter().any(|known| std::ptr::eq(*known, *variable)))
    {
        let Some(text) = variable.value.as_known().filter(|text| is_secret(text)) else { continue };
        let (name, length) = (&variable.name, text.chars().count());
        if holds_password(name) {
            let message = format!("the password `{name}` stands here in plain text ({length} characters)");
            found.push(look.found(variable, message));
        } else if holds_secret(name) && looks_random(text) {
            let message = format!("`{name}` stands here in plain text ({length} characters)");
            found.push(look.found(variable, message).only(Severity::Warning));
        }
    }
    found
}

/// Whether a text is meant as a secret's value: not a dummy, not a name of something, not a reference.
fn is_secret(text: &str) -> bool {
    let reference = text.starts_with("projects/")
        || text.contains("://")
        || text.contains(":latest")
        || text.starts_with('/')
        || !crate::findings::open::references(text, false).is_empty();
    let word = ["true", "false", "yes", "no"].contains(&text.to_ascii_lowercase().as_str());
    !text.trim().is_empty() && !is_dummy(text.trim_matches(['"', '\''])) && !reference && !word
}

/// Whether a value is one that nobody would write as a name: long, and of several kinds of characters or words.
fn looks_random(text: &str) -> bool {
    let kinds = [char::is_lowercase, char::is_uppercase, char::is_numeric];
    let kinds = kinds.iter().filter(|kind| text.chars().any(kind)).count();
    text.chars().count() >= 8 && !text.contains(char::is_whitespace) && (kinds > 1 || text.contains("secret"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn dummies_and_references_are_no_secrets() {
        assert!(is_secret("hunter2") && is_secret("p@ss"));
        for text in ["", "changeme", "projects/p/secrets/s", "true", "/run/secrets/pw", "${PW}", "<password>"]
        {
            assert!(!is_secret(text), "{text}");
        }
        assert!(looks_random("sk_live_51Habc") && looks_random("supersecretkey"));
        assert!(!looks_random("3600") && !looks_random("audience"));
    }
}

//! A secret's resource name stands where its value should be.

use crate::catalogue::CauseCode;
use crate::findings::look::{Found, Look};
use crate::findings::names::{holds_password, holds_reference, holds_secret};
use crate::findings::open::blanked;
use crate::findings::{Rule, Severity};

/// See the module.
pub(super) static RULE: Rule = Rule {
    code: CauseCode::SecretAsPlainValue.id(),
    severity: Severity::Error,
    what: "a secret's resource name is given as the literal value",
    why: "Cloud Run passes a plain value on as it is: the service gets the name, not the secret",
    fix: "refer to it: --set-secrets=NAME=SECRET:VERSION, `secrets:` of the action, or secretKeyRef in a manifest",
    look,
};

fn look(look: &Look<'_>) -> Vec<Found> {
    look.variables()
        .filter(|variable| {
            let text = blanked(&variable.value);
            let secret = holds_secret(&variable.name) || holds_password(&variable.name);
            let led = look.ways.iter().flat_map(|way| way.pieces()).any(|piece| std::ptr::eq(piece.from, *variable));
            is_resource(&text) && !holds_reference(&variable.name) || (secret || led) && is_short(&text)
        })
        .map(|variable| {
            let name = &variable.name;
            look.found(variable, format!("`{name}` is given the name of a secret, not the secret"))
                .fix(format!("refer to it: --set-secrets={name}=SECRET:VERSION, `secrets:` of the action, or secretKeyRef in a manifest"))
        })
        .collect()
}

/// `projects/P/secrets/S`, with or without a version.
fn is_resource(text: &str) -> bool {
    let parts: Vec<&str> = text.trim().split('/').collect();
    matches!(parts.as_slice(), ["projects", _, "secrets", secret, ..] if !secret.is_empty())
}

/// `secret:latest`, `secret:3`.
fn is_short(text: &str) -> bool {
    let Some((name, version)) = text.split_once(':') else { return false };
    let version_like = version == "latest" || version.len() < 4 && version.parse::<u16>().is_ok();
    let begins = name.starts_with(|c: char| c.is_ascii_alphabetic());
    version_like
        && begins
        && name.contains(['-', '_'])
        && name.chars().all(|c| c.is_ascii_alphanumeric() || "-_".contains(c))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_of_secrets_are_told_from_values() {
        assert!(is_resource("projects/p/secrets/s/versions/latest") && is_resource("projects/1/secrets/s"));
        assert!(is_short("db-password:latest") && is_short("db_password:12"));
        for text in ["hunter2:x", "localhost:80", "db-host:5432", "projects/p/topics/t", "Pa-ss:word"] {
            assert!(!is_resource(text) && !is_short(text), "{text}");
        }
    }
}

//! A JSON document, base64 text or a byte-order mark stands where the credential should be.

use crate::credential::encoding;
use crate::findings::look::{Found, Look};
use crate::findings::{Rule, Severity};

/// See the module.
pub(super) static RULE: Rule = Rule {
    code: "credential-encoded",
    severity: Severity::Error,
    what: "JSON, base64 or a byte-order mark stands where the credential should be",
    why: "Cloud Run and the drivers decode nothing: the service logs in with the encoded text",
    mend: "give the decoded value, or the one field of the document",
    look,
};

fn look(look: &Look<'_>) -> Vec<Found> {
    let mut found = Vec::new();
    let passwords = look.ways.iter().filter_map(|way| way.password.as_ref());
    let strings = look
        .service
        .env
        .iter()
        .filter(|variable| ["DATABASE_URL", "DB_URL", "POSTGRES_URL"].contains(&variable.name.as_str()));
    let candidates = passwords.filter_map(|piece| Some((piece.from, piece.known()?.to_owned())));
    let strings = strings.filter_map(|variable| Some((variable, variable.value.as_known()?.to_owned())));
    for (variable, text) in candidates.chain(strings) {
        if let Some(what) = encoding(&text) {
            found.push(look.found(variable, format!("`{}` holds {what}", variable.name)));
        }
    }
    found
}

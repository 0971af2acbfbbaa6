//! A JSON document, base64 text or a byte-order mark stands where the credential should be.

use crate::catalogue::CauseCode;
use crate::connection::{encoding, looks_encoded};
use crate::findings::look::{Found, Look};
use crate::findings::{Rule, Severity};
use crate::model::holds_connection_string;

/// See the module.
pub(super) static RULE: Rule = Rule {
    code: CauseCode::CredentialEncoded.id(),
    severity: Severity::Error,
    what: "JSON, base64 or a byte-order mark stands where the credential should be",
    why: "Cloud Run and the drivers decode nothing: the service logs in with the encoded text",
    mend: "give the decoded value, or the one field of the document",
    look,
};

fn look(look: &Look<'_>) -> Vec<Found> {
    let mut found = Vec::new();
    let passwords = look.ways.iter().filter_map(|way| way.password.as_ref());
    let strings = look.service.env.iter().filter(|variable| holds_connection_string(&variable.name));
    let candidates = passwords.filter_map(|piece| Some((piece.from, piece.known()?.to_owned())));
    let strings = strings.filter_map(|variable| Some((variable, variable.value.as_known()?.to_owned())));
    for (variable, text) in candidates.chain(strings) {
        if text.starts_with(MARK) {
            continue; // told below
        }
        if let Some(what) = encoding(&text) {
            found.push(look.found(variable, format!("`{}` holds {what}", variable.name)));
        } else if looks_encoded(&text) {
            let length = text.chars().count();
            let message = format!("`{}` looks like a text in base64 ({length} characters)", variable.name);
            found.push(look.found(variable, message).only(Severity::Warning));
        }
    }
    // No value of any kind begins with one on purpose.
    for variable in look.variables().filter(|variable| variable.value.raw().starts_with(MARK)) {
        found.push(look.found(variable, format!("`{}` begins with a byte-order mark", variable.name)));
    }
    found
}

/// The byte-order mark, which editors and PowerShell put in front of a text.
const MARK: char = '\u{feff}';

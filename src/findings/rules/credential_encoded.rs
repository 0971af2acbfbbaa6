//! A JSON document, base64 text or a byte-order mark stands where the credential should be.

use crate::catalogue::CauseCode;
use crate::connection::unfit::Fault;
use crate::findings::look::{Found, Look};
use crate::findings::{Rule, Severity};

/// See the module.
pub(super) static RULE: Rule = Rule {
    code: CauseCode::CredentialEncoded.id(),
    severity: Severity::Error,
    what: "JSON, base64 or a byte-order mark stands where the credential should be",
    why: "Cloud Run and the drivers decode nothing: the service logs in with the encoded text",
    fix: "give the decoded value, or the one field of the document",
    look,
};

fn look(look: &Look<'_>) -> Vec<Found> {
    let mut found = Vec::new();
    for spot in look.unfit(RULE.code) {
        let Some(text) = spot.from.value.as_known().filter(|text| !text.starts_with(MARK)) else { continue };
        let name = &spot.from.name;
        found.push(if let Fault::Encoded(what) = spot.fault {
            look.found(spot.from, format!("`{name}` holds {what}"))
        } else {
            let length = text.chars().count();
            let message = format!("`{name}` looks like a text in base64 ({length} characters)");
            look.found(spot.from, message).only(Severity::Warning)
        });
    }
    // No value of any kind begins with one on purpose.
    for variable in look.variables().filter(|variable| variable.value.raw().starts_with(MARK)) {
        found.push(look.found(variable, format!("`{}` begins with a byte-order mark", variable.name)));
    }
    found
}

/// The byte-order mark, which editors and PowerShell put in front of a text.
const MARK: char = '\u{feff}';

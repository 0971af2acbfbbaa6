//! A JSON document, base64 text or a byte-order mark stands where the credential should be.

use base64::Engine as _;

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
        if text.starts_with(MARK) {
            continue; // told below
        }
        if let Some(what) = encoding(&text) {
            found.push(look.found(variable, format!("`{}` holds {what}", variable.name)));
        } else if is_encoded_text(&text) {
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

/// Whether a text decodes to one that a person would write. A password of random characters hardly does: three of
/// eight bytes are printable, so that eight of them are in 4 of 10,000 texts, and the padding makes that rarer.
fn is_encoded_text(text: &str) -> bool {
    let Ok(bytes) = base64::engine::general_purpose::STANDARD.decode(text.trim()) else { return false };
    let bytes = bytes.strip_suffix(b"\n").unwrap_or(&bytes);
    let printable = bytes.iter().all(|byte| byte.is_ascii_graphic() || *byte == b' ');
    printable && bytes.len() >= if text.trim().ends_with('=') { 7 } else { 12 }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_surely_is_encoded_is_told() {
        // `hunter2`, `hunter2` and a line feed, `correct horse battery`.
        for text in ["aHVudGVyMg==", "aHVudGVyMgo=", "Y29ycmVjdCBob3JzZSBiYXR0ZXJ5"] {
            assert!(is_encoded_text(text), "{text}");
        }
        // Random ones, and words that are base64 by their characters.
        for text in
            ["hunter2", "3q2+7w==", "u8Yk1Jq0T2mXw5c9aZ7bNQ==", "password", "correcthorse", "YWJj", ""]
        {
            assert!(!is_encoded_text(text), "{text}");
        }
    }
}

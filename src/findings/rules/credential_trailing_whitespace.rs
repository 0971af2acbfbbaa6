//! A blank or a line break stands at the edge of a value that leads to the database.

use crate::catalogue::CauseCode;
use crate::findings::look::{Found, Look};
use crate::findings::{Rule, Severity};

/// See the module.
pub(super) static RULE: Rule = Rule {
    code: CauseCode::CredentialTrailingWhitespace.id(),
    severity: Severity::Error,
    what: "a newline or blank stands at the value's edge",
    why: "drivers take it as part of the password, the host or the database's name",
    mend: "write it without; in YAML, `|-` and `>-` leave the last line break out",
    look,
};

fn look(look: &Look<'_>) -> Vec<Found> {
    let mut told = Vec::new();
    let mut found = Vec::new();
    let pieces = look.ways.iter().flat_map(|way| way.pieces());
    for variable in pieces.map(|piece| piece.from) {
        let Some(text) = variable.value.as_known() else { continue };
        let edge = match (text.chars().next(), text.chars().next_back()) {
            (Some(first), _) if first.is_whitespace() => "begins",
            (_, Some(last)) if last.is_whitespace() => "ends",
            _ => continue,
        };
        if !told.iter().any(|known| std::ptr::eq(*known, variable)) {
            told.push(variable);
            let message = format!(
                "the value of `{}` ({} characters) {edge} with a blank or line break",
                variable.name,
                text.chars().count()
            );
            found.push(look.found(variable, message));
        }
    }
    found
}

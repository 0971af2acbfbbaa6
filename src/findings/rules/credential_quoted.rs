//! Quotes are part of a value that leads to the database.

use crate::catalogue::CauseCode;
use crate::findings::look::{Found, Look};
use crate::findings::{Rule, Severity};

/// See the module.
pub(super) static RULE: Rule = Rule {
    code: CauseCode::CredentialQuoted.id(),
    severity: Severity::Error,
    what: "quotes are part of the value",
    why: "nothing takes them off: the driver gets a host, a password or a URL that begins with a quote",
    mend: "leave them out: in a list of NAME=value only a shell takes quotes off",
    look,
};

fn look(look: &Look<'_>) -> Vec<Found> {
    let mut told = Vec::new();
    let mut found = Vec::new();
    let pieces = look.ways.iter().flat_map(|way| way.pieces());
    for variable in pieces.map(|piece| piece.from) {
        let Some(text) = variable.value.as_known().map(str::trim) else { continue };
        let quotes = |quote: char| text.len() > 1 && text.starts_with(quote) && text.ends_with(quote);
        let seen = told.iter().any(|known| std::ptr::eq(*known, variable));
        if !seen && ['"', '\'', '`'].into_iter().any(quotes) {
            told.push(variable);
            found.push(
                look.found(
                    variable,
                    format!("the value of `{}` begins and ends with a quote", variable.name),
                ),
            );
        }
    }
    found
}

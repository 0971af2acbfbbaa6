//! A blank or a line break stands at the edge of a value that leads to the database.

use crate::catalogue::CauseCode;
use crate::connection::unfit::Fault;
use crate::findings::look::{Found, Look};
use crate::findings::{Rule, Severity};

/// See the module.
pub(super) static RULE: Rule = Rule {
    code: CauseCode::CredentialTrailingWhitespace.id(),
    severity: Severity::Error,
    what: "a newline or blank stands at the value's edge",
    why: "drivers take it as part of the password, the host or the database's name",
    fix: "write it without; in YAML, `|-` and `>-` leave the last line break out",
    look,
};

fn look(look: &Look<'_>) -> Vec<Found> {
    let edges = look.unfit(RULE.code).into_iter();
    let found = edges.map(|spot| {
        let at_end = matches!(spot.fault, Fault::Edge { edge: "trailing", .. });
        let edge = if at_end { "ends" } else { "begins" };
        let length = spot.from.value.raw().chars().count();
        let name = &spot.from.name;
        let message =
            format!("the value of `{name}` ({length} characters) {edge} with a blank or line break");
        look.found(spot.from, message)
    });
    found.collect()
}

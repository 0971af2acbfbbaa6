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
    fix: "leave them out: in a list of NAME=value only a shell takes quotes off",
    look,
};

fn look(look: &Look<'_>) -> Vec<Found> {
    let quoted = look.unfit(RULE.code).into_iter();
    let found = quoted.map(|spot| {
        let text = spot.from.value.raw().trim();
        let ends = text.ends_with(['"', '\'', '`']);
        let how = if ends { "begins and ends" } else { "begins" };
        look.found(spot.from, format!("the value of `{}` {how} with a quote", spot.from.name))
    });
    found.collect()
}

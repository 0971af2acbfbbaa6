//! A dummy stands where the way to the database should be.

use crate::catalogue::CauseCode;
use crate::connection::unfit::{Expected, Fault};
use crate::findings::look::{Found, Look};
use crate::findings::{Rule, Severity};

/// See the module.
pub(super) static RULE: Rule = Rule {
    code: CauseCode::CredentialPlaceholder.id(),
    severity: Severity::Error,
    what: "a dummy stands where a value should be",
    why: "Cloud Run starts the service with it all the same: the first login fails with 28P01, or the name does not resolve",
    fix: "put the value in; a password belongs in Secret Manager",
    look,
};

fn look(look: &Look<'_>) -> Vec<Found> {
    let dummies = look.unfit(RULE.code).into_iter();
    let found = dummies.map(|spot| {
        let name = &spot.from.name;
        let what = if spot.fault == Fault::Placeholder("host") { "the host" } else { "a value" };
        let message = if spot.expected == Expected::ConnectionString {
            format!("{what} in `{name}` is a dummy")
        } else {
            format!("the value of `{name}` is a dummy")
        };
        // What a trigger replaces is a template, not a value.
        look.found(spot.from, message).only_if(look.may_be_overridden(spot.from), Severity::Warning)
    });
    found.collect()
}

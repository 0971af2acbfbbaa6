//! A dummy stands where the way to the database should be.

use crate::catalogue::CauseCode;
use crate::connection::{is_dummy, is_dummy_host};
use crate::findings::look::{Found, Look};

use crate::findings::{Rule, Severity};

/// See the module.
pub(super) static RULE: Rule = Rule {
    code: CauseCode::CredentialPlaceholder.id(),
    severity: Severity::Error,
    what: "a dummy stands where a value should be",
    why: "Cloud Run starts the service with it all the same: the first login fails with 28P01, or the name does not resolve",
    mend: "put the value in; a password belongs in Secret Manager",
    look,
};

fn look(look: &Look<'_>) -> Vec<Found> {
    let mut found: Vec<Found> = Vec::new();
    for way in &look.ways {
        let host = way.host.as_ref().filter(|host| host.known().is_some_and(is_dummy_host));
        let named = [&way.password, &way.user, &way.name].into_iter().flatten();
        let dummy = named.filter(|piece| piece.known().is_some_and(is_dummy));
        let mut told = Vec::new();
        for piece in host.into_iter().chain(dummy) {
            // `postgres` and the like are real names; one finding a variable is enough.
            if told.iter().any(|known| std::ptr::eq(*known, piece.from)) {
                continue;
            }
            told.push(piece.from);
            let what =
                if host.is_some_and(|host| std::ptr::eq(host, piece)) { "the host" } else { "a value" };
            let name = &piece.from.name;
            let message = if way.dsn.is_some() {
                format!("{what} in `{name}` is a dummy")
            } else {
                format!("the value of `{name}` is a dummy")
            };
            // What a trigger replaces is a template, not a value.
            found.push(
                look.found(piece.from, message)
                    .only_if(look.may_be_overridden(piece.from), Severity::Warning),
            );
        }
    }
    found
}

//! A connection string that no driver could read.

use crate::catalogue::CauseCode;
use crate::connection::unfit::{Expected, Fault};
use crate::findings::look::{Found, Look};
use crate::findings::{Rule, Severity};

/// See the module.
pub(super) static RULE: Rule = Rule {
    code: CauseCode::CredentialUnreadable.id(),
    severity: Severity::Error,
    what: "the connection string cannot be read",
    why: "the driver refuses it when the service starts, or at the first request",
    fix: "write postgresql://USER:PASSWORD@HOST:5432/DATABASE, with special characters percent-encoded",
    look,
};

fn look(look: &Look<'_>) -> Vec<Found> {
    let mut found = Vec::new();
    for spot in look.unfit(RULE.code) {
        let Fault::Unreadable(problem) = &spot.fault else { continue };
        let one = look.found(spot.from, format!("`{}` cannot be read: {problem}", spot.from.name));
        found.push(if spot.expected == Expected::Port {
            // It may be another database's, which names its port in another way.
            let postgres = look.way(spot).is_some_and(|way| way.postgres);
            one.fix("write a number: PostgreSQL listens at 5432").only_if(!postgres, Severity::Warning)
        } else {
            one
        });
    }
    found
}

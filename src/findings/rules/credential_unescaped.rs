//! A character that a URL gives another meaning stands raw in a connection string's password or user.

use crate::catalogue::CauseCode;
use crate::connection::unfit::Fault;
use crate::findings::look::{Found, Look};
use crate::findings::{Rule, Severity};

/// See the module.
pub(super) static RULE: Rule = Rule {
    code: CauseCode::CredentialUnescaped.id(),
    severity: Severity::Error,
    what: "@, /, #, ? or % stands raw in a connection string",
    why: "drivers cut the URL there and dial a host that is the rest of the password",
    fix: "percent-encode it: @ is %40, / is %2F, # is %23, ? is %3F, % is %25; or give the parts in variables of their own",
    look,
};

fn look(look: &Look<'_>) -> Vec<Found> {
    let mut found = Vec::new();
    for spot in look.unfit(RULE.code) {
        let Fault::Unescaped(what) = &spot.fault else { continue };
        let message = format!("`{}` has {what}", spot.from.name);
        found.push(look.found(spot.from, message).drivers(spot.drivers.clone()));
    }
    found
}

//! A character that a URL gives another meaning stands raw in a connection string's password or user.

use crate::catalogue::CauseCode;
use crate::connection::driver::{self, Family, Reading};
use crate::connection::raw;
use crate::findings::look::{Found, Look};
use crate::findings::{Rule, Severity};

/// See the module.
pub(super) static RULE: Rule = Rule {
    code: CauseCode::CredentialUnescaped.id(),
    severity: Severity::Error,
    what: "@, /, #, ? or % stands raw in a connection string",
    why: "drivers cut the URL there and dial a host that is the rest of the password",
    mend: "percent-encode it: @ is %40, / is %2F, # is %23, ? is %3F, % is %25; or give the parts in variables of their own",
    look,
};

fn look(look: &Look<'_>) -> Vec<Found> {
    let mut found = Vec::new();
    for dsn in look.ways.iter().filter_map(|way| way.dsn.as_ref()) {
        let Some((_, rest)) = dsn.text.split_once("://") else { continue };
        let Some(raw) = raw(rest) else { continue };
        let families = driver::meant_for(&dsn.from.name, &dsn.text, look.names());
        let takes = |family: &Family| driver::reading(*family, &dsn.text) == Reading::Takes;
        // The driver that it is meant for reads it as it is meant.
        if !families.is_empty() && families.iter().all(takes) {
            continue;
        }
        let opinions = match (dsn.known(), families.is_empty()) {
            (None, _) => Vec::new(),
            (Some(text), true) => driver::opinions(text),
            (Some(text), false) => driver::opinions_among(families, text),
        };
        let message = format!("`{}` has {raw}", dsn.from.name);
        found.push(look.found(dsn.from, message).drivers(opinions));
    }
    found
}

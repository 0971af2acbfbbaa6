//! The host is a name that only a compose file or a developer machine knows.

use crate::catalogue::CauseCode;
use crate::connection::unfit::Fault;
use crate::findings::look::{Found, Look};
use crate::findings::{Rule, Severity};

/// See the module.
pub(super) static RULE: Rule = Rule {
    code: CauseCode::DatabaseHostPlaceholder.id(),
    severity: Severity::Error,
    what: "the database's host is a name from a compose file",
    why: "Cloud Run has no such names: the look-up fails with `Name or service not known`",
    fix: "name the database's address, or the socket /cloudsql/PROJECT:REGION:INSTANCE",
    look,
};

fn look(look: &Look<'_>) -> Vec<Found> {
    let mut found = Vec::new();
    for spot in look.unfit(RULE.code) {
        let Fault::ComposeName(host) = &spot.fault else { continue };
        let (name, host) = (&spot.from.name, host.to_ascii_lowercase());
        let message = format!("`{name}` leads to `{host}`, a name that Cloud Run cannot resolve");
        let may_be_overridden = look.may_be_overridden(spot.from);
        found.push(look.found(spot.from, message).only_if(may_be_overridden, Severity::Warning));
    }
    found
}

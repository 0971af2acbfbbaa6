//! The database is looked for in the container itself.

use crate::catalogue::CauseCode;
use crate::connection::unfit::Fault;
use crate::findings::look::{Found, Look};
use crate::findings::{Rule, Severity};

/// See the module.
pub(super) static RULE: Rule = Rule {
    code: CauseCode::DatabaseHostLoopback.id(),
    severity: Severity::Warning,
    what: "the database's host is the container itself",
    why: "on Cloud Run a container's localhost is the container itself: unless it runs a database or a proxy in itself, nobody answers",
    fix: "name the database's address, or the socket /cloudsql/PROJECT:REGION:INSTANCE",
    look,
};

fn look(look: &Look<'_>) -> Vec<Found> {
    let mut found = Vec::new();
    for spot in look.unfit(RULE.code) {
        let Fault::Loopback(host) = &spot.fault else { continue };
        let (name, host) = (&spot.from.name, host.to_ascii_lowercase());
        let message = format!("`{name}` leads to `{host}`, and no other container runs beside this one");
        found.push(look.found(spot.from, message));
    }
    found
}

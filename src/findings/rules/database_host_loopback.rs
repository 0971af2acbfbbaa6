//! The database is looked for in the container itself.

use crate::catalogue::CauseCode;
use crate::connection::is_loopback;
use crate::findings::look::{Found, Look};
use crate::findings::{Rule, Severity};

/// See the module.
pub(super) static RULE: Rule = Rule {
    code: CauseCode::DatabaseHostLoopback.id(),
    severity: Severity::Warning,
    what: "the database's host is the container itself",
    why: "on Cloud Run a container's localhost is the container itself: unless it runs a database or a proxy in itself, nobody answers",
    mend: "name the database's address, or the socket /cloudsql/PROJECT:REGION:INSTANCE",
    look,
};

fn look(look: &Look<'_>) -> Vec<Found> {
    // A sidecar (the Cloud SQL Auth Proxy, say) shares the address with the service.
    if !look.service.sidecars.is_empty() {
        return Vec::new();
    }
    let mut found = Vec::new();
    for way in &look.ways {
        let Some((host, variable)) = way.known_host() else { continue };
        let bare = host.trim().trim_matches(['"', '\'', '[', ']']).to_ascii_lowercase();
        if is_loopback(&bare) {
            let message =
                format!("`{}` leads to `{bare}`, and no other container runs beside this one", variable.name);
            found.push(look.found(variable, message));
        }
    }
    found
}

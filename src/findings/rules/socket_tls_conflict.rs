//! TLS is asked for on a socket that has none.

use crate::catalogue::CauseCode;
use crate::connection::unfit::Fault;
use crate::findings::look::{Found, Look};
use crate::findings::{Rule, Severity};

/// See the module.
pub(super) static RULE: Rule = Rule {
    code: CauseCode::SocketTlsConflict.id(),
    severity: Severity::Error,
    what: "TLS is required on the /cloudsql socket",
    why: "the socket is inside the container and speaks plain PostgreSQL; Cloud Run encrypts behind it. Drivers give up with `server does not support SSL`",
    fix: "leave sslmode out, or write disable",
    look,
};

fn look(look: &Look<'_>) -> Vec<Found> {
    let mut found = Vec::new();
    for spot in look.unfit(RULE.code) {
        let Fault::SocketTls(mode) = spot.fault else { continue };
        let host = spot.from;
        let stated = look.way(spot).and_then(|way| way.known_sslmode()).map(|(_, variable)| variable);
        let variable = stated.or(look.service.variable("PGSSLMODE")).unwrap_or(host);
        let message = format!("`{}` asks for TLS ({mode}), and the host is a Unix socket", variable.name);
        let found_one = look.found(variable, message);
        let (place, _) = look.place_of(host);
        found.push(if std::ptr::eq(host, variable) {
            found_one
        } else {
            found_one.related(&place, "the socket")
        });
    }
    found
}

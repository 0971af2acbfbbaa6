//! TLS is asked for on a socket that has none.

use crate::catalogue::CauseCode;
use crate::connection::SslMode;
use crate::findings::look::{Found, Look};
use crate::findings::{Rule, Severity};

/// See the module.
pub(super) static RULE: Rule = Rule {
    code: CauseCode::SocketTlsConflict.id(),
    severity: Severity::Error,
    what: "TLS is required on the /cloudsql socket",
    why: "the socket is inside the container and speaks plain PostgreSQL; Cloud Run encrypts behind it. Drivers give up with `server does not support SSL`",
    mend: "leave sslmode out, or write disable",
    look,
};

fn look(look: &Look<'_>) -> Vec<Found> {
    let mut found = Vec::new();
    for way in &look.ways {
        let Some((_, host)) = way.socket() else { continue };
        // libpq's own variable speaks for every connection of the process.
        let process = look
            .service
            .variable("PGSSLMODE")
            .and_then(|variable| Some((variable.value.as_known()?.parse().ok()?, variable)));
        let Some((mode, variable)) = way.known_sslmode().or(process) else { continue };
        match mode {
            SslMode::Require | SslMode::VerifyCa | SslMode::VerifyFull => {}
            SslMode::Disable | SslMode::Allow | SslMode::Prefer => continue,
        }
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

//! The socket's path is longer than Unix allows.

use crate::catalogue::CauseCode;
use crate::connection::unfit::Fault;
use crate::findings::look::{Found, Look};
use crate::findings::{Rule, Severity};

/// See the module.
pub(super) static RULE: Rule = Rule {
    code: CauseCode::SocketPathTooLong.id(),
    severity: Severity::Error,
    what: "the path of the /cloudsql socket is too long",
    why: "Linux takes 107 bytes for a socket's path, with /.s.PGSQL.5432 at its end; drivers give up with `AF_UNIX path too long`",
    fix: "connect over TCP to the private address, or give the instance a shorter name",
    look,
};

fn look(look: &Look<'_>) -> Vec<Found> {
    let mut found = Vec::new();
    for spot in look.unfit(RULE.code) {
        let Fault::SocketTooLong(length) = spot.fault else { continue };
        let name = &spot.from.name;
        let message =
            format!("the socket that `{name}` leads to has a path of {length} bytes; 107 are possible");
        found.push(look.found(spot.from, message));
    }
    found
}

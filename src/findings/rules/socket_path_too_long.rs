//! The socket's path is longer than Unix allows.

use crate::catalogue::CauseCode;
use crate::connection::{LONGEST_SOCKET, socket_length};
use crate::findings::look::{Found, Look};
use crate::findings::{Rule, Severity};

/// See the module.
pub(super) static RULE: Rule = Rule {
    code: CauseCode::SocketPathTooLong.id(),
    severity: Severity::Error,
    what: "the path of the /cloudsql socket is too long",
    why: "Linux takes 107 bytes for a socket's path, with /.s.PGSQL.5432 at its end; drivers give up with `AF_UNIX path too long`",
    mend: "connect over TCP to the private address, or give the instance a shorter name",
    look,
};

fn look(look: &Look<'_>) -> Vec<Found> {
    let mut found = Vec::new();
    for way in &look.ways {
        let Some((folder, variable)) = way.socket() else { continue };
        let length = socket_length(folder);
        if crate::findings::open::is_known(folder) && length > LONGEST_SOCKET {
            let message = format!(
                "the socket that `{}` leads to has a path of {length} bytes; 107 are possible",
                variable.name
            );
            found.push(look.found(variable, message));
        }
    }
    found
}

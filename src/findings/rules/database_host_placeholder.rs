//! The host is a name that only a compose file or a developer machine knows.

use crate::catalogue::CauseCode;
use crate::connection::is_compose_name;
use crate::findings::look::{Found, Look};
use crate::findings::{Rule, Severity};

/// See the module.
pub(super) static RULE: Rule = Rule {
    code: CauseCode::DatabaseHostPlaceholder.id(),
    severity: Severity::Error,
    what: "the database's host is a name from a compose file",
    why: "Cloud Run has no such names: the look-up fails with `Name or service not known`",
    mend: "name the database's address, or the socket /cloudsql/PROJECT:REGION:INSTANCE",
    look,
};

fn look(look: &Look<'_>) -> Vec<Found> {
    let mut found = Vec::new();
    for way in &look.ways {
        let Some((host, variable)) = way.known_host() else { continue };
        let bare = host.trim().to_ascii_lowercase();
        if is_compose_name(&bare) {
            let message =
                format!("`{}` leads to `{bare}`, a name that Cloud Run cannot resolve", variable.name);
            found.push(
                look.found(variable, message).only_if(look.may_be_overridden(variable), Severity::Warning),
            );
        }
    }
    found
}

//! The host is a socket of another instance than the attached ones.

use crate::catalogue::CauseCode;
use crate::findings::database::connection_name;
use crate::findings::look::{Found, Look};
use crate::findings::open::{blanked, is_known, may_be_equal};
use crate::findings::{Rule, Severity};

/// See the module.
pub(super) static RULE: Rule = Rule {
    code: CauseCode::CloudsqlNameMismatch.id(),
    severity: Severity::Error,
    what: "the host is the /cloudsql socket of an instance that is not attached",
    why: "Cloud Run creates /cloudsql/… only for attached instances; drivers say `No such file or directory` for any other",
    fix: "write PROJECT:REGION:INSTANCE the same in both places",
    look,
};

fn look(look: &Look<'_>) -> Vec<Found> {
    let mut found = Vec::new();
    let attached = &look.service.cloudsql_instances;
    let Some(first) = attached.first() else { return found };
    let is_attached =
        |name: &str| attached.iter().any(|instance| may_be_equal(&blanked(instance), name, ':'));
    for way in &look.ways {
        let Some((folder, variable)) = way.socket() else { continue };
        let Some(name) = connection_name(folder).filter(|name| !is_attached(name)) else { continue };
        let message = if is_known(name) && name.matches(':').count() < 2 {
            format!(
                "`{}` leads to `/cloudsql/{name}`, which is not of the form PROJECT:REGION:INSTANCE",
                variable.name
            )
        } else {
            format!("`{}` leads to the socket of an instance that is not attached", variable.name)
        };
        found.push(
            look.found(variable, message).related(&first.place, format!("attached is `{}`", first.raw())),
        );
    }
    // Google's connectors take the name from such a variable, without any socket.
    for variable in look.service.env.iter().filter(|variable| is_connection_name(&variable.name)) {
        let name = blanked(&variable.value);
        if name.matches(':').count() == 2 && !name.contains('/') && !is_attached(&name) {
            let message =
                format!("`{}` names an instance that is not attached, and another one is", variable.name);
            let found_one =
                look.found(variable, message).related(&first.place, format!("attached is `{}`", first.raw()));
            found.push(found_one.only(Severity::Warning));
        }
    }
    found
}

/// Names under which Google's samples put the instance.
fn is_connection_name(name: &str) -> bool {
    ["CONNECTION_NAME", "CLOUD_SQL_INSTANCE", "CLOUDSQL_INSTANCE"].iter().any(|end| name.ends_with(end))
}

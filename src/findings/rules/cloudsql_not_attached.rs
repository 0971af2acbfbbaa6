//! The host is a socket of an instance that the deploy does not attach.

use crate::catalogue::CauseCode;
use crate::connection::is_dummy_host;
use crate::findings::database::connection_name;
use crate::findings::look::{Found, Look};

use crate::findings::open::is_known;
use crate::findings::{Rule, Severity};

/// See the module.
pub(super) static RULE: Rule = Rule {
    code: CauseCode::CloudsqlNotAttached.id(),
    severity: Severity::Error,
    what: "the host is a /cloudsql socket, and no instance is attached",
    why: "Cloud Run creates /cloudsql/… only for attached instances; without, drivers say `No such file or directory`",
    fix: "attach it: --add-cloudsql-instances, or the annotation run.googleapis.com/cloudsql-instances",
    look,
};

fn look(look: &Look<'_>) -> Vec<Found> {
    let mut found: Vec<Found> = Vec::new();
    let mut told: Vec<&str> = Vec::new();
    // A sidecar may make the socket: the Cloud SQL Auth Proxy in a shared volume.
    if !look.service.cloudsql_instances.is_empty() || !look.service.sidecars.is_empty() {
        return found;
    }
    for way in &look.ways {
        let Some((folder, variable)) = way.socket() else { continue };
        let Some(name) =
            connection_name(folder).filter(|name| !told.contains(name) && !is_dummy_host(folder))
        else {
            continue;
        };
        told.push(name);
        let found_one = look.found(
            variable,
            format!("`{}` leads to a /cloudsql socket, and the deploy attaches no instance", variable.name),
        );
        found.push(if is_known(name) {
            found_one.fix(format!("add --add-cloudsql-instances={name} (manifest: the annotation run.googleapis.com/cloudsql-instances), even if an earlier deploy has attached it"))
        } else {
            found_one
        });
    }
    found
}

//! `schema-permission-denied`.

use super::{Expected, Fault, When, subject};
use crate::diagnosis::Verdict;
use crate::diagnosis::cause::CauseCode;
use crate::model::PrivilegeKind;
use crate::sandbox::world::World;

pub(super) static FAULT: Fault = Fault {
    code: "schema-permission-denied",
    what: "The service's role lacks a privilege that the pipeline expects.",
    expects: Expected { cause: CauseCode::SchemaPermissionDenied, verdict: Verdict::Unhealthy },
    when: When::AfterDeploy,
    subject: &subject::PRIVILEGES,
    change: inject,
};

fn inject(world: &mut World, service: usize) {
    let Some(expects) = subject::expects(world, service) else { return };
    let (Some(first), Some(database)) = (expects.privileges.first(), subject::database(world, service))
    else {
        return;
    };
    let privileges = first.privileges.iter().map(|one| one.raw().to_uppercase());
    match first.kind {
        PrivilegeKind::Table => {
            if let Some(table) = database.table_mut(first.on.raw()) {
                table.withheld.extend(privileges);
            }
        }
        PrivilegeKind::Schema => {
            let schema = first.on.raw();
            database.withheld.extend(privileges.map(|one| (schema.to_owned(), one)));
        }
    }
}

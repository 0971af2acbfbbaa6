//! `health-reports-database-down`.

use super::{Expected, Fault, When, subject};
use crate::diagnosis::Verdict;
use crate::diagnosis::cause::CauseCode;
use crate::sandbox::world::World;

pub(super) static FAULT: Fault = Fault {
    code: "health-reports-database-down",
    what: "The service's own pool has lost all its connections; the database is fine from everywhere.",
    expects: Expected { cause: CauseCode::HealthReportsDatabaseDown, verdict: Verdict::Unhealthy },
    when: When::BeforeDeploy,
    subject: &subject::DATABASE,
    change: inject,
};

fn inject(world: &mut World, service: usize) {
    if let Some(revision) = subject::revision(world, service) {
        revision.code.leaks_connections = true;
    }
}

//! `database-read-only`.

use super::{Expected, Fault, When, subject};
use crate::diagnosis::Verdict;
use crate::diagnosis::cause::CauseCode;
use crate::sandbox::world::World;

pub(super) static FAULT: Fault = Fault {
    code: "database-read-only",
    what: "The database is a standby, which takes no writes.",
    expects: Expected { cause: CauseCode::DatabaseReadOnly, verdict: Verdict::Healthy },
    when: When::AfterDeploy,
    subject: &subject::DATABASE,
    change: inject,
};

fn inject(world: &mut World, service: usize) {
    if let Some(instance) = subject::instance(world, service) {
        instance.in_recovery = true;
    }
}

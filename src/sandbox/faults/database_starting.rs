//! `database-starting`.

use super::{Expected, Fault, When, subject};
use crate::diagnosis::Verdict;
use crate::diagnosis::cause::CauseCode;
use crate::sandbox::world::World;

pub(super) static FAULT: Fault = Fault {
    code: "database-starting",
    what: "The server is starting up.",
    expects: Expected { cause: CauseCode::DatabaseStarting, verdict: Verdict::Unhealthy },
    when: When::AfterDeploy,
    subject: &subject::DATABASE,
    change: inject,
};

fn inject(world: &mut World, service: usize) {
    if let Some(instance) = subject::instance(world, service) {
        instance.starting = true;
    }
}

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
    applies: subject::database,
    inject,
};

fn inject(world: &mut World) {
    if let Some(instance) = subject::instance_mut(world) {
        instance.starting = true;
    }
}

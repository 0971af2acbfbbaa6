//! `database-refused`.

use super::{Expected, Fault, When, subject};
use crate::diagnosis::Verdict;
use crate::diagnosis::cause::CauseCode;
use crate::sandbox::world::World;

pub(super) static FAULT: Fault = Fault {
    code: "database-refused",
    what: "Nothing listens on the database's port: connections are reset.",
    expects: Expected { cause: CauseCode::DatabaseRefused, verdict: Verdict::Unhealthy },
    when: When::AfterDeploy,
    subject: &subject::DATABASE,
    change: inject,
};

fn inject(world: &mut World, service: usize) {
    if let Some(instance) = subject::instance(world, service) {
        instance.listening = false;
    }
}

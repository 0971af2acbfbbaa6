//! `not-postgres`.

use super::{Expected, Fault, When, subject};
use crate::diagnosis::Verdict;
use crate::diagnosis::cause::CauseCode;
use crate::sandbox::world::{Speaks, World};

pub(super) static FAULT: Fault = Fault {
    code: "not-postgres",
    what: "A web server answers at the database's address and port.",
    expects: Expected { cause: CauseCode::NotPostgres, verdict: Verdict::Unhealthy },
    when: When::AfterDeploy,
    applies: subject::database,
    inject,
};

fn inject(world: &mut World) {
    if let Some(instance) = subject::instance_mut(world) {
        instance.speaks = Speaks::Http;
    }
}

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
    subject: &subject::DATABASE,
    change: inject,
};

fn inject(world: &mut World, service: usize) {
    if let Some(instance) = subject::instance(world, service) {
        instance.speaks = Speaks::Http;
    }
}

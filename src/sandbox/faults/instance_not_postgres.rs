//! `instance-not-postgres`.

use super::{Expected, Fault, When, subject};
use crate::diagnosis::Verdict;
use crate::diagnosis::cause::CauseCode;
use crate::sandbox::world::{Engine, World};

pub(super) static FAULT: Fault = Fault {
    code: "instance-not-postgres",
    what: "The instance is a MySQL server.",
    expects: Expected { cause: CauseCode::InstanceNotPostgres, verdict: Verdict::Unhealthy },
    when: When::BeforeDeploy,
    subject: &subject::DIALLED_DATABASE,
    change: inject,
};

fn inject(world: &mut World, service: usize) {
    if let Some(instance) = subject::instance(world, service) {
        instance.engine = Engine::MySql;
        instance.port = 3306;
    }
}

//! `database-host-placeholder`.

use super::{Expected, Fault, When, subject};
use crate::diagnosis::Verdict;
use crate::diagnosis::cause::CauseCode;
use crate::sandbox::world::World;

pub(super) static FAULT: Fault = Fault {
    code: "database-host-placeholder",
    what: "The database's host is `db`, as a compose file calls it.",
    expects: Expected { cause: CauseCode::DatabaseHostPlaceholder, verdict: Verdict::Unhealthy },
    when: When::BeforeDeploy,
    subject: &subject::DIALLED_DATABASE,
    change: inject,
};

fn inject(world: &mut World, service: usize) {
    subject::change_host(world, service, "db");
}

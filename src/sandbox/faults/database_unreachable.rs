//! `database-unreachable`.

use super::{Expected, Fault, When, subject};
use crate::diagnosis::Verdict;
use crate::diagnosis::cause::CauseCode;
use crate::sandbox::world::World;

pub(super) static FAULT: Fault = Fault {
    code: "database-unreachable",
    what: "Packets to the database vanish, and nothing in the control plane explains it.",
    expects: Expected { cause: CauseCode::DatabaseUnreachable, verdict: Verdict::Unhealthy },
    when: When::AfterDeploy,
    subject: &subject::DIALLED_DATABASE,
    change: inject,
};

fn inject(world: &mut World, service: usize) {
    world.blackholes.extend(subject::dialled(world, service));
}

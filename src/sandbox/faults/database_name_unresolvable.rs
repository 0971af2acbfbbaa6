//! `database-name-unresolvable`.

use super::{Expected, Fault, When, subject};
use crate::diagnosis::Verdict;
use crate::diagnosis::cause::CauseCode;
use crate::sandbox::world::World;

pub(super) static FAULT: Fault = Fault {
    code: "database-name-unresolvable",
    what: "The database's host name has no address where the service stands.",
    expects: Expected { cause: CauseCode::DatabaseNameUnresolvable, verdict: Verdict::Unhealthy },
    when: When::AfterDeploy,
    applies: |world| {
        let named = subject::dials_a_name(world).then_some(());
        subject::needs(named, "a database that it dials by a host name")
    },
    inject,
};

fn inject(world: &mut World) {
    world.names.clear();
}

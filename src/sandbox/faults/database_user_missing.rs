//! `database-user-missing`.

use super::{Expected, Fault, When, subject};
use crate::diagnosis::Verdict;
use crate::diagnosis::cause::CauseCode;
use crate::sandbox::world::World;

pub(super) static FAULT: Fault = Fault {
    code: "database-user-missing",
    what: "The role was dropped from the instance.",
    expects: Expected { cause: CauseCode::DatabaseUserMissing, verdict: Verdict::Unhealthy },
    when: When::AfterDeploy,
    subject: &subject::PASSWORD,
    change: inject,
};

fn inject(world: &mut World, service: usize) {
    let link = world.services.get(service).and_then(|service| service.link.clone());
    if let (Some(link), Some(instance)) = (link, subject::instance(world, service)) {
        instance.roles.retain(|role| role.name != link.role);
    }
}

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
    subject: &subject::NAME,
    change: inject,
};

fn inject(world: &mut World, service: usize) {
    if let Some(host) =
        world.services.get(service).and_then(|service| Some(service.link.as_ref()?.host.clone()))
    {
        world.names.retain(|(name, _)| *name != host);
    }
}

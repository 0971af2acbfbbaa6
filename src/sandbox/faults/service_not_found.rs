//! `service-not-found`.

use super::{Expected, Fault, When, subject};
use crate::diagnosis::Verdict;
use crate::diagnosis::cause::CauseCode;
use crate::sandbox::world::World;

pub(super) static FAULT: Fault = Fault {
    code: "service-not-found",
    what: "The service is deleted after the deploy.",
    expects: Expected { cause: CauseCode::ServiceNotFound, verdict: Verdict::Unhealthy },
    when: When::AfterDeploy,
    subject: &subject::ANY,
    change: inject,
};

fn inject(world: &mut World, service: usize) {
    if service < world.services.len() {
        world.services.remove(service);
    }
}

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
    applies: subject::any,
    inject,
};

fn inject(world: &mut World) {
    let Some(key) = subject::any_mut(world).map(|service| service.key.clone()) else { return };
    world.services.retain(|service| service.key != key);
}

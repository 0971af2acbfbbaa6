//! `no-instance-available`.

use super::{Expected, Fault, When, subject};
use crate::diagnosis::Verdict;
use crate::diagnosis::cause::CauseCode;
use crate::sandbox::world::{DoorWorld, World};

pub(super) static FAULT: Fault = Fault {
    code: "no-instance-available",
    what: "Every instance is taken, and no more may be started.",
    expects: Expected { cause: CauseCode::NoInstanceAvailable, verdict: Verdict::Unhealthy },
    when: When::AfterDeploy,
    subject: &subject::ANY,
    change: inject,
};

fn inject(world: &mut World, service: usize) {
    if let Some(service) = world.services.get_mut(service) {
        service.door = DoorWorld::Full;
    }
}

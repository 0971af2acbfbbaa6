//! `health-behind-login`.

use super::{Expected, Fault, When, subject};
use crate::diagnosis::Verdict;
use crate::diagnosis::cause::CauseCode;
use crate::sandbox::world::{DoorWorld, World};

pub(super) static FAULT: Fault = Fault {
    code: "health-behind-login",
    what: "Identity-Aware Proxy stands before the service.",
    expects: Expected { cause: CauseCode::HealthBehindLogin, verdict: Verdict::Undecided },
    when: When::AfterDeploy,
    subject: &subject::ANY,
    change: inject,
};

fn inject(world: &mut World, service: usize) {
    if let Some(service) = world.services.get_mut(service) {
        service.door = DoorWorld::Login;
    }
}

//! `ingress-closed`.

use super::{Expected, Fault, When, subject};
use crate::diagnosis::Verdict;
use crate::diagnosis::cause::CauseCode;
use crate::sandbox::world::{DoorWorld, World};

pub(super) static FAULT: Fault = Fault {
    code: "ingress-closed",
    what: "The service takes requests from inside only, and the gate stands outside.",
    expects: Expected { cause: CauseCode::IngressClosed, verdict: Verdict::Undecided },
    when: When::AfterDeploy,
    subject: &subject::UNPROMISED,
    change: inject,
};

fn inject(world: &mut World, service: usize) {
    if let Some(service) = world.services.get_mut(service) {
        service.door = DoorWorld::InsideOnly;
    }
}

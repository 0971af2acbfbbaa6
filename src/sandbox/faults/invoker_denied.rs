//! `invoker-denied`.

use super::{Expected, Fault, When, subject};
use crate::diagnosis::Verdict;
use crate::diagnosis::cause::CauseCode;
use crate::sandbox::world::{Admits, World};

pub(super) static FAULT: Fault = Fault {
    code: "invoker-denied",
    what: "The service is private, and the gate's account may not call it.",
    expects: Expected { cause: CauseCode::InvokerDenied, verdict: Verdict::Undecided },
    when: When::AfterDeploy,
    subject: &subject::ANY,
    change: inject,
};

fn inject(world: &mut World, service: usize) {
    if let Some(service) = world.services.get_mut(service) {
        service.public = false;
        service.gate = Admits::Nobody;
    }
}

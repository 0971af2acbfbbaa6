//! `token-rejected`.

use super::{Expected, Fault, When, subject};
use crate::diagnosis::Verdict;
use crate::diagnosis::cause::CauseCode;
use crate::sandbox::world::{Admits, World};

pub(super) static FAULT: Fault = Fault {
    code: "token-rejected",
    what: "The service is private, and its front end does not take the gate's ID token.",
    expects: Expected { cause: CauseCode::TokenRejected, verdict: Verdict::Undecided },
    when: When::AfterDeploy,
    subject: &subject::ANY,
    change: inject,
};

fn inject(world: &mut World, service: usize) {
    if let Some(service) = world.services.get_mut(service) {
        service.public = false;
        service.gate = Admits::NoToken;
    }
}

//! `connection-cut`.

use super::{Expected, Fault, When, subject};
use crate::diagnosis::Verdict;
use crate::diagnosis::cause::CauseCode;
use crate::sandbox::world::{Speaks, World};

pub(super) static FAULT: Fault = Fault {
    code: "connection-cut",
    what: "What listens at the database's address hangs up on everybody.",
    expects: Expected { cause: CauseCode::ConnectionCut, verdict: Verdict::Unhealthy },
    when: When::AfterDeploy,
    subject: &subject::DATABASE,
    change: inject,
};

fn inject(world: &mut World, service: usize) {
    if let Some(instance) = subject::instance(world, service) {
        instance.speaks = Speaks::Nothing;
    }
}

//! `health-expectation-unmet`.

use std::time::Duration;

use super::{Expected, Fault, When, subject};
use crate::diagnosis::Verdict;
use crate::diagnosis::cause::CauseCode;
use crate::sandbox::world::World;

pub(super) static FAULT: Fault = Fault {
    code: "health-expectation-unmet",
    what: "Health takes longer than the files allow.",
    expects: Expected { cause: CauseCode::HealthExpectationUnmet, verdict: Verdict::Unhealthy },
    when: When::AfterDeploy,
    subject: &subject::TELLS_SOON,
    change: inject,
};

fn inject(world: &mut World, service: usize) {
    let limit = world.services.get(service).and_then(|service| service.expects.latency);
    if let (Some(revision), Some(limit)) = (subject::revision(world, service), limit) {
        revision.code.thinks = limit + Duration::from_millis(500);
    }
}

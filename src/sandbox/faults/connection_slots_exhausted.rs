//! `connection-slots-exhausted`.

use super::{Expected, Fault, When, subject};
use crate::diagnosis::Verdict;
use crate::diagnosis::cause::CauseCode;
use crate::sandbox::world::World;

pub(super) static FAULT: Fault = Fault {
    code: "connection-slots-exhausted",
    what: "Other clients hold every connection slot that is not reserved.",
    expects: Expected { cause: CauseCode::ConnectionSlotsExhausted, verdict: Verdict::Unhealthy },
    when: When::AfterDeploy,
    subject: &subject::DATABASE,
    change: inject,
};

fn inject(world: &mut World, service: usize) {
    if let Some(instance) = subject::instance(world, service) {
        // All but PostgreSQL's three reserved ones (`superuser_reserved_connections`).
        instance.held_connections = instance.max_connections.saturating_sub(3);
    }
}

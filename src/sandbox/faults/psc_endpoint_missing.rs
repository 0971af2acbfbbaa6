//! `psc-endpoint-missing`.

use super::{Expected, Fault, When, shape, subject};
use crate::diagnosis::Verdict;
use crate::diagnosis::cause::CauseCode;
use crate::sandbox::world::{EndpointStatus, World};

pub(super) static FAULT: Fault = Fault {
    code: "psc-endpoint-missing",
    what: "The Private Service Connect endpoint with the database's address is CLOSED: its producer is gone.",
    expects: Expected { cause: CauseCode::PscEndpointMissing, verdict: Verdict::Unhealthy },
    when: When::AfterDeploy,
    subject: &subject::UNNAMED_PRIVATE_ADDRESS,
    change: inject,
};

fn inject(world: &mut World, service: usize) {
    shape::behind_endpoint(world, service, EndpointStatus::Closed);
}

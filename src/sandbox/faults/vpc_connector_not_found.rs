//! `vpc-connector-not-found`.

use super::{Expected, Fault, When, subject};
use crate::diagnosis::Verdict;
use crate::diagnosis::cause::CauseCode;
use crate::sandbox::world::World;

pub(super) static FAULT: Fault = Fault {
    code: "vpc-connector-not-found",
    what: "The VPC connector is deleted after the deploy; the revision still refers to it.",
    expects: Expected { cause: CauseCode::VpcConnectorNotFound, verdict: Verdict::Unhealthy },
    when: When::AfterDeploy,
    subject: &subject::CONNECTOR,
    change: inject,
};

fn inject(world: &mut World, service: usize) {
    if let Some(name) = subject::connector(world, service).map(|connector| connector.resource()) {
        world.connectors.retain(|connector| connector.resource() != name);
    }
}

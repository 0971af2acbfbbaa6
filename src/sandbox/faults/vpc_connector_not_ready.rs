//! `vpc-connector-not-ready`.

use super::{Expected, Fault, When, subject};
use crate::diagnosis::Verdict;
use crate::diagnosis::cause::CauseCode;
use crate::sandbox::world::{ConnectorState, World};

pub(super) static FAULT: Fault = Fault {
    code: "vpc-connector-not-ready",
    what: "The VPC connector is in state ERROR.",
    expects: Expected { cause: CauseCode::VpcConnectorNotReady, verdict: Verdict::Unhealthy },
    when: When::BeforeDeploy,
    subject: &subject::CONNECTOR,
    change: inject,
};

fn inject(world: &mut World, service: usize) {
    if let Some(connector) = subject::connector(world, service) {
        connector.state = ConnectorState::Error;
    }
}

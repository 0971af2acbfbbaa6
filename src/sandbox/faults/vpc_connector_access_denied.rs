//! `vpc-connector-access-denied`.

use super::{Expected, Fault, When, subject};
use crate::diagnosis::Verdict;
use crate::diagnosis::cause::CauseCode;
use crate::sandbox::world::{Flaw, World};

pub(super) static FAULT: Fault = Fault {
    code: "vpc-connector-access-denied",
    what: "Cloud Run's service agent may not use the connector, so that the new revision fails and the old one serves on.",
    expects: Expected { cause: CauseCode::VpcConnectorAccessDenied, verdict: Verdict::Unhealthy },
    when: When::BeforeDeploy,
    subject: &subject::CONNECTOR,
    change: inject,
};

fn inject(world: &mut World, service: usize) {
    if let Some(revision) = subject::revision(world, service) {
        revision.flaw = Some(Flaw::ConnectorForbidden);
    }
}

//! `vpc-connector-wrong-region`.

use super::{Expected, Fault, When, subject};
use crate::diagnosis::Verdict;
use crate::diagnosis::cause::CauseCode;
use crate::sandbox::world::{VpcWorld, World};

pub(super) static FAULT: Fault = Fault {
    code: "vpc-connector-wrong-region",
    what: "The revision refers to a ready VPC connector that stands in another region than the service.",
    expects: Expected { cause: CauseCode::VpcConnectorWrongRegion, verdict: Verdict::Unhealthy },
    when: When::BeforeDeploy,
    applies: subject::connector,
    inject,
};

fn inject(world: &mut World) {
    let Some((service, connector)) = subject::connector_mut(world) else { return };
    connector.region = if connector.region == "us-central1" { "us-east1" } else { "us-central1" }.to_owned();
    let moved = connector.resource();
    if let Some(revision) = world.services[service].newest_mut()
        && let VpcWorld::Connector { resource, .. } = &mut revision.vpc
    {
        *resource = moved;
    }
}

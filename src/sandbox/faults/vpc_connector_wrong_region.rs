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
    subject: &subject::CONNECTOR,
    change: inject,
};

fn inject(world: &mut World, service: usize) {
    let Some(mut elsewhere) = subject::connector(world, service).cloned() else { return };
    elsewhere.region = if elsewhere.region == "us-central1" { "us-east1" } else { "us-central1" }.to_owned();
    if let Some(revision) = subject::revision(world, service)
        && let VpcWorld::Connector { resource, .. } = &mut revision.vpc
    {
        *resource = elsewhere.resource();
    }
    world.connectors.push(elsewhere);
}

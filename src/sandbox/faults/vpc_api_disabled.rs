//! `vpc-api-disabled`.

use super::{Expected, Fault, When, subject};
use crate::diagnosis::Verdict;
use crate::diagnosis::cause::CauseCode;
use crate::sandbox::world::World;

pub(super) static FAULT: Fault = Fault {
    code: "vpc-api-disabled",
    what: "The Serverless VPC Access API is switched off, and its connectors carry nothing.",
    expects: Expected { cause: CauseCode::VpcApiDisabled, verdict: Verdict::Unhealthy },
    when: When::AfterDeploy,
    subject: &subject::CONNECTOR,
    change: inject,
};

fn inject(world: &mut World, service: usize) {
    if let Some(project) = subject::connector(world, service).map(|connector| connector.project.clone()) {
        world.disabled_apis.push((project, "vpcaccess.googleapis.com".to_owned()));
    }
}

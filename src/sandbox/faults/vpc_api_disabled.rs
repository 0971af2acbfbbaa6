//! `vpc-api-disabled`.

use super::{Expected, Fault, When, subject};
use crate::diagnosis::Verdict;
use crate::diagnosis::cause::CauseCode;
use crate::sandbox::world::World;

pub(super) static FAULT: Fault = Fault {
    code: "vpc-api-disabled",
    what: "The Serverless VPC Access API is switched off in the project, and its connectors stop with it.",
    expects: Expected { cause: CauseCode::VpcApiDisabled, verdict: Verdict::Unhealthy },
    when: When::AfterDeploy,
    applies: subject::connector,
    inject,
};

fn inject(world: &mut World) {
    if let Some(project) = subject::connector_mut(world).map(|(_, connector)| connector.project.clone()) {
        world.disabled_apis.push((project, "vpcaccess.googleapis.com".to_owned()));
    }
}

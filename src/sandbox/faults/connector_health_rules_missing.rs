//! `connector-health-rules-missing`.

use super::{Expected, Fault, When, shape, subject};
use crate::diagnosis::Verdict;
use crate::diagnosis::cause::CauseCode;
use crate::sandbox::world::World;

pub(super) static FAULT: Fault = Fault {
    code: "connector-health-rules-missing",
    what: "The connector stands in a Shared VPC without the rules by which Google reaches connectors.",
    expects: Expected { cause: CauseCode::ConnectorHealthRulesMissing, verdict: Verdict::Unhealthy },
    when: When::AfterDeploy,
    subject: &subject::CONNECTOR,
    change: inject,
};

fn inject(world: &mut World, service: usize) {
    shape::shared_vpc(world, service);
    for network in &mut world.networks {
        network.firewalls.retain(|rule| rule.name != shape::CONNECTOR_RULE);
    }
}

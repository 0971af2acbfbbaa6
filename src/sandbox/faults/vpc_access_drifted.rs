//! `vpc-access-drifted`.

use super::{Expected, Fault, When, subject};
use crate::diagnosis::Verdict;
use crate::diagnosis::cause::CauseCode;
use crate::sandbox::world::{VpcWorld, World};

pub(super) static FAULT: Fault = Fault {
    code: "vpc-access-drifted",
    what: "The new revision uses another connector than declared, whose packets vanish for a reason that no API shows.",
    expects: Expected { cause: CauseCode::VpcAccessDrifted, verdict: Verdict::Unhealthy },
    when: When::BeforeDeploy,
    subject: &subject::CONNECTOR,
    change: inject,
};

fn inject(world: &mut World, service: usize) {
    let Some(mut other) = subject::connector(world, service).map(|connector| connector.clone()) else {
        return;
    };
    other.name.push_str("-old");
    let resource = other.resource();
    world.connectors.push(other);
    if let Some(address) = subject::dialled(world, service) {
        world.blackholes.push(address);
    }
    if let Some(revision) = subject::revision(world, service)
        && let VpcWorld::Connector { resource: used, .. } = &mut revision.vpc
    {
        *used = resource;
    }
}

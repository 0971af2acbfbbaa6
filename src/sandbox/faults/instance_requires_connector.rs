//! `instance-requires-connector`.

use super::{Expected, Fault, When, subject};
use crate::diagnosis::Verdict;
use crate::diagnosis::cause::CauseCode;
use crate::sandbox::world::World;

pub(super) static FAULT: Fault = Fault {
    code: "instance-requires-connector",
    what: "The instance takes connections of Cloud SQL's connectors only.",
    expects: Expected { cause: CauseCode::InstanceRequiresConnector, verdict: Verdict::Unhealthy },
    when: When::AfterDeploy,
    subject: &subject::DIALLED_DATABASE,
    change: inject,
};

fn inject(world: &mut World, service: usize) {
    if let Some(instance) = subject::instance(world, service) {
        instance.connectors_only = true;
    }
}

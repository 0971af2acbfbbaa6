//! What answers connectors is another instance.

use super::subject::{self, CONNECTOR_WAY};
use super::{Expected, Fault, When};
use crate::diagnosis::Verdict;
use crate::diagnosis::cause::CauseCode;
use crate::sandbox::world::World;

pub(super) static FAULT: Fault = Fault {
    code: "server-not-authentic",
    what: "What answers Cloud SQL's connectors at the instance's public address shows another instance's certificate.",
    expects: Expected { cause: CauseCode::ServerNotAuthentic, verdict: Verdict::Unhealthy },
    when: When::AfterDeploy,
    subject: &CONNECTOR_WAY,
    change,
};

fn change(world: &mut World, service: usize) {
    if let Some(instance) = subject::instance(world, service) {
        instance.impostor = true;
    }
}

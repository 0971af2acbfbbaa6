//! `cloudsql-not-attached`.

use super::{Expected, Fault, When, subject};
use crate::diagnosis::Verdict;
use crate::diagnosis::cause::CauseCode;
use crate::sandbox::world::World;

pub(super) static FAULT: Fault = Fault {
    code: "cloudsql-not-attached",
    what: "The new revision does not attach the instance whose socket the service dials.",
    expects: Expected { cause: CauseCode::CloudsqlNotAttached, verdict: Verdict::Unhealthy },
    when: When::BeforeDeploy,
    subject: &subject::ATTACHED_SOCKET,
    change: inject,
};

fn inject(world: &mut World, service: usize) {
    if let Some(revision) = subject::revision(world, service) {
        revision.cloudsql.clear();
    }
}

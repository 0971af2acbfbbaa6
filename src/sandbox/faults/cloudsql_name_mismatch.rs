//! `cloudsql-name-mismatch`.

use super::{Expected, Fault, When, subject};
use crate::diagnosis::Verdict;
use crate::diagnosis::cause::CauseCode;
use crate::sandbox::world::World;

pub(super) static FAULT: Fault = Fault {
    code: "cloudsql-name-mismatch",
    what: "The new revision attaches another instance than the one whose socket the service dials.",
    expects: Expected { cause: CauseCode::CloudsqlNameMismatch, verdict: Verdict::Unhealthy },
    when: When::BeforeDeploy,
    subject: &subject::ATTACHED_SOCKET,
    change: inject,
};

fn inject(world: &mut World, service: usize) {
    if let Some(revision) = subject::revision(world, service) {
        for instance in &mut revision.cloudsql {
            instance.push_str("-old");
        }
    }
}

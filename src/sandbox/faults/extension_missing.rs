//! `extension-missing`.

use super::{Expected, Fault, When, subject};
use crate::diagnosis::Verdict;
use crate::diagnosis::cause::CauseCode;
use crate::sandbox::world::World;

pub(super) static FAULT: Fault = Fault {
    code: "extension-missing",
    what: "An extension that the pipeline expects is not installed.",
    expects: Expected { cause: CauseCode::ExtensionMissing, verdict: Verdict::Unhealthy },
    when: When::AfterDeploy,
    subject: &subject::EXTENSIONS,
    change: inject,
};

fn inject(world: &mut World, service: usize) {
    let Some(expects) = subject::expects(world, service) else { return };
    if let (Some(first), Some(database)) = (expects.extensions.first(), subject::database(world, service)) {
        database.extensions.retain(|one| one != first.raw());
    }
}

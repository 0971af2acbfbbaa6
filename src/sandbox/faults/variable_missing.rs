//! `variable-missing`.

use super::{Expected, Fault, When, subject};
use crate::diagnosis::Verdict;
use crate::diagnosis::cause::CauseCode;
use crate::sandbox::world::{ServiceWorld, World};

pub(super) static FAULT: Fault = Fault {
    code: "variable-missing",
    what: "The new revision lacks a declared variable that the code needs and that does not lead to the database.",
    expects: Expected { cause: CauseCode::VariableMissing, verdict: Verdict::Unhealthy },
    when: When::BeforeDeploy,
    applies: |world| {
        let other = world.services.first().and_then(other_variable);
        subject::needs(other, "a variable that does not lead to its database")
    },
    inject,
};

fn inject(world: &mut World) {
    let Some(service) = world.services.first_mut() else { return };
    let other = other_variable(service);
    if let Some(revision) = service.newest_mut() {
        revision.env.retain(|variable| Some(&variable.name) != other.as_ref());
    }
}

/// A variable that the code needs beside those of its database.
fn other_variable(service: &ServiceWorld) -> Option<String> {
    service.newest()?.code.requires.first().cloned()
}

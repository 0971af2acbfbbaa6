//! `variable-missing`.

use super::{Expected, Fault, Subject, When, subject};
use crate::diagnosis::Verdict;
use crate::diagnosis::cause::CauseCode;
use crate::sandbox::world::World;

pub(super) static FAULT: Fault = Fault {
    code: "variable-missing",
    what: "The new revision lacks a declared variable that the code needs and that does not lead to the database.",
    expects: Expected { cause: CauseCode::VariableMissing, verdict: Verdict::Unhealthy },
    when: When::BeforeDeploy,
    subject: &NEEDS_MORE,
    change: inject,
};

fn inject(world: &mut World, service: usize) {
    if let Some(revision) = subject::revision(world, service)
        && let Some(needed) = revision.code.requires.first().cloned()
    {
        revision.env.retain(|variable| variable.name != needed);
    }
}

/// A service with a variable that does not lead to its database.
static NEEDS_MORE: Subject = Subject {
    has: "a variable that does not lead to its database",
    fits: |_, service| service.newest().is_some_and(|revision| !revision.code.requires.is_empty()),
};

//! Variants of the family "Service and revision".

use super::Variant;
use crate::diagnosis::cause::CauseCode;
use crate::sandbox::faults::{find, subject};
use crate::sandbox::world::{NotStarted, NotStartedReason, Started, World};

/// What fails and serves nothing is nobody's trouble.
pub(super) static OLDER_REVISION_FAILED: Variant = Variant::near_miss(
    "older-revision-failed",
    CauseCode::RevisionFailed,
    "A revision between the serving ones failed, and serves nothing.",
    &subject::ANY,
    failed_between,
);

fn failed_between(world: &mut World, service: usize) {
    let Some(service) = world.services.get_mut(service) else { return };
    let Some(mut failed) = service.revisions.first().cloned() else { return };
    failed.name = format!("{}-00001-bad", service.name);
    failed.env.clear();
    failed.running = None;
    failed.started = Started::Failed(NotStarted {
        reason: NotStartedReason::Failed,
        message: "It did not work.".to_owned(),
    });
    service.revisions.insert(1, failed);
}

/// A container that does not come up may never have been started.
pub(super) static NOT_STARTED_FOR_ITS_SECRET: Variant = Variant::twin(
    "not-started-for-its-secret",
    CauseCode::ContainerDidNotStart,
    CauseCode::SecretVersionDisabled,
    "The new revision does not come up, because the version of its secret was disabled before the deploy.",
    &subject::SECRET,
    |world, service| same_as("secret-version-disabled", world, service),
);

/// What failed before is not why this one does.
pub(super) static STOPPED_AFTER_A_FAILED_REVISION: Variant = Variant::twin(
    "instance-stopped-after-a-failed-revision",
    CauseCode::RevisionFailed,
    CauseCode::InstanceStopped,
    "A revision between the serving ones failed, and the database's instance is stopped.",
    &subject::DATABASE,
    |world, service| {
        failed_between(world, service);
        same_as("instance-stopped", world, service);
    },
);

/// What a fault of that code changes.
pub(super) fn same_as(code: &str, world: &mut World, service: usize) {
    if let Some(fault) = find(code) {
        (fault.change)(world, service);
    }
}

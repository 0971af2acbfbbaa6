//! The service and its new revision.

use super::parts::{self, on};
use super::{Fault, Subject, subject};
use crate::diagnosis::cause::CauseCode;
use crate::sandbox::world::{
    Activation, Flaw, NotStarted, NotStartedReason, Started, Traffic, VersionState, World, project_number,
};

pub(super) static FAULTS: &[Fault] = &[
    Fault::after_deploy(
        CauseCode::ServiceNotFound,
        "The service is deleted after the deploy.",
        &subject::ANY,
        |world, service| {
            if service < world.services.len() {
                world.services.remove(service);
            }
        },
    ),
    Fault::before_deploy(
        CauseCode::ContainerDidNotStart,
        "The container of the new revision never listens on its port; the old revision serves on.",
        &subject::ANY,
        |world, service| on(parts::code(world, service), |code| code.starts = false),
    ),
    Fault::before_deploy(
        CauseCode::ContainerOutOfMemory,
        "The container of the new revision is ended for its memory while it starts; the old one \
         serves on.",
        &subject::ANY,
        |world, service| on(parts::revision(world, service), |revision| revision.flaw = Some(Flaw::Memory)),
    ),
    Fault::before_deploy(
        CauseCode::ImageNotFound,
        "The image of the new revision does not exist; the old revision serves on.",
        &subject::ANY,
        |world, service| on(parts::revision(world, service), |one| one.flaw = Some(Flaw::ImageMissing)),
    ),
    Fault::before_deploy(
        CauseCode::ImageAccessDenied,
        "Cloud Run's service agent may not read the image of the new revision; the old one serves on.",
        &subject::ANY,
        |world, service| on(parts::revision(world, service), |one| one.flaw = Some(Flaw::ImageForbidden)),
    ),
    Fault::before_deploy(
        CauseCode::ImageWrongPlatform,
        "The image of the new revision is built for arm64; the old revision serves on.",
        &subject::ANY,
        |world, service| on(parts::revision(world, service), |one| one.flaw = Some(Flaw::ImagePlatform)),
    ),
    Fault::before_deploy(
        CauseCode::RevisionFailed,
        "The import of the new image takes longer than Cloud Run waits; the old revision serves on.",
        &subject::ANY,
        |world, service| on(parts::revision(world, service), |revision| revision.flaw = Some(Flaw::Slow)),
    ),
    Fault::before_deploy(
        CauseCode::ServiceAccountDrifted,
        "The new revision runs as another account than declared, which may not read the secret; the \
         old one serves on.",
        &DECLARED,
        |world, service| {
            let Some(revision) = parts::revision(world, service) else { return };
            let project = project_number(&revision.project);
            revision.service_account = format!("{project}-compute@developer.gserviceaccount.com");
        },
    ),
    Fault::after_deploy(
        CauseCode::RevisionNotServing,
        "The traffic is pinned to the revision before, and the new one gets none.",
        &subject::ANY,
        |world, service| {
            if let Some(service) = world.services.get_mut(service)
                && let Some(before) = service.revisions.first()
            {
                service.traffic = Traffic::Pinned(before.name.clone());
            }
        },
    ),
    // What fails and serves nothing is nobody's trouble.
    Fault::near_miss(
        "older-revision-failed",
        CauseCode::RevisionFailed,
        "A revision between the serving ones failed, and serves nothing.",
        &subject::ANY,
        failed_between,
    ),
    // A container that does not come up may never have been started.
    Fault::twin(
        "not-started-for-its-secret",
        CauseCode::ContainerDidNotStart,
        CauseCode::SecretVersionDisabled,
        "The new revision does not come up, because the version of its secret was disabled before the \
         deploy.",
        &subject::SECRET,
        |world, service| on(parts::version(world, service), |version| version.state = VersionState::Disabled),
    ),
    // What failed before is not why this one does.
    Fault::twin(
        "instance-stopped-after-a-failed-revision",
        CauseCode::RevisionFailed,
        CauseCode::InstanceStopped,
        "A revision between the serving ones failed, and the database's instance is stopped.",
        &subject::DATABASE,
        |world, service| {
            failed_between(world, service);
            on(parts::instance(world, service), |instance| instance.activation = Activation::Never);
        },
    ),
];

/// A service with an account of its own, that reads the credential of its database from a secret.
static DECLARED: Subject = Subject {
    has: "a service account of its own and a database credential in Secret Manager",
    fits: |world, service| {
        let default = |account: &str| account.ends_with("-compute@developer.gserviceaccount.com");
        (subject::SECRET.fits)(world, service)
            && service.newest().is_some_and(|revision| !default(&revision.service_account))
    },
};

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

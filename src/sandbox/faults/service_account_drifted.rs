//! `service-account-drifted`.

use super::{Expected, Fault, Subject, When, subject};
use crate::diagnosis::Verdict;
use crate::diagnosis::cause::CauseCode;
use crate::sandbox::world::{World, project_number};

pub(super) static FAULT: Fault = Fault {
    code: "service-account-drifted",
    what: "The new revision runs as another account than declared, which may not read the secret; the old one serves on.",
    expects: Expected { cause: CauseCode::ServiceAccountDrifted, verdict: Verdict::Unhealthy },
    when: When::BeforeDeploy,
    subject: &DECLARED,
    change: inject,
};

fn inject(world: &mut World, service: usize) {
    if let Some(revision) = subject::revision(world, service) {
        let project = project_number(&revision.project);
        revision.service_account = format!("{project}-compute@developer.gserviceaccount.com");
    }
}

/// A service with an account of its own, that reads the credential of its database from a secret.
static DECLARED: Subject = Subject {
    has: "a service account of its own and a database credential in Secret Manager",
    fits: |world, service| {
        let default = |account: &str| account.ends_with("-compute@developer.gserviceaccount.com");
        (subject::SECRET.fits)(world, service)
            && service.newest().is_some_and(|revision| !default(&revision.service_account))
    },
};

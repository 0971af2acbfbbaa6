//! Facts that several checks share: the service and the revision as Cloud Run has them now.

use google_cloud_run_v2::model::{Revision, Service};

use super::Scope;
use crate::probe::google::{Answer, NoAnswer};
use crate::run::outcome::{Broken, Outcome};

impl Scope {
    /// The service as Cloud Run has it now.
    pub(super) async fn live_service(&self) -> Answer<Service> {
        let target = &self.target;
        self.outside.google.service(&target.project, &target.region, &target.name).await
    }

    /// The revision that this deploy created: the newest.
    pub(super) async fn live_revision(&self) -> Answer<Revision> {
        let target = &self.target;
        let service = self.live_service().await?;
        let name = short_name(&service.latest_created_revision);
        if name.is_empty() {
            return Err(NoAnswer::Broken(Broken::Malformed {
                what: format!("service {}", target.name),
                detail: "it names no latestCreatedRevision".to_owned(),
            }));
        }
        self.outside.google.revision(&target.project, &target.region, &target.name, name).await
    }
}

/// The last segment of a resource name: `r` of `projects/p/…/revisions/r`.
pub(super) fn short_name(resource: &str) -> &str {
    resource.rsplit('/').next().unwrap_or(resource)
}

/// The outcome of a check that needed a resource of the control plane and did not get it, where its absence is
/// another check's finding.
pub(super) fn broken(what: &str, answer: NoAnswer) -> Outcome {
    let why = match answer {
        NoAnswer::Broken(why) => why,
        NoAnswer::NotFound => {
            Broken::Unavailable { what: what.to_owned(), detail: "it does not exist any more".to_owned() }
        }
    };
    Outcome::Broken { why }
}

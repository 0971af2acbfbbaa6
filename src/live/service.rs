//! Facts that several checks share: the service and the revision as Cloud Run has them now.

use std::iter::repeat;
use std::time::Duration;

use google_cloud_run_v2::model::{Container, Revision, Service};

use super::{Scope, coherence};
use crate::model::resource::short;
use crate::probe::google::{Answer, NoAnswer};
use crate::probe::poll;
use crate::record::finding::Finding;
use crate::record::{Inconclusive, Outcome, Skip};

/// Pause between two looks at something that is still moving.
pub(crate) const POLL: Duration = Duration::from_secs(1);

/// An answer younger than this is not asked for again; less than [`POLL`], so that each look sees something new,
/// and checks that poll the same thing share what they see.
pub(crate) const FRESH: Duration = Duration::from_millis(500);

/// How long Cloud Run may take to notice a deploy before a check gives up waiting for the new revision's name. It
/// takes seconds; a service stuck for longer has another trouble.
const NOTICED_WITHIN: Duration = Duration::from_secs(60);

impl Scope {
    /// The service as Cloud Run has it now.
    pub(crate) async fn live_service(&self) -> Answer<Service> {
        let target = &self.target;
        let service = self.outside.google.service(&target.project, &target.region, &target.name).await?;
        coherence::of_service(&service, &target.name)?;
        Ok(service)
    }

    /// The service, asked anew where the answer is not fresh.
    pub(crate) async fn fresh_service(&self) -> Answer<Service> {
        let target = &self.target;
        let google = &self.outside.google;
        let service = google.service_within(FRESH, &target.project, &target.region, &target.name).await?;
        coherence::of_service(&service, &target.name)?;
        Ok(service)
    }

    /// The service once Cloud Run has noticed the latest deploy: before that, the newest revision is the one
    /// before.
    pub(crate) async fn noticed_service(&self) -> Answer<Service> {
        let mut service = self.live_service().await?;
        if noticed(&service) {
            return Ok(service);
        }
        let ended = |answer: &Answer<Service>| answer.as_ref().map_or(true, |service| noticed(service));
        match poll(repeat(POLL), NOTICED_WITHIN, || self.fresh_service(), ended).await {
            Ok(answer) => return answer,
            Err(Some(Ok(last))) => service = last,
            Err(Some(Err(_)) | None) => {}
        }
        Err(NoAnswer::Inconclusive(Inconclusive::Unavailable {
            what: format!("service {}", self.target.name),
            detail: format!(
                "Cloud Run has not taken up its latest change (generation {}, observed {})",
                service.generation, service.observed_generation
            ),
        }))
    }

    /// Short name of the revision that this deploy created: the one that the user names, else the newest.
    pub(crate) fn created<'a>(&'a self, service: &'a Service) -> Result<&'a str, NoAnswer> {
        self.target.revision.as_deref().map_or_else(|| newest(service), Ok)
    }

    /// The revision that this deploy created.
    pub(crate) async fn live_revision(&self) -> Answer<Revision> {
        let service = self.noticed_service().await?;
        self.revision_named(Duration::MAX, self.created(&service)?).await
    }

    /// A revision of the service as it was at most `age` ago.
    pub(crate) async fn revision_named(&self, age: Duration, name: &str) -> Answer<Revision> {
        let target = &self.target;
        let google = &self.outside.google;
        let revision =
            google.revision_within(age, &target.project, &target.region, &target.name, name).await?;
        coherence::of_revision(&revision, name, &target.name)?;
        Ok(revision)
    }

    /// The revision that this deploy created, for a check that can say nothing without it.
    pub(crate) async fn revision(&self) -> Result<std::sync::Arc<Revision>, Outcome> {
        self.live_revision()
            .await
            .map_err(|answer| inconclusive(&format!("the new revision of {}", self.target.name), answer))
    }
}

/// Whether Cloud Run has noticed the latest change of the service.
pub(crate) fn noticed(service: &Service) -> bool {
    service.observed_generation >= service.generation
}

/// Short name of the newest revision.
fn newest(service: &Service) -> Result<&str, NoAnswer> {
    match short(&service.latest_created_revision) {
        "" => Err(NoAnswer::Inconclusive(Inconclusive::Malformed {
            what: format!("service {}", short(&service.name)),
            detail: "it names no latestCreatedRevision".to_owned(),
        })),
        name => Ok(name),
    }
}

/// The container that requests reach: the one with a port, else the first.
pub(crate) fn ingress(revision: &Revision) -> Option<&Container> {
    let containers = &revision.containers;
    containers.iter().find(|container| !container.ports.is_empty()).or_else(|| containers.first())
}

/// The outcome of a check that needed a resource of the control plane and did not get it, where its absence is
/// another check's finding.
pub(crate) fn inconclusive(what: &str, answer: NoAnswer) -> Outcome {
    let why = match answer {
        NoAnswer::Inconclusive(why) => why,
        NoAnswer::NotFound => Inconclusive::Unavailable {
            what: what.to_owned(),
            detail: "it does not exist any more".to_owned(),
        },
    };
    Outcome::Inconclusive { why }
}

/// The fact holds.
pub(crate) fn passed(detail: impl Into<String>) -> Outcome {
    Outcome::Passed { detail: detail.into() }
}

/// The fact was seen not to hold.
pub(crate) fn failed(finding: Finding) -> Outcome {
    Outcome::Failed { finding }
}

/// There is nothing to check here.
pub(crate) fn not_applicable(because: impl Into<String>) -> Outcome {
    Outcome::Skipped { reason: Skip::NotApplicable { because: because.into() } }
}

/// Only another vantage could see it.
pub(crate) fn not_visible(because: impl Into<String>) -> Outcome {
    Outcome::Skipped { reason: Skip::NotVisible { because: because.into() } }
}

/// An answer that is not in the API's shape, or of a future that this version does not know.
pub(crate) fn malformed(what: impl Into<String>, detail: impl Into<String>) -> Outcome {
    Outcome::Inconclusive { why: Inconclusive::Malformed { what: what.into(), detail: detail.into() } }
}

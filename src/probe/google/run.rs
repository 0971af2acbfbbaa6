//! Cloud Run Admin API v2.

use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;

use futures::future::BoxFuture;
use google_cloud_iam_v1::model::Policy;
use google_cloud_run_v2::model::{
    ListRevisionsResponse, ListServicesResponse, Revision, Service, TrafficTarget, env_var,
};
use serde::de::IgnoredAny;

use super::memo::Memo;
use super::transport::Ask;
use super::{Answer, Google, NoAnswer, POLICY_VERSION, about, calls};
use crate::record::Inconclusive;

/// What was read of Cloud Run.
#[derive(Debug, Default)]
pub(super) struct Memos {
    services: Memo<Service>,
    revisions: Memo<Revision>,
    revision_lists: Memo<Vec<Revision>>,
    policies: Memo<Policy>,
    service_lists: Memo<Vec<Service>>,
    /// How many services will be asked for, by `projects/P/locations/R`.
    expected: HashMap<String, usize>,
}

/// `projects/P/locations/R`.
fn parent(project: &str, region: &str) -> String {
    format!("projects/{project}/locations/{region}")
}

/// Most revisions of a service that are read; Cloud Run keeps up to 1000, and those of interest are young.
const NEWEST: &str = "50";

/// However old: what is known is taken.
const ANY_AGE: Duration = Duration::MAX;

/// From so many services of one region on they are listed: a list has up to [`PAGE`] a request, but also those of
/// the region that nobody asks for.
const LISTED_FROM: usize = 8;

/// Services on a page of a list, at most.
const PAGE: &str = "500";

impl Google {
    /// Says which services will be asked for, as project and region, so that many of one region come by one list
    /// instead of a request each.
    #[must_use]
    pub fn expecting<'a>(mut self, services: impl IntoIterator<Item = (&'a str, &'a str)>) -> Self {
        for (project, region) in services {
            *self.run.expected.entry(parent(project, region)).or_default() += 1;
        }
        self
    }

    /// How many services of a project will be asked for.
    pub fn expected_in(&self, project: &str) -> usize {
        let prefix = format!("projects/{project}/");
        let here = self.run.expected.iter().filter(|(parent, _)| parent.starts_with(&prefix));
        here.map(|(_, services)| services).sum()
    }

    /// The Cloud Run service (`run.services.get`).
    pub async fn service(&self, project: &str, region: &str, service: &str) -> Answer<Service> {
        self.service_within(ANY_AGE, project, region, service).await
    }

    /// The service as it was at most `age` ago. What it gives, later calls of [`Self::service`] give too.
    pub async fn service_within(
        &self,
        age: Duration,
        project: &str,
        region: &str,
        service: &str,
    ) -> Answer<Service> {
        let name = &format!("{}/services/{service}", parent(project, region));
        let fetch = async || {
            // What is to be fresh is one service that moves.
            if age == ANY_AGE
                && let Some(listed) = self.listed(project, region, name).await
            {
                return Ok(listed);
            }
            let found: Arc<Service> =
                self.read(&calls::SERVICE, name, Ask::get(format!("v2/{name}"))).await?;
            about(name, &found.name.clone(), found)
        };
        // Boxed, or the future of the list would stand in those of all checks.
        self.run.services.get_within(age, name, || Box::pin(fetch()) as BoxFuture<'_, _>).await
    }

    /// Whether so many services of a region will be asked for that lists are fewer requests.
    fn many(&self, parent: &str) -> bool {
        self.run.expected.get(parent).is_some_and(|&expected| expected >= LISTED_FROM)
    }

    /// The service out of its region's list, where many of that region are asked for and may be listed. One that the
    /// list lacks is asked for by itself.
    async fn listed(&self, project: &str, region: &str, name: &str) -> Option<Arc<Service>> {
        let parent = &parent(project, region);
        if !self.many(parent) {
            return None;
        }
        let fetch = || {
            let ask = Ask::get(format!("v2/{parent}/services")).with("pageSize", PAGE);
            let parts = |page: ListServicesResponse| (page.services, Some(page.next_page_token));
            self.all(&calls::SERVICES, parent, ask, parts)
        };
        let list = self.run.service_lists.get(parent, fetch).await.ok()?;
        list.iter().find(|service| service.name == *name).map(|service| Arc::new(service.clone()))
    }

    /// Who may do what with a service (`run.services.getIamPolicy`); what it inherits is not in it.
    pub async fn service_policy(&self, project: &str, region: &str, service: &str) -> Answer<Policy> {
        let name = &format!("projects/{project}/locations/{region}/services/{service}");
        let fetch = || {
            let ask = Ask::get(format!("v2/{name}:getIamPolicy"));
            let ask = ask.with("options.requestedPolicyVersion", POLICY_VERSION.to_string());
            self.read(&calls::SERVICE_POLICY, name, ask)
        };
        self.run.policies.get(name, fetch).await
    }

    /// A revision of a service, by its short name (`run.revisions.get`).
    pub async fn revision(
        &self,
        project: &str,
        region: &str,
        service: &str,
        revision: &str,
    ) -> Answer<Revision> {
        self.revision_within(ANY_AGE, project, region, service, revision).await
    }

    /// The revision as it was at most `age` ago. What it gives, later calls of [`Self::revision`] give too.
    pub async fn revision_within(
        &self,
        age: Duration,
        project: &str,
        region: &str,
        service: &str,
        revision: &str,
    ) -> Answer<Revision> {
        let name = &format!("projects/{project}/locations/{region}/services/{service}/revisions/{revision}");
        let fetch = async || {
            // The list of a service's revisions is read in every run, and has the young ones whole: of many services
            // none is asked for by itself, unless it is to be fresh.
            if age == ANY_AGE
                && self.many(&parent(project, region))
                && let Ok(list) = self.revisions(project, region, service).await
                && let Some(listed) = list.iter().find(|one| one.name == *name)
            {
                return Ok(Arc::new(listed.clone()));
            }
            self.read_revision(name).await
        };
        // Boxed, or the future of the list would stand in those of all checks.
        self.run.revisions.get_within(age, name, || Box::pin(fetch()) as BoxFuture<'_, _>).await
    }

    /// The first page of the service's revisions (`run.revisions.list`), which Cloud Run lists newest first: up to 50.
    pub async fn revisions(&self, project: &str, region: &str, service: &str) -> Answer<Vec<Revision>> {
        let parent = &format!("projects/{project}/locations/{region}/services/{service}");
        let resource = &format!("{parent}/revisions");
        let fetch = || async {
            let ask = Ask::get(format!("v2/{resource}")).with("pageSize", NEWEST);
            let page: ListRevisionsResponse = self.once(&calls::REVISIONS, resource, ask).await?;
            page.revisions.iter().for_each(|revision| self.remember(revision));
            Ok(Arc::new(page.revisions))
        };
        self.run.revision_lists.get(resource, fetch).await
    }

    /// Gives a service another split of its traffic, and changes nothing else of it (`run.services.update`). Refused
    /// where the service was changed since it was read. The answer is Cloud Run's word that it begins.
    pub async fn move_traffic(&self, service: &Service, traffic: Vec<TrafficTarget>) -> Result<(), NoAnswer> {
        let name = &service.name;
        let changed = Service::new().set_name(name).set_etag(&service.etag).set_traffic(traffic);
        let changed = serde_json::to_value(changed)
            .map_err(|error| Inconclusive::Defect { detail: error.to_string() })?;
        let ask = Ask::patch(format!("v2/{name}"), changed).with("updateMask", "traffic");
        self.once::<IgnoredAny>(&calls::MOVE_TRAFFIC, name, ask).await.map(drop)
    }

    async fn read_revision(&self, name: &str) -> Answer<Revision> {
        let found: Arc<Revision> = self.read(&calls::REVISION, name, Ask::get(format!("v2/{name}"))).await?;
        self.remember(&found);
        about(name, &found.name.clone(), found)
    }

    /// Not every secret lies in Secret Manager; one that stands on the revision is one all the same.
    fn remember(&self, revision: &Revision) {
        for variable in revision.containers.iter().flat_map(|container| &container.env) {
            if let Some(env_var::Values::Value(value)) = &variable.values {
                self.vault.remember_variable(&variable.name, value);
            }
        }
    }
}

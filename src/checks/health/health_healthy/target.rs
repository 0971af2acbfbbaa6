//! Which URLs are asked.

use google_cloud_run_v2::model::{Service as LiveService, TrafficTargetStatus};
use url::Url;

use crate::checks::service::service_exists;
use crate::live::Scope;
use crate::live::service::{inconclusive, not_visible};
use crate::model::resource::short;
use crate::model::{CommitExpectation, HealthExpectation, Service, Stated, is_reserved};
use crate::probe::google::NoAnswer;
use crate::record::{Barrier, Inconclusive, NodeKey, Outcome, Skip};

/// Where services usually have their health, the most telling first. `/healthz` and `/readyz` are not among them:
/// Google's front end keeps paths that end in `z` for itself.
const CANDIDATES: &[&str] = &[
    "/health",
    "/api/health",
    "/healthcheck",
    "/health/ready",
    "/actuator/health",
    "/q/health",
    "/auth/health",
    "/status",
    "/ready",
    "/live",
];

/// A way to the new revision, with the URLs of it that are asked.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Entrance {
    /// Of the stated path alone, else of each candidate.
    pub(super) urls: Vec<Url>,
    /// Whether the files say where health is.
    pub(super) stated: bool,
}

/// Every way to the new revision that the deploy makes.
pub(super) async fn entrances(scope: &Scope) -> Result<Vec<Entrance>, Outcome> {
    let service = &scope.target.service;
    let paths: Vec<&str> = match &service.health.path {
        Some(path) => vec![path.as_known().ok_or_else(|| unresolved(path, "the health path"))?],
        // A probe asks the container itself, and may well use a path that nobody outside can ask.
        None => service
            .health_paths
            .iter()
            .filter_map(Stated::as_known)
            .filter(|path| !is_reserved(path))
            .collect(),
    };
    let stated = !paths.is_empty();
    let paths = if stated { paths } else { CANDIDATES.to_vec() };
    let mut entrances = Vec::new();
    for base in bases(scope).await? {
        let urls: Result<Vec<Url>, Inconclusive> = paths.iter().map(|path| join(&base, path)).collect();
        let urls = urls.map_err(|why| Outcome::Inconclusive { why })?;
        if let Some(kept) = urls.iter().find(|url| is_google_s(url) && is_reserved(url.path())) {
            let barrier = Barrier::ReservedPath { path: kept.path().to_owned() };
            return Err(Outcome::Inconclusive {
                why: Inconclusive::AccessDenied { url: kept.to_string(), barrier },
            });
        }
        entrances.push(Entrance { urls, stated });
    }
    Ok(entrances)
}

/// Short name of the new revision, where the answer must come from it.
pub(super) async fn revision(scope: &Scope) -> Result<Option<String>, Outcome> {
    if scope.target.service.health.revision.is_none() {
        return Ok(None);
    }
    let what = format!("the new revision of {}", scope.target.name);
    let live = scope.live_service().await.map_err(|answer| inconclusive(&what, answer))?;
    let created = scope.created(&live).map_err(|answer| inconclusive(&what, answer))?;
    Ok(Some(created.to_owned()))
}

/// Whether Google's front end stands there for sure: on this machine (the sandbox) it is ours, which keeps nothing.
fn is_google_s(url: &Url) -> bool {
    url.host_str().is_some_and(|host| host == "run.app" || host.ends_with(".run.app"))
}

/// The outcome where the text of a condition is one that only the pipeline's own run could tell.
pub(super) fn unknown_condition(expectation: &HealthExpectation) -> Option<Outcome> {
    let commit = expectation.commit.iter().map(|CommitExpectation { commit, .. }| commit);
    let unknown = expectation.conditions.iter().chain(commit).find(|stated| stated.as_known().is_none())?;
    Some(unresolved(unknown, "an expectation of health"))
}

/// The URL at which users of the new revision reach it.
pub(in crate::checks) async fn base(scope: &Scope) -> Result<String, Outcome> {
    let first = bases(scope).await?.into_iter().next();
    first
        .ok_or_else(|| not_visible("the service has no URL of its own; state the one that reaches it (url:)"))
}

/// The URLs at which the new revision answers: the stated one, else the service's own, and that of its tag. Without
/// traffic, the service's URL leads to the old revision; a healthy answer of that proves nothing.
async fn bases(scope: &Scope) -> Result<Vec<String>, Outcome> {
    let service = &scope.target.service;
    if let Some(url) = service.url.as_ref().and_then(Stated::as_known) {
        return Ok(vec![url.to_owned()]);
    }
    let what = || format!("service {}", scope.target.name);
    let live = match scope.live_service().await {
        Ok(live) => live,
        Err(NoAnswer::NotFound) => {
            let by = NodeKey { service: &scope.target.key, check: service_exists::CHECK.id, subject: None };
            return Err(Outcome::Blocked { by: by.to_string() });
        }
        Err(answer @ NoAnswer::Inconclusive(_)) => return Err(inconclusive(&what(), answer)),
    };
    let urls = urls_of(service, &live, scope.created(&live).unwrap_or_default()).map_err(not_visible)?;
    if let Some(url) = urls.first() {
        scope.notes.note(|noted| noted.url = Some(url.clone()));
    }
    Ok(urls)
}

/// The same, from what Cloud Run says; else why there is none.
fn urls_of(declared: &Service, live: &LiveService, created: &str) -> Result<Vec<String>, String> {
    let tag = declared.tag.as_ref().and_then(Stated::as_known);
    let of_new = |status: &&TrafficTargetStatus| short(&status.revision) == created;
    let tagged = live
        .traffic_statuses
        .iter()
        .filter(|status| !status.uri.is_empty())
        .find(|status| tag.map_or_else(|| of_new(status), |tag| tag == status.tag));
    if let (Some(tag), Some(tagged)) = (tag, tagged)
        && !created.is_empty()
        && !of_new(&tagged)
    {
        let other = short(&tagged.revision);
        return Err(format!("the tag {tag} leads to {other}, and not to the new revision {created}"));
    }
    if declared.no_traffic == Some(true) {
        let tagged =
            tagged.ok_or("the new revision gets no traffic, and has no tag under which it could be asked")?;
        return Ok(vec![tagged.uri.clone()]);
    }
    let mut urls: Vec<String> = [&live.uri].into_iter().filter(|uri| !uri.is_empty()).cloned().collect();
    // Where the deploy names a tag, users of the tag are users too.
    if tag.is_some() {
        urls.extend(tagged.map(|status| status.uri.clone()));
    }
    if urls.is_empty() {
        return Err("the service has no URL of its own; state the one that reaches it (url:)".to_owned());
    }
    Ok(urls)
}

fn join(base: &str, path: &str) -> Result<Url, Inconclusive> {
    let text = if path.starts_with("http://") || path.starts_with("https://") {
        path.to_owned()
    } else {
        format!("{}/{}", base.trim_end_matches('/'), path.trim_start_matches('/'))
    };
    Url::parse(&text).map_err(|error| Inconclusive::Unavailable {
        what: format!("health at {text}"),
        detail: error.to_string(),
    })
}

fn unresolved(stated: &Stated, what: &str) -> Outcome {
    Outcome::Skipped { reason: Skip::Unresolved { what: format!("{} ({what})", stated.raw()) } }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::live::testing::place;
    use crate::model::DeploysVia;

    #[test]
    fn paths_are_put_behind_the_base() {
        for (base, path, expected) in [
            ("https://a.run.app", "/health", "https://a.run.app/health"),
            ("https://a.run.app/", "health", "https://a.run.app/health"),
            ("https://a.example/api/", "/health?full=1", "https://a.example/api/health?full=1"),
            ("https://a.run.app", "https://b.example/health", "https://b.example/health"),
        ] {
            assert_eq!(join(base, path).unwrap().as_str(), expected);
        }
        assert!(join("no url", "/health").is_err());
    }

    fn service(no_traffic: Option<bool>, tag: Option<&str>) -> Service {
        let mut service = Service::new(DeploysVia::Native, place());
        (service.no_traffic, service.tag) = (no_traffic, tag.map(|tag| Stated::known(tag, place())));
        service
    }

    #[test]
    fn the_new_revision_is_asked_at_every_way_that_the_deploy_makes() {
        let status = |tag: &str, revision: &str| {
            TrafficTargetStatus::new()
                .set_tag(tag)
                .set_revision(revision)
                .set_uri(format!("https://{tag}---a.run.app"))
        };
        let live = LiveService::new().set_uri("https://a.run.app").set_traffic_statuses([
            status("old", "a-1"),
            status("new", "a-2"),
            TrafficTargetStatus::new().set_revision("a-2"),
        ]);
        let urls = |declared: &Service| urls_of(declared, &live, "a-2");
        let (own, new) = ("https://a.run.app".to_owned(), "https://new---a.run.app".to_owned());
        assert_eq!(urls(&service(None, None)), Ok(vec![own.clone()]));
        assert_eq!(urls(&service(None, Some("new"))), Ok(vec![own, new.clone()]));
        assert_eq!(urls(&service(Some(true), Some("new"))), Ok(vec![new.clone()]));
        assert_eq!(urls(&service(Some(true), None)), Ok(vec![new]));
        let stale = urls(&service(Some(true), Some("old"))).unwrap_err();
        assert!(stale.contains("leads to a-1"), "{stale}");
        assert!(urls(&service(Some(true), Some("gone"))).is_err());
        assert!(urls_of(&service(None, None), &LiveService::new(), "a-2").is_err());
    }

    #[test]
    fn no_candidate_is_a_path_that_google_keeps() {
        assert!(CANDIDATES.iter().all(|path| !path.ends_with('z') && !is_reserved(path)));
        assert!(is_reserved("/healthz") && is_reserved("/_ah/warmup?x") && !is_reserved("/health"));
        let google = |url: &str| is_google_s(&Url::parse(url).unwrap());
        assert!(google("https://a-x-ew.a.run.app/") && google("https://a-1.europe-west1.run.app/"));
        assert!(
            !google("http://127.0.0.1:1/")
                && !google("https://health.example/")
                && !google("https://run.app.example/")
        );
    }
}

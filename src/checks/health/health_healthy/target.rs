//! Which URLs are asked.

use url::Url;

use crate::checks::Scope;
use crate::checks::facts::{broken, not_visible, short_name};
use crate::checks::service::service_exists;
use crate::model::{HealthExpectation, Stated};
use crate::probe::google::NoAnswer;
use crate::run::outcome::{Broken, Outcome, Skip};
use crate::run::record::NodeKey;

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

/// Whether the files say where health is.
pub(super) fn is_stated(scope: &Scope) -> bool {
    let service = &scope.target.service;
    service.health.path.is_some() || service.health_paths.iter().any(|path| path.as_known().is_some())
}

/// The URLs to ask: of the stated path alone, else of each candidate.
pub(super) async fn urls(scope: &Scope) -> Result<Vec<Url>, Outcome> {
    let service = &scope.target.service;
    let paths: Vec<&str> = match &service.health.path {
        Some(path) => vec![path.as_known().ok_or_else(|| unresolved(path, "the health path"))?],
        None => service.health_paths.iter().filter_map(Stated::as_known).collect(),
    };
    let paths = if paths.is_empty() { CANDIDATES.to_vec() } else { paths };
    let base = base(scope).await?;
    let urls: Result<_, Broken> = paths.into_iter().map(|path| join(&base, path)).collect();
    urls.map_err(|why| Outcome::Broken { why })
}

/// The outcome where the text of a condition is one that only the pipeline's own run could tell.
pub(super) fn unknown_condition(expectation: &HealthExpectation) -> Option<Outcome> {
    let unknown = expectation.conditions.iter().find(|condition| condition.as_known().is_none())?;
    Some(unresolved(unknown, "a condition on health"))
}

/// The URL at which the new revision answers.
pub(in crate::checks) async fn base(scope: &Scope) -> Result<String, Outcome> {
    let service = &scope.target.service;
    let quiet = service.no_traffic == Some(true);
    if let Some(url) = service.url.as_ref().and_then(Stated::as_known) {
        return Ok(url.to_owned());
    }
    let what = || format!("service {}", scope.target.name);
    let live = match scope.live_service().await {
        Ok(live) => live,
        Err(NoAnswer::NotFound) => {
            let by = NodeKey { service: &scope.target.key, check: service_exists::CHECK.id, subject: None };
            return Err(Outcome::Blocked { by: by.to_string() });
        }
        Err(answer @ NoAnswer::Broken(_)) => return Err(broken(&what(), answer)),
    };
    let url = if quiet {
        // Without traffic, the service's URL leads to the old revision; a healthy answer of that proves nothing.
        let tag = service.tag.as_ref().and_then(Stated::as_known);
        let created = scope.created(&live).unwrap_or_default();
        let tagged = live.traffic_statuses.iter().find(|status| {
            !status.uri.is_empty()
                && tag.map_or_else(|| short_name(&status.revision) == created, |tag| tag == status.tag)
        });
        let Some(tagged) = tagged else {
            return Err(not_visible(
                "the new revision gets no traffic, and has no tag under which it could be asked",
            ));
        };
        &tagged.uri
    } else {
        &live.uri
    };
    if url.is_empty() {
        return Err(not_visible("the service has no URL of its own; state the one that reaches it (url:)"));
    }
    scope.notes.note(|noted| noted.url = Some(url.to_owned()));
    Ok(url.to_owned())
}

fn join(base: &str, path: &str) -> Result<Url, Broken> {
    let text = if path.starts_with("http://") || path.starts_with("https://") {
        path.to_owned()
    } else {
        format!("{}/{}", base.trim_end_matches('/'), path.trim_start_matches('/'))
    };
    Url::parse(&text)
        .map_err(|error| Broken::Unavailable { what: format!("health at {text}"), detail: error.to_string() })
}

fn unresolved(stated: &Stated, what: &str) -> Outcome {
    Outcome::Skipped { reason: Skip::Unresolved { what: format!("{} ({what})", stated.raw()) } }
}

#[cfg(test)]
mod tests {
    use super::*;

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

    #[test]
    fn no_candidate_is_a_path_that_google_keeps() {
        assert!(CANDIDATES.iter().all(|path| !path.ends_with('z') && !path.starts_with("/_ah")));
    }
}

//! Asking for health until it is healthy, or its window ends.

use std::time::Duration;

use tokio::time::Instant;

use super::Scope;
use super::facts::{broken, failed, not_visible, passed, short_name};
use super::health_answer::{Seen, look};
use super::service_exists;
use crate::model::HealthExpectation;
use crate::probe::google::NoAnswer;
use crate::run::finding::{Finding, HealthFinding};
use crate::run::outcome::Outcome;
use crate::run::record::{Fact, NodeKey};

/// Asked side by side where nobody says where health is; the most usual first. Never a path that ends in `z`:
/// Google's front end keeps some of those for itself (`/healthz`).
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

/// Slowly enough that two gates do not ask in step.
const JITTER_MS: u64 = 50;

/// What is asked, and how.
#[derive(Debug)]
pub(super) struct Round {
    /// The URLs that are left to ask; one, once one of them has answered with something about health.
    urls: Vec<String>,
    /// Whether the path is known, so that its 404 may be one of a service that still starts.
    stated: bool,
    expectation: HealthExpectation,
}

impl Round {
    /// What to ask of a service.
    ///
    /// # Errors
    /// The outcome where its URL is not known.
    pub(super) async fn of(scope: &Scope) -> Result<Self, Outcome> {
        let service = &scope.target.service;
        let base = base(scope).await?;
        let path = service.health.path.as_ref().and_then(|path| path.as_known());
        let path = path.or_else(|| service.health_paths.iter().find_map(|path| path.as_known()));
        let at = |path: &str| format!("{}/{}", base.trim_end_matches('/'), path.trim_start_matches('/'));
        let urls =
            path.map_or_else(|| CANDIDATES.iter().map(|path| at(path)).collect(), |path| vec![at(path)]);
        Ok(Self { urls, stated: path.is_some(), expectation: service.health.clone() })
    }
}

/// Where the new revision answers: the stated URL; the tag's, where the deploy keeps traffic away; else the service's.
async fn base(scope: &Scope) -> Result<String, Outcome> {
    let stated = &scope.target.service;
    if let Some(url) = stated.url.as_ref().and_then(|url| url.as_known()) {
        return Ok(url.to_owned());
    }
    let service = match scope.live_service().await {
        Ok(service) => service,
        Err(NoAnswer::NotFound) => {
            let by = NodeKey { service: &scope.target.key, check: service_exists::CHECK.id, subject: None };
            return Err(Outcome::Blocked { by: by.to_string() });
        }
        Err(answer @ NoAnswer::Broken(_)) => {
            return Err(broken(&format!("the URL of {}", scope.target.name), answer));
        }
    };
    if stated.no_traffic == Some(true) {
        let tag = stated.tag.as_ref().and_then(|tag| tag.as_known());
        let created = short_name(&service.latest_created_revision);
        let tagged = service.traffic_statuses.iter().find(|status| {
            !status.uri.is_empty()
                && tag.map_or_else(|| short_name(&status.revision) == created, |tag| tag == status.tag)
        });
        return tagged.map(|status| status.uri.clone()).ok_or_else(|| {
            not_visible("the new revision gets no traffic, and has no tag under which it could be asked")
        });
    }
    if service.uri.is_empty() {
        return Err(not_visible("the service has no URL of its own; state the one that reaches it (url:)"));
    }
    Ok(service.uri.clone())
}

/// Asks until health is proven, or the window ends.
pub(super) async fn poll(scope: &Scope, mut round: Round) -> Outcome {
    let began = Instant::now();
    let mut course = Course::default();
    let mut disagreed = None;
    for number in 0_u64.. {
        let seen = attempt(scope, &mut round).await;
        let last = began.elapsed() + round.expectation.interval >= round.expectation.window;
        course.take(seen.finding.is_none());
        // Once is enough, while it stays the same.
        let disagreement = seen.disagreement();
        if disagreement != disagreed {
            disagreement.iter().for_each(|fact| scope.fact(fact.clone()));
            disagreed = disagreement;
        }
        match seen.finding {
            None => {
                if course.in_a_row == 1 && course.bad > 0 {
                    let after_ms = u64::try_from(began.elapsed().as_millis()).unwrap_or(u64::MAX);
                    scope.fact(Fact::ColdStart { failures: course.bad, after_ms });
                }
                if course.in_a_row >= round.expectation.successes.max(1) {
                    for dependency in seen.working {
                        scope.fact(Fact::DependencyUp { dependency });
                    }
                    return passed(seen.detail);
                }
                scope.notes.so_far(None);
                if last {
                    return failed(course.unstable(seen.url));
                }
            }
            Some(finding) => {
                // No waiting makes a path appear that a running service does not have; one that is stated may be
                // of a service that still starts.
                let lasting = matches!(finding, HealthFinding::NotFound { .. }) && !round.stated;
                let finding =
                    if course.wavers() { course.unstable(seen.url) } else { Finding::Health(finding) };
                if last || lasting {
                    return failed(finding);
                }
                scope.notes.so_far(Some(finding));
            }
        }
        let jitter = Duration::from_millis(number.wrapping_mul(7) % JITTER_MS);
        tokio::time::sleep(round.expectation.interval + jitter).await;
    }
    not_visible("health was asked for ever") // the loop above has no end of its own
}

/// How the answers followed each other.
#[derive(Debug, Default)]
struct Course {
    /// One letter an answer.
    pattern: String,
    /// Healthy answers since the last other one.
    in_a_row: u32,
    /// Other answers.
    bad: u32,
}

impl Course {
    /// The longest pattern that is shown.
    const LONGEST: usize = 120;

    fn take(&mut self, healthy: bool) {
        if self.pattern.len() < Self::LONGEST {
            self.pattern.push(if healthy { 'H' } else { 'U' });
        }
        self.in_a_row = if healthy { self.in_a_row + 1 } else { 0 };
        self.bad += u32::from(!healthy);
    }

    /// Whether health was there, and went.
    fn wavers(&self) -> bool {
        self.pattern.contains("HU")
    }

    fn unstable(&self, url: String) -> Finding {
        Finding::Health(HealthFinding::Unstable { url, pattern: self.pattern.clone() })
    }
}

/// Asks every URL that is left at once, and takes the first in order that has something to say.
async fn attempt(scope: &Scope, round: &mut Round) -> Seen {
    let at_ms = scope.at_ms();
    let asked = round.urls.iter().map(|url| async {
        let answer = scope.outside.http.get(url).await;
        look(url, answer, &round.expectation)
    });
    let all = futures::future::join_all(asked).await;
    for seen in all.iter().filter(|seen| round.urls.len() == 1 || seen.speaks) {
        scope.fact(seen.fact(at_ms));
    }
    match all.iter().position(|seen| seen.speaks) {
        Some(at) => {
            round.urls = vec![round.urls[at].clone()];
            all.into_iter().nth(at)
        }
        None => all.iter().position(|seen| !seen.absent).and_then(|at| all.into_iter().nth(at)),
    }
    .unwrap_or_else(|| Seen::nowhere(&round.urls))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn wavering_is_health_that_was_there_and_went() {
        let course = |answers: &str| {
            let mut course = Course::default();
            answers.chars().for_each(|answer| course.take(answer == 'H'));
            course
        };
        assert!(!course("UUUHH").wavers(), "a cold start does not waver");
        assert!(course("UHUH").wavers());
        assert_eq!(course("UUHH").in_a_row, 2);
        assert_eq!(course("HHU").in_a_row, 0);
        assert_eq!(course(&"HU".repeat(500)).pattern.len(), Course::LONGEST);
    }

    #[test]
    fn no_candidate_is_a_path_that_googles_front_end_keeps() {
        for path in CANDIDATES {
            assert!(
                !path.ends_with('z') && !path.starts_with("/_ah") && !path.starts_with("/eventlog"),
                "{path}"
            );
        }
    }
}

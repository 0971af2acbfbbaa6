//! The whole check against services on the loopback that behave as services do.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use axum::Router;
use axum::extract::Request;
use axum::http::StatusCode;

use tokio::time::Instant;

use super::*;
use crate::live::testing::place;
use crate::live::{RunSettings, Siblings};
use crate::model::{DeploysVia, Service, Stated, Target};
use crate::probe::Outside;
use crate::probe::dial::System;
use crate::probe::google::{Auth, Endpoints, Google, Timeouts};
use crate::probe::http::Http;
use crate::record::Fact;
use crate::record::finding::{Finding, HealthFinding};
use crate::text::vault::Vault;

const OK: &str = r#"{"status":"ok","database":"up"}"#;
const DOWN: &str = r#"{"status":"unhealthy","database_status":"error"}"#;
const MISSING: &str = r#"{"detail":"Not Found"}"#;
const LIMIT: Duration = Duration::from_millis(400);

/// What a service does with the n-th request of a path; `None`: it never answers.
type Behaviour = fn(&str, usize) -> Option<(u16, &'static str)>;

async fn served(behaviour: Behaviour) -> String {
    let asked = Arc::new(AtomicUsize::new(0));
    let answer = move |request: Request| {
        let number = asked.fetch_add(1, Ordering::Relaxed);
        async move {
            match behaviour(request.uri().path(), number) {
                Some((status, body)) => (StatusCode::from_u16(status).unwrap(), body),
                None => std::future::pending().await,
            }
        }
    };
    let listener = tokio::net::TcpListener::bind(("127.0.0.1", 0)).await.unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    tokio::spawn(async move { axum::serve(listener, Router::new().fallback(answer)).await });
    url
}

/// Runs the check; `path` is stated, or the candidates are asked.
async fn checked(behaviour: Behaviour, path: Option<&str>) -> (Outcome, Scope) {
    let mut service = Service::new(DeploysVia::Native, place());
    service.url = Some(Stated::known(served(behaviour).await, place()));
    service.health.path = path.map(|path| Stated::known(path, place()));
    service.health.window = Duration::from_millis(700);
    service.health.interval = Duration::from_millis(20);
    let vault = Arc::new(Vault::default());
    let google = Google::new(&Endpoints::default(), Auth::Anonymous, Arc::clone(&vault), Timeouts::default());
    let name = || "auth".to_owned();
    let scope = Scope {
        target: Arc::new(Target {
            key: name(),
            name: name(),
            project: name(),
            region: name(),
            revision: None,
            service,
        }),
        subject: None,
        outside: Arc::new(Outside { google, http: Http::new(LIMIT), dial: Arc::new(System), vault }),
        settings: Arc::new(RunSettings {
            vantage: Vantage::Runner,
            inspect_secrets: false,
            connect_timeout: LIMIT,
            step_timeout: LIMIT,
            fewest_answers: 1,
        }),
        notes: Arc::default(),
        conversation: Default::default(),
        siblings: Siblings::new(tokio::sync::watch::Sender::default().subscribe()),
        walks: Arc::default(),
        started: Instant::now(),
    };
    let outcome = (CHECK.run)(&scope).await;
    (outcome, scope)
}

fn mark(fact: &Fact) -> Option<char> {
    let Fact::HealthAttempt(attempt) = fact else { return None };
    attempt.taken.mark()
}

fn finding(outcome: Outcome) -> HealthFinding {
    let Outcome::Failed { finding: Finding::Health(finding) } = outcome else {
        panic!("expected a finding of health, got {outcome:?}")
    };
    finding
}

#[tokio::test]
async fn a_cold_start_ends_healthy_and_is_noted() {
    let (outcome, scope) =
        checked(|_, number| Some(if number < 3 { (200, DOWN) } else { (200, OK) }), Some("/health")).await;
    assert!(matches!(outcome, Outcome::Passed { .. }), "{outcome:?}");
    let noted = scope.notes.read();
    assert_eq!(noted.so_far, None);
    assert!(noted.facts.iter().any(|fact| matches!(fact, Fact::ColdStart { failures: 3, .. })));
    assert!(noted.facts.iter().any(
        |fact| matches!(fact, Fact::DependencyUp { dependency } if dependency.name == "database" && dependency.database)
    ));
    let marks: String = noted.facts.iter().filter_map(mark).collect();
    assert_eq!(marks, "✗✗✗✓✓");
    let disagreements = noted.facts.iter().filter(|fact| matches!(fact, Fact::SignalsDisagree { .. }));
    assert_eq!(disagreements.count(), 1, "said once, however often it is seen");
}

#[tokio::test]
async fn what_stays_unhealthy_is_told_as_it_is_and_while_it_lasts() {
    let (outcome, scope) = checked(|_, _| Some((200, DOWN)), Some("/health")).await;
    let HealthFinding::Unhealthy { status: 200, failing, .. } = finding(outcome) else { panic!("unhealthy") };
    assert!(failing[0].database);
    assert!(scope.notes.read().so_far.is_some());
}

/// The incident's own trap: the endpoint that asks the database hangs, the one that asks nobody says ok.
#[tokio::test]
async fn a_health_path_that_hangs_is_not_passed_over_for_one_that_asks_nobody() {
    let behaviour: Behaviour = |path, _| match path {
        "/health" => None,
        "/live" | "/status" => Some((200, OK)),
        _ => Some((404, MISSING)),
    };
    let (outcome, _) = checked(behaviour, None).await;
    let HealthFinding::NoAnswer { url, .. } = finding(outcome) else { panic!("no answer") };
    assert!(url.ends_with("/health"));
}

#[tokio::test]
async fn the_candidate_that_exists_is_found() {
    let behaviour: Behaviour = |path, _| match path {
        "/actuator/health" => Some((200, OK)),
        "/status" => Some((200, "<html>a page</html>")),
        _ => Some((404, MISSING)),
    };
    let (outcome, _) = checked(behaviour, None).await;
    let Outcome::Passed { detail } = outcome else { panic!("{outcome:?}") };
    assert!(detail.contains("/actuator/health"), "{detail}");
}

#[tokio::test]
async fn no_candidate_at_all_ends_early_and_names_them() {
    static ASKED: AtomicUsize = AtomicUsize::new(0);
    let behaviour: Behaviour = |_, _| {
        ASKED.fetch_add(1, Ordering::Relaxed);
        Some((404, MISSING))
    };
    let (outcome, _) = checked(behaviour, None).await;
    let HealthFinding::NotFound { urls } = finding(outcome) else { panic!("not found") };
    assert!(urls.len() > 5);
    assert_eq!(ASKED.load(Ordering::Relaxed), 2 * urls.len(), "two rounds, and not until the window ends");
}

#[tokio::test]
async fn turns_are_unstable() {
    let (outcome, _) =
        checked(|_, number| Some(if number % 2 == 0 { (200, OK) } else { (200, DOWN) }), Some("/health"))
            .await;
    let HealthFinding::Unstable { pattern, .. } = finding(outcome) else { panic!("unstable") };
    assert!(pattern.starts_with("✓✗✓✗"), "{pattern}");
}

//! Health as the gate meets it: doors that are shut, Google's front end in the service's place, other builds, several
//! ways to one revision.

use std::collections::BTreeSet;
use std::sync::{Arc, Mutex};

use rungate::diagnosis::cause::CauseCode;
use rungate::diagnosis::{Confidence, Diagnosis, Verdict};
use rungate::model::{CommitExpectation, Stated, ToldBy};
use rungate::record::{AttemptVerdict, Fact, HealthAttempt, RunRecord, Taken};
use rungate::sandbox::faults::{Fault, subject};

use serde_json::{Value, json};
use strum::IntoEnumIterator as _;

use crate::common::{Ran, Rungate};
use crate::loopback::Loopback;
use crate::revision_drill::{fault, gate};
use crate::sandbox::{PROJECT, auth, auth_expecting, known};
use crate::standin::{check, control_plane, fixture, http, path, pipeline, send};

fn attempts(record: &RunRecord) -> Vec<&HealthAttempt> {
    let facts =
        record.nodes.iter().filter(|node| node.check == "health-healthy").flat_map(|node| &node.facts);
    facts
        .filter_map(|fact| match fact {
            Fact::HealthAttempt(attempt) => Some(attempt),
            _ => None,
        })
        .collect()
}

fn first(diagnosis: &Diagnosis) -> (CauseCode, Confidence, Verdict) {
    let cause = diagnosis.causes.first().unwrap();
    (cause.code, cause.confidence, diagnosis.verdict)
}

static NO_LOGGING: Fault =
    Fault::after_deploy(CauseCode::Inconclusive, "Of a test.", &subject::ANY, |world, _| {
        world.disabled_apis.push((PROJECT.to_owned(), "logging.googleapis.com".to_owned()));
    });

/// The front end's short texts are settled by the log of requests, and stay a guess without it.
#[tokio::test]
async fn who_answered_in_the_service_s_place_is_settled_by_the_log() {
    use CauseCode::*;
    let rows = [
        ("no-instance-available", NoInstanceAvailable),
        ("instance-crashing", InstanceCrashing),
        ("request-timed-out", RequestTimedOut),
    ];
    for (code, cause) in rows {
        let (record, diagnosis) = gate(auth(), &[fault(code)]).await;
        assert_eq!(first(&diagnosis), (cause, Confidence::Proven, Verdict::Unhealthy), "{code}");
        assert!(diagnosis.causes[0].claim.contains("the log of requests says: The request "), "{code}");
        assert!(
            attempts(&record).iter().all(|attempt| attempt.verdict == AttemptVerdict::FrontEnd),
            "{code}"
        );
        let (_, diagnosis) = gate(auth(), &[fault(code), &NO_LOGGING]).await;
        assert_eq!(
            first(&diagnosis),
            (cause, Confidence::Likely, Verdict::Unhealthy),
            "{code} without the log"
        );
    }
}

/// A handler that waits for its database is a symptom of the database.
#[tokio::test]
async fn a_hanging_handler_is_a_symptom_of_the_database_that_it_waits_for() {
    let (_, diagnosis) = gate(auth(), &[fault("request-timed-out"), fault("instance-stopped")]).await;
    assert_eq!(diagnosis.causes[0].code, CauseCode::InstanceStopped, "{:?}", diagnosis.causes);
}

/// What keeps the gate out says nothing of health: inconclusive, and soon.
#[tokio::test]
async fn a_shut_door_is_no_verdict_on_health() {
    use CauseCode::*;
    for (code, cause, seen) in [
        ("ingress-closed", IngressClosed, AttemptVerdict::FrontEnd),
        ("health-requires-login", HealthRequiresLogin, AttemptVerdict::BehindLogin),
    ] {
        let (record, diagnosis) = gate(auth(), &[fault(code)]).await;
        assert_eq!(first(&diagnosis), (cause, Confidence::Proven, Verdict::Inconclusive), "{code}");
        let attempts = attempts(&record);
        assert!(attempts.iter().all(|attempt| attempt.verdict == seen), "{code}: {attempts:?}");
        assert!(
            attempts.len() <= 2,
            "{code}: waiting opens no barrier, and {} questions were asked",
            attempts.len()
        );
    }
    // Where the files promise an open barrier, users stand before the closed one.
    let mut promised = auth();
    promised.ingress = Some(known("all"));
    static CLOSED: Fault =
        Fault::after_deploy(CauseCode::IngressClosed, "Of a test.", &subject::ANY, |world, service| {
            (fault("ingress-closed").change)(world, service);
        });
    let (_, diagnosis) = gate(promised, &[&CLOSED]).await;
    assert_eq!(first(&diagnosis), (IngressClosed, Confidence::Proven, Verdict::Unhealthy));
}

/// Each expectation that only a run can check: met by the healthy world, not by its fault.
#[tokio::test]
async fn versions_and_latency_are_expected_and_seen() {
    use CauseCode::*;
    let header = auth_expecting;
    let json = || {
        let mut service = auth_expecting();
        service.health.revision = Some(ToldBy::Json(known("$.revision")));
        service
    };
    let commit = || {
        let mut service = auth_expecting();
        service.health.revision = None;
        let commit = known("1a2b3c4d5e6f7a8b9c0d1a2b3c4d5e6f7a8b9c0d");
        service.health.commit = Some(CommitExpectation { told_by: ToldBy::Json(known("$.commit")), commit });
        service
    };
    for (what, service) in [("header", header()), ("json", json()), ("commit", commit())] {
        let (_, diagnosis) = gate(service.clone(), &[]).await;
        assert_eq!(diagnosis.verdict, Verdict::Healthy, "{what}: {:?}", diagnosis.causes);
        let (record, diagnosis) = gate(service, &[fault("health-version-mismatch")]).await;
        assert_eq!(
            first(&diagnosis),
            (HealthVersionMismatch, Confidence::Proven, Verdict::Unhealthy),
            "{what}"
        );
        let last = attempts(&record).last().unwrap().detail.clone().unwrap();
        assert!(last.ends_with("answers"), "{what}: {last}");
    }
    let (_, diagnosis) = gate(auth_expecting(), &[fault("health-expectation-unmet")]).await;
    assert_eq!(first(&diagnosis), (HealthExpectationUnmet, Confidence::Proven, Verdict::Unhealthy));
    assert!(diagnosis.causes[0].claim.contains("ms where 4000 are allowed"), "{}", diagnosis.causes[0].claim);
}

/// A commit that only the environment could tell, and does not, is nobody's pass.
#[tokio::test]
async fn an_expectation_that_nobody_can_resolve_is_undecided() {
    let mut service = auth();
    let commit = Stated::unresolved("$GITHUB_SHA", known("x").place);
    service.health.commit = Some(CommitExpectation { told_by: ToldBy::Json(known("$.commit")), commit });
    let (_, diagnosis) = gate(service, &[]).await;
    assert_eq!(diagnosis.verdict, Verdict::Inconclusive);
    assert!(diagnosis.causes[0].claim.contains("$GITHUB_SHA"), "{}", diagnosis.causes[0].claim);
}

/// Every attempt of a run is in its record, in order, with what polling made of it.
#[tokio::test]
async fn every_attempt_is_kept() {
    let (record, diagnosis) = gate(auth(), &[fault("health-reports-unhealthy")]).await;
    assert_eq!(diagnosis.verdict, Verdict::Unhealthy);
    let attempts = attempts(&record);
    assert!(attempts.len() >= 3, "{attempts:?}");
    assert!(attempts.windows(2).all(|pair| pair[0].at_ms < pair[1].at_ms), "{attempts:?}");
    assert!(attempts.iter().all(|attempt| attempt.status == Some(200) && attempt.taken == Taken::Failure));
    assert!(attempts.iter().all(|attempt| attempt.verdict == AttemptVerdict::Unhealthy));
}

/// A cloud in which the deploy made a tag: where the service and the tag answer, and what.
async fn tagged(no_traffic: bool, service: &'static str, tag: &'static str) -> Ran {
    const SERVICE: &str = "/v2/projects/demo-project/locations/europe-west1/services/auth";
    let at = |body: &'static str| http(move |_, stream| send(stream, 200, "", body.as_bytes()));
    let google = Loopback::start().await;
    let mut live: Value = serde_json::from_str(fixture(SERVICE).unwrap()).unwrap();
    live["uri"] = at(service).into();
    let revision = live["latestCreatedRevision"].clone();
    let statuses = live["trafficStatuses"].as_array_mut().unwrap();
    statuses.push(json!({"type": "TRAFFIC_TARGET_ALLOCATION_TYPE_REVISION", "revision": revision, "tag": "next", "uri": at(tag)}));
    google.serves(SERVICE, live.to_string());
    let revision = format!("{SERVICE}/revisions/auth-00007-xyz");
    google.serves(&revision, fixture(&revision).unwrap());
    let rungate = Rungate::new();
    let file = "version: 1\nservices:\n  - name: auth\n    project: demo-project\n    region: europe-west1\n    tag: next\n";
    let health = "    health: { path: /health, window: 1s, interval: 100ms, successes: 1 }\n";
    rungate.file("rungate.yaml", format!("{file}    no_traffic: {no_traffic}\n{health}"));
    let mut command = check(&rungate, google.url.trim_end_matches('/'), &["--quiet"]);
    let output = tokio::task::spawn_blocking(move || command.output().unwrap()).await.unwrap();
    Ran::of(output)
}

#[tokio::test]
async fn the_new_revision_is_asked_at_its_tag_and_with_traffic_at_both_doors() {
    const UP: &str = r#"{"status":"ok"}"#;
    const DOWN: &str = r#"{"status":"unhealthy"}"#;
    // Without traffic, the service's own URL leads to the old revision.
    let ran = tagged(true, DOWN, UP).await;
    assert!(!ran.stdout.contains("says unhealthy"), "{}", ran.all());
    let ran = tagged(true, UP, DOWN).await;
    assert!(ran.status == 1 && ran.stdout.contains("says unhealthy"), "{}", ran.all());
    // With traffic, users come by both.
    for (service, tag) in [(UP, DOWN), (DOWN, UP)] {
        let ran = tagged(false, service, tag).await;
        assert!(ran.status == 1 && ran.stdout.contains("says unhealthy"), "{}", ran.all());
    }
    let ran = tagged(false, UP, UP).await;
    assert_eq!(ran.status, 0, "{}", ran.all());
}

/// What a health answer is made of without a path in the files: several are tried, the most telling one counts.
#[tokio::test]
async fn of_the_usual_paths_the_most_telling_one_counts() {
    let service = http(|head, stream| match path(head) {
        "/health" => send(stream, 200, "", br#"{"status":"ok"}"#),
        "/health/ready" => send(stream, 200, "", br#"{"status":"ok","database":"down"}"#),
        _ => send(stream, 404, "", br#"{"detail":"Not Found"}"#),
    });
    let rungate = Rungate::new();
    let file = pipeline(&service, "").replace("path: /health, ", "");
    rungate.file("rungate.yaml", file);
    let mut command = check(&rungate, &control_plane(), &["--save-run", "run.json"]);
    let ran = Ran::of(tokio::task::spawn_blocking(move || command.output().unwrap()).await.unwrap());
    assert!(ran.status == 1 && ran.stdout.contains("/health/ready"), "{}", ran.all());
    let record: RunRecord = serde_json::from_str(&rungate.read("run.json")).unwrap();
    let asked: BTreeSet<&str> = attempts(&record).iter().map(|attempt| attempt.url.as_str()).collect();
    assert!(asked.len() >= 5, "every usual path is in the record: {asked:?}");
}

/// A redirect within the service is followed; a circle, another host and the metadata server are not.
#[test]
fn redirects_are_followed_within_the_service_only() {
    let asked: Arc<Mutex<Vec<String>>> = Arc::default();
    let elsewhere = {
        let asked = Arc::clone(&asked);
        http(move |head, stream| {
            asked.lock().unwrap().push(path(head).to_owned());
            send(stream, 200, "", br#"{"status":"ok"}"#);
        })
    };
    for (location, status) in [
        ("/health/".to_owned(), 0),
        ("/health".to_owned(), 1),
        ("/a".to_owned(), 1),
        (format!("{elsewhere}/health"), 1),
        ("http://169.254.169.254/computeMetadata/v1/".to_owned(), 1),
        ("http://metadata.google.internal/".to_owned(), 1),
        ("/login".to_owned(), 3),
        ("https://accounts.google.com/o/oauth2/v2/auth".to_owned(), 3),
    ] {
        let to = location.clone();
        let service = http(move |head, stream| match path(head) {
            "/health" => send(stream, 302, &format!("Location: {to}\r\n"), b""),
            "/a" => send(stream, 302, "Location: /b\r\n", b""),
            "/b" => send(stream, 302, "Location: /a\r\n", b""),
            _ => send(stream, 200, "", br#"{"status":"ok"}"#),
        });
        let rungate = Rungate::new();
        rungate.file("rungate.yaml", pipeline(&service, ""));
        let ran = Ran::of(check(&rungate, &control_plane(), &[]).output().unwrap());
        assert_eq!(ran.status, status, "{location}: {}", ran.all());
    }
    assert!(asked.lock().unwrap().is_empty(), "another host was asked");
}

/// What the gate makes of an answer of a service, beside what the log of requests has of it; the exit status, the output,
/// and how often the log was asked.
async fn beside_the_log(status: u16, body: &'static str, entries: Value) -> (Ran, usize) {
    const SERVICE: &str = "/v2/projects/demo-project/locations/europe-west1/services/auth";
    let google = Loopback::start().await;
    google.serves(SERVICE, fixture(SERVICE).unwrap());
    let revision = format!("{SERVICE}/revisions/auth-00007-xyz");
    google.serves(&revision, fixture(&revision).unwrap());
    google.serves("/v2/entries:list", json!({ "entries": entries }).to_string());
    let service = http(move |_, stream| send(stream, status, "", body.as_bytes()));
    let rungate = Rungate::new();
    rungate.file("rungate.yaml", pipeline(&service, ""));
    let mut command = check(&rungate, google.url.trim_end_matches('/'), &["--quiet"]);
    let ran = Ran::of(tokio::task::spawn_blocking(move || command.output().unwrap()).await.unwrap());
    let requests = google.asked().into_iter().filter(|asked| asked.body.contains("rungate/")).count();
    (ran, requests)
}

/// Words alone do not tell who answered: an entry in the log of requests does, and where there is none nobody is blamed.
#[tokio::test]
async fn the_log_of_requests_tells_the_service_s_answer_from_the_front_end_s() {
    const OWN: &str = "<html><h1>There is nothing here</h1></html>";
    const GOOGLE: &str = "<html><body text=#000000 bgcolor=#ffffff><h1>Error: Page not found</h1><h2>The requested URL was \
                          not found on this server.</h2></body></html>";
    const REFUSED: &str = "The request was not authenticated. Either allow unauthenticated invocations or set the proper \
                           Authorization header.";
    let entry = |status: u16, line: &str| {
        json!([{
            "logName": "projects/demo-project/logs/run.googleapis.com%2Frequests",
            "httpRequest": {"requestUrl": "https://auth.example/health", "status": status},
            "textPayload": line,
        }])
    };
    let none = json!([]);
    let rows = [
        ("its own 404", beside_the_log(404, OWN, entry(404, "")), 1, "health-not-found", true),
        ("a 404 that nobody logged", beside_the_log(404, OWN, none.clone()), 3, "no entry of it", true),
        (
            "a 404 in JSON",
            beside_the_log(404, r#"{"detail":"Not Found"}"#, none.clone()),
            1,
            "health-not-found",
            false,
        ),
        (
            "its own page like Google's",
            beside_the_log(404, GOOGLE, entry(404, "")),
            1,
            "health-not-found",
            true,
        ),
        ("Google's page", beside_the_log(404, GOOGLE, none.clone()), 3, "no entry of it", true),
        ("a refusal in new words", beside_the_log(403, OWN, entry(403, REFUSED)), 3, "ID token", true),
        ("its own refusal", beside_the_log(403, OWN, entry(403, "")), 3, "health-requires-login", true),
        (
            "a failure in words of its own",
            beside_the_log(500, "oops", entry(500, "")),
            1,
            "health-endpoint-failing",
            true,
        ),
        (
            "a failure that the log explains",
            beside_the_log(
                500,
                "oops",
                entry(500, "The request was aborted because there was no available instance."),
            ),
            1,
            "no-instance-available",
            true,
        ),
        (
            "a time-out that the log explains",
            beside_the_log(
                504,
                "oops",
                entry(
                    504,
                    "The request has been terminated because it has reached the maximum request timeout.",
                ),
            ),
            1,
            "request-timed-out",
            true,
        ),
    ];
    let mut ends = Vec::new();
    for (what, run, status, words, asks) in rows {
        ends.push(async move {
            let (ran, asked) = run.await;
            assert_eq!(ran.status, status, "{what}: {}", ran.all());
            assert!(ran.stdout.contains(words), "{what}: {}", ran.all());
            assert_eq!(asked > 0, asks, "{what}: the log was asked {asked} times");
        });
    }
    futures::future::join_all(ends).await;
}

/// Every row H and A of the failure catalogue has a cause, a check or a reason on the page.
#[test]
fn every_known_trouble_in_front_of_a_service_is_on_the_page() {
    let page = std::fs::read_to_string(crate::common::root().join("docs/health.md")).unwrap();
    let known: BTreeSet<String> = CauseCode::iter().map(|code| code.to_string()).collect();
    let mut ids = BTreeSet::new();
    let of_catalogue = |row: &&str| {
        let id = row.strip_prefix("| ").and_then(|rest| rest.split(' ').next()).unwrap_or_default();
        id.len() == 3 && id.starts_with(['H', 'A']) && id[1..].bytes().all(|byte| byte.is_ascii_digit())
    };
    for row in page.lines().filter(of_catalogue) {
        let cells: Vec<&str> = row.trim_matches('|').split(" | ").map(str::trim).collect();
        let [id, what, told] = cells.as_slice() else { panic!("three cells: {row}") };
        assert!(ids.insert((*id).to_owned()), "{id} stands twice");
        let named: Vec<&str> =
            told.split('`').skip(1).step_by(2).filter(|code| known.contains(*code)).collect();
        let reason = told.starts_with("not told: ") || told.starts_with("a fact of the record");
        assert!(!what.is_empty() && (reason || !named.is_empty()), "{id}: neither a cause nor a reason");
    }
    let wanted = (1..=17).map(|row| format!("H{row:02}")).chain((1..=5).map(|row| format!("A{row:02}")));
    let missing: Vec<String> = wanted.filter(|id| !ids.contains(id)).collect();
    assert!(missing.is_empty(), "no row for {missing:?}");
}

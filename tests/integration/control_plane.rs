//! Reading Google's control plane: fetched once, bounded, and every kind of no answer told apart.

use std::sync::Arc;
use std::time::{Duration, Instant};

use rungate::probe::google::{Auth, Endpoints, Google, NoAnswer, Payload};
use rungate::record::Inconclusive;
use rungate::text::vault::Vault;
use secrecy::ExposeSecret as _;

use crate::common::HANG;
use crate::loopback::{Loopback, Reply, impatient};

const SERVICE: &str = "/v2/projects/demo-project/locations/europe-west1/services/auth";
const CONNECTOR: &str = "projects/demo-project/locations/europe-west1/connectors/demo-connector";
const PAYLOAD: &str = "/v1/projects/demo-project/secrets/db-password/versions/3:access";

fn body(status: u16, text: &str) -> Reply {
    Reply::Body(status, text.to_owned())
}

#[tokio::test]
async fn twenty_askers_make_one_request() {
    let loopback = Loopback::start().await;
    loopback.serves(SERVICE, include_str!("../data/google/service.json"));
    let google = loopback.google();
    let reads = (0..20).map(|_| google.service("demo-project", "europe-west1", "auth"));
    for answer in futures::future::join_all(reads).await {
        assert_eq!(answer.unwrap().uri, "https://auth-abcdefghij-ew.a.run.app");
    }
    assert_eq!(loopback.count(SERVICE), 1);
    // What was not found is remembered as well.
    for _ in 0..2 {
        assert_eq!(google.connector(CONNECTOR).await.unwrap_err(), NoAnswer::NotFound);
    }
    assert_eq!(loopback.asked().len(), 2);
}

#[tokio::test]
async fn a_fresh_read_is_seen_by_everybody() {
    let loopback = Loopback::start().await;
    let moving = r#"{"generation": "2", "observedGeneration": "1"}"#;
    loopback.answers(SERVICE, [body(200, moving), body(200, include_str!("../data/google/service.json"))]);
    let google = loopback.google();
    let asked = ("demo-project", "europe-west1", "auth");
    assert_eq!(google.service(asked.0, asked.1, asked.2).await.unwrap().generation, 2);
    let fresh = google.service_within(Duration::ZERO, asked.0, asked.1, asked.2).await.unwrap();
    assert_eq!(fresh.generation, 7);
    assert_eq!(google.service(asked.0, asked.1, asked.2).await.unwrap().generation, 7);
}

#[tokio::test]
async fn a_refusal_names_the_permission_and_is_not_repeated() {
    let loopback = Loopback::start().await;
    let path = format!("/v1/{CONNECTOR}");
    loopback.answers(&path, [body(403, include_str!("../data/google/error-permission-denied.json"))]);
    let answer = loopback.google().connector(CONNECTOR).await.unwrap_err();
    assert_eq!(
        answer,
        NoAnswer::Inconclusive(Inconclusive::PermissionDenied {
            permission: "vpcaccess.connectors.get".into(),
            role: "roles/vpcaccess.viewer".into(),
            resource: CONNECTOR.into(),
        })
    );
    assert_eq!(loopback.count(&path), 1);
}

#[tokio::test]
async fn a_silent_server_costs_a_bounded_time() {
    let loopback = Loopback::start().await;
    loopback.answers(SERVICE, [Reply::Silence]);
    let begun = Instant::now();
    let answer = loopback.google().service("demo-project", "europe-west1", "auth").await.unwrap_err();
    assert!(matches!(answer, NoAnswer::Inconclusive(Inconclusive::Unavailable { .. })), "{answer:?}");
    assert!(begun.elapsed() < HANG, "{:?}", begun.elapsed());
}

#[tokio::test]
async fn a_dead_endpoint_is_unavailable() {
    // A port that was free a moment ago.
    let address = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
    let endpoints = Endpoints { run: Some(format!("http://{address}/")), ..Endpoints::default() };
    let google = Google::new(&endpoints, Auth::Anonymous, Arc::new(Vault::default()), impatient());
    let answer = google.service("p", "r", "s").await.unwrap_err();
    assert!(matches!(answer, NoAnswer::Inconclusive(Inconclusive::Unavailable { .. })), "{answer:?}");
}

#[tokio::test]
async fn an_override_that_is_no_url_says_so() {
    let endpoints = Endpoints { run: Some("run.example".into()), ..Endpoints::default() };
    let google = Google::new(&endpoints, Auth::Anonymous, Arc::new(Vault::default()), impatient());
    let NoAnswer::Inconclusive(Inconclusive::Unavailable { what, .. }) =
        google.service("p", "r", "s").await.unwrap_err()
    else {
        panic!("not unavailable");
    };
    assert_eq!(what, "run.example");
}

#[tokio::test]
async fn half_an_answer_is_malformed() {
    let loopback = Loopback::start().await;
    for text in [r#"{"name": "projects/demo"#, "", "<html>", "[]", r#"{"generation": "many"}"#] {
        loopback.serves(SERVICE, text);
        let answer = loopback.google().service("demo-project", "europe-west1", "auth").await.unwrap_err();
        assert!(
            matches!(answer, NoAnswer::Inconclusive(Inconclusive::Malformed { .. })),
            "{text}: {answer:?}"
        );
    }
}

#[tokio::test]
async fn overload_and_trouble_are_tried_again_a_few_times() {
    let loopback = Loopback::start().await;
    let good = include_str!("../data/google/service.json");
    let overloaded = r#"{"error": {"code": 429, "status": "RESOURCE_EXHAUSTED", "message": "quota"}}"#;
    loopback.answers(SERVICE, [body(429, overloaded), body(503, "upstream"), body(200, good)]);
    assert!(loopback.google().service("demo-project", "europe-west1", "auth").await.is_ok());
    assert_eq!(loopback.count(SERVICE), 3);

    let project = "/v3/projects/demo-project:getIamPolicy";
    loopback.answers(project, [body(503, "upstream")]);
    let answer = loopback.google().project_policy("demo-project").await.unwrap_err();
    assert!(matches!(answer, NoAnswer::Inconclusive(Inconclusive::Unavailable { .. })), "{answer:?}");
    assert_eq!(loopback.count(project), 3, "a POST that only reads is repeated too");
}

#[tokio::test]
async fn the_given_token_is_sent_and_nobody_sends_none() {
    let loopback = Loopback::start().await;
    let vault = Arc::new(Vault::default());
    let google = loopback.google_as(Auth::AccessToken("ya29.a-token".into()), &vault);
    let _ = google.connector(CONNECTOR).await;
    let _ = loopback.google().connector(CONNECTOR).await;
    let sent: Vec<_> = loopback.asked().into_iter().map(|asked| asked.authorization).collect();
    assert_eq!(sent, [Some("Bearer ya29.a-token".to_owned()), None]);
    assert!(!format!("{google:?}").contains("ya29"));
    assert_eq!(vault.redact("ya29.a-token"), rungate::text::vault::REDACTED);
}

#[tokio::test]
async fn a_payload_is_in_the_vault_before_anybody_has_it() {
    let loopback = Loopback::start().await;
    // "correct horse\n"
    let data = r#"{"name": "x", "payload": {"data": "Y29ycmVjdCBob3JzZQo=", "dataCrc32c": "134166096"}}"#;
    loopback.serves(PAYLOAD, data);
    let vault = Arc::new(Vault::default());
    let google = loopback.google_as(Auth::Anonymous, &vault);
    let payload = google.secret_payload("demo-project", "db-password", "3").await.unwrap();
    let Payload::Whole(bytes) = payload.as_ref() else { panic!("{payload:?}") };
    assert_eq!(bytes.expose_secret(), b"correct horse\n");
    assert!(!vault.redact("it is correct horse").contains("horse"));
    assert!(!format!("{google:?} {payload:?}").contains("horse"));
    let full = google.secret_payload("other", "projects/demo-project/secrets/db-password", "3").await;
    assert!(full.is_ok());
    assert_eq!(loopback.count(PAYLOAD), 1, "both names mean the same secret");
}

/// By Google's typed status and its checksum, never by the text of a message.
#[tokio::test]
async fn a_locked_and_a_corrupted_payload_are_told_apart() {
    let loopback = Loopback::start().await;
    let disabled =
        include_str!("../data/google/error-version-disabled.json").replace("FAILED_PRECONDITION:", "");
    loopback.answers(PAYLOAD, [body(400, &disabled)]);
    let ask = async |google: Google| google.secret_payload("demo-project", "db-password", "3").await;
    assert!(matches!(ask(loopback.google()).await.as_deref(), Ok(Payload::Locked)));
    loopback.serves(PAYLOAD, r#"{"payload": {"data": "Y29ycmVjdCBob3JzZQo=", "dataCrc32c": "1234"}}"#);
    let answer = ask(loopback.google()).await;
    assert!(matches!(answer.as_deref(), Ok(Payload::Corrupted)) && !format!("{answer:?}").contains("horse"));
    loopback.serves(PAYLOAD, r#"{"payload": {"data": "Y29ycmVjdCBob3JzZQo="}}"#);
    assert!(
        matches!(ask(loopback.google()).await.as_deref(), Ok(Payload::Whole(_))),
        "it states no checksum"
    );
    // Another trouble whose message has the word is no locked version.
    let liar = r#"{"error": {"code": 409, "status": "ABORTED", "message": "FAILED_PRECONDITION"}}"#;
    loopback.answers(PAYLOAD, [body(409, liar)]);
    assert!(matches!(
        ask(loopback.google()).await,
        Err(NoAnswer::Inconclusive(Inconclusive::Unavailable { .. }))
    ));
}

#[tokio::test]
async fn a_regional_secret_is_asked_for_by_its_own_name() {
    let loopback = Loopback::start().await;
    let name = "projects/demo-project/locations/europe-west1/secrets/db-password";
    let path = format!("/v1/{name}/versions/3");
    loopback.serves(&path, include_str!("../data/google/secret-version.json"));
    loopback.serves(&format!("/v1/{name}:getIamPolicy"), include_str!("../data/google/secret-policy.json"));
    let google = loopback.google();
    assert!(google.secret_version("other", name, "3").await.is_ok(), "{:?}", loopback.asked());
    assert_eq!(google.secret_policy("other", name).await.unwrap().bindings.len(), 1);
}

/// What a project inherits: all of it, or nothing is known.
#[tokio::test]
async fn inherited_policies_are_read_up_to_the_organisation() {
    let loopback = Loopback::start().await;
    let project = "/v3/projects/demo-project";
    loopback.serves(project, include_str!("../data/google/project.json"));
    assert!(loopback.google().inherited("demo-project").await.unwrap().is_empty(), "it stands under nothing");
    loopback.serves(project, r#"{"parent": "folders/345678901234"}"#);
    loopback.serves("/v3/folders/345678901234", include_str!("../data/google/folder.json"));
    let policy = include_str!("../data/google/secret-policy.json");
    loopback.serves("/v3/folders/345678901234:getIamPolicy", policy);
    loopback.serves("/v3/organizations/456789012345:getIamPolicy", "{}");
    let above = loopback.google().inherited("demo-project").await.unwrap();
    let names: Vec<_> = above.iter().map(|one| one.name.as_str()).collect();
    assert_eq!(names, ["folders/345678901234", "organizations/456789012345"]);
    let denied = include_str!("../data/google/error-permission-denied.json");
    loopback.answers("/v3/organizations/456789012345:getIamPolicy", [body(403, denied)]);
    let answer = loopback.google().inherited("demo-project").await.unwrap_err();
    let NoAnswer::Inconclusive(Inconclusive::PermissionDenied { permission, role, .. }) = &answer else {
        panic!("{answer:?}")
    };
    assert_eq!(permission, "resourcemanager.organizations.getIamPolicy");
    assert_eq!(role, "roles/iam.securityReviewer");
    // Folders in a circle end.
    loopback.serves("/v3/folders/345678901234", r#"{"parent": "folders/345678901234"}"#);
    let answer = loopback.google().inherited("demo-project").await.unwrap_err();
    assert!(matches!(answer, NoAnswer::Inconclusive(Inconclusive::Malformed { .. })), "{answer:?}");
}

#[tokio::test]
async fn an_answer_without_payload_is_malformed() {
    let loopback = Loopback::start().await;
    for text in ["{}", r#"{"payload": "hunter2"}"#, r#"{"payload": {"data": "hunter2!"}}"#] {
        loopback.serves(PAYLOAD, text);
        let google = loopback.google();
        let answer = google.secret_payload("demo-project", "db-password", "3").await.unwrap_err();
        assert!(matches!(answer, NoAnswer::Inconclusive(Inconclusive::Malformed { .. })), "{answer:?}");
        assert!(!format!("{answer:?}").contains("hunter2"), "{answer:?}");
    }
}

#[tokio::test]
async fn policies_are_asked_for_with_their_conditions() {
    let loopback = Loopback::start().await;
    let path = "/v1/projects/demo-project/secrets/db-password:getIamPolicy";
    loopback.serves(path, include_str!("../data/google/secret-policy.json"));
    let policy = loopback.google().secret_policy("demo-project", "db-password").await.unwrap();
    assert_eq!(policy.bindings.len(), 1);
    let query = &loopback.asked()[0].query;
    assert!(query.contains("requestedPolicyVersion=3"), "{query}");
}

#[tokio::test]
async fn all_pages_of_instances_are_read_and_an_endless_list_ends() {
    let loopback = Loopback::start().await;
    let path = "/v1/projects/demo-project/instances";
    loopback.answers(
        path,
        [
            body(200, r#"{"items": [{"name": "a"}], "nextPageToken": "more"}"#),
            body(200, r#"{"items": [{"name": "b"}]}"#),
        ],
    );
    let instances = loopback.google().instances("demo-project").await.unwrap();
    let names: Vec<_> = instances.iter().map(|instance| instance.name.as_str()).collect();
    assert_eq!(names, ["a", "b"]);
    assert!(loopback.asked()[1].query.contains("pageToken=more"));

    loopback.serves(path, r#"{"nextPageToken": "again"}"#);
    let answer = loopback.google().instances("demo-project").await.unwrap_err();
    assert!(matches!(answer, NoAnswer::Inconclusive(Inconclusive::Unavailable { .. })), "{answer:?}");
}

#[tokio::test]
async fn what_is_unset_or_of_the_future_is_read() {
    let loopback = Loopback::start().await;
    for text in [
        "{}",
        // 64-bit numbers are texts in Google's JSON, smaller ones are not; either way both are read.
        r#"{"generation": 7, "observedGeneration": "7", "trafficStatuses": [{"percent": "100"}]}"#,
        r#"{"terminalCondition": {"state": "CONDITION_SUBLIME", "reason": 4711}, "ingress": 99, "novelty": {"a": [1]},
            "trafficStatuses": [{"type": "BY_MOON", "percent": 100}], "template": {"vpcAccess": {"egress": "SOME"}}}"#,
    ] {
        loopback.serves(SERVICE, text);
        assert!(loopback.google().service("demo-project", "europe-west1", "auth").await.is_ok(), "{text}");
    }
}

/// Of two things that cannot both be so, neither is believed.
#[tokio::test]
async fn an_answer_that_contradicts_itself_or_the_question_is_malformed() {
    let loopback = Loopback::start().await;
    let service =
        async || loopback.google().service("demo-project", "europe-west1", "auth").await.unwrap_err();
    let malformed = |answer: NoAnswer| match answer {
        NoAnswer::Inconclusive(Inconclusive::Malformed { detail, .. }) => detail,
        other => panic!("{other:?}"),
    };
    loopback.serves(SERVICE, r#"{"name": "projects/demo-project/locations/europe-west1/services/other"}"#);
    assert!(malformed(service().await).contains("services/other"));
    // The project by its number is the same project.
    loopback.serves(SERVICE, r#"{"name": "projects/12345/locations/europe-west1/services/auth"}"#);
    assert!(loopback.google().service("demo-project", "europe-west1", "auth").await.is_ok());
    for (http, status) in [(403, "NOT_FOUND"), (404, "PERMISSION_DENIED"), (400, "UNAUTHENTICATED")] {
        let text = format!(r#"{{"error": {{"code": {http}, "status": "{status}", "message": "no"}}}}"#);
        loopback.answers(SERVICE, [body(http, &text)]);
        assert!(malformed(service().await).contains(status), "{http} {status}");
    }
}

/// Logs may have long lines: fewer of them are asked for, then.
#[tokio::test]
async fn logs_that_are_too_long_are_asked_for_in_part() {
    let loopback = Loopback::start().await;
    let long = format!(r#"{{"entries": [{{"textPayload": "{}"}}]}}"#, "x".repeat(17 << 20));
    loopback.answers(
        "/v2/entries:list",
        [body(200, &long), body(200, r#"{"entries": [{"textPayload": "short"}]}"#)],
    );
    let entries = loopback.google().log_entries(Duration::ZERO, "demo-project", "x").await.unwrap();
    assert_eq!(entries.len(), 1);
    assert_eq!(loopback.count("/v2/entries:list"), 2);
    loopback.answers("/v2/entries:list", [body(200, &long)]);
    let answer = loopback.google().log_entries(Duration::ZERO, "demo-project", "x").await.unwrap_err();
    let NoAnswer::Inconclusive(Inconclusive::Malformed { detail, .. }) = answer else { panic!("{answer:?}") };
    assert!(detail.contains("longer than 16 MiB"), "{detail}");
}

#[tokio::test]
async fn a_name_that_would_ask_for_something_else_is_never_asked_for() {
    let loopback = Loopback::start().await;
    let google = loopback.google();
    for (project, service) in
        [("p", "../../jobs/j"), ("..", "s"), ("p", "s?alt=media"), ("", "s"), ("p", "a b")]
    {
        let answer = google.service(project, "r", service).await.unwrap_err();
        assert!(
            matches!(answer, NoAnswer::Inconclusive(Inconclusive::Unavailable { .. })),
            "{project} {service}"
        );
    }
    assert!(loopback.asked().is_empty());
}

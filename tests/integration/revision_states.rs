//! Services and revisions in Google's own JSON, in every state that matters, and answers that contradict themselves.

use google_cloud_run_v2::model::{ListRevisionsResponse, Revision, Service, condition};
use rungate::record::{Fact, Inconclusive, Outcome};
use serde_json::{Value, json};

use crate::checks_control_plane::{Cloud, REVISION, REVISIONS, SERVICE};
use crate::loopback::Reply;

const READY: &str = include_str!("../data/google/service.json");
const PINNED: &str = include_str!("../data/google/service-pinned.json");
const FIRST: &str = include_str!("../data/google/service-failed-first.json");
const RECONCILING: &str = include_str!("../data/google/service-reconciling.json");

/// Name, text, what `revision-ready` says.
const FAILED: &[(&str, &str, &str)] = &[
    (
        "start-failed",
        include_str!("../data/google/revision-start-failed.json"),
        "(HEALTH_CHECK_CONTAINER_ERROR)",
    ),
    (
        "secrets-denied",
        include_str!("../data/google/revision-secrets-denied.json"),
        "(SECRETS_ACCESS_CHECK_FAILED)",
    ),
    (
        "secret-missing",
        include_str!("../data/google/revision-secret-missing.json"),
        "(UNKNOWN): Secret projects/",
    ),
    ("image-missing", include_str!("../data/google/revision-image-missing.json"), "(REVISION_FAILED)"),
    (
        "image-denied",
        include_str!("../data/google/revision-image-denied.json"),
        "(CONTAINER_PERMISSION_DENIED)",
    ),
    (
        "network-missing",
        include_str!("../data/google/revision-network-missing.json"),
        "(VPC_NETWORK_NOT_FOUND)",
    ),
    ("future", include_str!("../data/google/revision-future.json"), "(REVISION_ECLIPSED)"),
];

/// The official types take Google's JSON, with numbers as strings and defaults left out.
#[test]
fn the_fixtures_are_decoded_by_googles_own_types() {
    for text in [READY, PINNED, FIRST, RECONCILING] {
        let service: Service = serde_json::from_str(text).unwrap();
        assert!(service.generation > 0 && !service.latest_created_revision.is_empty(), "{}", service.name);
        assert!(service.terminal_condition.is_some());
    }
    for (name, text, _) in FAILED {
        let revision: Revision = serde_json::from_str(text).unwrap();
        let ready = revision.conditions.iter().find(|one| one.r#type == "Ready").unwrap();
        assert_eq!(ready.state, condition::State::ConditionFailed, "{name}");
        assert!(ready.reasons.is_some() && revision.create_time.is_some(), "{name}");
    }
    let list: ListRevisionsResponse =
        serde_json::from_str(include_str!("../data/google/revisions.json")).unwrap();
    assert_eq!(list.revisions.len(), 3);
}

#[tokio::test]
async fn a_failed_revision_says_why_in_googles_words() {
    for (name, text, expected) in FAILED {
        let cloud = Cloud::healthy().await;
        cloud.loopback.serves(REVISION, *text);
        let found = cloud.finding("revision-ready").await;
        assert!(
            found.starts_with("revision auth-00007-xyz failed ") && found.contains(expected),
            "{name}: {found}"
        );
    }
}

#[tokio::test]
async fn a_failed_first_deploy_names_one_revision_as_created_and_ready_and_is_not_ready() {
    let cloud = Cloud::healthy().await;
    cloud.loopback.serves(SERVICE, FIRST);
    cloud.loopback.serves(REVISION, FAILED[0].1);
    assert!(cloud.finding("revision-ready").await.contains("HEALTH_CHECK_CONTAINER_ERROR"));
    assert!(cloud.finding("revision-serving").await.contains("no revision"));
    let kept = cloud.run("configuration-unchanged").await;
    assert!(matches!(kept, Outcome::Passed { .. }), "{kept:?}");
}

#[tokio::test]
async fn pinned_traffic_is_told_with_where_it_goes() {
    let mut cloud = Cloud::healthy().await;
    cloud.loopback.serves(SERVICE, PINNED);
    let found = cloud.finding("revision-serving").await;
    assert_eq!(found, "the traffic goes to auth-00006-abc 100 %; expected the new revision auth-00007-xyz");
    // The same is right for the one that the traffic goes to, and for a deploy without traffic it is no failure.
    cloud.named = Some("auth-00006-abc".to_owned());
    let serving = cloud.run("revision-serving").await;
    assert!(matches!(serving, Outcome::Passed { .. }), "{serving:?}");
}

#[tokio::test]
async fn a_tag_of_a_deploy_without_traffic_may_lead_to_nothing() {
    let mut cloud = Cloud::healthy().await;
    cloud.loopback.serves(SERVICE, PINNED);
    cloud.service.no_traffic = Some(true);
    cloud.service.tag = Some(crate::checks_control_plane::known("stable"));
    let found = cloud.finding("revision-serving").await;
    assert_eq!(found, "tag stable leads to revision auth-00003-old, which does not exist any more");
    let old = REVISION.replace("auth-00007-xyz", "auth-00003-old");
    cloud.change(&old, include_str!("../data/google/revision.json"), |body| {
        body["name"] = json!(old.trim_start_matches("/v2/"));
    });
    let outcome = cloud.run("revision-serving").await;
    assert!(matches!(outcome, Outcome::Skipped { .. }), "{outcome:?}");
}

#[tokio::test]
async fn a_service_that_reconciles_is_waited_for_until_it_is_ready() {
    let cloud = Cloud::healthy().await;
    let replies = [RECONCILING, READY].map(|text| Reply::Body(200, text.to_owned()));
    cloud.loopback.answers(SERVICE, replies);
    let outcome = cloud.run("revision-serving").await;
    assert_eq!(outcome, Outcome::Passed { detail: "all traffic goes to auth-00007-xyz".to_owned() });
    assert_eq!(cloud.loopback.count(SERVICE), 2);
}

#[tokio::test]
async fn the_revision_that_the_user_names_is_judged_by_itself() {
    let mut cloud = Cloud::healthy().await;
    cloud.named = Some("auth-00006-abc".to_owned());
    let path = REVISION.replace("auth-00007-xyz", "auth-00006-abc");
    cloud.change(&path, include_str!("../data/google/revision.json"), |body| {
        body["name"] = json!(path.trim_start_matches("/v2/"));
    });
    // The newest one failed; that is not about the named one.
    cloud.of_service(|body| body["terminalCondition"]["state"] = json!("CONDITION_FAILED"));
    let (outcome, scope) = cloud.run_noted("revision-ready").await;
    assert_eq!(outcome, Outcome::Passed { detail: "revision auth-00006-abc is ready".to_owned() });
    let noted = scope.notes.read();
    assert_eq!(noted.revision.as_deref(), Some("auth-00006-abc"));
    let text = "auth-00007-xyz was created later; auth-00006-abc is judged, as asked".to_owned();
    assert_eq!(noted.facts, [Fact::Note { text }]);
    assert!(cloud.finding("revision-serving").await.contains("expected the new revision auth-00006-abc"));
}

#[tokio::test]
async fn the_revision_before_is_the_last_that_was_ready() {
    let cloud = Cloud::healthy().await;
    let (outcome, scope) = cloud.run_noted("configuration-unchanged").await;
    let detail = "auth-00007-xyz keeps what auth-00005-abc had".to_owned();
    assert_eq!(outcome, Outcome::Passed { detail }, "the failed one between them lost nothing");
    assert_eq!(scope.notes.read().facts, []);
    cloud.denies(REVISIONS);
    let Outcome::Inconclusive { why: Inconclusive::PermissionDenied { .. } } =
        cloud.run("configuration-unchanged").await
    else {
        panic!("not visible is not kept");
    };
}

/// What contradicts itself is neither a pass nor a failure.
#[tokio::test]
async fn contradictory_answers_are_not_believed() {
    type Change = fn(&mut Value);
    let of_service: &[(&str, &str, Change)] = &[
        ("ready without a revision", "revision-ready", |body| body["latestCreatedRevision"] = Value::Null),
        ("the service of another", "service-exists", |body| {
            body["name"] = json!("projects/demo-project/locations/europe-west1/services/orders");
        }),
        ("130 % of the traffic", "revision-serving", |body| {
            body["trafficStatuses"] =
                json!([{"percent": 100, "revision": "auth-00007-xyz"}, {"percent": 30, "revision": "a"}]);
        }),
        ("less than nothing", "revision-serving", |body| {
            body["trafficStatuses"] = json!([{"percent": -7, "revision": "auth-00007-xyz"}]);
        }),
    ];
    for (what, check, change) in of_service {
        let cloud = Cloud::healthy().await;
        cloud.of_service(change);
        let outcome = cloud.run(check).await;
        let malformed = matches!(outcome, Outcome::Inconclusive { why: Inconclusive::Malformed { .. } });
        assert!(malformed, "{what}: {outcome:?}");
    }
    let of_revision: &[(&str, Change)] = &[
        ("of another service", |body| body["service"] = json!("orders")),
        ("another revision", |body| {
            body["name"] = json!(REVISION.replace("00007", "00001").trim_start_matches("/v2/"));
        }),
    ];
    for (what, change) in of_revision {
        let cloud = Cloud::healthy().await;
        cloud.revision(change);
        for check in ["revision-ready", "variables-injected", "vpc-access-matches", "configuration-unchanged"]
        {
            let outcome = cloud.run(check).await;
            let malformed = matches!(outcome, Outcome::Inconclusive { why: Inconclusive::Malformed { .. } });
            assert!(malformed, "{what}: {check}: {outcome:?}");
        }
    }
}

#[tokio::test]
async fn states_types_and_settings_of_the_future_end_no_run() {
    let cloud = Cloud::healthy().await;
    cloud.of_service(|body| {
        body["trafficStatuses"] = json!([{"type": "BY_MOON", "percent": 100, "revision": "auth-00007-xyz"}]);
    });
    cloud.revision(|body| body["vpcAccess"]["egress"] = json!("BY_MOON"));
    for check in ["revision-serving", "vpc-access-matches", "service-account-matches", "variables-not-empty"]
    {
        let outcome = cloud.run(check).await;
        assert!(matches!(outcome, Outcome::Passed { .. }), "{check}: {outcome:?}");
    }
    cloud.revision(|body| body["conditions"][1]["state"] = json!("CONDITION_SUBLIME"));
    let outcome = cloud.run("revision-ready").await;
    assert!(matches!(outcome, Outcome::Inconclusive { .. }), "{outcome:?}");
}

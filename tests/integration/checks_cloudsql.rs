//! The checks of Cloud SQL, secrets and identity, each with its near miss.

use google_cloud_sql_v1::model::{DatabaseInstance, DatabasesListResponse, UsersListResponse};
use rungate::record::{Inconclusive, Outcome, Skip};
use serde_json::{Value, json};

use crate::checks_control_plane::{Cloud, DATABASES, PROJECT, PROJECT_POLICY, SECRET_POLICY, USERS};
use crate::loopback::Reply;

const TROUBLESHOOT: &str = "/v1/iam:troubleshoot";
const LATEST: &str = "/v1/projects/demo-project/secrets/db-password/versions/latest";
const PAYLOAD: &str = "/v1/projects/demo-project/secrets/db-password/versions/3:access";
const ACCOUNT: &str = "serviceAccount:auth@demo-project.iam.gserviceaccount.com";

/// Google's own JSON, decoded by the official library: what a check makes of each.
#[tokio::test]
async fn instances_in_googles_own_json() {
    for (body, check, expected) in [
        (
            include_str!("../data/google/sql-instance-stopped.json"),
            "instance-running",
            "activation policy NEVER",
        ),
        (
            include_str!("../data/google/sql-instance-suspended.json"),
            "instance-running",
            "SUSPENDED (BILLING_ISSUE)",
        ),
        (include_str!("../data/google/sql-instance-disk-full.json"), "instance-running", "SOFT_SHUTDOWN"),
        (
            include_str!("../data/google/sql-instance-mysql.json"),
            "instance-is-postgres",
            "MYSQL_8_0; expected PostgreSQL",
        ),
        (
            include_str!("../data/google/sql-instance-psc.json"),
            "instance-has-address",
            "DB_HOST leads to 10.20.0.3",
        ),
        (
            include_str!("../data/google/sql-instance-strict.json"),
            "instance-allows-service",
            "connectorEnforcement REQUIRED",
        ),
        (
            include_str!("../data/google/sql-instance-strict.json"),
            "instance-tls-agrees",
            "client certificate only",
        ),
    ] {
        let decoded: DatabaseInstance = serde_json::from_str(body).unwrap();
        assert_eq!(decoded.name, "auth-db");
        let cloud = Cloud::healthy().await;
        cloud.instance(|instance| *instance = serde_json::from_str(body).unwrap());
        let finding = cloud.finding(check).await;
        assert!(finding.contains(expected), "{finding}");
    }
    let users: UsersListResponse =
        serde_json::from_str(include_str!("../data/google/sql-users.json")).unwrap();
    let databases: DatabasesListResponse =
        serde_json::from_str(include_str!("../data/google/sql-databases.json")).unwrap();
    assert_eq!((users.items.len(), databases.items.len()), (5, 2));
}

#[tokio::test]
async fn users_and_databases_are_found_by_their_exact_name() {
    let cloud = Cloud::healthy().await;
    cloud.revision(|body| body["containers"][0]["env"][4]["value"] = json!("Auth"));
    assert!(
        cloud.finding("instance-has-database").await.ends_with("has no database Auth; it has auth, postgres")
    );
    cloud.revision(|body| body["containers"][0]["env"][3]["value"] = json!("nobody"));
    assert!(
        cloud
            .finding("instance-has-user")
            .await
            .contains("lists no user nobody; it lists ada@example.com, auth,")
    );
    for (path, check) in
        [(USERS, "instance-has-user"), (DATABASES, "instance-has-database"), (USERS, "instance-iam-login")]
    {
        cloud.denies(path);
        let outcome = cloud.run(check).await;
        let Outcome::Inconclusive { why: Inconclusive::PermissionDenied { permission, role, .. } } = &outcome
        else {
            panic!("{check}: {outcome:?}")
        };
        assert!(permission.starts_with("cloudsql.") && role == "roles/cloudsql.viewer", "{permission}");
    }
}

/// What is on an instance says nothing of a database somewhere else.
#[tokio::test]
async fn the_lists_of_an_instance_that_is_not_dialled_are_no_evidence() {
    let cloud = Cloud::healthy().await;
    cloud.revision(|body| {
        body["containers"][0]["env"][1]["value"] = json!("10.20.0.99");
        body["containers"][0]["env"][4]["value"] = json!("elsewhere");
    });
    for check in
        ["instance-has-database", "instance-has-user", "instance-tls-agrees", "instance-allows-service"]
    {
        let outcome = cloud.run(check).await;
        assert!(
            matches!(outcome, Outcome::Skipped { reason: Skip::NotApplicable { .. } }),
            "{check}: {outcome:?}"
        );
    }
}

#[tokio::test]
async fn a_login_with_iam_takes_name_flag_token_and_role() {
    let cloud = Cloud::healthy().await;
    let user =
        |name: &'static str| move |body: &mut Value| body["containers"][0]["env"][3]["value"] = json!(name);
    cloud.revision(user("auth@demo-project.iam.gserviceaccount.com"));
    assert!(cloud.finding("instance-iam-login").await.contains("ends in .gserviceaccount.com"));
    let near_miss = cloud.run("instance-has-user").await;
    assert!(matches!(near_miss, Outcome::Skipped { .. }), "the other check's finding: {near_miss:?}");
    cloud.revision(user("late@demo-project.iam"));
    assert!(cloud.finding("instance-iam-login").await.contains("lists no IAM user late@demo-project.iam"));
    cloud.revision(user("auth@demo-project.iam"));
    assert!(cloud.finding("instance-iam-login").await.contains("cloudsql.iam_authentication"));
    let flag = json!([{"name": "cloudsql.iam_authentication", "value": "on"}]);
    cloud.instance(|body| body["settings"]["databaseFlags"] = flag);
    assert!(cloud.finding("instance-iam-login").await.contains("DB_PASSWORD holds a password"));

    cloud.revision(|body| {
        user("auth@demo-project.iam")(body);
        body["containers"][0]["env"].as_array_mut().unwrap().remove(2);
    });
    assert!(cloud.finding("instance-iam-login").await.contains("cloudsql.instances.login"));
    cloud.change(PROJECT_POLICY, "{}", |body| {
        *body = json!({"bindings": [{"role": "roles/cloudsql.instanceUser", "members": [ACCOUNT]}]});
    });
    let outcome = cloud.run("instance-iam-login").await;
    assert!(matches!(outcome, Outcome::Passed { .. }), "{outcome:?}");
    assert!(
        matches!(cloud.run("instance-has-user").await, Outcome::Passed { .. }),
        "it exists under IAM's form"
    );
}

/// The service behind the socket of its instance.
async fn behind_a_socket() -> Cloud {
    let cloud = Cloud::healthy().await;
    cloud.revision(|body| {
        body["containers"][0]["env"][1]["value"] = json!("/cloudsql/demo-project:europe-west1:auth-db");
        body["volumes"] = json!([{"name": "cloudsql",
            "cloudSqlInstance": {"instances": ["demo-project:europe-west1:auth-db"]}}]);
    });
    cloud
}

fn binding(role: &str, members: &[&str]) -> impl FnOnce(&mut Value) {
    let binding = json!({"role": role, "members": members});
    move |body| *body = json!({"bindings": [binding]})
}

#[tokio::test]
async fn the_client_role_is_missing_only_where_all_policies_are_seen() {
    let cloud = behind_a_socket().await;
    let finding = cloud.finding("cloudsql-client-granted").await;
    assert!(
        finding.contains("cloudsql.instances.connect") && finding.contains("up to the organisation"),
        "{finding}"
    );

    cloud.change(PROJECT_POLICY, "{}", binding("roles/cloudsql.client", &[ACCOUNT]));
    assert!(
        matches!(cloud.run("cloudsql-client-granted").await, Outcome::Passed { .. }),
        "by the project's policy"
    );

    // Each of these may hide a grant: unknown, never failed.
    let unknown: [&dyn Fn(&Cloud); 5] = [
        &|cloud| {
            cloud.change(
                PROJECT_POLICY,
                "{}",
                binding("roles/cloudsql.client", &["group:services@example.com"]),
            );
        },
        &|cloud| cloud.change(PROJECT_POLICY, "{}", binding("projects/demo-project/roles/db", &[ACCOUNT])),
        &|cloud| {
            cloud.change(PROJECT_POLICY, "{}", |body| {
                binding("roles/cloudsql.client", &[ACCOUNT])(body);
                body["bindings"][0]["condition"] = json!({"title": "one instance", "expression": "true"});
            });
        },
        &|cloud| cloud.denies(PROJECT_POLICY),
        &|cloud| cloud.change(PROJECT, "{}", |body| *body = json!({"parent": "folders/1"})),
    ];
    for hide in unknown {
        let cloud = behind_a_socket().await;
        hide(&cloud);
        let outcome = cloud.run("cloudsql-client-granted").await;
        assert!(matches!(outcome, Outcome::Inconclusive { .. }), "{outcome:?}");
        // Where the troubleshooter may look, it decides.
        cloud.loopback.serves(TROUBLESHOOT, r#"{"access": "GRANTED"}"#);
        assert!(matches!(cloud.run("cloudsql-client-granted").await, Outcome::Passed { .. }));
        cloud.loopback.serves(TROUBLESHOOT, include_str!("../data/google/troubleshoot-not-granted.json"));
        assert!(cloud.finding("cloudsql-client-granted").await.contains("Policy Troubleshooter"));
        for inconclusive in ["UNKNOWN_INFO_DENIED", "UNKNOWN_CONDITIONAL", "UNKNOWN_TO_SCIENCE"] {
            cloud.loopback.serves(TROUBLESHOOT, format!(r#"{{"access": "{inconclusive}"}}"#));
            let outcome = cloud.run("cloudsql-client-granted").await;
            assert!(matches!(outcome, Outcome::Inconclusive { .. }), "{inconclusive}: {outcome:?}");
        }
    }
}

#[tokio::test]
async fn a_grant_on_a_folder_counts() {
    let cloud = behind_a_socket().await;
    cloud.change(PROJECT, "{}", |body| *body = json!({"parent": "folders/345678901234"}));
    let folder = "/v3/folders/345678901234";
    cloud.change(folder, include_str!("../data/google/folder.json"), |_| ());
    let policy = format!("{folder}:getIamPolicy");
    let organisation = "/v3/organizations/456789012345:getIamPolicy";
    cloud.change(&policy, "{}", binding("roles/cloudsql.client", &[ACCOUNT]));
    cloud.loopback.serves(organisation, "{}");
    assert!(matches!(cloud.run("cloudsql-client-granted").await, Outcome::Passed { .. }));
    cloud.loopback.serves(&policy, "{}");
    assert!(cloud.finding("cloudsql-client-granted").await.contains("cloudsql.instances.connect"));
}

#[tokio::test]
async fn a_secret_may_be_granted_on_itself_its_project_or_above() {
    let cloud = Cloud::healthy().await;
    cloud.loopback.serves(SECRET_POLICY, "{}");
    assert!(cloud.finding("secret-readable").await.contains("up to the organisation"));
    cloud.change(PROJECT_POLICY, "{}", binding("roles/secretmanager.secretAccessor", &[ACCOUNT]));
    assert!(matches!(cloud.run("secret-readable").await, Outcome::Passed { .. }), "by the project's policy");
    cloud.loopback.serves(PROJECT_POLICY, "{}");
    cloud.change(PROJECT, "{}", |body| *body = json!({"parent": "organizations/456789012345"}));
    let outcome = cloud.run("secret-readable").await;
    assert!(matches!(outcome, Outcome::Inconclusive { .. }), "the organisation may grant it: {outcome:?}");
}

#[tokio::test]
async fn only_the_latest_version_can_be_newer_than_its_revision() {
    let cloud = Cloud::healthy().await;
    let latest = |body: &mut Value| {
        body["containers"][0]["env"][2]["valueSource"]["secretKeyRef"]["version"] = json!("latest");
    };
    cloud.revision(latest);
    cloud.loopback.serves(LATEST, include_str!("../data/google/secret-version.json"));
    assert!(matches!(cloud.run("secret-version-current").await, Outcome::Passed { .. }), "it is older");
    cloud.loopback.serves(LATEST, include_str!("../data/google/secret-version-newest.json"));
    let finding = cloud.finding("secret-version-current").await;
    assert!(finding.contains("version 4 was added 2026-03-10T07:00:00.5"), "{finding}");
    cloud.revision(|body| {
        body["containers"][0]["env"][2]["valueSource"]["secretKeyRef"]["version"] = json!("stable");
    });
    let alias = cloud.run("secret-version-current").await;
    assert!(matches!(alias, Outcome::Skipped { reason: Skip::NotVisible { .. } }), "{alias:?}");
}

#[tokio::test]
async fn a_disabled_version_that_nothing_refers_to_is_not_even_asked_for() {
    let cloud = Cloud::healthy().await;
    let other = "/v1/projects/demo-project/secrets/db-password/versions/2";
    cloud.change(other, include_str!("../data/google/secret-version.json"), |body| {
        body["state"] = json!("DISABLED");
    });
    for check in ["secret-version-enabled", "secret-readable"] {
        assert!(matches!(cloud.run(check).await, Outcome::Passed { .. }), "{check}");
    }
    assert_eq!(cloud.loopback.count(other), 0);
}

#[tokio::test]
async fn payloads_are_looked_at_with_leave_only() {
    let mut cloud = Cloud::healthy().await;
    let payload =
        |data: &str, crc: u32| format!(r#"{{"payload": {{"data": "{data}", "dataCrc32c": "{crc}"}}}}"#);
    cloud.loopback.serves(PAYLOAD, payload("Y29ycmVjdCBob3JzZQ==", 1));
    for check in ["secret-intact", "credential-well-formed"] {
        let outcome = cloud.run(check).await;
        assert!(matches!(outcome, Outcome::Skipped { reason: Skip::NotAllowed { .. } }), "{outcome:?}");
    }
    assert_eq!(cloud.loopback.count(PAYLOAD), 0);
    cloud.inspects = true;
    assert!(cloud.finding("secret-intact").await.contains("does not match its checksum"));
    let blocked = cloud.run("credential-well-formed").await;
    assert!(matches!(&blocked, Outcome::Blocked { by } if by.contains("secret-intact")), "{blocked:?}");
    let disabled = include_str!("../data/google/error-version-disabled.json").to_owned();
    cloud.loopback.answers(PAYLOAD, [Reply::Body(400, disabled)]);
    let enabled = cloud.run("credential-well-formed").await;
    assert!(matches!(enabled, Outcome::Inconclusive { .. }), "the version itself is enabled: {enabled:?}");
    cloud.version(|body| body["state"] = json!("DISABLED"));
    let blocked = cloud.run("credential-well-formed").await;
    assert!(
        matches!(&blocked, Outcome::Blocked { by } if by.contains("secret-version-enabled")),
        "{blocked:?}"
    );
}

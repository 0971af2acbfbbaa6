//! The checks of the control plane, each against a whole world of answers with one thing changed.

use std::sync::Arc;
use std::time::Duration;

use rungate::checks::{self, CHECKS};
use rungate::live::{RunSettings, Scope, Siblings};
use rungate::model::{
    Database, DatabaseVariables, DeploysVia, Place, SecretReference, Service, Stated, Target, Variable,
};
use rungate::probe::Outside;
use rungate::probe::dial::System;
use rungate::probe::google::Auth;
use rungate::probe::http::Http;
use rungate::record::{Outcome, Skip, Vantage};
use rungate::text::vault::Vault;
use serde_json::{Value, json};

use crate::loopback::{Loopback, Reply};

pub(crate) const SERVICE: &str = "/v2/projects/demo-project/locations/europe-west1/services/auth";
pub(crate) const REVISION: &str =
    "/v2/projects/demo-project/locations/europe-west1/services/auth/revisions/auth-00007-xyz";
/// The list of revisions.
pub(crate) const REVISIONS: &str = "/v2/projects/demo-project/locations/europe-west1/services/auth/revisions";
pub(crate) const CONNECTOR: &str =
    "/v1/projects/demo-project/locations/europe-west1/connectors/demo-connector";
pub(crate) const VERSION: &str = "/v1/projects/demo-project/secrets/db-password/versions/3";
pub(crate) const SECRET: &str = "/v1/projects/demo-project/secrets/db-password";
pub(crate) const SECRET_POLICY: &str = "/v1/projects/demo-project/secrets/db-password:getIamPolicy";
pub(crate) const PROJECT_POLICY: &str = "/v3/projects/demo-project:getIamPolicy";
pub(crate) const INSTANCE: &str = "/v1/projects/demo-project/instances/auth-db";
pub(crate) const USERS: &str = "/v1/projects/demo-project/instances/auth-db/users";
pub(crate) const DATABASES: &str = "/v1/projects/demo-project/instances/auth-db/databases";
pub(crate) const PROJECT: &str = "/v3/projects/demo-project";
pub(crate) const INSTANCES: &str = "/v1/projects/demo-project/instances";

/// A healthy world, of which a test changes one thing.
pub(crate) struct Cloud {
    pub(crate) loopback: Loopback,
    pub(crate) service: Service,
    /// `--revision`.
    pub(crate) named: Option<String>,
    pub(crate) inspects: bool,
}

impl Cloud {
    pub(crate) async fn healthy() -> Self {
        let loopback = Loopback::start().await;
        let cloud = Self { loopback, service: declared(), named: None, inspects: false };
        cloud.change(SERVICE, include_str!("../data/google/service.json"), |_| ());
        cloud.change(REVISION, include_str!("../data/google/revision.json"), |_| ());
        cloud.change(REVISIONS, include_str!("../data/google/revisions.json"), |_| ());
        cloud.change(CONNECTOR, include_str!("../data/google/connector.json"), |_| ());
        cloud.change(VERSION, include_str!("../data/google/secret-version.json"), |_| ());
        cloud.change(SECRET_POLICY, include_str!("../data/google/secret-policy.json"), |_| ());
        cloud.change(PROJECT_POLICY, include_str!("../data/google/project-policy.json"), |_| ());
        cloud.change(PROJECT, include_str!("../data/google/project.json"), |_| ());
        cloud.change(USERS, include_str!("../data/google/sql-users.json"), |_| ());
        cloud.change(DATABASES, include_str!("../data/google/sql-databases.json"), |_| ());
        cloud.instance(|_| ());
        cloud.network();
        cloud
    }

    /// The network of connector and instance, with private services access and nothing that is in the way.
    fn network(&self) {
        let compute = "/compute/v1/projects/demo-project";
        let range = json!({"items": [{"destRange": "10.20.0.0/24", "imported": true, "type": "SUBNET_PEERING_ROUTE"}]});
        let peering = json!({"name": "servicenetworking-googleapis-com", "state": "ACTIVE"});
        for (path, body) in [
            ("global/networks/demo-vpc", json!({"name": "demo-vpc", "peerings": [peering]})),
            ("global/networks/demo-vpc/getEffectiveFirewalls", json!({})),
            ("global/networks/demo-vpc/listPeeringRoutes", range),
            ("regions/europe-west1/firewallPolicies/getEffectiveFirewalls", json!({})),
            ("regions/europe-west1/forwardingRules", json!({})),
            ("regions/europe-west1/routers", json!({})),
            ("global/addresses", json!({})),
            ("global/routes", json!({})),
        ] {
            self.loopback.serves(&format!("{compute}/{path}"), body.to_string());
        }
    }

    pub(crate) fn change(&self, path: &str, body: &str, change: impl FnOnce(&mut Value)) {
        let mut body: Value = serde_json::from_str(body).unwrap();
        change(&mut body);
        self.loopback.serves(path, body.to_string());
    }

    pub(crate) fn of_service(&self, change: impl FnOnce(&mut Value)) {
        self.change(SERVICE, include_str!("../data/google/service.json"), change);
    }

    pub(crate) fn revision(&self, change: impl FnOnce(&mut Value)) {
        self.change(REVISION, include_str!("../data/google/revision.json"), change);
    }

    pub(crate) fn connector(&self, change: impl FnOnce(&mut Value)) {
        self.change(CONNECTOR, include_str!("../data/google/connector.json"), change);
    }

    pub(crate) fn version(&self, change: impl FnOnce(&mut Value)) {
        self.change(VERSION, include_str!("../data/google/secret-version.json"), change);
    }

    pub(crate) fn instance(&self, change: impl FnOnce(&mut Value)) {
        let mut body: Value = serde_json::from_str(include_str!("../data/google/instance.json")).unwrap();
        change(&mut body);
        self.loopback.serves(INSTANCE, body.to_string());
        self.loopback.serves(INSTANCES, json!({"items": [body]}).to_string());
    }

    pub(crate) fn gone(&self, path: &str) {
        self.refuses(path, 404, include_str!("../data/google/error-not-found.json"));
    }

    pub(crate) fn denies(&self, path: &str) {
        self.refuses(path, 403, include_str!("../data/google/error-permission-denied.json"));
    }

    pub(crate) fn refuses(&self, path: &str, status: u16, body: &str) {
        self.loopback.answers(path, [Reply::Body(status, body.to_owned())]);
    }

    pub(crate) fn scope(&self, subject: Option<&str>) -> Scope {
        let vault = Arc::new(Vault::default());
        Scope {
            target: Arc::new(Target {
                key: "auth".into(),
                name: "auth".into(),
                project: "demo-project".into(),
                region: "europe-west1".into(),
                revision: self.named.clone(),
                service: self.service.clone(),
            }),
            subject: subject.map(str::to_owned),
            outside: Arc::new(Outside {
                google: self.loopback.google_as(Auth::Anonymous, &vault),
                http: Http::new(std::time::Duration::from_secs(5)),
                dial: Arc::new(System),
                vault,
            }),
            settings: Arc::new(RunSettings {
                vantage: Vantage::Runner,
                inspect_secrets: self.inspects,
                connect_timeout: Duration::from_secs(1),
                step_timeout: Duration::from_secs(1),
                fewest_answers: 1,
            }),
            notes: Arc::default(),
            conversation: Default::default(),
            siblings: Siblings::new(tokio::sync::watch::Sender::default().subscribe()),
            walks: Arc::default(),
            started: tokio::time::Instant::now(),
        }
    }

    pub(crate) async fn run(&self, check: &str) -> Outcome {
        self.run_noted(check).await.0
    }

    pub(crate) async fn run_noted(&self, check: &str) -> (Outcome, Scope) {
        let subject = check.starts_with("secret-").then_some("DB_PASSWORD");
        let scope = self.scope(subject);
        let outcome = (checks::find(check).unwrap().run)(&scope).await;
        (outcome, scope)
    }

    pub(crate) async fn finding(&self, check: &str) -> String {
        let outcome = self.run(check).await;
        let Outcome::Failed { finding } = outcome else { panic!("{check}: {outcome:?}") };
        finding.to_string()
    }
}

fn place() -> Place {
    Place { file: Arc::from("rungate.yaml"), line: 1, column: 1 }
}

pub(crate) fn known(text: &str) -> Stated {
    Stated::known(text, place())
}

/// What the pipeline declares, in accordance with the fixtures.
fn declared() -> Service {
    let mut service = Service::new(DeploysVia::Native, place());
    for (name, value) in
        [("LOG_LEVEL", "info"), ("DB_HOST", "10.20.0.3"), ("DB_USER", "auth"), ("DB_NAME", "auth")]
    {
        service.env.push(Variable { name: name.to_owned(), value: known(value) });
    }
    service.secrets.push(SecretReference {
        target: "DB_PASSWORD".to_owned(),
        secret: known("db-password"),
        version: known("3"),
    });
    service.vpc.connector = Some(known("demo-connector"));
    service.service_account = Some(known("auth@demo-project.iam.gserviceaccount.com"));
    service.database = Some(Database::new(
        DatabaseVariables::Parts {
            host: "DB_HOST".to_owned(),
            port: None,
            user: Some("DB_USER".to_owned()),
            password: Some("DB_PASSWORD".to_owned()),
            name: Some("DB_NAME".to_owned()),
        },
        Some(known("demo-project:europe-west1:auth-db")),
        true,
    ));
    service
}

/// Ids of the checks that only ask the control plane, and read no payload.
fn control_plane() -> impl Iterator<Item = &'static str> {
    let all =
        CHECKS.iter().filter(|check| check.vantage == Vantage::ControlPlane).map(|check| check.id.as_str());
    all.filter(|id| !["credential-well-formed", "secret-intact"].contains(id))
}

/// What the healthy world has nothing for: a version by number, a user with a password, an address that is dialled
/// through a connector, private ranges only, a database that is Cloud SQL's.
const NOT_APPLICABLE: &[&str] = &[
    "secret-version-current",
    "instance-iam-login",
    "cloudsql-client-granted",
    "cloudsql-attached",
    "subnet-large-enough",
    "ingress-firewall-allows",
    "nat-present",
];

#[tokio::test]
async fn in_a_healthy_world_every_check_passes() {
    let cloud = Cloud::healthy().await;
    assert!(control_plane().count() >= 14);
    for check in control_plane() {
        let outcome = cloud.run(check).await;
        let applies = !NOT_APPLICABLE.contains(&check);
        assert_eq!(matches!(outcome, Outcome::Passed { .. }), applies, "{check}: {outcome:?}");
        let skipped = matches!(outcome, Outcome::Skipped { reason: Skip::NotApplicable { .. } });
        assert_eq!(skipped, !applies, "{check}: {outcome:?}");
    }
}

/// Whether a link is met depends on what has the address: unread, it is neither a pass nor "does not apply".
#[tokio::test]
async fn a_database_that_nobody_may_read_is_not_called_something_else() {
    let cloud = Cloud::healthy().await;
    cloud.denies(INSTANCE);
    cloud.denies(INSTANCES);
    for check in ["private-access-active", "ingress-firewall-allows"] {
        let outcome = cloud.run(check).await;
        assert!(matches!(outcome, Outcome::Inconclusive { .. }), "{check}: {outcome:?}");
    }
}

#[tokio::test]
async fn checks_that_run_at_once_share_every_answer() {
    let cloud = Cloud::healthy().await;
    let scope = cloud.scope(Some("DB_PASSWORD"));
    let runs = control_plane().map(|check| (checks::find(check).unwrap().run)(&scope));
    futures::future::join_all(runs).await;
    for path in [SERVICE, REVISION, REVISIONS, CONNECTOR, VERSION, SECRET_POLICY, PROJECT_POLICY, INSTANCE] {
        assert_eq!(cloud.loopback.count(path), 1, "{path}");
    }
}

#[tokio::test]
async fn where_nothing_may_be_read_nothing_passes_and_nothing_fails() {
    let cloud = Cloud::healthy().await;
    for path in [
        SERVICE,
        REVISION,
        REVISIONS,
        CONNECTOR,
        VERSION,
        SECRET,
        SECRET_POLICY,
        PROJECT_POLICY,
        INSTANCE,
        INSTANCES,
    ] {
        cloud.denies(path);
    }
    for check in control_plane() {
        let outcome = cloud.run(check).await;
        assert!(matches!(outcome, Outcome::Inconclusive { .. }), "{check}: {outcome:?}");
    }
}

#[tokio::test]
async fn what_the_service_is_goes_into_the_notes() {
    let cloud = Cloud::healthy().await;
    let (_, scope) = cloud.run_noted("service-exists").await;
    let noted = scope.notes.read();
    assert_eq!(noted.url.as_deref(), Some("https://auth-abcdefghij-ew.a.run.app"));
    assert_eq!(noted.revision.as_deref(), Some("auth-00007-xyz"));
    assert_eq!(noted.service_account.as_deref(), Some("auth@demo-project.iam.gserviceaccount.com"));
}

#[tokio::test]
async fn the_founding_faults_each_show_in_their_own_check() {
    let cloud = Cloud::healthy().await;
    cloud.gone(SERVICE);
    assert!(cloud.finding("service-exists").await.contains("knows no service auth"));

    let cloud = Cloud::healthy().await;
    cloud.revision(|body| body["vpcAccess"] = Value::Null);
    assert!(cloud.finding("vpc-access-present").await.contains("10.20.0.3 is private"));

    let cloud = Cloud::healthy().await;
    cloud.gone(CONNECTOR);
    assert!(cloud.finding("vpc-connector-ready").await.ends_with("demo-connector does not exist"));
    let network = cloud.run("vpc-network-matches").await;
    assert!(matches!(network, Outcome::Skipped { .. }), "{network:?}");

    for state in ["ERROR", "CREATING", "DELETING"] {
        cloud.connector(|body| body["state"] = json!(state));
        assert!(cloud.finding("vpc-connector-ready").await.contains(&format!("state {state}")));
    }
    cloud.connector(|body| body["state"] = json!("UPDATING"));
    assert!(matches!(cloud.run("vpc-connector-ready").await, Outcome::Passed { .. }));
    for unclear in [Value::Null, json!("FROZEN")] {
        cloud.connector(|body| body["state"] = unclear.clone());
        assert!(matches!(cloud.run("vpc-connector-ready").await, Outcome::Inconclusive { .. }), "{unclear}");
    }

    let cloud = Cloud::healthy().await;
    cloud.revision(|body| {
        body["vpcAccess"]["connector"] =
            json!("projects/demo-project/locations/europe-west4/connectors/demo-connector");
    });
    assert!(cloud.finding("vpc-connector-in-region").await.contains("stands in europe-west4"));

    let cloud = Cloud::healthy().await;
    cloud.connector(|body| body["network"] = json!("default"));
    assert!(cloud.finding("vpc-network-matches").await.contains("leads into network default"));
    cloud.instance(|body| {
        body["settings"]["ipConfiguration"]["privateNetwork"] =
            json!("https://www.googleapis.com/compute/v1/projects/123456789012/global/networks/default");
    });
    assert!(matches!(cloud.run("vpc-network-matches").await, Outcome::Passed { .. }));

    let cloud = Cloud::healthy().await;
    cloud.instance(|body| body["settings"]["activationPolicy"] = json!("NEVER"));
    assert!(cloud.finding("instance-running").await.contains("is stopped"));

    let cloud = Cloud::healthy().await;
    cloud.instance(|body| body["ipAddresses"] = json!([{"type": "PRIVATE", "ipAddress": "10.20.0.9"}]));
    assert!(cloud.finding("instance-has-address").await.contains("auth-db has 10.20.0.9"));

    let cloud = Cloud::healthy().await;
    cloud.version(|body| body["state"] = json!("DISABLED"));
    assert!(cloud.finding("secret-version-enabled").await.contains("DISABLED"));

    let cloud = Cloud::healthy().await;
    cloud.loopback.serves(SECRET_POLICY, "{}");
    let finding = cloud.finding("secret-readable").await;
    assert!(finding.contains("auth@demo-project.iam.gserviceaccount.com"), "{finding}");

    let cloud = Cloud::healthy().await;
    cloud.revision(|body| {
        body["containers"][0]["env"].as_array_mut().unwrap().retain(|variable| variable["name"] != "DB_HOST");
    });
    assert!(cloud.finding("variables-injected").await.contains("lacks DB_HOST"));

    let cloud = Cloud::healthy().await;
    cloud.of_service(|body| {
        body["trafficStatuses"] = json!([{"revision": "auth-00006-abc", "percent": 100,
            "type": "TRAFFIC_TARGET_ALLOCATION_TYPE_REVISION"}]);
    });
    assert!(cloud.finding("revision-serving").await.contains("auth-00006-abc 100 %"));
}

/// A network may use public ranges privately; only `all-traffic` carries those.
#[tokio::test]
async fn egress_past_the_vpc_shows_for_a_public_range_used_privately() {
    let cloud = Cloud::healthy().await;
    let elsewhere = "30.1.2.3";
    cloud.revision(|body| body["containers"][0]["env"][1]["value"] = json!(elsewhere));
    let skipped = cloud.run("egress-covers-database").await;
    assert!(matches!(skipped, Outcome::Skipped { .. }), "a public address: {skipped:?}");
    cloud.instance(|body| body["ipAddresses"] = json!([{"type": "PRIVATE", "ipAddress": elsewhere}]));
    assert!(cloud.finding("egress-covers-database").await.contains("does not send 30.1.2.3"));
    cloud.denies(INSTANCES);
    assert!(cloud.finding("egress-covers-database").await.contains("does not send 30.1.2.3"), "as named");
}

#[tokio::test]
async fn a_secret_that_is_missing_is_told_from_a_version_that_is() {
    let cloud = Cloud::healthy().await;
    cloud.gone(VERSION);
    assert!(cloud.finding("secret-version-enabled").await.contains("knows no projects/demo-project"));
    cloud.loopback.serves(SECRET, "{}");
    assert!(cloud.finding("secret-version-enabled").await.contains("has no version 3"));
    cloud.denies(SECRET);
    assert!(cloud.finding("secret-version-enabled").await.contains("has no version 3"));
}

#[tokio::test]
async fn a_grant_on_either_policy_counts_though_the_other_may_not_be_read() {
    let cloud = Cloud::healthy().await;
    cloud.denies(PROJECT_POLICY);
    assert!(matches!(cloud.run("secret-readable").await, Outcome::Passed { .. }));
    cloud.loopback.serves(SECRET_POLICY, "{}");
    assert!(matches!(cloud.run("secret-readable").await, Outcome::Inconclusive { .. }));
    cloud.denies(SECRET_POLICY);
    cloud.loopback.serves(PROJECT_POLICY, include_str!("../data/google/secret-policy.json"));
    assert!(matches!(cloud.run("secret-readable").await, Outcome::Passed { .. }));
}

#[tokio::test]
async fn several_differing_references_are_all_shown() {
    let mut cloud = Cloud::healthy().await;
    cloud.service.secrets[0].version = known("4");
    cloud.service.secrets.push(SecretReference {
        target: "LOG_LEVEL".to_owned(),
        secret: known("level"),
        version: known("latest"),
    });
    let (outcome, scope) = cloud.run_noted("secret-references-match").await;
    let Outcome::Failed { finding } = outcome else { panic!("{outcome:?}") };
    assert_eq!(
        finding.to_string(),
        "DB_PASSWORD refers to db-password:3; the pipeline declares db-password:4"
    );
    assert_eq!(scope.notes.read().facts.len(), 1);
}

#[tokio::test]
async fn what_the_files_do_not_resolve_is_skipped_and_not_guessed() {
    let mut cloud = Cloud::healthy().await;
    cloud.service.secrets[0].version = Stated::unresolved("$_VERSION", place());
    for check in ["secret-version-enabled", "secret-references-match"] {
        let outcome = cloud.run(check).await;
        let Outcome::Skipped { reason: Skip::Unresolved { what } } = outcome else { panic!("{outcome:?}") };
        assert!(what.contains("$_VERSION"), "{what}");
    }
    assert!(matches!(cloud.run("secret-readable").await, Outcome::Passed { .. }), "it needs no version");
}

#[tokio::test]
async fn without_a_named_instance_the_address_tells_it() {
    let mut cloud = Cloud::healthy().await;
    cloud.service.database.as_mut().unwrap().instance = None;
    for check in ["instance-running", "instance-has-address", "vpc-network-matches"] {
        let outcome = cloud.run(check).await;
        assert!(matches!(outcome, Outcome::Passed { .. }), "{check}: {outcome:?}");
    }
    cloud.revision(|body| body["containers"][0]["env"][1]["value"] = json!("10.20.0.77"));
    assert!(matches!(cloud.run("instance-running").await, Outcome::Skipped { .. }));
    assert!(cloud.finding("instance-has-address").await.contains("DB_HOST leads to 10.20.0.77"));
}

#[tokio::test]
async fn a_named_instance_that_is_not_there_is_one_finding() {
    let cloud = Cloud::healthy().await;
    cloud.refuses(INSTANCE, 404, include_str!("../data/google/error-sql-not-found.json"));
    assert!(cloud.finding("instance-running").await.contains("knows no instance"));
    for check in ["instance-has-address", "vpc-network-matches"] {
        assert!(matches!(cloud.run(check).await, Outcome::Skipped { .. }), "{check}");
    }
}

#[tokio::test]
async fn a_deploy_under_way_is_waited_for() {
    let cloud = Cloud::healthy().await;
    let good = include_str!("../data/google/service.json");
    let mut moving: Value = serde_json::from_str(good).unwrap();
    moving["generation"] = json!("8");
    let mut failing: Value = serde_json::from_str(include_str!("../data/google/revision.json")).unwrap();
    failing["reconciling"] = json!(true);
    failing["conditions"][1] = json!({"type": "Ready", "state": "CONDITION_FAILED", "message": "not yet",
        "reason": "SECRETS_ACCESS_CHECK_FAILED"});
    let ready = include_str!("../data/google/revision.json").to_owned();
    let script =
        |first: &Value, rest: &str| [Reply::Body(200, first.to_string()), Reply::Body(200, rest.to_owned())];
    cloud.loopback.answers(SERVICE, script(&moving, good));
    cloud.loopback.answers(REVISION, script(&failing, &ready));
    let scope = cloud.scope(None);
    let run = (checks::find("revision-ready").unwrap().run)(&scope);
    let watch = async {
        loop {
            scope.notes.news().await;
            if let Some(finding) = scope.notes.read().so_far {
                return finding;
            }
        }
    };
    let (outcome, so_far) = tokio::join!(run, watch);
    assert!(so_far.to_string().contains("SECRETS_ACCESS_CHECK_FAILED"), "{so_far}");
    assert!(matches!(outcome, Outcome::Passed { .. }), "{outcome:?}");
}

#[tokio::test]
async fn a_service_without_secrets_database_or_connector_has_no_such_checks() {
    let bare = Service::new(DeploysVia::Native, place());
    let planned: Vec<_> = CHECKS
        .iter()
        .filter(|check| check.vantage == Vantage::ControlPlane)
        .filter(|check| (check.subjects)(&bare) != checks::Subjects::None)
        .map(|check| check.id)
        .collect();
    assert_eq!(planned, ["service-exists", "configuration-unchanged", "revision-ready", "revision-serving"]);
}

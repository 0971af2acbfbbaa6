//! The sandbox, talked to by the clients of those that it stands in for: reqwest, tokio-postgres, Google's own.

use std::collections::BTreeSet;
use std::io::ErrorKind;
use std::net::SocketAddr;
use std::sync::{Arc, LazyLock};
use std::time::{Duration, Instant};

use google_cloud_auth::credentials::{Credentials, anonymous};
use google_cloud_resourcemanager_v3::client::Projects;
use google_cloud_run_v2::client::{Revisions, Services};
use google_cloud_run_v2::model::condition;
use google_cloud_secretmanager_v1::client::SecretManagerService;
use google_cloud_secretmanager_v1::model::secret_version;
use google_cloud_sql_v1::client::{SqlDatabasesService, SqlInstancesService, SqlUsersService};
use google_cloud_vpcaccess_v1::client::VpcAccessService;
use google_cloud_vpcaccess_v1::model::connector;
use rungate::diagnosis::cause::CauseCode;
use rungate::model::{
    DeploysVia, Journey, Pipeline, Place, SecretReference, Service, Stated, Target, ToldBy, Variable,
    infer_database,
};
use rungate::sandbox::faults::{self, Fault, Kind, find, subject};
use rungate::sandbox::world::EnvValue;
use rungate::sandbox::{Sandbox, SandboxError, SandboxOptions, fill, start};
use secrecy::ExposeSecret as _;
use serde_json::{Value, json};
use tokio::time::timeout;
use tokio_postgres::{Client, Config, NoTls};

use crate::common::until;

pub(crate) const PROJECT: &str = "acme-staging";
pub(crate) const REGION: &str = "europe-west1";

/// The incident's body, to the letter.
const UNHEALTHY: &str = r#"{"status":"unhealthy","database_status":"error","database_details":{"connectivity_test":"failed","initialized":true}}"#;
const HEALTHY: &str = r#"{"status":"healthy","database_status":"ok","database_details":{"connectivity_test":"passed","initialized":true}}"#;
const NOT_VALID: &str = r#"{"valid":false,"error":"Invalid token or user not found"}"#;

fn place() -> Place {
    Place { file: "rungate.yaml".into(), line: 1, column: 1 }
}

pub(crate) fn known(text: &str) -> Stated {
    Stated::known(text, place())
}

/// The incident's auth service: parts of the way to its database in variables, the password in a secret.
pub(crate) fn auth() -> Service {
    let mut service = Service::new(DeploysVia::Native, place());
    service.name = Some(known("auth"));
    service.project = Some(known(PROJECT));
    service.region = Some(known(REGION));
    let plain = [
        ("DB_HOST", "10.20.0.3"),
        ("DB_PORT", "5432"),
        ("DB_USER", "auth"),
        ("DB_NAME", "auth"),
        ("LOG_LEVEL", "info"),
    ];
    service.env = plain.map(|(name, value)| Variable { name: name.to_owned(), value: known(value) }).to_vec();
    let secrets = [("DB_PASSWORD", "db-password", "latest"), ("JWT_SECRET", "jwt-secret", "2")];
    service.secrets = secrets.map(|(name, secret, version)| reference(name, secret, version)).to_vec();
    service.vpc.connector = Some(known("auth-connector"));
    service.service_account = Some(known("auth@acme-staging.iam.gserviceaccount.com"));
    service.health.path = Some(known("/auth/health"));
    service.database = infer_database(&service);
    service
}

/// The same service with its whole connection string in a secret.
pub(crate) fn auth_by_dsn() -> Service {
    let mut service = auth();
    service.env.retain(|variable| !variable.name.starts_with("DB_"));
    service.secrets = vec![reference("DATABASE_URL", "auth-database-url", "latest")];
    service.database = infer_database(&service);
    service
}

/// The same service, whose health must come from the new revision, and soon.
pub(crate) fn auth_expecting() -> Service {
    let mut service = auth();
    service.health.revision = Some(ToldBy::Header(known("x-revision")));
    service.health.latency = Some(Duration::from_secs(4));
    service
}

/// The same service, which dials its database by name and names its instance.
fn auth_by_name() -> Service {
    let mut service = auth();
    service.env[0].value = known("db.internal.example");
    service.database = infer_database(&service);
    if let Some(database) = &mut service.database {
        database.instance = Some(known("acme-staging:europe-west1:auth-db"));
    }
    service
}

/// The same service, which dials the socket of an instance that it attaches.
pub(crate) fn auth_by_socket() -> Service {
    let mut service = auth();
    let instance = known("acme-staging:europe-west1:auth-db");
    service.env[0].value = known("/cloudsql/acme-staging:europe-west1:auth-db");
    service.vpc.connector = None;
    service.cloudsql_instances = vec![instance];
    service.database = infer_database(&service);
    service
}

/// The same service, which leaves into its network without a connector.
pub(crate) fn auth_by_direct_egress() -> Service {
    let mut service = auth();
    service.vpc.connector = None;
    service.vpc.network = Some(known("default"));
    service.vpc.subnet = Some(known("run"));
    service.database = infer_database(&service);
    service
}

/// The same, of which the pipeline states what users do.
fn auth_with_a_journey() -> Service {
    let mut service = auth();
    service.journeys = vec![Journey {
        name: known("sign in"),
        needs: Vec::new(),
        variables: Vec::new(),
        retries: 0,
        timeout: Duration::from_secs(5),
        steps: Vec::new(),
    }];
    service
}

/// The same service, which dials a public address.
fn auth_in_public() -> Service {
    let mut service = auth();
    service.vpc.connector = None;
    service.env[0].value = known("203.0.113.9");
    service.database = infer_database(&service);
    service
}

/// The same service, whose pipeline says what its database must hold.
fn auth_that_expects() -> Service {
    let file = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/data/database/rungate.yaml");
    let request =
        rungate::pipeline::Request { files: vec![file.into()], directory: ".".into(), ..Default::default() };
    let mut loaded = rungate::pipeline::load(&request).unwrap().pipeline;
    let mut service = auth();
    let expect = loaded.services.pop().unwrap().database.unwrap().expect;
    service.database.as_mut().unwrap().expect = expect;
    service
}

pub(crate) fn reference(target: &str, secret: &str, version: &str) -> SecretReference {
    SecretReference { target: target.to_owned(), secret: known(secret), version: known(version) }
}

fn targets(services: impl IntoIterator<Item = Service>) -> Vec<Arc<Target>> {
    let text = |stated: &Option<Stated>| stated.as_ref().unwrap().as_known().unwrap().to_owned();
    let target = |service: Service| {
        let (name, project, region) = (text(&service.name), text(&service.project), text(&service.region));
        Arc::new(Target { key: name.clone(), name, project, region, revision: None, service })
    };
    services.into_iter().map(target).collect()
}

pub(crate) async fn sandbox(service: Service, faults: &[&str]) -> Sandbox {
    let faults: Vec<&'static Fault> = faults.iter().map(|code| find(code).unwrap()).collect();
    start(&targets([service]), &faults, SandboxOptions::default()).await.unwrap()
}

/// The incident's sandbox.
pub(crate) async fn incident(faults: &[&str]) -> Sandbox {
    sandbox(auth(), faults).await
}

/// Keeps no connection: those of one test's runtime are of no use to another's.
static HTTP: LazyLock<reqwest::Client> = LazyLock::new(|| {
    let builder = reqwest::Client::builder().no_proxy().redirect(reqwest::redirect::Policy::none());
    builder.pool_max_idle_per_host(0).build().unwrap()
});

async fn get(url: &str) -> (u16, String) {
    let answer = HTTP.get(url).send().await.unwrap();
    (answer.status().as_u16(), answer.text().await.unwrap())
}

async fn post(url: &str, body: &Value) -> (u16, String) {
    let answer = HTTP.post(url).body(body.to_string()).send().await.unwrap();
    (answer.status().as_u16(), answer.text().await.unwrap())
}

async fn health(sandbox: &Sandbox) -> (u16, String) {
    get(&format!("{}/auth/health", sandbox.url("auth").unwrap())).await
}

/// What becomes of a fresh token.
async fn journey(sandbox: &Sandbox) -> (u16, String) {
    let url = sandbox.url("auth").unwrap();
    let (status, body) = post(&format!("{url}/auth/token"), &json!({"user_id": 1})).await;
    assert_eq!(status, 200);
    let body: Value = serde_json::from_str(&body).unwrap();
    post(&format!("{url}/auth/validate-token-and-get-user"), &json!({"token": body["token"]})).await
}

fn nobody() -> Credentials {
    anonymous::Builder::new().build()
}

fn password(sandbox: &Sandbox) -> String {
    let secret = sandbox.world().secret(PROJECT, "db-password").unwrap();
    secret.versions.last().unwrap().payload.expose_secret().to_owned()
}

/// Logs in from the service's place as it would.
async fn login(sandbox: &Sandbox, user: &str, password: &str, database: &str) -> Result<Client, String> {
    let stream = sandbox.dial().connect("auth", "10.20.0.3:5432".parse().unwrap()).await.unwrap();
    let mut config = Config::new();
    config.user(user).password(password).dbname(database);
    match config.connect_raw(stream, NoTls).await {
        Ok((client, connection)) => {
            tokio::spawn(connection);
            Ok(client)
        }
        Err(error) => {
            let error = error.as_db_error().unwrap();
            Err(format!("{} {}: {}", error.severity(), error.code().code(), error.message()))
        }
    }
}

#[tokio::test]
async fn the_healthy_world_is_healthy() {
    for service in [auth(), auth_by_dsn(), auth_by_name(), auth_by_socket(), auth_in_public()] {
        let sandbox = sandbox(service, &[]).await;
        assert_eq!(health(&sandbox).await, (200, HEALTHY.to_owned()));
        let user = r#"{"valid":true,"user":{"id":1,"email":"ada@example.com"}}"#;
        assert_eq!(journey(&sandbox).await, (200, user.to_owned()));
        assert_eq!(get(&format!("{}/nothing", sandbox.url("auth").unwrap())).await.0, 404);
    }
}

#[tokio::test]
async fn a_service_without_a_database_is_given_none() {
    let mut service = auth();
    service.env.retain(|variable| variable.name == "LOG_LEVEL");
    service.secrets.clear();
    service.database = infer_database(&service);
    let sandbox = sandbox(service, &[]).await;
    assert_eq!(health(&sandbox).await, (200, r#"{"status":"healthy"}"#.to_owned()));
    assert!(sandbox.world().instances.is_empty());
}

#[tokio::test]
async fn what_the_pipeline_forgets_is_missing() {
    let mut service = auth();
    service.vpc.connector = None;
    let sandbox = sandbox(service, &[]).await;
    assert_eq!(health(&sandbox).await, (200, UNHEALTHY.to_owned()));
}

#[tokio::test]
async fn a_socket_or_a_public_address_is_invented_where_no_vpc_leads() {
    let mut socket = auth_by_dsn();
    socket.vpc.connector = None;
    socket.cloudsql_instances = vec![known("acme-staging:europe-west1:auth-db")];
    let mut public = auth_by_dsn();
    public.vpc.connector = None;
    for service in [socket, public] {
        let sandbox = sandbox(service, &[]).await;
        assert_eq!(health(&sandbox).await, (200, HEALTHY.to_owned()));
    }
}

#[tokio::test]
async fn an_open_pipeline_runs_once_it_is_filled_in() {
    let open = |text: &str| Stated::unresolved(text, place());
    let mut service = auth();
    service.name = Some(open("${_SERVICE}"));
    service.project = Some(open("$PROJECT_ID"));
    service.region = None;
    for variable in &mut service.env {
        variable.value = open(&format!("$_{}", variable.name));
    }
    service.secrets[0].secret = open("${_PASSWORD_SECRET}");
    service.vpc.connector = Some(open("$_CONNECTOR"));
    let filled = fill(&Pipeline { services: vec![service], ..Pipeline::default() });
    let targets = targets(filled.services);
    let sandbox = start(&targets, &[], SandboxOptions::default()).await.unwrap();
    let url = sandbox.url(&targets[0].key).unwrap();
    assert_eq!(get(&format!("{url}/auth/health")).await, (200, HEALTHY.to_owned()));
}

/// What the sample service shows of each fault, by itself.
#[tokio::test]
async fn every_fault_shows_at_the_service() {
    // The new revision never serves, and the old one is fine.
    let served_by_the_old = [
        "container-did-not-start",
        "container-out-of-memory",
        "image-access-denied",
        "image-not-found",
        "image-wrong-platform",
        "revision-failed",
        "revision-not-serving",
        "service-account-drifted",
        "vpc-connector-access-denied",
        "vpc-network-not-found",
        "secret-access-denied",
        "secret-not-found",
        "secret-version-missing",
    ];
    // Its health asks `SELECT 1`, which says nothing of tables; the journey does.
    let of_what_it_holds = [
        "migrations-pending",
        "extension-missing",
        "schema-missing",
        "schema-permission-denied",
        "query-result-mismatch",
    ];
    let no_instance = ["secret-version-disabled", "secret-version-destroyed"];
    let not_started =
        (500, "The request failed because the instance could not start successfully.".to_owned());
    // Of pipelines with another shape: `shapes.rs` drills them there.
    let of_other_shapes = [
        "egress-without-nat",
        "egress-blocks-cloudsql-socket",
        "server-identity-unverified",
        "subnet-exhausted",
        "firewall-denies-proxy-port",
    ];
    let shows = async |fault: &'static Fault| {
        if of_other_shapes.contains(&fault.code()) {
            return;
        }
        let service = match fault.code() {
            "database-name-unresolvable" | "instance-not-found" => auth_by_name(),
            "cloudsql-not-attached" | "cloudsql-name-mismatch" => auth_by_socket(),
            "vpc-network-not-found" => auth_by_direct_egress(),
            "credential-unescaped" | "credential-scheme-mismatch" | "credential-unreadable" => auth_by_dsn(),
            "socket-tls-conflict" | "cloudsql-client-role-missing" => auth_by_socket(),
            "authorized-network-missing" => auth_in_public(),
            code if of_what_it_holds.contains(&code) => auth_that_expects(),
            "health-expectation-unmet" | "health-version-mismatch" => auth_expecting(),
            "journey-step-failed" => auth_with_a_journey(),
            _ => auth(),
        };
        let sandbox = sandbox(service, &[fault.code()]).await;
        let failing = HEALTHY.replace("\"healthy\"", "\"unhealthy\"");
        let expected = match fault.code() {
            "service-not-found" => {
                assert_eq!(sandbox.url("auth"), None);
                return;
            }
            "variable-missing" => (200, failing.replace("}}", "},\"configuration_status\":\"error\"}")),
            "health-reports-dependency-down" => (200, failing.replace("}}", "},\"redis_status\":\"error\"}")),
            "health-reports-unhealthy" => (200, r#"{"status":"unhealthy"}"#.to_owned()),
            "health-not-found" => (404, r#"{"detail":"Not Found"}"#.to_owned()),
            // The words are good; time and header are not.
            "health-expectation-unmet" | "health-version-mismatch" => (200, HEALTHY.to_owned()),
            "no-instance-available" => (429, "Rate exceeded.".to_owned()),
            "instance-crashing" => (503, "Service Unavailable".to_owned()),
            "request-timed-out" => (504, "upstream request timeout".to_owned()),
            "health-requires-login" => (302, String::new()),
            "ingress-closed" => {
                let (status, body) = health(&sandbox).await;
                assert!(status == 404 && body.contains("was not found on this server"), "{body}");
                return;
            }
            "health-endpoint-failing" => (500, r#"{"message":"Internal Server Error"}"#.to_owned()),
            "health-unrecognized" => {
                let (status, body) = health(&sandbox).await;
                assert!(status == 200 && body.starts_with("<!doctype html>"), "{body}");
                return;
            }
            "health-unstable" => {
                let bodies: BTreeSet<String> =
                    [health(&sandbox).await.1, health(&sandbox).await.1, health(&sandbox).await.1].into();
                assert_eq!(bodies, [HEALTHY.to_owned(), UNHEALTHY.to_owned()].into());
                return;
            }
            // Nobody gets past the front end without a token.
            "invoker-denied" | "token-rejected" => {
                let (status, body) = health(&sandbox).await;
                assert!(status == 403 && body.contains("does not have permission to get URL"), "{body}");
                return;
            }
            // Health is good, and nobody gets in.
            "journey-step-failed" => {
                assert_eq!(health(&sandbox).await, (200, HEALTHY.to_owned()));
                assert_eq!(journey(&sandbox).await, (200, NOT_VALID.to_owned()));
                return;
            }
            "schema-missing" | "schema-permission-denied" => {
                assert_eq!(health(&sandbox).await, (200, HEALTHY.to_owned()), "{}", fault.code());
                assert_eq!(journey(&sandbox).await, (200, NOT_VALID.to_owned()), "{}", fault.code());
                return;
            }
            // The gate lacks a permission; the service is fine. A standby answers what only reads.
            "permission-missing" | "database-read-only" => (200, HEALTHY.to_owned()),
            code if of_what_it_holds.contains(&code) => (200, HEALTHY.to_owned()),
            code if served_by_the_old.contains(&code) => (200, HEALTHY.to_owned()),
            code if no_instance.contains(&code) => not_started.clone(),
            _ => (200, UNHEALTHY.to_owned()),
        };
        assert_eq!(health(&sandbox).await, expected, "{}", fault.code());
        if expected == (200, UNHEALTHY.to_owned()) {
            // The incident's other symptom.
            assert_eq!(journey(&sandbox).await, (200, NOT_VALID.to_owned()), "{}", fault.code());
        }
    };
    // All at once: where packets vanish, the service waits.
    futures::future::join_all(faults::of(Kind::Fault).map(shows)).await;
}

#[tokio::test]
async fn faults_of_credentials_show_with_a_connection_string_too() {
    let codes = [
        "credential-trailing-whitespace",
        "credential-empty",
        "secret-reference-drifted",
        "database-variable-missing",
        "egress-excludes-database",
        "password-rejected",
    ];
    for code in codes {
        let sandbox = sandbox(auth_by_dsn(), &[code]).await;
        assert_eq!(health(&sandbox).await, (200, UNHEALTHY.to_owned()), "{code}");
    }
}

#[tokio::test]
async fn packets_meet_the_fate_that_the_world_has_for_them() {
    let address: SocketAddr = "10.20.0.3:5432".parse().unwrap();
    let soon = Duration::from_millis(200);

    let refused = incident(&["database-refused"]).await;
    let error = timeout(soon, refused.dial().connect("auth", address)).await.unwrap().unwrap_err();
    assert_eq!(error.kind(), ErrorKind::ConnectionRefused);

    for code in ["database-unreachable", "instance-stopped", "vpc-access-missing"] {
        let dropped = incident(&[code]).await;
        assert!(timeout(soon, dropped.dial().connect("auth", address)).await.is_err(), "{code}");
    }

    let unknown = sandbox(auth_by_name(), &["database-name-unresolvable"]).await;
    assert!(unknown.dial().resolve("auth", "db.internal.example").await.is_err());
    let named = sandbox(auth_by_name(), &[]).await;
    let addresses = named.dial().resolve("auth", "db.internal.example").await.unwrap();
    assert!(named.dial().connect("auth", (addresses[0], 5432).into()).await.is_ok());
}

#[tokio::test]
async fn postgresql_is_answered_in_both_forms_of_its_protocol() {
    let sandbox = incident(&[]).await;
    let client = login(&sandbox, "auth", &password(&sandbox), "auth").await.unwrap();
    let one: i32 = client.query_one("SELECT 1", &[]).await.unwrap().get(0);
    assert_eq!(one, 1);
    let simple = async |sql: &str| {
        let messages = client.simple_query(sql).await.unwrap();
        messages.iter().find_map(|message| {
            let tokio_postgres::SimpleQueryMessage::Row(row) = message else { return None };
            row.get(0).map(str::to_owned)
        })
    };
    assert_eq!(simple("SELECT 1").await.as_deref(), Some("1"));
    assert_eq!(simple("SHOW server_version").await.as_deref(), Some("15.13"));
    assert_eq!(simple("SHOW transaction_read_only").await.as_deref(), Some("off"));
    assert_eq!(simple("SHOW max_connections").await.as_deref(), Some("100"));
    assert_eq!(simple("SELECT pg_is_in_recovery()").await.as_deref(), Some("f"));
    assert_eq!(simple("SELECT email FROM users WHERE id = 1").await.as_deref(), Some("ada@example.com"));
    assert_eq!(simple("SELECT email FROM users WHERE id = 2").await, None);
    let recovering: bool = client.query_one("SELECT pg_is_in_recovery()", &[]).await.unwrap().get(0);
    assert!(!recovering);

    let sqlstate = async |sql: &str| {
        client.simple_query(sql).await.unwrap_err().as_db_error().unwrap().code().code().to_owned()
    };
    assert_eq!(sqlstate("SELECT * FROM orders").await, "42P01");
    assert_eq!(sqlstate("SELEC 1").await, "42601");
    // A failed statement aborts its transaction, and only that.
    client.simple_query("BEGIN").await.unwrap();
    assert_eq!(sqlstate("SELEC 1").await, "42601");
    assert_eq!(sqlstate("SELECT 1").await, "25P02");
    client.simple_query("ROLLBACK").await.unwrap();
    assert_eq!(simple("SELECT 1").await.as_deref(), Some("1"));
}

#[tokio::test]
async fn postgresql_refuses_in_its_own_words() {
    let no = async |code: &str, user: &str, password: Option<&str>, database: &str| {
        let sandbox = incident(if code.is_empty() { vec![] } else { vec![code] }.as_slice()).await;
        let secret = self::password(&sandbox);
        login(&sandbox, user, password.unwrap_or(&secret), database).await.unwrap_err()
    };
    let rejected = "FATAL 28P01: password authentication failed for user";
    assert_eq!(no("", "auth", Some("wrong"), "auth").await, format!("{rejected} \"auth\""));
    assert_eq!(no("", "ghost", Some("wrong"), "auth").await, format!("{rejected} \"ghost\""));
    assert_eq!(no("password-rejected", "auth", None, "auth").await, format!("{rejected} \"auth\""));
    assert_eq!(no("", "auth", None, "ghost").await, "FATAL 3D000: database \"ghost\" does not exist");
    assert_eq!(no("", "auth", Some("wrong"), "ghost").await, format!("{rejected} \"auth\""));
    assert_eq!(
        no("login-not-allowed", "auth", None, "auth").await,
        "FATAL 28000: role \"auth\" is not permitted to log in"
    );
    assert_eq!(
        no("connect-privilege-missing", "auth", None, "auth").await,
        "FATAL 42501: permission denied for database \"auth\""
    );
    assert_eq!(
        no("database-disallows-connections", "auth", None, "auth").await,
        "FATAL 55000: database \"auth\" is not currently accepting connections"
    );
    assert_eq!(
        no("connection-slots-exhausted", "auth", None, "auth").await,
        "FATAL 53300: remaining connection slots are reserved for non-replication superuser connections"
    );
    assert_eq!(
        no("database-starting", "auth", None, "auth").await,
        "FATAL 57P03: the database system is starting up"
    );
}

#[tokio::test]
async fn connections_count_and_are_given_back() {
    let sandbox = incident(&[]).await;
    let password = password(&sandbox);
    let mut clients = Vec::new();
    for _ in 0..97 {
        clients.push(login(&sandbox, "auth", &password, "auth").await.unwrap());
    }
    let refused = login(&sandbox, "auth", &password, "auth").await.unwrap_err();
    assert!(refused.starts_with("FATAL 53300: remaining connection slots"), "{refused}");
    assert_eq!(health(&sandbox).await.1, UNHEALTHY);
    clients.clear();
    // The server sees the ends of the connections when it reads them.
    until("a slot is free", async || login(&sandbox, "auth", &password, "auth").await.is_ok()).await;
}

#[tokio::test]
async fn googles_own_clients_read_the_control_plane() {
    let sandbox = incident(&[]).await;
    let endpoints = sandbox.endpoints();
    let at = |endpoint: &Option<String>| endpoint.clone().unwrap();
    let location = format!("projects/{PROJECT}/locations/{REGION}");

    let services = Services::builder()
        .with_endpoint(at(&endpoints.run))
        .with_credentials(nobody())
        .build()
        .await
        .unwrap();
    let service = services.get_service().set_name(format!("{location}/services/auth")).send().await.unwrap();
    assert_eq!(service.uri, sandbox.url("auth").unwrap());
    let ready = service.terminal_condition.unwrap();
    assert_eq!(ready.state, condition::State::ConditionSucceeded);
    assert_eq!(service.latest_created_revision, service.latest_ready_revision);
    assert_eq!(service.traffic_statuses.len(), 1);
    assert!(service.latest_created_revision.ends_with(&service.traffic_statuses[0].revision));

    let revisions = Revisions::builder()
        .with_endpoint(at(&endpoints.run))
        .with_credentials(nobody())
        .build()
        .await
        .unwrap();
    let revision = revisions.get_revision().set_name(&service.latest_created_revision).send().await.unwrap();
    let env = &revision.containers[0].env;
    assert!(
        env.iter().any(|one| one.name == "DB_HOST" && one.value().is_some_and(|text| text == "10.20.0.3"))
    );
    let source = env.iter().find(|one| one.name == "JWT_SECRET").unwrap().value_source().unwrap();
    let selector = source.secret_key_ref.as_ref().unwrap();
    assert_eq!((selector.secret.as_str(), selector.version.as_str()), ("jwt-secret", "2"));
    let list =
        revisions.list_revisions().set_parent(format!("{location}/services/auth")).send().await.unwrap();
    assert_eq!(list.revisions.len(), 2);

    let vpc = VpcAccessService::builder()
        .with_endpoint(at(&endpoints.vpcaccess))
        .with_credentials(nobody())
        .build()
        .await
        .unwrap();
    let name = &revision.vpc_access.unwrap().connector;
    let connector = vpc.get_connector().set_name(name).send().await.unwrap();
    assert_eq!(connector.state, connector::State::Ready);

    let secrets = SecretManagerService::builder()
        .with_endpoint(at(&endpoints.secretmanager))
        .with_credentials(nobody())
        .build()
        .await
        .unwrap();
    let secret = format!("projects/{PROJECT}/secrets/db-password");
    let version =
        secrets.get_secret_version().set_name(format!("{secret}/versions/latest")).send().await.unwrap();
    assert_eq!(version.state, secret_version::State::Enabled);
    let access =
        secrets.access_secret_version().set_name(format!("{secret}/versions/latest")).send().await.unwrap();
    assert_eq!(access.payload.unwrap().data, password(&sandbox).as_bytes());
    let policy = secrets.get_iam_policy().set_resource(&secret).send().await.unwrap();
    assert_eq!(policy.bindings[0].role, "roles/secretmanager.secretAccessor");
    assert_eq!(policy.bindings[0].members, ["serviceAccount:auth@acme-staging.iam.gserviceaccount.com"]);

    let sql = SqlInstancesService::builder()
        .with_endpoint(at(&endpoints.sql))
        .with_credentials(nobody())
        .build()
        .await
        .unwrap();
    let instance = sql.get().set_project(PROJECT).set_instance("auth-db").send().await.unwrap();
    assert_eq!(instance.connection_name, format!("{PROJECT}:{REGION}:auth-db"));
    assert_eq!(instance.ip_addresses[0].ip_address, "10.20.0.3");
    let all = sql.list().set_project(PROJECT).send().await.unwrap();
    assert_eq!(all.items.len(), 1);
    let users = SqlUsersService::builder()
        .with_endpoint(at(&endpoints.sql))
        .with_credentials(nobody())
        .build()
        .await
        .unwrap();
    let users = users.list().set_project(PROJECT).set_instance("auth-db").send().await.unwrap();
    assert_eq!(users.items[0].name, "auth");
    let databases = SqlDatabasesService::builder()
        .with_endpoint(at(&endpoints.sql))
        .with_credentials(nobody())
        .build()
        .await
        .unwrap();
    let databases = databases.list().set_project(PROJECT).set_instance("auth-db").send().await.unwrap();
    assert!(databases.items.iter().any(|database| database.name == "auth"));

    let projects = Projects::builder()
        .with_endpoint(at(&endpoints.cloudresourcemanager))
        .with_credentials(nobody())
        .build()
        .await
        .unwrap();
    let policy = projects.get_iam_policy().set_resource(format!("projects/{PROJECT}")).send().await.unwrap();
    assert_eq!(policy.version, 1);

    let asked = format!("GET /v2/{location}/services/auth");
    assert_eq!(sandbox.requests().get(&asked), Some(&1));
}

#[tokio::test]
async fn a_failed_deploy_leaves_the_old_revision_serving() {
    let sandbox = incident(&["secret-access-denied"]).await;
    let url = format!("{}v2/projects/{PROJECT}/locations/{REGION}/services/auth", endpoint(&sandbox));
    let (status, body) = get(&url).await;
    let service: Value = serde_json::from_str(&body).unwrap();
    assert_eq!(status, 200);
    let terminal = &service["terminalCondition"];
    assert_eq!(terminal["state"], "CONDITION_FAILED");
    assert_eq!(terminal["reason"], "SECRETS_ACCESS_CHECK_FAILED");
    let message = terminal["message"].as_str().unwrap();
    assert!(message.starts_with("Permission denied on secret: projects/"), "{message}");
    assert!(message.contains("for Revision service account auth@acme-staging.iam.gserviceaccount.com."));
    let created = service["latestCreatedRevision"].as_str().unwrap();
    let ready = service["latestReadyRevision"].as_str().unwrap();
    assert!(created.contains("auth-00002-") && ready.contains("auth-00001-"));
    assert!(ready.ends_with(service["trafficStatuses"][0]["revision"].as_str().unwrap()));
}

#[tokio::test]
async fn refusals_have_googles_form() {
    let ask = async |faults: &[&str], path: &str| {
        let sandbox = incident(faults).await;
        let (status, body) = get(&format!("{}{path}", endpoint(&sandbox))).await;
        let body: Value = serde_json::from_str(&body).unwrap();
        assert_eq!(body["error"]["code"], status);
        body["error"].clone()
    };
    let connector = format!("v1/projects/{PROJECT}/locations/{REGION}/connectors/auth-connector");
    let access = format!("v1/projects/{PROJECT}/secrets/db-password/versions/latest:access");
    let instance = format!("v1/projects/{PROJECT}/instances/ghost");

    let denied = ask(&["permission-missing"], &connector).await;
    assert_eq!(denied["status"], "PERMISSION_DENIED");
    assert_eq!(denied["details"][0]["reason"], "IAM_PERMISSION_DENIED");
    assert_eq!(denied["details"][0]["metadata"]["permission"], "vpcaccess.connectors.get");

    assert_eq!(ask(&["vpc-connector-not-found"], &connector).await["status"], "NOT_FOUND");
    assert_eq!(ask(&["secret-version-disabled"], &access).await["status"], "FAILED_PRECONDITION");
    assert_eq!(ask(&[], &instance).await["errors"][0]["reason"], "instanceDoesNotExist");
    assert_eq!(ask(&[], "v1/nothing/here").await["status"], "NOT_FOUND");
}

/// A fault of one's own: the API is off, and its connectors stop with it.
static API_OFF: Fault =
    Fault::after_deploy(CauseCode::VpcApiDisabled, "Of a test.", &subject::CONNECTOR, |world, service| {
        let project = world.services[service].project.clone();
        world.disabled_apis.push((project, "vpcaccess.googleapis.com".to_owned()));
    });

#[tokio::test]
async fn an_api_that_is_off_says_so() {
    let sandbox = start(&targets([auth()]), &[&API_OFF], SandboxOptions::default()).await.unwrap();
    let connector = format!("v1/projects/{PROJECT}/locations/{REGION}/connectors/auth-connector");
    let (status, body) = get(&format!("{}{connector}", endpoint(&sandbox))).await;
    let body: Value = serde_json::from_str(&body).unwrap();
    assert_eq!(status, 403);
    assert_eq!(body["error"]["details"][1]["reason"], "SERVICE_DISABLED");
    assert_eq!(body["error"]["details"][1]["metadata"]["service"], "vpcaccess.googleapis.com");
    assert_eq!(health(&sandbox).await, (200, UNHEALTHY.to_owned()));
}

/// Every resource survives the way through the official types: nothing is misspelt, nothing is lost.
#[tokio::test]
async fn enumerations_are_spelt_as_google_spells_them() {
    let sandbox = incident(&[]).await;
    let fetch = async |path: &str| -> Value {
        serde_json::from_str(&get(&format!("{}{path}", endpoint(&sandbox))).await.1).unwrap()
    };
    let service = fetch(&format!("v2/projects/{PROJECT}/locations/{REGION}/services/auth")).await;
    assert_eq!(service["ingress"], "INGRESS_TRAFFIC_ALL");
    assert_eq!(service["traffic"][0]["type"], "TRAFFIC_TARGET_ALLOCATION_TYPE_LATEST");
    assert_eq!(service["template"]["vpcAccess"]["egress"], "PRIVATE_RANGES_ONLY");
    assert_eq!(service["generation"], "2");
    let again: google_cloud_run_v2::model::Service = serde_json::from_value(service.clone()).unwrap();
    let fields = |value: &Value| value.as_object().unwrap().keys().cloned().collect::<BTreeSet<_>>();
    assert_eq!(fields(&serde_json::to_value(again).unwrap()), fields(&service));

    for prefix in ["v1", "sql/v1beta4"] {
        let instance = fetch(&format!("{prefix}/projects/{PROJECT}/instances/auth-db")).await;
        assert_eq!(instance["state"], "RUNNABLE");
        assert_eq!(instance["databaseVersion"], "POSTGRES_15");
        assert_eq!(instance["settings"]["activationPolicy"], "ALWAYS");
        assert_eq!(instance["ipAddresses"][0]["type"], "PRIVATE");
    }
}

#[tokio::test]
async fn a_fault_that_does_not_apply_says_why() {
    let mut service = auth();
    service.vpc.connector = None;
    let fault = find("vpc-connector-not-ready").unwrap();
    let error = start(&targets([service]), &[fault], SandboxOptions::default()).await.unwrap_err();
    assert!(matches!(error, SandboxError::FaultDoesNotApply { code: "vpc-connector-not-ready", .. }));
    assert!(error.to_string().contains("a private database behind a VPC connector"), "{error}");
}

#[tokio::test]
async fn services_share_an_instance_and_a_secret() {
    let mut chat = auth();
    chat.name = Some(known("chat"));
    let targets = targets([auth(), chat]);
    let sandbox = start(&targets, &[], SandboxOptions::default()).await.unwrap();
    assert_eq!(sandbox.world().instances.len(), 1);
    assert_eq!(sandbox.world().connectors.len(), 1);
    for key in ["auth", "chat"] {
        let url = format!("{}/auth/health", sandbox.url(key).unwrap());
        assert_eq!(get(&url).await, (200, HEALTHY.to_owned()), "{key}");
    }
}

#[tokio::test]
async fn the_control_plane_takes_its_time_if_it_is_told_to() {
    let options = SandboxOptions { latency: Duration::from_millis(50) };
    let sandbox = start(&targets([auth()]), &[], options).await.unwrap();
    let begin = Instant::now();
    get(&format!("{}v1/nothing", endpoint(&sandbox))).await;
    assert!(begin.elapsed() >= options.latency);
}

#[tokio::test]
async fn nothing_is_left_when_the_sandbox_is_dropped() {
    let sandbox = incident(&[]).await;
    let client = login(&sandbox, "auth", &password(&sandbox), "auth").await.unwrap();
    let control: SocketAddr =
        endpoint(&sandbox).trim_start_matches("http://").trim_end_matches('/').parse().unwrap();
    let service: SocketAddr = sandbox.url("auth").unwrap().trim_start_matches("http://").parse().unwrap();
    let dial = sandbox.dial();
    let kept = reqwest::Client::builder().no_proxy().build().unwrap();
    let url = format!("{}/auth/health", sandbox.url("auth").unwrap());
    assert_eq!(kept.get(&url).send().await.unwrap().status(), 200);
    drop(sandbox);
    // The tasks end at their next await.
    for address in [control, service] {
        until("nobody listens", async || {
            let end = tokio::net::TcpStream::connect(address).await.map_err(|error| error.kind());
            end.is_err_and(|kind| kind == ErrorKind::ConnectionRefused)
        })
        .await;
    }
    let database = "10.20.0.3:5432".parse().unwrap();
    until("no way leads to the database", async || dial.connect("auth", database).await.is_err()).await;
    until("the session is over", async || client.simple_query("SELECT 1").await.is_err()).await;
    until("the connection kept is over", async || kept.get(&url).send().await.is_err()).await;
}

/// Passwords are invented anew in every run, and none of them stands in a variable's plain value.
#[tokio::test]
async fn secrets_differ_from_run_to_run() {
    let (first, second) = (incident(&[]).await, incident(&[]).await);
    assert_ne!(password(&first), password(&second));
    let revision = first.world().services[0].newest().unwrap();
    let password = password(&first);
    assert!(revision.env.iter().all(|variable| match &variable.value {
        EnvValue::Plain(text) => *text != password,
        EnvValue::Secret { .. } => true,
    }));
}

pub(crate) fn endpoint(sandbox: &Sandbox) -> String {
    sandbox.endpoints().run.unwrap()
}

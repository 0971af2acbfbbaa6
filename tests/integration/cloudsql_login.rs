//! Cloud SQL's connector way: before a real server behind TLS that wants a client's certificate, and as a check of whole
//! runs in the sandbox; and logins with IAM's tokens.

use std::io::{Read as _, Write as _};
use std::net::{SocketAddr, TcpListener as StdListener};
use std::process::Command;
use std::sync::Arc;
use std::time::Duration;

use rungate::connection::{Authorities, Connection};
use rungate::probe::dial::{OUTSIDE, System};
use rungate::probe::postgres::{
    Bounds, ConnectorKey, ExpectedServer, Method, Stop, describe, login_by_connector,
};
use rungate::record::finding::{CertificateProblem, Ending, PostgresFinding, Stage};
use rungate::sandbox::certificates::{Authority, Signed};
use rustls::crypto::aws_lc_rs;
use rustls::pki_types::pem::PemObject as _;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use rustls::server::WebPkiClientVerifier;
use rustls::{RootCertStore, ServerConfig};
use serde_json::Value;
use tokio::io::copy_bidirectional;
use tokio::net::{TcpListener, TcpStream};
use tokio_rustls::TlsAcceptor;

use crate::common::listener::nobody;
use crate::common::pg::{PASSWORD, Postgres};
use crate::common::{Ran, Rungate, skip};

const INSTANCE: &str = "shop:auth-db";
const BOUNDS: Bounds = Bounds { connect: Duration::from_secs(10), step: Duration::from_secs(20) };

/// Ends TLS with this certificate, for clients that the authority knows, and leads to a server behind.
async fn terminator(shown: &Signed, clients: &Authority, behind: SocketAddr) -> SocketAddr {
    let provider = Arc::new(aws_lc_rs::default_provider());
    let mut roots = RootCertStore::empty();
    roots.add(CertificateDer::from_pem_slice(clients.pem.as_bytes()).unwrap()).unwrap();
    let verifier =
        WebPkiClientVerifier::builder_with_provider(Arc::new(roots), Arc::clone(&provider)).build().unwrap();
    let chain = vec![CertificateDer::from_pem_slice(shown.certificate.as_bytes()).unwrap()];
    let key = PrivateKeyDer::from_pem_slice(shown.key.as_bytes()).unwrap();
    let config = ServerConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_client_cert_verifier(verifier)
        .with_single_cert(chain, key)
        .unwrap();
    let acceptor = TlsAcceptor::from(Arc::new(config));
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    tokio::spawn(async move {
        while let Ok((stream, _)) = listener.accept().await {
            let acceptor = acceptor.clone();
            tokio::spawn(async move {
                let Ok(mut outer) = acceptor.accept(stream).await else { return };
                if let Ok(mut inner) = TcpStream::connect(behind).await {
                    drop(copy_bidirectional(&mut outer, &mut inner).await);
                }
            });
        }
    });
    address
}

/// The gate's own end: what it knows of the instance, and its certificate.
struct End {
    authority: Authority,
    key: ConnectorKey,
}

impl End {
    fn new() -> Self {
        Self { authority: Authority::new("CA").unwrap(), key: ConnectorKey::generate().unwrap() }
    }

    /// Logs in at this address, with a certificate that `signer` signed.
    async fn login(
        &self,
        address: SocketAddr,
        signer: &Authority,
        (user, password, database): (&str, &str, &str),
        bounds: Bounds,
    ) -> Result<(Method, bool, String), PostgresFinding> {
        let identity = self.key.certified(&signer.certify(&self.key.public).unwrap()).unwrap();
        let expected = ExpectedServer {
            common_name: INSTANCE.to_owned(),
            dns_names: Vec::new(),
            authorities: Authorities::of_pem(
                self.authority.pem.as_bytes(),
                "the instance's authority",
                false,
            )
            .unwrap(),
        };
        let connection = Connection {
            user: user.to_owned(),
            password: Some(password.into()),
            database: database.to_owned(),
            ..Connection::default()
        };
        let session =
            login_by_connector(&System, OUTSIDE, address, &expected, &identity, &connection, bounds).await;
        let told = |stop| match stop {
            Stop::Found(finding) => finding,
            Stop::Inconclusive(why) => panic!("{why:?}"),
        };
        let session = session.map_err(told)?;
        let server = describe(&session, bounds).await.map_err(told)?;
        let seen = (session.method, session.tls, server.version);
        session.close().await;
        Ok(seen)
    }
}

#[tokio::test]
async fn a_real_server_behind_the_connectors_port() {
    let Some(server) = Postgres::start(&["max_connections=8"]) else { return skip("no PostgreSQL server") };
    for sql in [
        "CREATE ROLE app LOGIN PASSWORD 's3cret'",
        "CREATE ROLE resting NOLOGIN PASSWORD 's3cret'",
        "CREATE DATABASE shut ALLOW_CONNECTIONS false",
        "CREATE DATABASE own",
        "REVOKE CONNECT ON DATABASE own FROM PUBLIC",
    ] {
        crate::conformance::execute_in(server.port, "postgres", sql).await;
    }
    let end = End::new();
    let own = end.authority.instance(INSTANCE).unwrap();
    let address = terminator(&own, &end.authority, SocketAddr::from(([127, 0, 0, 1], server.port))).await;
    let login = async |user, password, database| {
        end.login(address, &end.authority, (user, password, database), BOUNDS).await
    };

    let (method, tls, version) = login("app", "s3cret", "postgres").await.unwrap();
    assert_eq!((method, tls), (Method::Scram, true), "{version}");
    assert!(login("postgres", PASSWORD, "postgres").await.is_ok());
    for (user, password, database, code, at) in [
        ("app", "wrong", "postgres", "28P01", Stage::DuringProof),
        ("nobody", "s3cret", "postgres", "28P01", Stage::DuringProof),
        ("resting", "s3cret", "postgres", "28000", Stage::AfterProof),
        ("app", "s3cret", "missing", "3D000", Stage::AfterProof),
        ("app", "s3cret", "shut", "55000", Stage::AfterProof),
        ("app", "s3cret", "own", "42501", Stage::AfterProof),
    ] {
        let finding = login(user, password, database).await.unwrap_err();
        let PostgresFinding::LoginRefused { sqlstate, stage, tls, .. } = &finding else {
            panic!("{finding}")
        };
        assert_eq!((sqlstate.as_str(), *stage, *tls), (code, at, true), "{finding}");
        assert!(finding.refuses_the_login());
        assert!(!format!("{finding:?}").contains("s3cret"), "{finding:?}");
    }
}

/// No password is sent to whoever does not show that it is the instance, and a server that sends nothing is not waited for.
#[tokio::test]
async fn who_is_not_the_instance_hears_nothing() {
    let end = End::new();
    let stranger = Authority::new("CA").unwrap();
    let behind = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let behind_at = behind.local_addr().unwrap();
    let login = async |shown: &Signed, signer: &Authority, bounds| {
        let address = terminator(shown, &end.authority, behind_at).await;
        end.login(address, signer, ("app", "s3cret", "postgres"), bounds).await.unwrap_err()
    };
    let other = end.authority.instance("shop:other-db").unwrap();
    let forged = stranger.instance(INSTANCE).unwrap();
    for (shown, expected) in [
        (
            &other,
            CertificateProblem::OtherName {
                host: INSTANCE.to_owned(),
                names: vec!["shop:other-db".to_owned()],
            },
        ),
        (&forged, CertificateProblem::UnknownIssuer),
    ] {
        let finding = login(shown, &end.authority, BOUNDS).await;
        let PostgresFinding::CertificateInvalid { problem, .. } = &finding else { panic!("{finding}") };
        assert_eq!(*problem, expected);
    }

    let own = end.authority.instance(INSTANCE).unwrap();
    let finding = login(&own, &stranger, BOUNDS).await;
    assert!(
        matches!(finding, PostgresFinding::ClientCertificateRefused { sent: true, .. }),
        "the server does not know who signed the gate's certificate: {finding}"
    );
    let nothing_yet = tokio::time::timeout(Duration::from_millis(50), behind.accept()).await;
    assert!(nothing_yet.is_err(), "nobody got as far as the server behind");

    let short = Bounds { step: Duration::from_millis(500), ..BOUNDS };
    let finding = login(&own, &end.authority, short).await;
    assert!(matches!(finding, PostgresFinding::Cut { ending: Ending::Endless { .. }, .. }), "{finding}");

    let closed = SocketAddr::from(([127, 0, 0, 1], nobody().port()));
    let finding = end.login(closed, &end.authority, ("app", "s3cret", "postgres"), BOUNDS).await.unwrap_err();
    assert!(matches!(finding, PostgresFinding::Refused { .. }), "{finding}");
}

/// A service of this shape.
fn service(vpc: &str, host: &str, user: &str, password: &str, more: &str) -> String {
    let attached = host.strip_prefix("/cloudsql/");
    let attached = attached.map(|name| format!("    cloudsql_instances: [{name}]\n")).unwrap_or_default();
    format!(
        "\
version: 1
services:
  - name: auth
    project: acme-staging
    region: europe-west1
    service_account: auth@acme-staging.iam.gserviceaccount.com
{vpc}{attached}    env: {{DB_HOST: '{host}', DB_USER: '{user}', DB_NAME: auth{more}}}
{password}    health: {{path: /health, window: 5s, interval: 200ms}}
"
    )
}

const SOCKET: &str = "/cloudsql/acme-staging:europe-west1:auth-db";
const VPC: &str = "    vpc: {connector: auth-connector}\n";
const SECRET: &str = "    secrets: {DB_PASSWORD: 'auth-db-password:latest'}\n";
const IAM_USER: &str = "auth@acme-staging.iam";

/// A run in the sandbox: what it left, its record, its JSON report.
fn checked(file: &str, more: &[&str]) -> (Ran, Value, Value) {
    let rungate = Rungate::new();
    let path = rungate.file("rungate.yaml", file).display().to_string();
    let fixed =
        ["check", &path, "--sandbox", "--quiet", "--save-run", "run.json", "--report", "json=report.json"];
    let ran = rungate.run(&[&fixed[..], more].concat());
    let read =
        |name: &str| serde_json::from_str(&rungate.read(name)).unwrap_or_else(|_| panic!("{}", ran.all()));
    let (record, report) = (read("run.json"), read("report.json"));
    (ran, record, report)
}

/// The outcome of a check in a record.
fn outcome<'a>(record: &'a Value, check: &str) -> &'a Value {
    let nodes = record["nodes"].as_array().unwrap();
    &nodes.iter().find(|node| node["check"] == check).unwrap_or_else(|| panic!("no {check}"))["outcome"]
}

#[test]
fn a_socket_of_a_public_instance_is_proven_from_anywhere() {
    let file = service("", SOCKET, "auth", SECRET, "");
    let (ran, record, _) = checked(&file, &[]);
    assert_eq!(ran.status, 0, "{}", ran.all());
    let detail = outcome(&record, "cloudsql-login")["detail"].as_str().unwrap_or_default();
    assert!(detail.starts_with("user auth logs in with its password to database auth"), "{record}");
    assert!(detail.ends_with("whether the service itself gets there, this does not show"), "{detail}");
    assert_eq!(outcome(&record, "database-login")["reason"]["reason"], "not-visible");

    for (fault, cause, problem) in [
        ("password-rejected", "password-rejected", "28P01"),
        ("login-not-allowed", "login-not-allowed", "28000"),
        ("connect-privilege-missing", "connect-privilege-missing", "42501"),
    ] {
        let (ran, record, report) = checked(&file, &["--fault", fault]);
        assert_eq!(ran.status, 1, "{}", ran.all());
        let outcome = outcome(&record, "cloudsql-login");
        assert_eq!(outcome["finding"]["found"]["sqlstate"], problem, "{outcome}");
        assert_eq!(report["causes"][0]["code"], cause, "{report}");
        assert!(report["causes"][0]["evidence"].to_string().contains(problem), "{report}");
    }
}

/// The database's own address cannot be reached from the machine that runs the gate, its public one can.
#[test]
fn a_private_address_beside_a_public_one_is_asked_by_the_public_one() {
    let file = service(VPC, "10.20.0.3", "auth", SECRET, "");
    let outside = ["--vantage", "runner", "--inspect-secrets"];
    let (_, record, _) = checked(&file, &outside);
    let skipped = outcome(&record, "cloudsql-login");
    assert_eq!(skipped["reason"]["reason"], "not-applicable", "{skipped}");
    assert!(skipped["reason"]["because"].to_string().contains("has no public address"), "{skipped}");

    let public = [&outside[..], &["--fault", "public-address-closed"]].concat();
    let (ran, record, report) = checked(&file, &public);
    assert_eq!(outcome(&record, "cloudsql-login")["outcome"], "passed", "{}", ran.all());
    let rests = report["services"][0].to_string();
    assert!(!rests.contains("connector way") || ran.status == 0, "a login proves no way: {rests}");

    let (ran, record, report) = checked(&file, &[&public[..], &["--fault", "password-rejected"]].concat());
    assert_eq!(ran.status, 1, "{}", ran.all());
    assert_eq!(outcome(&record, "cloudsql-login")["finding"]["found"]["sqlstate"], "28P01");
    assert_eq!(report["causes"][0]["code"], "password-rejected", "{report}");

    // From inside, the address that the service dials is reached: nothing else is asked.
    let (_, record, _) = checked(&file, &["--fault", "public-address-closed"]);
    let because = outcome(&record, "cloudsql-login")["reason"]["because"].to_string();
    assert!(because.contains("database-login makes the login there"), "{because}");
}

#[test]
fn who_may_not_connect_is_told_permission_and_role() {
    let (ran, record, _) =
        checked(&service("", SOCKET, "auth", SECRET, ""), &["--fault", "gate-may-not-connect"]);
    assert_eq!(ran.status, 0, "{}", ran.all());
    let why = &outcome(&record, "cloudsql-login")["why"];
    assert_eq!(why["permission"], "cloudsql.instances.connect", "{why}");
    assert_eq!(why["role"], "roles/cloudsql.client");
}

/// Without a password, with an IAM user: a token of the account that the service runs as, by either way.
#[test]
fn an_iam_user_logs_in_with_a_token_of_its_account() {
    let by_socket = service("", SOCKET, IAM_USER, "", "");
    let directly = service(VPC, "10.20.0.3", IAM_USER, "", ", DB_SSLMODE: require");
    for (file, check, by) in [
        (&by_socket, "cloudsql-login", "with an access token of its account"),
        (&directly, "database-login", "with its password in clear"),
    ] {
        let (ran, record, _) = checked(file, &[]);
        assert_eq!(ran.status, 0, "{}", ran.all());
        let outcome = outcome(&record, check);
        assert!(outcome["detail"].as_str().is_some_and(|detail| detail.contains(by)), "{outcome}");
        assert!(!ran.all().contains("ya29"), "{}", ran.all());
        assert!(!record.to_string().contains("ya29"));
    }
    for fault in ["iam-login-not-granted", "iam-flag-off"] {
        let (ran, record, report) = checked(&by_socket, &["--fault", fault]);
        assert_eq!(ran.status, 1, "{}", ran.all());
        assert_eq!(report["causes"][0]["code"], "cloudsql-iam-login-misconfigured", "{fault}: {report}");
        // What the control plane proves ends the run, perhaps before the login is tried.
        assert_ne!(outcome(&record, "cloudsql-login")["outcome"], "passed", "{fault}");
    }
    // Whose credentials the gate may not hold, it does not get itself.
    let (_, record, _) = checked(&directly, &["--vantage", "runner"]);
    let outcome = outcome(&record, "database-login");
    assert_eq!(outcome["outcome"], "skipped", "{outcome}");
    // A token that would travel as it is, is not sent.
    let plain = service(VPC, "10.20.0.3", IAM_USER, "", ", DB_SSLMODE: disable");
    let (_, record, _) = checked(&plain, &[]);
    let outcome = self::outcome(&record, "database-login");
    assert!(outcome["reason"]["because"].to_string().contains("does not send it so"), "{outcome}");
}

/// A metadata server that gives one token.
fn metadata(token: &'static str) -> String {
    let listener = StdListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap();
    std::thread::spawn(move || {
        for stream in listener.incoming() {
            let mut stream = stream.unwrap();
            let mut asked = [0; 4096];
            let length = stream.read(&mut asked).unwrap();
            let asked = String::from_utf8_lossy(&asked[..length]).into_owned();
            let right = asked.contains("sqlservice.login")
                && asked.to_lowercase().contains("metadata-flavor: google");
            let body = format!(
                "{{\"access_token\": \"{token}\", \"expires_in\": 3599, \"token_type\": \"Bearer\"}}"
            );
            let (status, body) = if right { ("200 OK", body) } else { ("404 Not Found", String::new()) };
            let head = "Metadata-Flavor: Google\r\nContent-Type: application/json\r\nConnection: close";
            let answer =
                format!("HTTP/1.1 {status}\r\n{head}\r\nContent-Length: {}\r\n\r\n{body}", body.len());
            stream.write_all(answer.as_bytes()).unwrap();
        }
    });
    address.to_string()
}

/// `rungate probe` in the service's place is the service: the token is its own account's, from the metadata server.
#[test]
fn the_probe_takes_the_token_of_the_machines_own_account() {
    const TOKEN: &str = "ya29.token-of-the-metadata-server";
    let authority = Authority::new("CA").unwrap();
    let shown = authority.server(&["127.0.0.1"], rungate::sandbox::certificates::Validity::Now).unwrap();
    let started = Postgres::start_with(&["ssl=on"], |data| {
        std::fs::write(data.join("server.crt"), &shown.certificate).unwrap();
        std::fs::write(data.join("server.key"), &shown.key).unwrap();
        use std::os::unix::fs::PermissionsExt as _;
        std::fs::set_permissions(data.join("server.key"), std::fs::Permissions::from_mode(0o600)).unwrap();
    });
    let Some(server) = started else { return skip("no PostgreSQL server") };
    let runtime = tokio::runtime::Runtime::new().unwrap();
    let sql = format!("CREATE ROLE \"{IAM_USER}\" LOGIN PASSWORD '{TOKEN}'");
    runtime.block_on(crate::conformance::execute_in(server.port, "postgres", &sql));
    // As Cloud SQL's own rules: the password itself, through TLS only.
    server.admit(&format!(
        "hostssl all \"{IAM_USER}\" 127.0.0.1/32 password\nhost all all 127.0.0.1/32 scram-sha-256\n"
    ));
    let run = |variables: &[(&str, &str)]| {
        let mut command = Command::new(env!("CARGO_BIN_EXE_rungate"));
        let port = server.port.to_string();
        let fixed = [
            ("DB_HOST", "127.0.0.1"),
            ("DB_PORT", port.as_str()),
            ("DB_USER", IAM_USER),
            ("DB_NAME", "postgres"),
        ];
        command.env_clear().envs(fixed).envs(variables.iter().copied()).arg("probe");
        let ran = Ran::of(command.output().unwrap());
        let value: Value = serde_json::from_str(ran.stdout.lines().last().unwrap()).unwrap();
        assert!(!ran.all().contains("ya29"), "{}", ran.all());
        (ran, value)
    };
    let host = metadata(TOKEN);
    let (ran, said) = run(&[("GCE_METADATA_HOST", &host)]);
    assert_eq!((ran.status, &said["tls"]), (0, &Value::Bool(true)), "{}", ran.all());

    let wrong = metadata("ya29.somebody-elses");
    let (ran, said) = run(&[("GCE_METADATA_HOST", &wrong)]);
    assert_eq!((ran.status, &said["sqlstate"]), (14, &Value::from("28P01")), "{}", ran.all());

    let (ran, said) = run(&[("GCE_METADATA_HOST", &host), ("DB_SSLMODE", "disable")]);
    assert_eq!((ran.status, said["steps"][0]["step"].as_str()), (19, Some("token")), "{}", ran.all());

    let nobody = nobody().to_string();
    let (ran, said) = run(&[("GCE_METADATA_HOST", &nobody)]);
    assert_eq!((ran.status, said["steps"][0]["outcome"].as_str()), (3, Some("unknown")), "{}", ran.all());
}

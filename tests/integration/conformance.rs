//! A real PostgreSQL server and the sandbox's endpoint, side by side: the same trouble gives the same finding and the
//! same root cause. The whole gate runs both times; only where the database's address leads to differs.

use std::io;
use std::net::{IpAddr, SocketAddr};
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use futures::future::BoxFuture;
use rungate::checks::{CHECKS, graph};
use rungate::diagnosis::cause::CauseCode;
use rungate::diagnosis::{diagnose, settling};
use rungate::live::RunSettings;
use rungate::plan::Plan;
use rungate::probe::Outside;
use rungate::probe::dial::Dial;
use rungate::probe::google::{Auth, Google, Timeouts};
use rungate::probe::http::Http;
use rungate::record::finding::{DatabaseFinding, Finding, PostgresFinding};
use rungate::record::{Outcome, Vantage};
use rungate::run::{Options, execute};
use rungate::sandbox::certificates::{Authority, Validity};
use rungate::sandbox::faults::{self, Fault, Kind, subject};
use rungate::sandbox::world::{CertificateWorld, EnvValue, EnvWorld, TlsWorld, World};
use rungate::sandbox::{self, SandboxOptions};
use rungate::text::vault::Vault;
use rungate::{pipeline, plan};
use secrecy::ExposeSecret as _;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;

use crate::common::listener::Listener;
use crate::common::pg::{self, PASSWORD, Postgres};
use crate::common::{pipeline as sample, skip};

/// Every connection leads to one port of this machine.
#[derive(Debug)]
pub(crate) struct LeadsTo(pub(crate) u16);

impl Dial for LeadsTo {
    fn resolve<'a>(&'a self, _from: &'a str, host: &'a str) -> BoxFuture<'a, io::Result<Vec<IpAddr>>> {
        Box::pin(async move { Ok(vec![host.parse().unwrap()]) })
    }

    fn connect<'a>(&'a self, _from: &'a str, _address: SocketAddr) -> BoxFuture<'a, io::Result<TcpStream>> {
        Box::pin(TcpStream::connect(("127.0.0.1", self.0)))
    }

    /// What is broken on purpose does not change by waiting.
    fn patience(&self) -> Duration {
        Duration::from_secs(1)
    }
}

/// The incident's own system as a plan for the sandbox.
fn planned() -> Plan {
    plan_of(PathBuf::from(sample("rungate.yaml")))
}

/// A pipeline as a plan for the sandbox.
pub(crate) fn plan_of(file: PathBuf) -> Plan {
    let request = pipeline::Request {
        files: vec![file],
        directory: PathBuf::from("."),
        known_checks: CHECKS.iter().map(|check| check.id.as_str()).collect(),
        ..Default::default()
    };
    let loaded = pipeline::load(&request).unwrap();
    // What the control plane foresees ends a run before the login, which is what is compared here.
    let foresees = |id: &str| {
        id == "instance-tls-agrees" || id.starts_with("instance-has-") && id != "instance-has-address"
    };
    let table: Vec<_> = CHECKS.iter().copied().filter(|check| !foresees(check.id.as_str())).collect();
    plan::build(&sandbox::fill(&loaded.pipeline), &table, &plan::Defaults::default()).unwrap()
}

/// What the gate says: the step that fails with what it saw, and the root cause.
pub(crate) async fn said(plan: &Plan, cloud: &sandbox::Sandbox, dial: Arc<dyn Dial>) -> (String, String) {
    let vault = Arc::new(Vault::default());
    let outside = Outside {
        google: Google::new(&cloud.endpoints(), Auth::Anonymous, Arc::clone(&vault), Timeouts::default()),
        http: Http::new(Duration::from_secs(10)),
        dial,
        vault,
    };
    let options = Options {
        settings: Arc::new(RunSettings {
            vantage: Vantage::InVpc,
            inspect_secrets: true,
            connect_timeout: Duration::from_secs(5),
            step_timeout: Duration::from_secs(10),
            fewest_answers: 3,
        }),
        deadline: Duration::from_secs(240),
        concurrency: 64,
        accepted_unproven: Vec::new(),
        sandbox: true,
    };
    let never = std::future::pending();
    let record = execute(plan, Arc::new(outside), &options, &mut settling(graph()), never, &mut |_| {}).await;
    let diagnosis = diagnose(&record, graph());
    let failing = record.nodes.iter().find_map(|node| match &node.outcome {
        Some(Outcome::Failed { finding: Finding::Postgres(finding) }) => {
            Some(format!("{}: {}", node.check, kind(finding)))
        }
        Some(Outcome::Failed { finding: Finding::Database(finding) }) => {
            // A standby here, a role that is set to read only there.
            let read_only = matches!(finding, DatabaseFinding::ReadOnly { .. });
            let said = if read_only { "takes no writes".to_owned() } else { finding.to_string() };
            Some(format!("{}: {said}", node.check))
        }
        _ => None,
    });
    let mut causes = diagnosis.causes.iter().chain(&diagnosis.advisories);
    let cause = causes.next().map_or_else(|| "-".to_owned(), |cause| cause.code.to_string());
    (failing.unwrap_or_else(|| "-".to_owned()), cause)
}

/// A finding without what must differ: addresses and times.
fn kind(finding: &PostgresFinding) -> String {
    let word = |value: serde_json::Value, key: &str| value[key].as_str().unwrap().to_owned();
    match finding {
        PostgresFinding::LoginRefused { sqlstate, user, database, stage, tls, .. } => {
            let tls = if *tls { "TLS" } else { "plain" };
            format!("{sqlstate} {stage:?} {tls} {user}/{database}")
        }
        PostgresFinding::CertificateInvalid { problem, .. } => {
            format!("certificate {}", word(serde_json::to_value(problem).unwrap(), "problem"))
        }
        PostgresFinding::Refused { .. }
        | PostgresFinding::NameUnresolvable { .. }
        | PostgresFinding::TimedOut { .. }
        | PostgresFinding::Unreachable { .. }
        | PostgresFinding::NotPostgres { .. }
        | PostgresFinding::Cut { .. }
        | PostgresFinding::TlsUnsupported { .. }
        | PostgresFinding::ClientCertificateRefused { .. }
        | PostgresFinding::TlsFailed { .. }
        | PostgresFinding::ServerUnproven { .. }
        | PostgresFinding::SessionUnwanted { .. }
        | PostgresFinding::QueryFailed { .. } => word(serde_json::to_value(finding).unwrap(), "kind"),
    }
}

/// One kind of trouble, in both worlds.
struct Case {
    name: &'static str,
    /// What the service asks for, in both worlds: its `sslmode`, and `PGOPTIONS`.
    service: Option<&'static Fault>,
    /// How the sandbox's server is broken; `None`: it is not.
    fault: Option<&'static Fault>,
    /// How the role and the database are made on the real server (`{password}` stands for the injected one).
    sql: &'static [&'static str],
    /// Its rules.
    rules: &'static str,
    /// Its certificate; `None`: it offers no TLS.
    certificate: Option<CertificateWorld>,
    /// Whether it knows an authority of client certificates.
    asks: bool,
    expected: (&'static str, &'static str),
}

const ROLE: &str = "CREATE ROLE auth LOGIN PASSWORD '{password}'";
const DATABASE: &str = "CREATE DATABASE auth";
const OPEN: &str = "host all all 127.0.0.1/32 scram-sha-256";

/// A change of the world that is no fault of the table.
macro_rules! change {
    ($name:ident, $change:expr) => {
        static $name: Fault =
            Fault::before_deploy(CauseCode::Inconclusive, "Of a test.", &subject::DATABASE, $change);
    };
}

fn ask(world: &mut World, service: usize, name: &str, value: &str) {
    let revision = world.services[service].newest_mut().unwrap();
    revision.env.push(EnvWorld { name: name.to_owned(), value: EnvValue::Plain(value.to_owned()) });
}

fn certificate(world: &mut World, certificate: CertificateWorld) {
    world.instances[0].certificate = certificate;
}

change!(DISABLE, |world, service| ask(world, service, "DB_SSLMODE", "disable"));
change!(REQUIRE, |world, service| ask(world, service, "DB_SSLMODE", "require"));
change!(VERIFY_CA, |world, service| ask(world, service, "DB_SSLMODE", "verify-ca"));
change!(VERIFY_FULL, |world, service| ask(world, service, "DB_SSLMODE", "verify-full"));
change!(OPTIONS, |world, service| ask(world, service, "PGOPTIONS", "-c no_such_setting=1"));
change!(NO_TLS, |world, _| certificate(world, CertificateWorld::None));
change!(EXPIRED, |world, _| certificate(world, CertificateWorld::Expired));
change!(NOT_YET, |world, _| certificate(world, CertificateWorld::NotYetValid));
change!(OTHER, |world, _| certificate(world, CertificateWorld::OtherAuthority));
change!(ENCRYPTED, |world, _| world.instances[0].tls = TlsWorld::Encrypted);
change!(CERTIFIED, |world, _| world.instances[0].tls = TlsWorld::ClientCertificate);

const GOOD: Case = Case {
    name: "(none)",
    service: None,
    fault: None,
    sql: &[ROLE, DATABASE],
    rules: OPEN,
    certificate: Some(CertificateWorld::Good),
    asks: false,
    expected: ("-", "-"),
};

fn cases() -> Vec<Case> {
    let found = |code: &str| Some(faults::find(code).unwrap());
    let tls = |name, service: &'static Fault, fault: &'static Fault, certificate, seen, cause| Case {
        name,
        service: Some(service),
        fault: Some(fault),
        certificate,
        expected: (seen, cause),
        ..GOOD
    };
    let invalid = "tls-certificate-invalid";
    vec![
        GOOD,
        Case {
            name: "password-rejected",
            fault: found("password-rejected"),
            sql: &["CREATE ROLE auth LOGIN PASSWORD 'another'", DATABASE],
            expected: ("database-login: 28P01 DuringProof TLS auth/auth", "password-rejected"),
            ..GOOD
        },
        Case {
            name: "database-missing",
            fault: found("database-missing"),
            sql: &[ROLE],
            expected: ("database-login: 3D000 AfterProof TLS auth/auth", "database-missing"),
            ..GOOD
        },
        Case {
            name: "login-not-allowed",
            fault: found("login-not-allowed"),
            sql: &["CREATE ROLE auth NOLOGIN PASSWORD '{password}'", DATABASE],
            expected: ("database-login: 28000 AfterProof TLS auth/auth", "login-not-allowed"),
            ..GOOD
        },
        Case {
            name: "connect-privilege-missing",
            fault: found("connect-privilege-missing"),
            sql: &[ROLE, DATABASE, "REVOKE CONNECT ON DATABASE auth FROM PUBLIC"],
            expected: ("database-login: 42501 AfterProof TLS auth/auth", "connect-privilege-missing"),
            ..GOOD
        },
        Case {
            name: "database-disallows-connections",
            fault: found("database-disallows-connections"),
            sql: &[ROLE, "CREATE DATABASE auth ALLOW_CONNECTIONS false"],
            expected: ("database-login: 55000 AfterProof TLS auth/auth", "database-disallows-connections"),
            ..GOOD
        },
        Case {
            name: "pg-hba-rejected",
            fault: found("pg-hba-rejected"),
            rules: "host all postgres 127.0.0.1/32 scram-sha-256",
            expected: ("database-login: 28000 BeforeProof TLS auth/auth", "pg-hba-rejected"),
            ..GOOD
        },
        Case {
            name: "connection-parameter-invalid",
            service: Some(&OPTIONS),
            expected: ("database-login: 42704 AfterProof TLS auth/auth", "connection-parameter-invalid"),
            ..GOOD
        },
        Case {
            name: "tls-required",
            service: Some(&DISABLE),
            fault: Some(&ENCRYPTED),
            rules: "hostssl all all 127.0.0.1/32 scram-sha-256\nhost all postgres 127.0.0.1/32 scram-sha-256",
            expected: ("database-login: 28000 BeforeProof plain auth/auth", "tls-required"),
            ..GOOD
        },
        Case {
            name: "client-certificate-required",
            service: Some(&REQUIRE),
            fault: Some(&CERTIFIED),
            rules: "hostssl all auth 127.0.0.1/32 scram-sha-256 clientcert=verify-ca\nhost all postgres 127.0.0.1/32 scram-sha-256",
            asks: true,
            expected: ("database-login: 28000 BeforeProof TLS auth/auth", "client-certificate-required"),
            ..GOOD
        },
        tls(
            "tls-unsupported",
            &REQUIRE,
            &NO_TLS,
            None,
            "database-tls-agrees: tls-unsupported",
            "tls-unsupported",
        ),
        Case {
            name: "tls: another name",
            service: Some(&VERIFY_FULL),
            expected: ("database-tls-agrees: certificate other-name", invalid),
            ..GOOD
        },
        tls(
            "tls: expired",
            &VERIFY_CA,
            &EXPIRED,
            Some(CertificateWorld::Expired),
            "database-tls-agrees: certificate expired",
            invalid,
        ),
        tls(
            "tls: not yet valid",
            &VERIFY_CA,
            &NOT_YET,
            Some(CertificateWorld::NotYetValid),
            "database-tls-agrees: certificate not-yet-valid",
            invalid,
        ),
        tls(
            "tls: unknown issuer",
            &VERIFY_CA,
            &OTHER,
            Some(CertificateWorld::OtherAuthority),
            "database-tls-agrees: certificate unknown-issuer",
            invalid,
        ),
    ]
}

/// Makes the real server what the case says.
async fn prepare(server: &Postgres, case: &Case, authority: &Authority, password: &str) {
    let of = |authority: &Authority, validity| authority.server(&["db.sql.internal"], validity).unwrap();
    let signed = match case.certificate.unwrap_or(CertificateWorld::Good) {
        CertificateWorld::Good | CertificateWorld::None => of(authority, Validity::Now),
        CertificateWorld::Expired => of(authority, Validity::Over),
        CertificateWorld::NotYetValid => of(authority, Validity::NotYet),
        CertificateWorld::OtherAuthority => of(&Authority::new("somebody else").unwrap(), Validity::Now),
    };
    server.file("data/server.crt", &signed.certificate);
    server.file("data/server.key", &signed.key);
    server.file("data/root.crt", &authority.pem);
    let ssl = if case.certificate.is_some() { "on" } else { "off" };
    let root = if case.asks { "root.crt" } else { "" };
    server.admit("host all postgres 127.0.0.1/32 scram-sha-256");
    execute_sql(server.port, &format!("ALTER SYSTEM SET ssl = {ssl}")).await;
    execute_sql(server.port, &format!("ALTER SYSTEM SET ssl_ca_file = '{root}'")).await;
    execute_sql(server.port, "DROP DATABASE IF EXISTS auth").await;
    execute_sql(server.port, "DROP ROLE IF EXISTS auth").await;
    for sql in case.sql {
        execute_sql(server.port, &sql.replace("{password}", password)).await;
    }
    server.admit(case.rules);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_real_server_and_the_sandbox_give_the_same_findings() {
    let plan = planned();
    let authority = Authority::new("to begin with").unwrap();
    let first = authority.server(&["db.sql.internal"], Validity::Now).unwrap();
    let started = Postgres::start_with(&[], |data| {
        std::fs::write(data.join("server.crt"), &first.certificate).unwrap();
        std::fs::write(data.join("server.key"), &first.key).unwrap();
    });
    let Some(server) = started else { return skip("no PostgreSQL server") };
    println!("{:<30} {:<56} {:<56} root cause", "trouble", "sandbox", "PostgreSQL");
    let mut wrong = Vec::new();
    for case in cases() {
        let faults: Vec<_> = case.service.into_iter().chain(case.fault).collect();
        let broken = sandbox::start(&plan.targets, &faults, SandboxOptions::default()).await.unwrap();
        let in_sandbox = said(&plan, &broken, broken.dial()).await;

        // The control plane of a healthy world, with a real server behind the database's address.
        let asked: Vec<_> = case.service.into_iter().collect();
        let healthy = sandbox::start(&plan.targets, &asked, SandboxOptions::default()).await.unwrap();
        let role = healthy.world().instances[0].role("auth").unwrap();
        let password = role.password.as_ref().unwrap().expose_secret();
        prepare(&server, &case, healthy.authority(), password).await;
        let really = said(&plan, &healthy, Arc::new(LeadsTo(server.port))).await;

        println!("{:<30} {:<56} {:<56} {}", case.name, in_sandbox.0, really.0, really.1);
        let expected = (case.expected.0.to_owned(), case.expected.1.to_owned());
        for (world, seen) in [("sandbox", in_sandbox), ("PostgreSQL", really)] {
            if seen != expected {
                wrong.push(format!("{}, {world}: {seen:?} instead of {expected:?}", case.name));
            }
        }
    }
    assert!(wrong.is_empty(), "{wrong:#?}");
}

/// What needs a server of its own: one without a free slot, then none.
#[tokio::test(flavor = "multi_thread")]
async fn full_and_stopped_servers_are_the_same_in_both_worlds() {
    let plan = planned();
    let settings = ["max_connections=4", "superuser_reserved_connections=1", "max_wal_senders=0"];
    let Some(server) = Postgres::start(&settings) else { return skip("no PostgreSQL server") };
    let healthy = sandbox::start(&plan.targets, &[], SandboxOptions::default()).await.unwrap();
    let role = healthy.world().instances[0].role("auth").unwrap();
    let password = role.password.as_ref().unwrap().expose_secret();
    for sql in [ROLE, DATABASE] {
        execute_sql(server.port, &sql.replace("{password}", password)).await;
    }
    let mut held = Vec::new();
    for _ in 0..3 {
        held.push(connect(server.port).await);
    }
    for fault in FULL_AND_STOPPED {
        let expected = fault;
        if fault == "database-refused" {
            server.stop();
        }
        let faults = [faults::find(fault).unwrap()];
        let broken = sandbox::start(&plan.targets, &faults, SandboxOptions::default()).await.unwrap();
        let in_sandbox = said(&plan, &broken, broken.dial()).await;
        let really = said(&plan, &healthy, Arc::new(LeadsTo(server.port))).await;
        println!("{fault:<30} {:<56} {:<56} {}", in_sandbox.0, really.0, really.1);
        assert_eq!((in_sandbox.1.as_str(), really.1.as_str()), (expected, expected));
        let step = |seen: &str| seen.split(" plain").next().unwrap().split(" TLS").next().unwrap().to_owned();
        assert_eq!(step(&in_sandbox.0), step(&really.0));
    }
}

/// What answers there is no server of one's own, or not ready: a web server, one that hangs up, one that starts.
#[tokio::test(flavor = "multi_thread")]
async fn strangers_and_starting_servers_are_the_same_in_both_worlds() {
    let plan = planned();
    let Some(primary) = Postgres::start(&["wal_level=replica"]) else { return skip("no PostgreSQL server") };
    let web = Listener::start(|mut stream| async move {
        let mut bytes = [0; 512];
        drop(stream.read(&mut bytes).await);
        drop(stream.write_all(b"HTTP/1.1 400 Bad Request\r\nConnection: close\r\n\r\n").await);
    })
    .await;
    let gone = Listener::start(|mut stream| async move {
        let mut bytes = [0; 512];
        drop(stream.read(&mut bytes).await);
    })
    .await;
    // A standby that takes no logins stands for every server that is not ready.
    let Some(starting) = primary.standby(&["hot_standby=off"], true) else { return };
    let healthy = sandbox::start(&plan.targets, &[], SandboxOptions::default()).await.unwrap();
    for (code, port) in OF_ITS_OWN.iter().zip([web.address.port(), gone.address.port(), starting.port]) {
        let faults = [faults::find(code).unwrap()];
        let broken = sandbox::start(&plan.targets, &faults, SandboxOptions::default()).await.unwrap();
        let in_sandbox = said(&plan, &broken, broken.dial()).await;
        let really = said(&plan, &healthy, Arc::new(LeadsTo(port))).await;
        println!("{code:<30} {:<56} {:<56} {}", in_sandbox.0, really.0, really.1);
        assert_eq!((in_sandbox.1.as_str(), really.1.as_str()), (*code, *code));
        // Whether TLS was made is another question.
        let step = |seen: &str| seen.split(" plain").next().unwrap().split(" TLS").next().unwrap().to_owned();
        assert_eq!(step(&in_sandbox.0), step(&really.0));
    }
}

/// Faults that need a server of their own.
const FULL_AND_STOPPED: [&str; 2] = ["connection-slots-exhausted", "database-refused"];
const OF_ITS_OWN: [&str; 3] = ["not-postgres", "connection-closed", "database-starting"];
/// Who ends the TLS of Cloud SQL's connectors is no PostgreSQL server: `cloudsql_login` puts a real one behind it, and holds
/// who is not the instance to real TLS.
const BEHIND_CONNECTORS: [&str; 1] = ["server-identity-unverified"];

/// Every fault of the sandbox whose cause is one of talking to PostgreSQL stands in a table that holds it to a real server.
#[test]
fn every_fault_of_the_family_is_held_to_a_real_server() {
    let of_logins: Vec<&str> = cases().iter().map(|case| case.name).collect();
    let of_holdings: Vec<&str> = crate::holdings::CASES.iter().filter_map(|case| case.0).collect();
    let all = [&of_logins[..], &of_holdings, &FULL_AND_STOPPED, &OF_ITS_OWN, &BEHIND_CONNECTORS].concat();
    let family = CauseCode::DatabaseRefused..=CauseCode::QueryResultMismatch;
    let of_family: Vec<_> =
        faults::of(Kind::Fault).filter(|fault| family.contains(&fault.looks_like)).collect();
    assert!(of_family.len() > 20, "{}", of_family.len());
    for fault in of_family {
        // The certificate's faults have a row each, by what is wrong with it; a user that is missing looks like a wrong
        // password on the wire.
        let row = match fault.code() {
            "tls-certificate-invalid" => "tls: expired",
            code => code,
        };
        assert!(all.contains(&row), "{fault:?} is not held to a real server");
    }
}

async fn connect(port: u16) -> tokio_postgres::Client {
    let mut config = tokio_postgres::Config::new();
    config.host("127.0.0.1").port(port).user("postgres").password(PASSWORD).dbname("postgres");
    let (client, driver) = config.connect(tokio_postgres::NoTls).await.unwrap();
    tokio::spawn(driver);
    client
}

async fn execute_sql(port: u16, sql: &str) {
    execute_in(port, "postgres", sql).await;
}

pub(crate) async fn execute_in(port: u16, database: &str, sql: &str) {
    pg::execute_in(port, database, &[sql]).await;
}

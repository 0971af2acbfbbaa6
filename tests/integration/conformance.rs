//! A real PostgreSQL server and the sandbox's endpoint, side by side: the same trouble gives the same finding and the
//! same root cause. The whole gate runs both times; only where the database's address leads to differs.

use std::io;
use std::net::{IpAddr, SocketAddr};
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use futures::future::BoxFuture;
use rungate::checks::{CHECKS, RunSettings};
use rungate::diagnosis::{diagnose, settled};
use rungate::plan::Plan;
use rungate::probe::Outside;
use rungate::probe::dial::Dial;
use rungate::probe::google::{Auth, Google, Timeouts};
use rungate::probe::http::Http;
use rungate::probe::vault::Vault;
use rungate::run::finding::{DatabaseFinding, Finding, PostgresFinding};
use rungate::run::outcome::{Outcome, Vantage};
use rungate::run::{Options, execute};
use rungate::sandbox::{self, SandboxOptions, faults};
use rungate::{pipeline, plan};
use secrecy::ExposeSecret as _;
use tokio::net::TcpStream;

use crate::common::pg::{PASSWORD, Postgres};
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
        known_checks: CHECKS.iter().map(|check| check.id).collect(),
        ..Default::default()
    };
    let loaded = pipeline::load(&request).unwrap();
    // What the control plane foresees ends a run before the login, which is what is compared here.
    let foresees = |id: &str| id.starts_with("instance-has-") && id != "instance-has-address";
    let table: Vec<_> = CHECKS.iter().copied().filter(|check| !foresees(check.id)).collect();
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
        }),
        deadline: Duration::from_secs(60),
        concurrency: 64,
        accepted_unproven: Vec::new(),
        sandbox: true,
    };
    let never = std::future::pending();
    let record = execute(plan, Arc::new(outside), &options, settled, never, &mut |_| {}).await;
    let diagnosis = diagnose(&record);
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
    match finding {
        PostgresFinding::LoginRefused { sqlstate, user, database, .. } => {
            format!("login refused with {sqlstate}, user {user}, database {database}")
        }
        PostgresFinding::Refused { .. } => "connection refused".to_owned(),
        PostgresFinding::NameUnresolvable { .. }
        | PostgresFinding::TimedOut { .. }
        | PostgresFinding::Unreachable { .. }
        | PostgresFinding::NotPostgres { .. }
        | PostgresFinding::Cut { .. }
        | PostgresFinding::TlsUnsupported { .. }
        | PostgresFinding::TlsFailed { .. }
        | PostgresFinding::QueryFailed { .. } => finding.to_string(),
    }
}

/// One kind of trouble, in both worlds.
struct Case {
    /// The sandbox's fault; `None`: all is well.
    fault: Option<&'static str>,
    /// How the role and the database are made on the real server (`{password}` stands for the injected one).
    sql: &'static [&'static str],
    settings: &'static [&'static str],
    /// How many connections others hold.
    held: usize,
    stopped: bool,
    expected: (&'static str, &'static str),
}

const ROLE: &str = "CREATE ROLE auth LOGIN PASSWORD '{password}'";
const DATABASE: &str = "CREATE DATABASE auth";
const CASES: &[Case] = &[
    Case {
        fault: None,
        sql: &[ROLE, DATABASE],
        settings: &[],
        held: 0,
        stopped: false,
        expected: ("-", "-"),
    },
    Case {
        fault: Some("password-rejected"),
        sql: &["CREATE ROLE auth LOGIN PASSWORD 'another'", DATABASE],
        settings: &[],
        held: 0,
        stopped: false,
        expected: ("database-login: login refused with 28P01, user auth, database auth", "password-rejected"),
    },
    Case {
        fault: Some("database-missing"),
        sql: &[ROLE],
        settings: &[],
        held: 0,
        stopped: false,
        expected: ("database-login: login refused with 3D000, user auth, database auth", "database-missing"),
    },
    Case {
        fault: Some("login-not-allowed"),
        sql: &["CREATE ROLE auth NOLOGIN PASSWORD '{password}'", DATABASE],
        settings: &[],
        held: 0,
        stopped: false,
        expected: ("database-login: login refused with 28000, user auth, database auth", "login-not-allowed"),
    },
    Case {
        fault: Some("connection-slots-exhausted"),
        sql: &[ROLE, DATABASE],
        settings: &["max_connections=4", "superuser_reserved_connections=1", "max_wal_senders=0"],
        held: 3,
        stopped: false,
        expected: (
            "database-login: login refused with 53300, user auth, database auth",
            "connection-slots-exhausted",
        ),
    },
    Case {
        fault: Some("database-refused"),
        sql: &[],
        settings: &[],
        held: 0,
        stopped: true,
        expected: ("database-port-open: connection refused", "database-refused"),
    },
];

#[tokio::test(flavor = "multi_thread")]
async fn a_real_server_and_the_sandbox_give_the_same_findings() {
    let plan = planned();
    println!("{:<28} {:<68} {:<68} root cause", "trouble", "sandbox", "PostgreSQL");
    for case in CASES {
        let Some(server) = Postgres::start(case.settings) else { return skip("no PostgreSQL server") };
        let faults: Vec<_> = case.fault.iter().map(|code| faults::find(code).unwrap()).collect();
        let broken = sandbox::start(&plan.targets, &faults, SandboxOptions::default()).await.unwrap();
        let in_sandbox = said(&plan, &broken, broken.dial()).await;

        // The control plane of a healthy world, with a real server behind the database's address.
        let healthy = sandbox::start(&plan.targets, &[], SandboxOptions::default()).await.unwrap();
        let role = healthy.world().instances[0].role("auth").unwrap();
        let password = role.password.as_ref().unwrap().expose_secret();
        for sql in case.sql {
            execute_sql(server.port, &sql.replace("{password}", password)).await;
        }
        let mut held = Vec::new();
        for _ in 0..case.held {
            held.push(hold(server.port).await);
        }
        if case.stopped {
            server.stop();
        }
        let really = said(&plan, &healthy, Arc::new(LeadsTo(server.port))).await;

        let trouble = case.fault.unwrap_or("(none)");
        println!("{trouble:<28} {:<68} {:<68} {}", in_sandbox.0, really.0, really.1);
        let expected = (case.expected.0.to_owned(), case.expected.1.to_owned());
        assert_eq!(in_sandbox, expected, "{trouble}, sandbox");
        assert_eq!(really, expected, "{trouble}, PostgreSQL");
    }
}

async fn connect(port: u16) -> tokio_postgres::Client {
    connect_to(port, "postgres").await
}

async fn connect_to(port: u16, database: &str) -> tokio_postgres::Client {
    let mut config = tokio_postgres::Config::new();
    config.host("127.0.0.1").port(port).user("postgres").password(PASSWORD).dbname(database);
    let (client, driver) = config.connect(tokio_postgres::NoTls).await.unwrap();
    tokio::spawn(driver);
    client
}

async fn execute_sql(port: u16, sql: &str) {
    execute_in(port, "postgres", sql).await;
}

pub(crate) async fn execute_in(port: u16, database: &str, sql: &str) {
    let client = connect_to(port, database).await;
    client.batch_execute(sql).await.unwrap();
    drop(client);
    // The slot is free again once the server has noticed the farewell.
    tokio::time::sleep(Duration::from_millis(100)).await;
}

/// A connection that somebody else holds.
async fn hold(port: u16) -> tokio_postgres::Client {
    connect(port).await
}

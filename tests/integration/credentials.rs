//! The rows K of the failure catalogue, each provoked in the sandbox on a service that it applies to, and named; and
//! the shapes in which users give the way to a database, healthy and broken.

use rungate::diagnosis::cause::CauseCode::{self, *};
use rungate::diagnosis::{Diagnosis, Verdict};
use rungate::model::{Service, infer_database};
use rungate::record::RunRecord;
use rungate::sandbox::faults::{Fault, When};
use rungate::sandbox::world::{EnvValue, EnvWorld, World};
use secrecy::{ExposeSecret as _, SecretString};

use crate::revision_drill::{change, gate};
use crate::sandbox::{auth, auth_by_dsn, auth_by_socket, known, reference};

/// Gives every version of the secret of this name another payload.
fn payload(world: &mut World, secret: &str, change: impl Fn(&str) -> String) {
    let secret = world.secrets.iter_mut().find(|one| one.name == secret).expect("the secret");
    for version in &mut secret.versions {
        version.payload = SecretString::from(change(version.payload.expose_secret()));
    }
}

fn dsn(world: &mut World, change: impl Fn(&str) -> String) {
    payload(world, "auth-database-url", change);
}

fn password(world: &mut World, change: impl Fn(&str) -> String) {
    payload(world, "db-password", change);
}

/// Gives a plain variable of the newest revision another value; one that is not there comes to be.
fn variable(world: &mut World, service: usize, name: &str, value: &str) {
    let revision = world.services[service].newest_mut().unwrap();
    revision.env.retain(|one| one.name != name);
    revision.env.push(EnvWorld { name: name.to_owned(), value: EnvValue::Plain(value.to_owned()) });
}

/// The password within a connection string.
fn inside(url: &str, put: impl Fn(&str) -> String) -> String {
    let (head, rest) = url.split_once("://").unwrap();
    let (credentials, place) = rest.rsplit_once('@').unwrap();
    let (user, password) = credentials.split_once(':').unwrap();
    format!("{head}://{user}:{}@{place}", put(password))
}

/// The connection name of an instance whose socket's path is too long.
const LONG: &str = "acme-staging:northamerica-northeast1:\
                    the-primary-database-of-the-authentication-and-accounts-platform-in-staging";

fn auth_by_long_socket() -> Service {
    let mut service = auth_by_socket();
    service.env[0].value = known(&format!("/cloudsql/{LONG}"));
    service.cloudsql_instances = vec![known(LONG)];
    service.database = infer_database(&service);
    service
}

type Row = (&'static str, fn() -> Service, fn(&mut World, usize), CauseCode);

const ROWS: &[Row] = &[
    ("K01 password, line feed", auth, |w, _| password(w, |p| format!("{p}\n")), CredentialTrailingWhitespace),
    (
        "K01 password, carriage return",
        auth,
        |w, _| password(w, |p| format!("{p}\r\n")),
        CredentialTrailingWhitespace,
    ),
    ("K02 URL, line feed", auth_by_dsn, |w, _| dsn(w, |p| format!("{p}\n")), CredentialTrailingWhitespace),
    ("K03 @", auth_by_dsn, |w, _| dsn(w, |p| inside(p, |p| format!("{p}@x"))), CredentialUnescaped),
    ("K04 %", auth_by_dsn, |w, _| dsn(w, |p| inside(p, |p| format!("{p}%zz"))), CredentialUnescaped),
    ("K05 /", auth_by_dsn, |w, _| dsn(w, |p| inside(p, |p| format!("x{p}/y"))), CredentialUnescaped),
    ("K05 #", auth_by_dsn, |w, _| dsn(w, |p| inside(p, |p| format!("x{p}#y"))), CredentialUnescaped),
    ("K05 ?", auth_by_dsn, |w, _| dsn(w, |p| inside(p, |p| format!("x{p}?y"))), CredentialUnescaped),
    (
        "K06 a dialect for Rails",
        auth_by_dsn,
        |w, s| {
            dsn(w, |p| p.replacen("postgresql://", "postgresql+asyncpg://", 1));
            variable(w, s, "RAILS_ENV", "production");
        },
        CredentialSchemeMismatch,
    ),
    (
        "K07 postgres for SQLAlchemy",
        auth_by_dsn,
        |w, _| dsn(w, |p| p.replacen("postgresql://", "postgres+psycopg2://", 1)),
        CredentialSchemeMismatch,
    ),
    (
        "K08 sslmode for asyncpg",
        auth_by_dsn,
        |w, _| dsn(w, |p| p.replacen("postgresql://", "postgresql+asyncpg://", 1) + "?sslmode=prefer"),
        CredentialSchemeMismatch,
    ),
    (
        "K08 an option that its driver does not have",
        auth_by_dsn,
        |w, _| dsn(w, |p| p.replacen("postgresql://", "postgresql+psycopg2://", 1) + "?schema=auth"),
        CredentialSchemeMismatch,
    ),
    ("K09 a leading blank", auth_by_dsn, |w, _| dsn(w, |p| format!(" {p}")), CredentialTrailingWhitespace),
    (
        "K09 a leading blank for Rails",
        auth_by_dsn,
        |w, s| {
            dsn(w, |p| format!(" {p}"));
            variable(w, s, "RAILS_ENV", "production");
        },
        CredentialTrailingWhitespace,
    ),
    ("K09 quotes", auth_by_dsn, |w, _| dsn(w, |p| format!("\"{p}\"")), CredentialQuoted),
    ("K09 quotes around the password", auth, |w, _| password(w, |p| format!("'{p}'")), CredentialQuoted),
    ("K10 localhost", auth, |w, s| variable(w, s, "DB_HOST", "localhost"), DatabaseHostLoopback),
    (
        "K10 localhost in the URL",
        auth_by_dsn,
        |w, _| dsn(w, |p| p.replacen("10.20.0.3", "127.0.0.1", 1)),
        DatabaseHostLoopback,
    ),
    ("K11 dummy", auth, |w, _| password(w, |_| "changeme".to_owned()), CredentialPlaceholder),
    (
        "K11 dummy in the URL",
        auth_by_dsn,
        |w, _| dsn(w, |p| inside(p, |_| "<password>".to_owned())),
        CredentialPlaceholder,
    ),
    ("K12 empty", auth, |w, _| password(w, |_| String::new()), CredentialEmpty),
    ("K13 long socket", auth_by_long_socket, |_, _| {}, SocketPathTooLong),
    (
        "K14 TLS on the socket",
        auth_by_socket,
        |w, s| variable(w, s, "DB_SSLMODE", "require"),
        SocketTlsConflict,
    ),
    ("K15 the proxies' port", auth, |w, s| variable(w, s, "DB_PORT", "3307"), DatabasePortWrong),
    (
        "K15 MySQL's port in the URL",
        auth_by_dsn,
        |w, _| dsn(w, |p| p.replacen(":5432/", ":3306/", 1)),
        DatabasePortWrong,
    ),
    (
        "K17 JSON",
        auth,
        |w, _| password(w, |p| format!("{{\"username\":\"auth\",\"password\":\"{p}\"}}")),
        CredentialEncoded,
    ),
    ("K18 mark before the URL", auth_by_dsn, |w, _| dsn(w, |p| format!("\u{feff}{p}")), CredentialEncoded),
    ("K18 mark", auth, |w, _| password(w, |p| format!("\u{feff}{p}")), CredentialEncoded),
    (
        "K18 base64",
        auth_by_dsn,
        |w, _| dsn(w, |p| base64::Engine::encode(&base64::engine::general_purpose::STANDARD, p)),
        CredentialEncoded,
    ),
    (
        "K18 base64 of the password",
        auth,
        |w, _| {
            password(w, |p| {
                base64::Engine::encode(&base64::engine::general_purpose::STANDARD, format!("{p}\n"))
            });
        },
        CredentialEncoded,
    ),
    ("K19 compose's name", auth, |w, s| variable(w, s, "DB_HOST", "postgres"), DatabaseHostPlaceholder),
    (
        "K19 compose's name in the URL",
        auth_by_dsn,
        |w, _| dsn(w, |p| p.replacen("10.20.0.3", "host.docker.internal", 1)),
        DatabaseHostPlaceholder,
    ),
    (
        "no connection string",
        auth_by_dsn,
        |w, _| dsn(w, |p| inside(p, str::to_owned)[13..30].to_owned()),
        CredentialUnreadable,
    ),
];

/// What does no harm here, so that the gate's word is an advice: SCRAM prepares a password (SASLprep), and that drops a
/// byte-order mark on both sides.
const HARMLESS: &[&str] = &["K18 mark"];

async fn run(row: &Row) -> (RunRecord, Diagnosis) {
    let fault: &'static Fault = Box::leak(Box::new(change(When::BeforeDeploy, row.2)));
    gate((row.1)(), &[fault]).await
}

#[tokio::test]
async fn every_row_of_the_credentials_is_named() {
    // A few at a time: on a busy machine a service answers too late to be judged.
    let runs: Vec<_> = futures::StreamExt::collect(futures::StreamExt::buffered(
        futures::stream::iter(ROWS.iter().map(run)),
        3,
    ))
    .await;
    let mut wrong = Vec::new();
    for (row, (_, diagnosis)) in ROWS.iter().zip(&runs) {
        let named = diagnosis.causes.first().map(|cause| cause.code);
        println!("{:42} {}", row.0, named.map_or("-".to_owned(), |code| code.to_string()));
        let advised = diagnosis.advisories.iter().any(|cause| cause.code == row.3);
        if HARMLESS.contains(&row.0) {
            if diagnosis.verdict != Verdict::Healthy || !advised {
                wrong.push(format!("{}: {:?}, and not an advice", row.0, diagnosis.verdict));
            }
            continue;
        }
        if named != Some(row.3) || diagnosis.verdict != Verdict::Unhealthy {
            let all: Vec<_> = diagnosis.causes.iter().map(|cause| cause.code.to_string()).collect();
            wrong.push(format!("{}: {:?}, {all:?}, and not {}", row.0, diagnosis.verdict, row.3));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
    for row in [
        "K01", "K02", "K03", "K04", "K05", "K06", "K07", "K08", "K09", "K10", "K11", "K12", "K13", "K14",
        "K15", "K17", "K18", "K19",
    ] {
        // K16 is about the gate's own parser, and is held by its unit tests.
        assert!(ROWS.iter().any(|(name, ..)| name.starts_with(row)), "{row} is not provoked");
    }
}

/// No other text holds it.
const PLANTED: &str = "Zq7xPlantedSecret9Vw";

/// It, in every shape of a connection string that is broken.
static SHAPES: [fn(&str) -> String; 11] = [
    |p| inside(p, |_| format!("{PLANTED}\n")),
    |p| inside(p, |_| format!("x@{PLANTED}")),
    |p| inside(p, |_| format!("{PLANTED}%")),
    |p| inside(p, |_| format!("12/{PLANTED}")),
    |p| inside(p, |_| format!("x#{PLANTED}")),
    |p| inside(p, |_| format!("x?{PLANTED}={PLANTED}")),
    |_| PLANTED.to_owned(),
    |_| format!("{{\"password\":\"{PLANTED}\"}}"),
    |_| format!("host=10.20.0.3 user=auth password=a {PLANTED} dbname=auth"),
    |_| format!("jdbc:postgresql://auth:{PLANTED}@10.20.0.3:5432/auth"),
    |_| format!("postgresql://auth:{PLANTED}@10.20.0.3:{PLANTED}/auth"),
];

#[tokio::test]
async fn no_planted_value_reaches_what_is_kept_or_shown() {
    // A `fn` pointer cannot capture: one fault a shape.
    macro_rules! faults {
        ($($at:literal),*) => { [$(change(When::BeforeDeploy, |world, _| dsn(world, SHAPES[$at]))),*] };
    }
    static FAULTS: [Fault; 11] = faults!(0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10);
    let run = async |fault: &'static Fault| gate(auth_by_dsn(), &[fault]).await;
    let runs = futures::future::join_all(FAULTS.iter().map(run)).await;
    let encoded = base64::Engine::encode(&base64::engine::general_purpose::STANDARD, PLANTED);
    for (at, (record, diagnosis)) in runs.iter().enumerate() {
        assert_eq!(diagnosis.verdict, Verdict::Unhealthy, "shape {at}");
        let kept = serde_json::to_string(record).unwrap();
        let shown: String = rungate::report::REPORTS
            .iter()
            .map(|report| (report.render)(record, diagnosis, &rungate::report::Style::default()))
            .collect();
        for text in [&kept, &shown, &format!("{record:?} {diagnosis:?}")] {
            // Any ten characters of it in a row would be too much.
            for part in PLANTED.as_bytes().windows(10) {
                let part = std::str::from_utf8(part).unwrap();
                let around = text.find(part).map(|at| &text[at.saturating_sub(200)..at]);
                assert_eq!(around, None, "shape {at}");
            }
            assert!(!text.contains(encoded.trim_end_matches('=')), "shape {at}");
        }
    }
}

/// The connection string is plain, and user and password stand beside it, as Spring has it.
fn auth_by_spring() -> Service {
    let mut service = auth();
    let log = service.env.pop().unwrap();
    service.env = vec![
        rungate::model::Variable {
            name: "SPRING_DATASOURCE_URL".to_owned(),
            value: known("jdbc:postgresql://10.20.0.3:5432/auth"),
        },
        rungate::model::Variable { name: "SPRING_DATASOURCE_USERNAME".to_owned(), value: known("auth") },
        log,
    ];
    service.secrets = vec![reference("SPRING_DATASOURCE_PASSWORD", "db-password", "latest")];
    service.database = infer_database(&service);
    service
}

/// The instance's connection name stands in a variable, as Google's samples have it.
fn auth_by_instance() -> Service {
    let mut service = auth();
    let name = "acme-staging:europe-west1:auth-db";
    service.vpc.connector = None;
    service.env[0] =
        rungate::model::Variable { name: "INSTANCE_CONNECTION_NAME".to_owned(), value: known(name) };
    service.cloudsql_instances = vec![known(name)];
    service.secrets[0] = reference("DB_PASS", "db-password", "latest");
    service.database = infer_database(&service);
    service
}

/// Several databases: the one that is checked, and the names of the others.
fn auth_with_replica() -> Service {
    let mut service = auth_by_dsn();
    service.secrets.push(reference("REPLICA_DATABASE_URL", "auth-database-url", "latest"));
    service.database = infer_database(&service);
    service
}

#[tokio::test]
async fn databases_of_every_shape_are_proven_and_their_faults_named() {
    let newline: &'static Fault =
        Box::leak(Box::new(change(When::BeforeDeploy, |w, _| password(w, |p| format!("{p}\n")))));
    for (shape, service) in [("spring", auth_by_spring as fn() -> Service), ("instance", auth_by_instance)] {
        let (record, diagnosis) = gate(service(), &[]).await;
        assert_eq!(diagnosis.verdict, Verdict::Healthy, "{shape}: {:?}", diagnosis.causes);
        let database = record.services[0].database.as_ref().unwrap();
        let of_user = record.nodes.iter().find(|node| node.check == "instance-has-user");
        assert_eq!(database.user.as_deref(), Some("auth"), "{shape}: {database:?} {of_user:?}");
        let (_, diagnosis) = gate(service(), &[newline]).await;
        assert_eq!(diagnosis.causes[0].code, CredentialTrailingWhitespace, "{shape}");
    }
    let (record, diagnosis) = gate(auth_with_replica(), &[]).await;
    assert_eq!(diagnosis.verdict, Verdict::Healthy);
    assert_eq!(record.services[0].database.as_ref().unwrap().others, ["REPLICA_DATABASE_URL"]);
}

/// The password stands in a file: a mounted secret, to which a variable leads.
fn auth_by_file() -> Service {
    let mut service = auth();
    service.secrets[0] = reference("/secrets/db/password", "db-password", "latest");
    service.env.push(rungate::model::Variable {
        name: "DB_PASSWORD_FILE".to_owned(),
        value: known("/secrets/db/password"),
    });
    service.database = infer_database(&service);
    service
}

/// The password stands in libpq's own file.
fn auth_by_passfile() -> Service {
    let mut service = auth();
    service.secrets[0] = reference("/secrets/pgpass/file", "db-password", "latest");
    service.env.push(rungate::model::Variable {
        name: "PGPASSFILE".to_owned(),
        value: known("/secrets/pgpass/file"),
    });
    service.database = infer_database(&service);
    service
}

#[tokio::test]
async fn passwords_in_mounted_files_are_the_services_own() {
    let (record, diagnosis) = gate(auth_by_file(), &[]).await;
    assert_eq!(diagnosis.verdict, Verdict::Healthy, "{:?}", diagnosis.causes);
    for check in ["secret-intact", "credential-well-formed", "database-login", "database-query"] {
        let node = record.nodes.iter().find(|node| node.check == check).unwrap();
        assert!(node.passed(), "{check}: {:?}", node.outcome);
    }
    // A line's end at the end of a file is cut off by whoever reads it: an advice.
    let newline: &'static Fault =
        Box::leak(Box::new(change(When::BeforeDeploy, |w, _| password(w, |p| format!("{p}\n")))));
    let (_, diagnosis) = gate(auth_by_file(), &[newline]).await;
    assert_eq!(diagnosis.verdict, Verdict::Healthy, "{:?}", diagnosis.causes);
    assert!(diagnosis.advisories.iter().any(|cause| cause.code == CredentialTrailingWhitespace));
    let other: &'static Fault =
        Box::leak(Box::new(change(When::BeforeDeploy, |w, _| password(w, |_| "k7Qz2mW9xTb4".to_owned()))));
    let (_, diagnosis) = gate(auth_by_file(), &[other]).await;
    assert_eq!(diagnosis.causes[0].code, PasswordRejected, "{:?}", diagnosis.causes);
    // libpq passes over a file that others may read, and Cloud Run mounts secrets so by default.
    let (record, diagnosis) = gate(auth_by_passfile(), &[]).await;
    let node = record.nodes.iter().find(|node| node.check == "credential-well-formed").unwrap();
    assert!(node.finding().is_some_and(|finding| finding.to_string().contains("mode 0444")), "{node:?}");
    assert_eq!((diagnosis.verdict, diagnosis.causes[0].code), (Verdict::Unhealthy, CredentialUnreadable));
}

/// Two servers in one connection string, of which the first is dead; and both.
#[tokio::test]
async fn one_dead_server_of_two_is_an_advice_and_two_are_a_failure() {
    let one: &'static Fault = Box::leak(Box::new(change(When::BeforeDeploy, |w, _| {
        dsn(w, |url| url.replacen("10.20.0.3:5432", "10.20.0.3:5431,10.20.0.3:5432", 1));
    })));
    let (record, diagnosis) = gate(auth_by_dsn(), &[one]).await;
    assert_eq!(diagnosis.verdict, Verdict::Healthy, "{:?}", diagnosis.causes);
    let advice = diagnosis.advisories.iter().find(|cause| cause.code == DatabaseRefused).unwrap();
    assert!(
        advice.claim.ends_with("10.20.0.3:5432 serves in the place of 10.20.0.3:5431"),
        "{}",
        advice.claim
    );
    let login = record.nodes.iter().find(|node| node.check == "database-login").unwrap();
    assert!(login.passed() && format!("{:?}", login.facts).contains("passes over 10.20.0.3:5431"));
    let both: &'static Fault = Box::leak(Box::new(change(When::BeforeDeploy, |w, _| {
        dsn(w, |url| url.replacen("10.20.0.3:5432", "10.20.0.3:5431,10.20.0.3:5433", 1));
    })));
    let (record, diagnosis) = gate(auth_by_dsn(), &[both]).await;
    assert_eq!((diagnosis.verdict, diagnosis.causes[0].code), (Verdict::Unhealthy, DatabaseRefused));
    let port = record.nodes.iter().find(|node| node.check == "database-port-open").unwrap();
    let seen = port.finding().unwrap().to_string();
    assert!(seen.contains("10.20.0.3:5431, 10.20.0.3:5433"), "{seen}");
    // A standby where the service wants to write, and no other.
    let standby: &'static Fault = Box::leak(Box::new(change(When::BeforeDeploy, |w, _| {
        w.instances[0].in_recovery = true;
        dsn(w, |url| format!("{url}?target_session_attrs=read-write"));
    })));
    let (_, diagnosis) = gate(auth_by_dsn(), &[standby]).await;
    assert_eq!((diagnosis.verdict, diagnosis.causes[0].code), (Verdict::Unhealthy, DatabaseReadOnly));
}

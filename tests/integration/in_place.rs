//! `rungate probe`, as a process: what it prints, and what its exit status tells.

use std::io::{Read as _, Write as _};
use std::net::{TcpListener, TcpStream};
use std::process::{Command, Output, Stdio};
use std::time::{Duration, Instant};

use serde_json::Value;

use crate::common::listener::nobody;
use crate::common::pg::{PASSWORD, Postgres};
use crate::common::{HANG, skip};

/// The binary with these variables and nothing else.
fn probe(variables: &[(&str, &str)], arguments: &[&str]) -> Output {
    Command::new(env!("CARGO_BIN_EXE_rungate"))
        .env_clear()
        .envs(variables.iter().copied())
        .arg("probe")
        .args(arguments)
        .output()
        .unwrap()
}

/// The exit status, and the JSON object of the last line, held to its schema.
fn answer(output: &Output) -> (i32, Value) {
    let stdout = String::from_utf8(output.stdout.clone()).unwrap();
    let last = stdout.lines().last().unwrap_or_else(|| panic!("nothing on standard output: {output:?}"));
    let value: Value = serde_json::from_str(last).unwrap();
    let schema: Value = serde_json::from_str(include_str!("../../docs/schemas/probe.schema.json")).unwrap();
    let validator = jsonschema::validator_for(&schema).unwrap();
    let problems: Vec<String> = validator.iter_errors(&value).map(|problem| problem.to_string()).collect();
    assert!(problems.is_empty(), "{problems:?}: {last}");
    let status = output.status.code().unwrap();
    assert_eq!(value["exit_status"], status, "{last}");
    (status, value)
}

/// No form of the password is in any byte of it.
fn tells_no_secret(output: &Output, secret: &str) {
    use base64::Engine as _;
    let encoded = base64::engine::general_purpose::STANDARD.encode(secret);
    let percent: String = secret.bytes().map(|byte| format!("%{byte:02X}")).collect();
    let json = serde_json::to_string(secret).unwrap();
    for stream in [&output.stdout, &output.stderr] {
        let text = String::from_utf8_lossy(stream);
        for form in [secret, &encoded, &percent, json.trim_matches('"')] {
            assert!(!text.contains(form), "{form} stands in {text}");
        }
    }
}

fn family(value: &Value) -> &str {
    value["family"].as_str().unwrap()
}

#[test]
fn a_real_server_gives_every_family_of_its_own() {
    let Some(server) =
        Postgres::start(&["max_connections=8", "superuser_reserved_connections=2", "max_wal_senders=0"])
    else {
        return skip("no PostgreSQL server");
    };
    let port = server.port.to_string();
    let runtime = tokio::runtime::Runtime::new().unwrap();
    let sql = |sql: &str| runtime.block_on(crate::conformance::execute_in(server.port, "postgres", sql));
    let secret = "s3cr\"et/p@ss?word";
    sql(&format!("CREATE ROLE app LOGIN PASSWORD '{secret}'"));
    sql("CREATE ROLE nobody NOLOGIN PASSWORD 'x'");
    sql("CREATE DATABASE shut ALLOW_CONNECTIONS false");
    sql("CREATE DATABASE own");
    sql("REVOKE CONNECT ON DATABASE own FROM PUBLIC");
    let parts = |user: &'static str, password: &'static str, name: &'static str| {
        vec![
            ("DB_HOST", "127.0.0.1".to_owned()),
            ("DB_PORT", port.clone()),
            ("DB_USER", user.to_owned()),
            ("DB_PASSWORD", password.to_owned()),
            ("DB_NAME", name.to_owned()),
        ]
    };
    let run = |variables: &[(&'static str, String)], arguments: &[&str]| {
        let variables: Vec<_> = variables.iter().map(|(name, value)| (*name, value.as_str())).collect();
        probe(&variables, arguments)
    };

    let works = run(&parts("app", secret, "postgres"), &[]);
    let (status, said) = answer(&works);
    assert_eq!((status, family(&said)), (0, "works"), "{said}");
    assert_eq!(said["tls"], false);
    assert_eq!(said["connections"]["most"], 8);
    assert_eq!(said["server"]["standby"], false);
    let steps: Vec<&str> =
        said["steps"].as_array().unwrap().iter().map(|step| step["step"].as_str().unwrap()).collect();
    assert_eq!(steps, ["name", "port", "protocol", "login", "query", "connections"]);
    tells_no_secret(&works, secret);
    let people = String::from_utf8(works.stderr.clone()).unwrap();
    assert!(people.contains("user app logs in to database postgres"), "{people}");
    assert!(run(&parts("app", secret, "postgres"), &["--quiet"]).stderr.is_empty());

    for (user, password, name, status, family_of, sqlstate) in [
        ("app", "wr0ng-password", "postgres", 14, "login", "28P01"),
        ("nobody", "x", "postgres", 14, "login", "28000"),
        ("app", secret, "missing", 15, "database", "3D000"),
        ("app", secret, "own", 15, "database", "42501"),
        ("app", secret, "shut", 15, "database", "55000"),
    ] {
        let output = run(&parts(user, password, name), &[]);
        let (found, said) = answer(&output);
        assert_eq!((found, family(&said)), (status, family_of), "{said}");
        assert_eq!(said["sqlstate"], sqlstate);
        tells_no_secret(&output, secret);
    }
    let mut tls = parts("app", secret, "postgres");
    tls.push(("DB_SSLMODE", "require".to_owned()));
    assert_eq!(answer(&run(&tls, &[])).0, 13);

    // The same by the names that flags, the environment's own, and a connection string give.
    let url = format!("postgresql://app:s3cr%22et%2Fp%40ss%3Fword@127.0.0.1:{port}/postgres");
    let output = probe(&[("BILLING", &url)], &["--dsn", "BILLING"]);
    assert_eq!(answer(&output).0, 0);
    tells_no_secret(&output, secret);
    tells_no_secret(&output, "s3cr%22et%2Fp%40ss%3Fword");
    assert_eq!(answer(&probe(&[("BILLING", &url), ("RUNGATE_PROBE_DSN", "BILLING")], &[])).0, 0);

    // The last ordinary slot is somebody else's.
    let mut config = tokio_postgres::Config::new();
    config.host("127.0.0.1").port(server.port).user("postgres").password(PASSWORD).dbname("postgres");
    let held: Vec<_> = (0..6)
        .filter_map(|_| {
            runtime.block_on(async {
                let (client, driver) = config.connect(tokio_postgres::NoTls).await.ok()?;
                tokio::spawn(driver);
                Some(client)
            })
        })
        .collect();
    assert!(held.len() >= 5);
    let (status, said) = answer(&run(&parts("app", secret, "postgres"), &[]));
    assert_eq!((status, family(&said)), (16, "slots"), "{said}");
    drop(held);
    server.stop();
    let (status, said) = answer(&run(&parts("app", secret, "postgres"), &[]));
    assert_eq!((status, family(&said)), (11, "network"), "{said}");
}

#[test]
fn what_is_no_database_ends_in_time_and_in_its_family() {
    let web = TcpListener::bind("127.0.0.1:0").unwrap();
    let port = web.local_addr().unwrap().port().to_string();
    std::thread::spawn(move || {
        for stream in web.incoming() {
            let Ok(mut stream) = stream else { break };
            let mut bytes = [0; 8];
            drop(stream.read(&mut bytes));
            drop(stream.write_all(b"HTTP/1.1 400 Bad Request\r\n\r\n"));
        }
    });
    let silent = TcpListener::bind("127.0.0.1:0").unwrap();
    let silent_port = silent.local_addr().unwrap().port().to_string();
    let nobody = nobody().port().to_string();
    let of = |host: &'static str, port: &str| {
        vec![
            ("PGHOST", host.to_owned()),
            ("PGPORT", port.to_owned()),
            ("PGUSER", "u".to_owned()),
            ("PGPASSWORD", "hunter2-hunter2".to_owned()),
        ]
    };
    for (variables, arguments, status, family_of) in [
        (of("127.0.0.1", &port), &[][..], 12, "not-postgres"),
        (of("127.0.0.1", &nobody), &[], 11, "network"),
        (of("127.0.0.1", &silent_port), &["--deadline", "1s"], 3, "inconclusive"),
        (of("/cloudsql/p:r:i", "5432"), &[], 11, "network"),
        (of("127.0.0.1", "hunter2-hunter2"), &[], 19, "variables"),
        (vec![("HOME", "/".to_owned())], &[], 19, "variables"),
        (of("127.0.0.1", &port), &["--dsn", "NOT_THERE"], 19, "variables"),
    ] {
        let variables: Vec<_> = variables.iter().map(|(name, value)| (*name, value.as_str())).collect();
        let output = probe(&variables, arguments);
        let (found, said) = answer(&output);
        assert_eq!((found, family(&said)), (status, family_of), "{said}");
        tells_no_secret(&output, "hunter2-hunter2");
    }
    let usage = probe(&[], &["--no-such-flag"]);
    assert_eq!(usage.status.code(), Some(2));
    assert!(usage.stdout.is_empty());
}

/// A message of PostgreSQL's.
fn message(tag: u8, body: &[u8]) -> Vec<u8> {
    let length = u32::try_from(body.len() + 4).unwrap();
    [&[tag], &length.to_be_bytes()[..], body].concat()
}

/// Hears once, and answers.
fn answers(stream: &mut TcpStream, bytes: &[u8]) -> bool {
    let mut heard = [0; 2048];
    stream.read(&mut heard).is_ok_and(|length| length > 0) && stream.write_all(bytes).is_ok()
}

/// Hears a start-up behind a refused SSLRequest, and answers it.
fn logs_in(stream: &mut TcpStream, bytes: &[u8]) -> bool {
    answers(stream, b"N") && answers(stream, bytes)
}

/// One byte a second.
fn drips(stream: &mut TcpStream, bytes: &[u8]) {
    for byte in bytes {
        if stream.write_all(&[*byte]).is_err() {
            return;
        }
        std::thread::sleep(Duration::from_secs(1));
    }
}

fn stays() {
    std::thread::sleep(HANG * 2);
}

fn scram() -> Vec<u8> {
    message(b'R', &[&[0, 0, 0, 10][..], b"SCRAM-SHA-256\0\0"].concat())
}

/// Logged in, and ready for a query.
fn ready() -> Vec<u8> {
    [message(b'R', &[0, 0, 0, 0]), message(b'Z', b"I")].concat()
}

type Misbehaves = fn(&mut TcpStream);

/// The bad input of the database's side: what a server does, the family that the probe calls it, and a part of its words.
const BAD: &[(&str, &str, &str, Misbehaves)] = &[
    ("accepts and says nothing", "inconclusive", "at step protocol", |_| stays()),
    ("drips from its first byte on", "inconclusive", "at step protocol", |stream| {
        if answers(stream, b"") {
            drips(stream, &message(b'E', &[b'x'; 60]));
        }
    }),
    ("drips its answer to the login", "inconclusive", "at step login", |stream| {
        if logs_in(stream, b"") {
            drips(stream, &message(b'R', &[0; 60]));
        }
    }),
    ("closes at once", "not-postgres", "ended the connection during SSLRequest", |_| {}),
    (
        "closes in the middle of a message",
        "not-postgres",
        "during login: closed by the other side",
        |stream| {
            logs_in(stream, &[b'R', 0, 0, 0, 20, 0, 0]);
        },
    ),
    ("answers HTTP", "not-postgres", "answered 'H' to SSLRequest", |stream| {
        answers(stream, b"HTTP/1.1 400 Bad Request\r\n\r\n");
    }),
    ("is a MySQL server", "not-postgres", "is no PostgreSQL server", |stream| {
        drop(stream.write_all(b"J\0\0\0\x0a8.0.36\0"));
        answers(stream, b"");
    }),
    ("answers a TLS alert", "not-postgres", "TLS alert to SSLRequest", |stream| {
        answers(stream, b"\x15\x03\x01\x00\x02\x02\x32");
    }),
    ("announces a message of 1 GB", "not-postgres", "announced a message of more than", |stream| {
        if logs_in(stream, &[b'E', 0x40, 0, 0, 0]) {
            while stream.write_all(&[0; 65536]).is_ok() {}
        }
    }),
    ("announces a row of 1 GB", "not-postgres", "announced a message of more than", |stream| {
        if logs_in(stream, &ready()) && answers(stream, &[b'D', 0x40, 0, 0, 0]) {
            while stream.write_all(&[0; 65536]).is_ok() {}
        }
    }),
    ("sends a thousand notices and refuses", "login", "28P01", |stream| {
        let notices = message(b'N', b"SNOTICE\0C00000\0Mhello\0\0").repeat(1000);
        let accepted = message(b'R', &[0, 0, 0, 0]);
        logs_in(stream, &[accepted, notices, message(b'E', b"SFATAL\0C28P01\0Mno\0\0")].concat());
    }),
    ("sends notices without end", "not-postgres", "sent more than any login", |stream| {
        let notices = message(b'N', b"SNOTICE\0C00000\0Mhello\0\0").repeat(1000);
        if logs_in(stream, &message(b'R', &[0, 0, 0, 0])) {
            while stream.write_all(&notices).is_ok() {}
        }
    }),
    ("refuses in invalid UTF-8", "login", "28P01", |stream| {
        logs_in(stream, &message(b'E', b"SFATAL\0C28P01\0M\xff\xfe\xe4\0\0"));
    }),
    ("answers a query in invalid UTF-8", "not-postgres", "something else than 1", |stream| {
        let row = [&[0, 1, 0, 0, 0, 2][..], b"\xff\xfe"].concat();
        let column = [&[0, 1][..], b"c\0", &[0; 18]].concat();
        let answer =
            [message(b'T', &column), message(b'D', &row), message(b'C', b"SELECT 1\0"), message(b'Z', b"I")];
        if logs_in(stream, &ready()) {
            answers(stream, &answer.concat());
            stays();
        }
    }),
    ("asks for proofs without end", "not-postgres", "a message that has no place there", |stream| {
        if logs_in(stream, &scram()) {
            while answers(stream, &scram()) {}
        }
    }),
    ("asks for four thousand million rounds", "not-postgres", "rounds of SCRAM", |stream| {
        if logs_in(stream, &scram()) {
            answers(stream, &message(b'R', &[&[0, 0, 0, 11][..], b"r=x,s=eA==,i=4294967295"].concat()));
            stays();
        }
    }),
    ("gives a wrong SCRAM signature", "not-postgres", "wrong SCRAM signature", |stream| {
        if !logs_in(stream, &scram()) {
            return;
        }
        let mut first = [0; 1024];
        let Ok(length) = stream.read(&mut first) else { return };
        let first = String::from_utf8_lossy(&first[..length]).into_owned();
        let nonce = first.rsplit("r=").next().unwrap_or_default();
        let challenge = format!("r={nonce}server,s=c2FsdHNhbHQ=,i=4096");
        drop(stream.write_all(&message(b'R', &[&[0, 0, 0, 11], challenge.as_bytes()].concat())));
        let proof = b"v=AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=";
        answers(stream, &[message(b'R', &[&[0, 0, 0, 12][..], proof].concat()), ready()].concat());
        stays();
    }),
    ("answers the query with nothing", "inconclusive", "at step query", |stream| {
        if logs_in(stream, &ready()) {
            answers(stream, b"");
            stays();
        }
    }),
    ("answers the query with an error of a thousand fields", "query", "57014", |stream| {
        let error = [b"SERROR\0C57014\0Mno\0".to_vec(), b"Xx\0".repeat(1000), b"\0".to_vec()].concat();
        if logs_in(stream, &ready()) {
            answers(stream, &[message(b'E', &error), message(b'Z', b"I")].concat());
            stays();
        }
    }),
];

/// Most memory that the probe may take, in KiB; the debug build of the binary has about 60 MiB by itself.
const MOST_MEMORY: u64 = 200 * 1024;

#[test]
fn bad_input_is_borne_in_bounded_time_and_memory() {
    let runs: Vec<_> = BAD
        .iter()
        .map(|(name, family, words, misbehaves)| {
            std::thread::spawn(move || {
                let listener = TcpListener::bind("127.0.0.1:0").unwrap();
                let port = listener.local_addr().unwrap().port().to_string();
                std::thread::spawn(move || {
                    for stream in listener.incoming() {
                        let Ok(mut stream) = stream else { break };
                        std::thread::spawn(move || misbehaves(&mut stream));
                    }
                });
                let variables = [
                    ("PGHOST", "127.0.0.1"),
                    ("PGPORT", &port),
                    ("PGUSER", "u"),
                    ("PGPASSWORD", "hunter2-hunter2"),
                ];
                let began = Instant::now();
                let (output, memory) = watched(&variables, &["--deadline", "8s"]);
                (*name, *family, *words, output, memory, began.elapsed())
            })
        })
        .collect();
    let mut wrong = Vec::new();
    println!("{:<52} {:<14} {:>9} {:>8}", "a server that", "family", "KiB", "seconds");
    for run in runs {
        let (name, expected, words, output, memory, took) = run.join().unwrap();
        let (_, said) = answer(&output);
        tells_no_secret(&output, "hunter2-hunter2");
        println!(
            "{name:<52} {:<14} {memory:>9} {:>8.1}  {}",
            family(&said),
            took.as_secs_f64(),
            said["detail"]
        );
        let told = said["detail"].as_str().unwrap().contains(words);
        if family(&said) != expected || !told || memory > MOST_MEMORY || took > HANG {
            wrong.push(format!("{name}: {}, {memory} KiB, {took:?}: {}", family(&said), said["detail"]));
        }
    }
    assert!(wrong.is_empty(), "{wrong:#?}");
}

/// The binary with these variables, and the most memory that it was seen to have, in KiB (0 where that cannot be seen).
fn watched(variables: &[(&str, &str)], arguments: &[&str]) -> (Output, u64) {
    let mut child = Command::new(env!("CARGO_BIN_EXE_rungate"))
        .env_clear()
        .envs(variables.iter().copied())
        .arg("probe")
        .args(arguments)
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    let mut most = 0;
    while child.try_wait().unwrap().is_none() {
        let status = std::fs::read_to_string(format!("/proc/{}/status", child.id())).unwrap_or_default();
        // Between fork and exec the child still is this very test, with all its memory.
        if status.starts_with("Name:\trungate\n") {
            let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:"));
            let kib = line.and_then(|line| line.trim().trim_end_matches("kB").trim().parse().ok());
            most = most.max(kib.unwrap_or(0));
        }
        std::thread::sleep(Duration::from_millis(10));
    }
    (child.wait_with_output().unwrap(), most)
}

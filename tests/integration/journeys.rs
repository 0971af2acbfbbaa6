//! Journeys against real servers on loopback: walked as users walk them, and against servers that mean no good.

use std::collections::BTreeMap;
use std::io::{Read as _, Write as _};
use std::net::{SocketAddr, TcpStream};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use rungate::checks::{self, CHECKS, graph};
use rungate::diagnosis::{self, diagnose};
use rungate::live::RunSettings;
use rungate::pipeline;
use rungate::plan::{self, Plan};
use rungate::probe::Outside;
use rungate::probe::dial::System;
use rungate::probe::google::{Auth, Endpoints, Google, Timeouts};
use rungate::probe::http::Http;
use rungate::record::finding::{Finding, JourneyFinding};
use rungate::record::{Outcome, RunRecord, Skip, Vantage};
use rungate::report::{REPORTS, Style, render};
use rungate::run::{self, Options};
use rungate::text::vault::Vault;
use secrecy::SecretString;

use crate::common::{HANG, Rungate};
use crate::standin::listen;

/// What a server got: the head of a request, and its body.
struct Got {
    head: String,
    body: String,
}

impl Got {
    /// `POST /path`.
    fn line(&self) -> &str {
        self.head.lines().next().unwrap_or_default().trim_end_matches(" HTTP/1.1")
    }

    fn header(&self, name: &str) -> Option<&str> {
        let lines = self.head.lines().skip(1);
        lines
            .filter_map(|line| line.split_once(": "))
            .find(|(key, _)| key.eq_ignore_ascii_case(name))
            .map(|(_, value)| value)
    }
}

/// A server that does to each request what a test wants, and then closes.
fn server(answer: impl Fn(&Got, &mut TcpStream) + Send + Sync + 'static) -> SocketAddr {
    listen(move |stream| {
        let mut bytes = Vec::new();
        let mut buffer = [0; 4096];
        let end = loop {
            if let Some(end) = bytes.windows(4).position(|window| window == b"\r\n\r\n") {
                break end + 4;
            }
            match stream.read(&mut buffer) {
                Ok(0) | Err(_) => return,
                Ok(read) => bytes.extend_from_slice(&buffer[..read]),
            }
        };
        let head = String::from_utf8_lossy(&bytes[..end]).trim_end().to_owned();
        let mut got = Got { head, body: String::new() };
        let length: usize = got.header("content-length").and_then(|text| text.parse().ok()).unwrap_or(0);
        while bytes.len() < end + length {
            match stream.read(&mut buffer) {
                Ok(0) | Err(_) => return,
                Ok(read) => bytes.extend_from_slice(&buffer[..read]),
            }
        }
        got.body = String::from_utf8_lossy(&bytes[end..]).into_owned();
        answer(&got, stream);
    })
}

fn say(stream: &mut TcpStream, status: &str, headers: &str, body: &[u8]) {
    let head =
        format!("HTTP/1.1 {status}\r\n{headers}Content-Length: {}\r\nConnection: close\r\n\r\n", body.len());
    drop(stream.write_all(head.as_bytes()).and_then(|()| stream.write_all(body)));
}

fn json(stream: &mut TcpStream, body: &str) {
    say(stream, "200 OK", "Content-Type: application/json\r\n", body.as_bytes());
}

/// The journeys of a service at that address, as a file states them; nothing else is checked.
fn planned(address: SocketAddr, journeys: &str, environment: &[(&str, &str)]) -> Plan {
    let folder = Rungate::new();
    let moved: String = journeys.lines().map(|line| format!("  {line}\n")).collect();
    let text = format!(
        "version: 1\nservices:\n- name: auth\n  project: p\n  region: r\n  url: http://{address}\n  journeys:\n{moved}"
    );
    folder.file("rungate.yaml", text);
    let request = pipeline::Request {
        directory: folder.path("."),
        known_checks: CHECKS.iter().map(|check| check.id.as_str()).collect(),
        ..Default::default()
    };
    let loaded = pipeline::load(&request).unwrap_or_else(|problems| panic!("{problems}"));
    let table = [checks::find("journey-step-works").unwrap()];
    let given: BTreeMap<&str, &str> = environment.iter().copied().collect();
    plan::build(&loaded.pipeline, &table, &plan::Defaults::default())
        .unwrap()
        .given(|name| given.get(name).map(|value| SecretString::from(*value)))
}

fn walked(plan: &Plan) -> RunRecord {
    let vault = Arc::new(Vault::default());
    let limit = Duration::from_secs(10);
    let outside = Outside {
        google: Google::new(&Endpoints::default(), Auth::Anonymous, Arc::clone(&vault), Timeouts::default()),
        http: Http::new(limit),
        dial: Arc::new(System),
        vault,
    };
    let settings = RunSettings {
        vantage: Vantage::Runner,
        inspect_secrets: false,
        connect_timeout: limit,
        step_timeout: limit,
        fewest_answers: 1,
    };
    let options = Options {
        settings: Arc::new(settings),
        deadline: Duration::from_secs(60),
        concurrency: 16,
        accepted_unproven: Vec::new(),
        sandbox: false,
    };
    let runtime = tokio::runtime::Runtime::new().unwrap();
    runtime.block_on(run::execute(
        plan,
        Arc::new(outside),
        &options,
        &mut diagnosis::settling(checks::graph()),
        std::future::pending(),
        &mut |_| {},
    ))
}

fn walk(address: SocketAddr, journeys: &str, environment: &[(&str, &str)]) -> RunRecord {
    walked(&planned(address, journeys, environment))
}

fn outcome<'a>(record: &'a RunRecord, step: &str) -> &'a Outcome {
    let node = record
        .nodes
        .iter()
        .find(|node| node.subject.as_deref().is_some_and(|subject| subject.ends_with(step)));
    node.unwrap_or_else(|| panic!("no step {step}")).outcome.as_ref().unwrap()
}

fn finding<'a>(record: &'a RunRecord, step: &str) -> &'a JourneyFinding {
    match outcome(record, step) {
        Outcome::Failed { finding: Finding::Journey(finding) } => finding,
        other => panic!("{step}: {other:?}"),
    }
}

fn passed(record: &RunRecord, step: &str) -> bool {
    matches!(outcome(record, step), Outcome::Passed { .. })
}

const TOKEN: &str = "eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiJhZGEtbG92ZWxhY2UifQ.c2lnbmF0dXJlLW9mLXRoaXMtdG9rZW4";

/// Signs in, asks who the user is, and signs out again, whatever became of that.
const GOLDEN: &str = "\
- name: sign in
  variables: {password: {env: E2E_PASSWORD}}
  steps:
  - name: get a token
    request: {path: /token, form: {grant_type: password, password: ((password))}}
    expect: {status: 200, json: $.access_token, headers: {content-type: json}}
    capture: {token: $.access_token}
  - name: who am I
    request: {path: '/me?of=((token))', bearer: ((token)), headers: {x-once: 'a ((token)) b'}}
    expect: {json: [$.valid == true, $.user.id >= 1]}
  - name: read mail
    request: {path: /mail}
    expect: {status: 200}
  - name: sign out
    always: true
    request: {method: DELETE, path: /session/((token))}
    expect: {status: 204}
";

#[test]
fn the_golden_path_is_walked_in_order_with_what_was_captured() {
    let seen: Arc<Mutex<Vec<Got>>> = Arc::default();
    let kept = Arc::clone(&seen);
    let address = server(move |got, stream| {
        match got.line() {
            "POST /token" => json(stream, &format!("{{\"access_token\":\"{TOKEN}\"}}")),
            line if line.starts_with("GET /me") => json(stream, r#"{"valid":true,"user":{"id":7}}"#),
            line if line.starts_with("DELETE /session/") => say(stream, "204 No Content", "", b""),
            _ => json(stream, "[]"),
        }
        kept.lock().unwrap().push(Got { head: got.head.clone(), body: got.body.clone() });
    });
    let record = walk(address, GOLDEN, &[("E2E_PASSWORD", "s&cret=1 +")]);
    for step in ["get a token", "who am I", "read mail", "sign out"] {
        assert!(passed(&record, step), "{step}: {:?}", outcome(&record, step));
    }
    let seen = seen.lock().unwrap();
    let lines: Vec<&str> = seen.iter().map(Got::line).collect();
    assert_eq!(lines[0], "POST /token");
    assert_eq!(seen[0].body, "grant_type=password&password=s%26cret%3D1+%2B");
    assert_eq!(lines[1], format!("GET /me?of={TOKEN}"));
    assert_eq!(seen[1].header("authorization"), Some(format!("Bearer {TOKEN}").as_str()));
    assert_eq!(seen[1].header("x-once"), Some(format!("a {TOKEN} b").as_str()));
    assert_eq!((lines[2], lines[3]), ("GET /mail", format!("DELETE /session/{TOKEN}").as_str()));
}

#[test]
fn a_failing_step_shows_what_differed_and_blocks_the_next_but_not_the_cleaning_up() {
    let address = server(move |got, stream| match got.line() {
        "POST /token" => json(stream, &format!("{{\"access_token\":\"{TOKEN}\"}}")),
        line if line.starts_with("DELETE") => say(stream, "204 No Content", "", b""),
        _ => json(stream, r#"{"valid":false,"error":"Invalid token or user not found"}"#),
    });
    let record = walk(address, GOLDEN, &[("E2E_PASSWORD", "hunter2hunter2")]);
    let JourneyFinding::Unexpected { request, asked, status, differs, excerpt } =
        finding(&record, "who am I")
    else {
        panic!("an answer that is not as expected")
    };
    assert_eq!(request, &format!("GET http://{address}/me?of=((token))"));
    assert_eq!((asked.as_deref(), *status), (None, 200));
    assert_eq!(differs, &["$.valid == true: it is false", "$.user.id >= 1: there is nothing at $.user.id"]);
    assert_eq!(excerpt, r#"{"valid":false,"error":"Invalid token or user not found"}"#);
    assert!(
        matches!(outcome(&record, "read mail"), Outcome::Blocked { by } if by == "auth/journey-step-works[sign in / who am I]")
    );
    assert!(passed(&record, "sign out"));
    let diagnosis = diagnose(&record, graph());
    assert_eq!(diagnosis.causes[0].code.to_string(), "journey-step-failed");
    assert_eq!(diagnosis.exit_code, 1);
}

#[test]
fn nothing_is_cleaned_up_where_nothing_was_done() {
    let asked = Arc::new(AtomicUsize::new(0));
    let count = Arc::clone(&asked);
    let address = server(move |_, stream| {
        count.fetch_add(1, Ordering::Relaxed);
        json(stream, "{}");
    });
    // No password in the environment: nothing can begin, and the gate says why.
    let record = walk(address, GOLDEN, &[]);
    let Outcome::Skipped { reason: Skip::Unresolved { what } } = outcome(&record, "get a token") else {
        panic!("{:?}", outcome(&record, "get a token"))
    };
    assert!(what.contains("E2E_PASSWORD"), "{what}");
    assert!(matches!(outcome(&record, "sign out"), Outcome::Skipped { reason: Skip::NotApplicable { .. } }));
    assert_eq!(asked.load(Ordering::Relaxed), 0);
    assert_eq!(diagnose(&record, graph()).exit_code, 3, "not asked is not healthy");
    // The first step fails: nothing was captured that could be cleaned up.
    let record = walk(address, GOLDEN, &[("E2E_PASSWORD", "hunter2hunter2")]);
    assert!(matches!(outcome(&record, "sign out"), Outcome::Skipped { reason: Skip::NotApplicable { .. } }));
    assert_eq!(asked.load(Ordering::Relaxed), 1);
}

#[test]
fn steps_and_journeys_are_made_again_as_often_as_the_file_says() {
    let asked: Arc<Mutex<Vec<String>>> = Arc::default();
    let kept = Arc::clone(&asked);
    let address = server(move |got, stream| {
        let mut asked = kept.lock().unwrap();
        asked.push(got.line().to_owned());
        let times = asked.iter().filter(|line| *line == got.line()).count();
        match (got.line(), times) {
            ("GET /flaky", 1..=2) => say(stream, "503 Service Unavailable", "", b"warming up"),
            ("POST /order", 1) => say(stream, "500 Internal Server Error", "", b"no"),
            _ => json(stream, r#"{"id":4}"#),
        }
    });
    let record = walk(
        address,
        "\
- name: read
  steps: [{name: flaky, retries: 2, request: {path: /flaky}, expect: {status: 200}}]
- name: order
  retries: 1
  steps:
  - {name: fill, request: {path: /basket, json: {n: 1}}, expect: {status: 200}, capture: {id: $.id}}
  - {name: buy, request: {path: /order, json: {basket: ((id))}}, expect: {status: 200}}
  - {name: empty, always: true, request: {method: DELETE, path: /basket/((id))}, expect: {status: 200}}
",
        &[],
    );
    assert!(record.nodes.iter().all(|node| node.passed()), "{:?}", record.nodes);
    let asked = asked.lock().unwrap();
    let of_order: Vec<&str> =
        asked.iter().map(String::as_str).filter(|line| !line.ends_with("/flaky")).collect();
    assert_eq!(
        of_order,
        [
            "POST /basket",
            "POST /order",
            "DELETE /basket/4",
            "POST /basket",
            "POST /order",
            "DELETE /basket/4"
        ],
        "cleaned up before it is walked again"
    );
    assert_eq!(asked.iter().filter(|line| *line == "GET /flaky").count(), 3);
}

#[test]
fn journeys_run_at_once_unless_one_needs_another() {
    let waiting = Arc::new((Mutex::new(0), std::sync::Condvar::new()));
    let together = Arc::clone(&waiting);
    let address = server(move |got, stream| match got.line() {
        // Each waits until the other has come, too.
        "GET /a" | "GET /b" => {
            let (count, bell) = &*together;
            let mut count = count.lock().unwrap();
            *count += 1;
            bell.notify_all();
            let limit = Duration::from_secs(8);
            let (count, _) = bell.wait_timeout_while(count, limit, |count| *count < 2).unwrap();
            if *count == 2 {
                json(stream, r#"{"t":"captured-by-a"}"#);
            } else {
                say(stream, "500 Alone", "", b"");
            }
        }
        line => {
            let with = line == "GET /c?t=captured-by-a";
            say(stream, if with { "200 OK" } else { "400 Bad" }, "", b"{}");
        }
    });
    let record = walk(
        address,
        "\
- name: a
  steps: [{name: one, request: {path: /a}, expect: {status: 200}, capture: {t: $.t}}]
- name: b
  steps: [{name: two, request: {path: /b}, expect: {status: 200}}]
- name: c
  needs: [a]
  steps: [{name: three, request: {path: '/c?t=((t))'}, expect: {status: 200}}]
",
        &[],
    );
    for step in ["one", "two", "three"] {
        assert!(passed(&record, step), "{step}: {:?}", outcome(&record, step));
    }
    // What a journey needs and does not get blocks it.
    let record = walk(
        server(|_, stream| say(stream, "500 Internal Server Error", "", b"")),
        "\
- name: a
  steps: [{name: one, request: {path: /a}, expect: {status: 200}}]
- name: c
  needs: a
  steps: [{name: three, request: {path: /c}, expect: {status: 200}}]
",
        &[],
    );
    assert!(matches!(outcome(&record, "three"), Outcome::Blocked { .. }));
}

/// Every way in which a secret might be written.
fn forms(secret: &str) -> Vec<String> {
    let percent: String = secret.bytes().map(|byte| format!("%{byte:02X}")).collect();
    vec![
        secret.to_owned(),
        percent,
        STANDARD.encode(secret),
        STANDARD.encode(format!("ada:{secret}")).trim_end_matches('=').chars().skip(6).take(16).collect(),
        secret.replace('/', "\\/"),
        secret.escape_debug().to_string(),
    ]
}

#[test]
fn no_secret_of_a_journey_shows_in_any_output() {
    const PASSWORD: &str = "corr3ct/h0rse\"battery";
    // The service echoes everything that it gets, in every way, into an answer that fails the step.
    let address = server(|got, stream| {
        if got.line() == "POST /token" {
            return json(stream, &format!("{{\"access_token\":\"{TOKEN}\"}}"));
        }
        let echoed = format!(
            "{} | {} | {}",
            got.head.replace(['\r', '\n'], " "),
            got.body,
            STANDARD.encode(&got.body)
        );
        let secrets: Vec<String> = [PASSWORD, TOKEN].iter().flat_map(|secret| forms(secret)).collect();
        let payload = TOKEN.split('.').nth(1).unwrap();
        let body = serde_json::json!({"echo": echoed, "forms": secrets, "payload": payload}).to_string();
        say(stream, "401 Unauthorized", "", body.as_bytes());
    });
    let mut told = String::new();
    for expect in
        ["{json: $.echo == 'x'}", "{json: $.forms == 'x'}", "{json: $.payload == 'x'}", "{matches: nothing}"]
    {
        let journeys = GOLDEN.replace("{json: [$.valid == true, $.user.id >= 1]}", expect);
        let journeys = journeys.replace("bearer: ((token))", "basic: {user: ada, password: ((password))}");
        let record = walk(address, &journeys, &[("E2E_PASSWORD", PASSWORD)]);
        assert!(matches!(finding(&record, "who am I"), JourneyFinding::Unexpected { status: 401, .. }));
        let diagnosis = diagnose(&record, graph());
        told.push_str(&serde_json::to_string(&record).unwrap());
        for report in REPORTS {
            told.push_str(&render(report.id, &record, &diagnosis, &Style::default()).unwrap());
        }
    }
    assert!(told.contains("[redacted]"));
    for secret in [PASSWORD, TOKEN, TOKEN.split('.').nth(1).unwrap(), TOKEN.split('.').nth(2).unwrap()] {
        for form in forms(secret) {
            assert!(!told.contains(&form), "{form:?} shows");
        }
    }
}

#[test]
fn no_redirect_is_followed_and_nobody_else_gets_a_secret() {
    let elsewhere = Arc::new(AtomicUsize::new(0));
    let count = Arc::clone(&elsewhere);
    let other = server(move |_, stream| {
        count.fetch_add(1, Ordering::Relaxed);
        json(stream, r#"{"valid":true,"user":{"id":1}}"#);
    });
    for location in [
        format!("http://{other}/me"),
        "http://169.254.169.254/computeMetadata/v1/".to_owned(),
        "/me".to_owned(),
        "//metadata.google.internal/".to_owned(),
    ] {
        let to = location.clone();
        let address = server(move |got, stream| {
            if got.line() == "POST /token" {
                return json(stream, &format!("{{\"access_token\":\"{TOKEN}\"}}"));
            }
            say(stream, "307 Temporary Redirect", &format!("Location: {to}\r\n"), b"");
        });
        let record = walk(address, GOLDEN, &[("E2E_PASSWORD", "hunter2hunter2")]);
        assert!(
            matches!(finding(&record, "who am I"), JourneyFinding::Unexpected { status: 307, .. }),
            "{location}: {:?}",
            outcome(&record, "who am I")
        );
    }
    assert_eq!(elsewhere.load(Ordering::Relaxed), 0);
}

#[test]
fn a_captured_line_break_never_reaches_the_next_request() {
    let asked: Arc<Mutex<Vec<String>>> = Arc::default();
    let kept = Arc::clone(&asked);
    let address = server(move |got, stream| {
        kept.lock().unwrap().push(got.head.clone());
        json(stream, r#"{"access_token":"ey\r\nX-Injected: 1\r\n\r\nGET /evil HTTP/1.1"}"#);
    });
    let record = walk(address, GOLDEN, &[("E2E_PASSWORD", "hunter2hunter2")]);
    let JourneyFinding::NotSendable { detail, .. } = finding(&record, "who am I") else {
        panic!("it was sent")
    };
    assert!(detail.contains("line break") && !detail.contains("Injected"), "{detail}");
    let asked = asked.lock().unwrap();
    // Only the cleaning up follows, with the value encoded for its path.
    assert!(
        asked.iter().skip(1).all(|head| head.starts_with("DELETE /session/ey%0D%0AX-Injected%3A%201")),
        "{asked:?}"
    );
}

/// Each case in a thread of its own: mostly they wait.
fn side_by_side<T: Send>(cases: Vec<T>, one: impl Fn(T) + Send + Sync) {
    let one = &one;
    std::thread::scope(|scope| {
        cases.into_iter().for_each(|case| drop(scope.spawn(move || one(case))));
    });
}

/// What Google's front end answers in the service's place is no fault of the step.
#[test]
fn the_front_end_is_not_the_service() {
    let page = |said: &str| {
        format!(
            "<html><head>\n<title>T</title>\n</head>\n<body text=#000000 bgcolor=#ffffff>\n<h1>Error</h1>\n<h2>{said}</h2>\n</body></html>"
        )
    };
    for (status, body, code) in [
        ("404 Not Found", page("The requested URL was not found on this server."), None),
        (
            "500 Internal Server Error",
            "The request was aborted because there was no available instance.".to_owned(),
            Some("no-instance-available"),
        ),
        ("429 Too Many Requests", "Rate exceeded.".to_owned(), Some("no-instance-available")),
        (
            "503 Service Unavailable",
            page("The service you requested is not available yet."),
            Some("no-instance-available"),
        ),
        (
            "500 Internal Server Error",
            page("The server encountered an error and could not complete your request."),
            Some("instance-crashing"),
        ),
        ("504 Gateway Timeout", "upstream request timeout".to_owned(), Some("request-timed-out")),
        ("404 Not Found", "{\"detail\":\"Not Found\"}".to_owned(), Some("journey-step-failed")),
        ("503 Service Unavailable", "{\"error\":\"maintenance\"}".to_owned(), Some("journey-step-failed")),
    ] {
        let sent = body.clone();
        let record = walk(server(move |_, stream| say(stream, status, "", sent.as_bytes())), ONE, &[]);
        let diagnosis = diagnose(&record, graph());
        let named = diagnosis.causes[0].code.to_string();
        match code {
            Some(code) => assert_eq!((diagnosis.exit_code, named.as_str()), (1, code), "{status} {body}"),
            None => assert!(
                diagnosis.exit_code == 3 && named != "journey-step-failed",
                "{status} {body}: {named}"
            ),
        }
    }
}

const ONE: &str = "\
- name: one
  timeout: 4s
  steps: [{name: ask, timeout: 2s, request: {path: /ask}, expect: {status: 200, json: $.ok == true}}]
";

#[test]
fn hostile_answers_are_bounded_typed_and_escaped() {
    type Answer = fn(&Got, &mut TcpStream);
    let endless: Answer = |_, stream| {
        drop(stream.write_all(b"HTTP/1.1 200 OK\r\n\r\n{\"ok\":true,\"x\":\""));
        let chunk = [b'x'; 65536];
        while stream.write_all(&chunk).is_ok() {}
    };
    let dripping: Answer = |_, stream| {
        drop(stream.write_all(b"HTTP/1.1 200 OK\r\nContent-Length: 100000\r\n\r\n"));
        while stream.write_all(b"x").is_ok() {
            std::thread::sleep(Duration::from_millis(50));
        }
    };
    let silent: Answer = |_, _| std::thread::sleep(HANG * 2);
    let header_flood: Answer = |_, stream| {
        drop(stream.write_all(b"HTTP/1.1 200 OK\r\n"));
        let line = format!("X-Flood: {}\r\n", "f".repeat(8000));
        while stream.write_all(line.as_bytes()).is_ok() {}
    };
    let no_http: Answer = |_, stream| drop(stream.write_all(b"\x00\xff\x16\x03 this is no HTTP\r\n\r\n"));
    let cut: Answer = |_, stream| {
        drop(stream.write_all(b"HTTP/1.1 200 OK\r\nContent-Length: 4000\r\n\r\n{\"ok\":true"));
    };
    let deep: Answer = |_, stream| json(stream, &"[".repeat(200_000));
    let hostile_text: Answer = |_, stream| {
        let body = "\u{1b}[31mred\u{1b}[0m\n::error::owned\n::set-output name=a::b\n]]><failure>x</failure>\n| a | [b](javascript:1) |\u{202e}\u{7}";
        say(stream, "200 OK", "X-Evil: ::error::x\r\n", body.as_bytes());
    };
    let huge_capture: Answer = |_, stream| json(stream, &format!("{{\"ok\":\"{}\"}}", "z".repeat(900_000)));
    let cases = [
        ("endless", endless),
        ("dripping", dripping),
        ("silent", silent),
        ("header flood", header_flood),
        ("no HTTP", no_http),
        ("cut", cut),
        ("deep", deep),
        ("hostile text", hostile_text),
        ("huge", huge_capture),
    ];
    let (one, all) = (ONE, cases.to_vec());
    side_by_side(all, |(name, answer)| {
        let began = Instant::now();
        let record = walk(server(answer), one, &[]);
        let found = finding(&record, "ask");
        assert!(began.elapsed() < HANG, "{name} took {:?}", began.elapsed());
        let typed = match name {
            "endless" | "deep" | "hostile text" | "huge" => {
                matches!(found, JourneyFinding::Unexpected { .. })
            }
            _ => matches!(found, JourneyFinding::NoAnswer { .. }),
        };
        assert!(typed, "{name}: {found:?}");
        let whole = serde_json::to_string(&record).unwrap();
        assert!(whole.len() < 20_000, "{name}: a record of {} bytes", whole.len());
        let diagnosis = diagnose(&record, graph());
        for report in REPORTS {
            let text = render(report.id, &record, &diagnosis, &Style::default()).unwrap();
            let bad = |c: char| c.is_control() && c != '\n' && c != '\t' || c == '\u{202e}';
            assert!(!text.contains(bad), "{name}: {} shows a control character", report.id);
            // Annotations are GitHub's own commands; nobody else's stand among them.
            let foreign = |line: &str| {
                let line = line.trim_start();
                let own = report.id == "github" && !line.starts_with("::error::owned");
                line.starts_with("::") && !(own && !line.starts_with("::set-output"))
            };
            assert!(!text.lines().any(foreign), "{name}: {}", report.id);
            assert!(report.id != "junit" || !text.contains("]]><failure>x"), "{name}");
        }
    });
}

/// A frame of a server: first byte, then the payload, its length written as RFC 6455 has it.
fn frame(first: u8, payload: &[u8]) -> Vec<u8> {
    let mut bytes = vec![first];
    match payload.len() {
        short @ 0..=125 => bytes.push(u8::try_from(short).unwrap()),
        middle @ 126..=65535 => {
            bytes.push(126);
            bytes.extend(u16::try_from(middle).unwrap().to_be_bytes());
        }
        long => {
            bytes.push(127);
            bytes.extend(u64::try_from(long).unwrap().to_be_bytes());
        }
    }
    bytes.extend_from_slice(payload);
    bytes
}

/// Agrees to a WebSocket.
fn agree(got: &Got, stream: &mut TcpStream) {
    use aws_lc_rs::digest::{SHA1_FOR_LEGACY_USE_ONLY, digest};
    let key = got.header("sec-websocket-key").unwrap_or_default();
    let accept =
        digest(&SHA1_FOR_LEGACY_USE_ONLY, format!("{key}258EAFA5-E914-47DA-95CA-C5AB0DC85B11").as_bytes());
    let head = format!(
        "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Accept: {}\r\n\r\n",
        STANDARD.encode(accept)
    );
    drop(stream.write_all(head.as_bytes()));
}

const CHAT: &str = "\
- name: talk
  timeout: 5s
  steps:
  - name: chat
    timeout: 3s
    websocket:
      path: /chat
      talk: [{send: hello}, {expect: {json: $.reply == 'hi'}}, close]
";

#[test]
fn a_talk_comes_through_and_passes_over_what_is_not_meant() {
    let address = server(|got, stream| {
        agree(got, stream);
        for bytes in [
            frame(0x81, b"welcome"),
            frame(0x89, b"ping"),
            // In two fragments, with a ping between them.
            frame(0x01, br#"{"reply""#),
            frame(0x89, b""),
            frame(0x80, br#":"hi"}"#),
            frame(0x88, &1000_u16.to_be_bytes()),
        ] {
            drop(stream.write_all(&bytes));
        }
        let mut rest = Vec::new();
        drop(stream.set_read_timeout(Some(Duration::from_secs(5))));
        drop(stream.read_to_end(&mut rest));
    });
    let record = walk(address, CHAT, &[]);
    assert!(passed(&record, "chat"), "{:?}", outcome(&record, "chat"));
}

#[test]
fn hostile_talks_are_bounded_and_typed() {
    type Answer = fn(&Got, &mut TcpStream);
    let flood: Answer = |got, stream| {
        agree(got, stream);
        let message = frame(0x81, br#"{"reply":"no"}"#);
        while stream.write_all(&message).is_ok() {}
    };
    let pings: Answer = |got, stream| {
        agree(got, stream);
        let ping = frame(0x89, &[b'p'; 125]);
        while stream.write_all(&ping).is_ok() {}
    };
    let oversized: Answer = |got, stream| {
        agree(got, stream);
        let mut head = vec![0x81, 127];
        head.extend((1_u64 << 40).to_be_bytes());
        drop(stream.write_all(&head));
        let chunk = [b'x'; 65536];
        while stream.write_all(&chunk).is_ok() {}
    };
    let fragments: Answer = |got, stream| {
        agree(got, stream);
        drop(stream.write_all(&frame(0x01, b"{")));
        let more = frame(0x00, &[b' '; 60_000]);
        while stream.write_all(&more).is_ok() {}
    };
    let empty_fragments: Answer = |got, stream| {
        agree(got, stream);
        drop(stream.write_all(&frame(0x01, b"{")));
        let more = frame(0x00, b"").repeat(4096);
        while stream.write_all(&more).is_ok() {}
    };
    let closes: Answer = |got, stream| {
        agree(got, stream);
        let mut reason = 1011_u16.to_be_bytes().to_vec();
        reason.extend_from_slice("\u{1b}[31m::error::".as_bytes());
        drop(stream.write_all(&frame(0x88, &reason)));
    };
    let hangs_up: Answer = |got, stream| agree(got, stream);
    let silent: Answer = |got, stream| {
        agree(got, stream);
        std::thread::sleep(HANG * 2);
    };
    let never_closes: Answer = |got, stream| {
        agree(got, stream);
        drop(stream.write_all(&frame(0x81, br#"{"reply":"hi"}"#)));
        std::thread::sleep(HANG * 2);
    };
    let garbage: Answer = |got, stream| {
        agree(got, stream);
        drop(stream.write_all(&[0xff; 64]));
        std::thread::sleep(Duration::from_millis(300));
    };
    let masked: Answer = |got, stream| {
        agree(got, stream);
        drop(stream.write_all(&[0x81, 0x82, 1, 2, 3, 4, 0, 0]));
        std::thread::sleep(Duration::from_millis(300));
    };
    let no_text: Answer = |got, stream| {
        agree(got, stream);
        drop(stream.write_all(&frame(0x81, &[0xff, 0xfe])));
        std::thread::sleep(Duration::from_millis(300));
    };
    let wrong_accept: Answer = |_, stream| {
        let head = "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Accept: x\r\n\r\n";
        drop(stream.write_all(head.as_bytes()));
    };
    let refuses: Answer = |_, stream| say(stream, "403 Forbidden", "", b"go away");
    let cases = [
        ("flood", flood, ""),
        ("pings", pings, ""),
        ("oversized", oversized, "too much"),
        ("fragments", fragments, "too much"),
        ("empty fragments", empty_fragments, "no such message came within"),
        ("closes", closes, "closed with code 1011"),
        ("hangs up", hangs_up, ""),
        ("silent", silent, "no such message came within"),
        ("never closes", never_closes, "did not close within"),
        ("garbage", garbage, ""),
        ("masked", masked, ""),
        ("no text", no_text, ""),
        ("wrong accept", wrong_accept, "wrong Sec-WebSocket-Accept"),
        ("refuses", refuses, "a WebSocket (101) is expected"),
    ];
    side_by_side(cases.to_vec(), |(name, answer, word)| {
        let began = Instant::now();
        let record = walk(server(answer), CHAT, &[]);
        let found = finding(&record, "chat").to_string();
        assert!(began.elapsed() < HANG, "{name} took {:?}", began.elapsed());
        assert!(found.contains(word), "{name}: {found}");
        assert!(found.len() < 2000 && !found.contains('\u{1b}'), "{name}: {found}");
        assert!(serde_json::to_string(&record).unwrap().len() < 20_000, "{name}");
    });
}

#[test]
fn a_step_that_takes_too_long_ends_with_its_journey() {
    let address = server(|got, stream| {
        if got.line() == "GET /slow" {
            std::thread::sleep(HANG * 2);
        }
        json(stream, "{}");
    });
    let record = walk(
        address,
        "\
- name: slow
  timeout: 1s
  steps:
  - {name: first, timeout: 20s, request: {path: /slow}, expect: {status: 200}}
  - {name: then, request: {path: /a}, expect: {status: 200}}
",
        &[],
    );
    let found = finding(&record, "first").to_string();
    assert!(found.contains("no answer within"), "{found}");
    assert!(matches!(outcome(&record, "then"), Outcome::Blocked { .. }));
    assert!(record.duration_ms < 20_000, "its own limit was waited for: {} ms", record.duration_ms);
}

/// Signs in at a page, as a browser does, and is known afterwards.
const SESSION: &str = "\
- name: sign in at the page
  steps:
  - name: sign in
    request: {path: /login, form: {user: ada}}
    expect: {status: 302}
  - name: account
    request: {path: /account}
    expect: {json: $.user == 'ada'}
  - name: elsewhere
    request: {url: 'http://OTHER/collect'}
    expect: {status: 200}
  - name: sign out
    request: {path: /logout, method: POST}
    expect: {status: 204}
  - name: signed out
    request: {path: /account}
    expect: {json: $.user == null}
";

#[test]
fn a_session_cookie_goes_with_later_steps_to_its_own_host_and_shows_nowhere() {
    const SID: &str = "s3ss10n-0123456789abcdef";
    let elsewhere: Arc<Mutex<Vec<String>>> = Arc::default();
    let kept = Arc::clone(&elsewhere);
    let other = server(move |got, stream| {
        kept.lock().unwrap().push(got.head.clone());
        say(stream, "200 OK", "Set-Cookie: sid=planted-by-another-host; Domain=127.0.0.1\r\n", b"ok");
    });
    let asked: Arc<Mutex<Vec<String>>> = Arc::default();
    let kept = Arc::clone(&asked);
    let address = server(move |got, stream| {
        let cookie = got.header("cookie").unwrap_or_default().to_owned();
        kept.lock().unwrap().push(format!("{} {cookie}", got.line()));
        let signed_in = cookie.split("; ").any(|one| one == format!("sid={SID}"));
        match got.line() {
            "POST /login" => {
                let flood: String =
                    (0..60).map(|at| format!("Set-Cookie: flood{at}={}\r\n", "x".repeat(300))).collect();
                let session = format!("Set-Cookie: sid={SID}; HttpOnly; Secure; Path=/; SameSite=Lax\r\n");
                say(stream, "302 Found", &format!("{session}{flood}Location: /home\r\n"), b"");
            }
            "POST /logout" => {
                say(
                    stream,
                    "204 No Content",
                    "Set-Cookie: sid=; Path=/; Expires=Thu, 01 Jan 1970 00:00:00 GMT\r\n",
                    b"",
                );
            }
            // It tells whoever asks what it was shown.
            _ if signed_in => json(stream, &format!("{{\"user\":\"ada\",\"shown\":\"{SID}\"}}")),
            _ => json(stream, r#"{"user":null}"#),
        }
    });
    let journeys = SESSION.replace("OTHER", &other.to_string());
    let record = walk(address, &journeys, &[]);
    for step in ["/ sign in", "account", "elsewhere", "sign out", "signed out"] {
        assert!(passed(&record, step), "{step}: {:?}", outcome(&record, step));
    }
    assert!(elsewhere.lock().unwrap().iter().all(|head| !head.to_lowercase().contains("cookie")));
    let asked = asked.lock().unwrap();
    assert!(asked.iter().all(|line| line.len() < 16 * 1024), "a flood is bounded");
    assert!(!asked.iter().any(|line| line.contains("planted")), "{asked:?}");
    drop(asked);
    // A step that fails shows the answer, and not the session in it.
    let record = walk(address, &journeys.replace("$.user == 'ada'", "$.user == 'bob'"), &[]);
    let JourneyFinding::Unexpected { excerpt, .. } = finding(&record, "account") else {
        panic!("it differs")
    };
    assert!(excerpt.contains("[redacted]") && !excerpt.contains("0123456789"), "{excerpt}");
}

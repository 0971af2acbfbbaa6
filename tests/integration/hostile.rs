//! Services and control planes that answer with malice or nonsense: the gate ends in time, in little memory, without a
//! panic, never says healthy, and nothing that they send acts on a terminal or a CI runner.

use std::io::Write as _;
use std::net::TcpStream;
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use crate::common::{HANG, Ran, Rungate};
use crate::standin::{check, control_plane, fixture, http, path, pipeline, send};

/// More than the gate may take: it is built without optimisation here, and reads a few MiB at once.
const MOST_MEMORY_KIB: u64 = 250 << 10;

/// What a run left, with its reports.
struct Left {
    ran: Ran,
    reports: Vec<(&'static str, String)>,
}

const REPORTS: &[(&str, &str)] = &[
    ("text", "report.txt"),
    ("junit", "report.xml"),
    ("json", "report.json"),
    ("html", "report.html"),
    ("markdown", "report.md"),
];

/// Runs the gate with every report, and asserts what must hold whatever it meets.
fn survives(rungate: &Rungate, mut command: Command, what: &str) -> Left {
    for (format, file) in REPORTS {
        command.args(["--report", &format!("{format}={file}")]);
    }
    command.args(["--save-run", "run.json"]);
    let began = Instant::now();
    let child = command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
    let peak = std::thread::spawn({
        let status = format!("/proc/{}/status", child.id());
        move || peak_memory(&status)
    });
    let ran = Ran::of(child.wait_with_output().unwrap());
    let took = began.elapsed();
    assert!(took < HANG, "{what}: took {took:?}");
    assert!(peak.join().unwrap() < MOST_MEMORY_KIB, "{what}: too much memory");
    assert!([1, 3].contains(&ran.status), "{what}: {}", ran.all());
    assert!(!ran.stderr.contains("panicked") && !ran.stderr.contains("defect"), "{what}: {}", ran.all());
    let mut reports = vec![("stdout", ran.stdout.clone()), ("stderr", ran.stderr.clone())];
    reports.extend(REPORTS.iter().map(|(format, file)| (*format, rungate.read(file))));
    for (name, text) in &reports {
        let acts = |char: char| char.is_control() && char != '\n';
        assert!(!text.chars().any(acts), "{what}: {name} has control characters: {text:?}");
        for line in text.lines() {
            assert!(!line.trim_start().starts_with("::"), "{what}: {name} commands the runner: {line}");
            assert!(!line.contains("##["), "{what}: {name} commands the runner: {line}");
        }
    }
    let saved = rungate.read("run.json");
    assert!(!saved.contains('\u{1b}'), "{what}: {saved:?}");
    let json: serde_json::Value = serde_json::from_str(&rungate.read("report.json")).unwrap();
    assert_ne!(json["verdict"], "healthy", "{what}: {}", ran.all());
    Left { ran, reports }
}

/// The most memory that a process held, in KiB, asked for until it ends.
fn peak_memory(status: &str) -> u64 {
    let mut peak = 0;
    while let Ok(text) = std::fs::read_to_string(status) {
        let Some(line) = text.lines().find_map(|line| line.strip_prefix("VmHWM:")) else { break };
        peak = line.trim().trim_end_matches(" kB").parse().unwrap_or(peak);
        std::thread::sleep(Duration::from_millis(20));
    }
    peak
}

/// The gate against a service that answers health so.
fn health(what: &str, answer: impl Fn(&mut TcpStream) + Send + Sync + 'static) -> Left {
    let service = http(move |_, stream| answer(stream));
    let rungate = Rungate::new();
    rungate.file("rungate.yaml", pipeline(&service, ""));
    let command = check(&rungate, &control_plane(), &["--deadline", "3s"]);
    survives(&rungate, command, what)
}

#[test]
fn the_stand_ins_themselves_are_in_order() {
    let service = http(|_, stream| send(stream, 200, "", br#"{"status":"ok"}"#));
    let rungate = Rungate::new();
    rungate.file("rungate.yaml", pipeline(&service, ""));
    let ran = Ran::of(check(&rungate, &control_plane(), &[]).output().unwrap());
    assert_eq!(ran.status, 0, "{}", ran.all());
}

#[test]
fn texts_that_act_on_terminals_runners_and_readers() {
    const EVIL: &str = "\u{1b}[2J\u{1b}]0;owned\u{7}\u{9b}31m\r\n::error file=a::owned\r\n##[error]owned\r\n]]>\
        </failure><testcase name=\"owned\"/>&owned;\u{202e}\u{0}\u{7f}\n::set-output name=a::b\n```\n# owned\n";
    let quoted = serde_json::Value::from(EVIL).to_string();
    let bodies = [
        EVIL.to_owned(),
        format!(r#"{{"status":{quoted}}}"#),
        format!(r#"{{"status":"down","checks":{{{quoted}:{{"status":"down"}}}}}}"#),
        format!(r#"{{"status":"ok","database":{quoted}}}"#),
        format!(r#"{{"status":"error","error":{quoted},{quoted}:{quoted}}}"#),
    ];
    for body in bodies {
        let what = body.clone();
        let left = health(&what, move |stream| send(stream, 200, "X-Evil: \u{1b}[2J\r\n", body.as_bytes()));
        let xml = &left.reports.iter().find(|(name, _)| *name == "junit").unwrap().1;
        assert!(!xml.contains("<testcase name=\"owned\""), "{xml}");
        let cases = xml.matches("<testcase ").count();
        assert!(xml.contains(&format!("tests=\"{cases}\"")), "{xml}");
        well_formed(xml);
    }
}

fn well_formed(xml: &str) {
    if !crate::common::installed("xmllint") {
        return crate::common::skip("xmllint is not here");
    }
    let mut lint = Command::new("xmllint").args(["--noout", "-"]).stdin(Stdio::piped()).spawn().unwrap();
    lint.stdin.take().unwrap().write_all(xml.as_bytes()).unwrap();
    assert!(lint.wait().unwrap().success(), "{xml}");
}

#[test]
fn bodies_without_measure() {
    std::thread::scope(|scope| {
        let health =
            |what: &'static str, answer: fn(&mut TcpStream)| scope.spawn(move || health(what, answer));
        health("50 MB of spaces in JSON", |stream| {
            let body = format!(r#"{{"status":{}"ok"}}"#, " ".repeat(50 << 20));
            send(stream, 200, "", body.as_bytes());
        });
        health("endless chunks", |stream| {
            let head = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n";
            let mut sent = stream.write_all(head);
            while sent.is_ok() {
                sent = stream.write_all(&[b"10000\r\n", &[b' '; 0x10000][..], b"\r\n"].concat());
            }
        });
        health("a drip", |stream| {
            let mut sent = stream
                .write_all(b"HTTP/1.1 200 OK\r\nContent-Length: 1000000\r\n\r\n{\"status\":\"ok\",\"a\":\"");
            while sent.is_ok() {
                std::thread::sleep(Duration::from_millis(50));
                sent = stream.write_all(b"x");
            }
        });
        health("a drip of headers", |stream| {
            let mut sent = stream.write_all(b"HTTP/1.1 200 OK\r\n");
            while sent.is_ok() {
                std::thread::sleep(Duration::from_millis(50));
                sent = stream.write_all(b"X-A: b\r\n");
            }
        });
        health("a flood of headers", |stream| {
            let mut sent = stream.write_all(b"HTTP/1.1 200 OK\r\n");
            let flood = "X-Flood: aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa\r\n".repeat(1000);
            for _ in 0..1000 {
                if sent.is_ok() {
                    sent = stream.write_all(flood.as_bytes());
                }
            }
        });
        health("endless provisional answers", |stream| {
            let mut sent = Ok(());
            while sent.is_ok() {
                sent = stream.write_all(b"HTTP/1.1 102 Processing\r\n\r\n");
            }
        });
        health("no answer", |_| std::thread::sleep(HANG * 2));
        health("an end at once", |_| ());
        health("no HTTP", |stream| drop(stream.write_all(b"SSH-2.0-OpenSSH_9.6\r\n")));
        health("deep nesting", |stream| send(stream, 200, "", r#"{"checks":"#.repeat(100_000).as_bytes()));
        health("a wide body", |stream| {
            let checks: Vec<String> = (0..20_000).map(|n| format!(r#""c{n}":{{"status":"down"}}"#)).collect();
            send(
                stream,
                200,
                "",
                format!(r#"{{"status":"down","checks":{{{}}}}}"#, checks.join(",")).as_bytes(),
            );
        });
    });
}

#[test]
fn encodings_that_were_not_asked_for_are_not_undone() {
    // What a decoder would make of it is 10 GiB; the gate does not undo what it did not ask for.
    let gzip = [&[0x1f, 0x8b, 8, 0, 0, 0, 0, 0, 0, 3][..], &[0xff; 4096]].concat();
    let left = health("gzip", move |stream| {
        send(stream, 200, "Content-Encoding: gzip\r\nContent-Type: application/json\r\n", &gzip);
    });
    assert!(left.ran.stdout.contains("the body is encoded (gzip)"), "{}", left.ran.all());
}

#[test]
fn redirects_are_answers_and_lead_nowhere() {
    for location in [
        "/health",
        "http://metadata.google.internal/computeMetadata/v1/",
        "//evil/::error::owned",
        "file:///etc/passwd",
    ] {
        let to = location.to_owned();
        let left = health(location, move |stream| {
            send(stream, 302, &format!("Location: {to}\r\n"), br#"{"status":"ok"}"#);
        });
        assert!(left.ran.stdout.contains("health-unrecognized"), "{}", left.ran.all());
    }
}

#[test]
fn a_redirect_with_control_characters_is_no_answer() {
    health("evil location", |stream| {
        send(stream, 302, "Location: //evil\u{1b}[2J\r\n", br#"{"status":"ok"}"#);
    });
}

/// The gate against a control plane that answers so; where it does not, it is in order. The service is healthy.
fn cloud(what: &str, answer: impl Fn(&str, &mut TcpStream) -> bool + Send + Sync + 'static) -> Left {
    let service = http(|_, stream| send(stream, 200, "", br#"{"status":"ok"}"#));
    let google = http(move |head, stream| {
        if !answer(path(head), stream) {
            let body = fixture(path(head)).unwrap_or(include_str!("../data/google/error-not-found.json"));
            send(stream, if fixture(path(head)).is_some() { 200 } else { 404 }, "", body.as_bytes());
        }
    });
    let rungate = Rungate::new();
    rungate.file("rungate.yaml", pipeline(&service, ""));
    let command = check(&rungate, &google, &["--deadline", "3s"]);
    survives(&rungate, command, what)
}

#[test]
fn control_planes_that_hang_or_talk_nonsense() {
    cloud("silence", |_, _| {
        std::thread::sleep(HANG * 2);
        true
    });
    let bodies = [
        "",
        "{",
        "[]",
        "null",
        "42",
        "{\"name\": 7}",
        "{\"conditions\": \"\u{1b}[2J::error::\"}",
        "<html>\u{1b}[2J</html>",
        "{\"latestCreatedRevision\": \"\\u001b[2J\\n::error::x\", \"observedGeneration\": \"99\", \"generation\": 1}",
        "{\"terminalCondition\": {\"state\": \"\\u001b[2J\\n::error::owned\", \"message\": \"\\n::error::owned\"}}",
    ];
    std::thread::scope(|scope| {
        for status in [200, 403, 500] {
            scope.spawn(move || {
                for body in bodies {
                    cloud(&format!("{status} {body}"), move |_, stream| {
                        send(stream, status, "Content-Type: application/json\r\n", body.as_bytes());
                        true
                    });
                }
            });
        }
    });
    cloud("50 MB", |path, stream| {
        if fixture(path).is_none() {
            return false;
        }
        let body = format!("{{\"description\": \"{}\", \"name\": 7}}", "x".repeat(50 << 20));
        send(stream, 200, "", body.as_bytes());
        true
    });
    cloud("truncated", |path, stream| {
        let body = fixture(path).unwrap_or("{}");
        let head = format!("HTTP/1.1 200 X\r\nContent-Length: {}\r\n\r\n", body.len());
        drop(stream.write_all(&[head.as_bytes(), &body.as_bytes()[..body.len() / 2]].concat()));
        true
    });
    cloud("evil error", |_, stream| {
        let body = r#"{"error":{"code":403,"status":"PERMISSION_DENIED","message":"\u001b[2J\n::error::owned ]]>","details":[{"@type":"type.googleapis.com/google.rpc.ErrorInfo","reason":"\u001b[2J\n::error::","domain":"googleapis.com"}]}}"#;
        send(stream, 403, "", body.as_bytes());
        true
    });
}

/// What was seen of the control plane, by the saved run: the outcomes of its checks, in words.
fn control_plane_outcomes(rungate: &Rungate) -> Vec<(String, String)> {
    let run: serde_json::Value = serde_json::from_str(&rungate.read("run.json")).unwrap();
    let nodes = run["nodes"].as_array().unwrap().iter();
    let nodes = nodes.filter(|node| node["vantage"] == "control-plane");
    let word = |value: &serde_json::Value| value.as_str().unwrap_or("none").to_owned();
    nodes.map(|node| (word(&node["check"]), word(&node["outcome"]["outcome"]))).collect()
}

/// Answers without measure end at the gate's own bound, in little memory, and prove nothing.
#[test]
fn control_planes_without_measure() {
    type Answer = fn(&str, &mut TcpStream) -> bool;
    fn flood(stream: &mut TcpStream, head: &[u8], again: &[u8]) -> bool {
        let mut sent = stream.write_all(head);
        while sent.is_ok() {
            sent = stream.write_all(again);
        }
        true
    }
    fn unfolding(stream: &mut TcpStream, start: &str, one: &str, end: &str) -> bool {
        let body = format!("{start}{}{end}", vec![one; 300_000].join(","));
        send(stream, 200, "", body.as_bytes());
        true
    }
    const CASES: [(&str, &str, Answer); 8] = [
        ("endless chunks", "longer than 16 MiB", |_, stream| {
            let chunk = [b"10000\r\n", &[b' '; 0x10000][..], b"\r\n"].concat();
            flood(stream, b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n", &chunk)
        }),
        ("an endless text", "longer than 16 MiB", |_, stream| {
            flood(stream, b"HTTP/1.1 200 OK\r\n\r\n{\"description\": \"", &[b'x'; 0x10000])
        }),
        ("1 GiB by its length", "longer than 16 MiB", |_, stream| {
            flood(stream, b"HTTP/1.1 200 OK\r\nContent-Length: 1073741824\r\n\r\n", &[b' '; 0x10000])
        }),
        ("an endless error", "HTTP 403 without the error body", |_, stream| {
            flood(stream, b"HTTP/1.1 403 No\r\n\r\n", &[b'x'; 0x10000])
        }),
        ("bytes that unfold", "more values than the gate takes in", |_, stream| {
            unfolding(stream, r#"{"containers": ["#, "{}", "]}")
        }),
        ("gzip", "encoded (gzip)", |_, stream| {
            let gzip = [&[0x1f, 0x8b, 8, 0, 0, 0, 0, 0, 0, 3][..], &[0xff; 4096]].concat();
            send(stream, 200, "Content-Encoding: gzip\r\n", &gzip);
            true
        }),
        ("redirects", "HTTP 307 without the error body", |_, stream| {
            let body = include_bytes!("../data/google/error-not-found.json");
            send(stream, 307, "Location: http://169.254.169.254/computeMetadata/v1/\r\n", body);
            true
        }),
        ("a flood of headers", "", |_, stream| {
            flood(stream, b"HTTP/1.1 200 OK\r\n", b"X-A: aaaaaaaaaaaaaaaa\r\n")
        }),
    ];
    for (what, says, answer) in CASES {
        let service = http(|_, stream| send(stream, 200, "", br#"{"status":"ok"}"#));
        let google = http(move |head, stream| assert!(answer(path(head), stream)));
        let rungate = Rungate::new();
        rungate.file("rungate.yaml", pipeline(&service, ""));
        let left = survives(&rungate, check(&rungate, &google, &["--deadline", "10s"]), what);
        // The service says that it is well, and what nobody could read is no proof of anything else.
        assert_eq!(left.ran.status, 3, "{what}: {}", left.ran.all());
        assert!(rungate.read("run.json").contains(says), "{what}: {}", left.ran.all());
        let outcomes = control_plane_outcomes(&rungate);
        assert!(outcomes.iter().any(|(_, outcome)| outcome == "inconclusive"), "{what}: {outcomes:?}");
        assert!(outcomes.iter().all(|(_, outcome)| outcome != "failed"), "{what}: {outcomes:?}");
    }
}

#[test]
fn revisions_that_command_the_runner() {
    cloud("evil condition", |path, stream| {
        let Some(body) = fixture(path).filter(|_| path.contains("/revisions/")) else { return false };
        let evil = body.replace(
            r#"{ "type": "Ready", "state": "CONDITION_SUCCEEDED","#,
            r#"{ "type": "Ready", "state": "CONDITION_FAILED", "message": "\u001b[2J\n::error::owned\n]]>&",  "#,
        );
        assert_ne!(evil, body);
        send(stream, 200, "", evil.as_bytes());
        true
    });
}

#[test]
fn a_saved_run_cannot_act_on_the_terminal_either() {
    let rungate = Rungate::new();
    for text in [
        r#"{"vantage": "\u001b[2J\n::error::x"}"#,
        "{\"version\": \"\u{9b}31m\"}",
        "{\"\\u001b[2J\\n::error::x\": 1, \"version\": \"\\u001b[2J\\n::error::x\"}",
    ] {
        rungate.file("run.json", text);
        let ran = rungate.run(&["diagnose", "run.json"]);
        assert_eq!(ran.status, 2, "{}", ran.all());
        let acts = |char: char| char.is_control() && char != '\n';
        assert!(!ran.stderr.chars().any(acts), "{:?}", ran.stderr);
        assert!(!ran.stderr.lines().any(|line| line.starts_with("::")), "{}", ran.stderr);
    }
}

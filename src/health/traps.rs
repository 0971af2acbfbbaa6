//! Traps: bodies that look healthy and are not, in every wrapping; and a property over all healthy ones.

use std::fmt::Write as _;

use proptest::prelude::*;
use serde_json::{Value, json};

use super::tests::BODIES;
use super::*;

const H: &str = "healthy";
const D: &str = "degraded";
const U: &str = "unhealthy";
const N: &str = "not-judgeable";

fn level(content_type: Option<&str>, body: &[u8]) -> &'static str {
    judge(200, content_type, body).level.word()
}

fn wrong(rows: &[(&str, &str)]) -> String {
    let mut all = String::new();
    for (body, expected) in rows {
        for kind in [Some("application/json"), Some("text/plain"), None] {
            let found = level(kind, body.as_bytes());
            if found != *expected {
                writeln!(all, "{body} ({kind:?}): {found}, not {expected}").unwrap();
            }
        }
    }
    all
}

#[test]
fn words_of_other_languages_and_odd_dress() {
    let rows = [
        (r#"{"status":"gesund"}"#, N),
        (r#"{"status":"ungesund"}"#, N),
        (r#"{"status":"saludable"}"#, N),
        (r#"{"status":"sain"}"#, N),
        (r#"{"status":"正常"}"#, N),
        (r#"{"status":"異常"}"#, N),
        (r#"{"status":"работает"}"#, N),
        (r#"{"status":"saudável","database":"down"}"#, U),
        (r#"{"status":"ok","datenbank":"fehler"}"#, N),
        (r#"{"status":"ok","数据库":"异常"}"#, N),
        (r#"{"status":"ok","base_de_datos":"ok"}"#, H),
        (r#"{"status":"ok","database":"fehler"}"#, N),
        (r#"{"status":"ok","database":"caído"}"#, N),
        (r#"{"Status":"HeAlThY"}"#, H),
        (r#"{"STATUS":"OK","DATABASE":"DOWN"}"#, U),
        (r#"{"status":"ＯＫ"}"#, N),
        (r#"{"status":"o\u006b"}"#, H),
        (r#"{"status":"ok\u0000"}"#, N),
        (r#"{"status":"ok\u200b"}"#, N),
        (r#"{"status":"ok 👍"}"#, N),
        (r#"{"status":"👍"}"#, N),
        (r#"{"status":"✓"}"#, N),
        (r#"{"status":"\u202eok"}"#, N),
    ];
    assert_eq!(wrong(&rows), "");
}

#[test]
fn numbers_booleans_and_nothing_in_the_place_of_a_word() {
    let rows = [
        (r#"{"status":0}"#, N),
        (r#"{"status":1}"#, N),
        (r#"{"status":-1}"#, N),
        (r#"{"status":200}"#, N),
        (r#"{"status":"200"}"#, N),
        (r#"{"status":503.0}"#, U),
        (r#"{"status":1e400}"#, N),
        (r#"{"status":true}"#, H),
        (r#"{"status":false}"#, U),
        (r#"{"status":"true"}"#, N),
        (r#"{"healthy":1}"#, H),
        (r#"{"healthy":0}"#, U),
        (r#"{"healthy":2}"#, N),
        (r#"{"healthy":"true"}"#, H),
        (r#"{"healthy":"TRUE"}"#, H),
        (r#"{"healthy":"no"}"#, U),
        (r#"{"healthy":null}"#, N),
        (r#"{"status":null,"database":"up"}"#, N),
        (r#"{"status":[]}"#, N),
        (r#"{"status":{}}"#, N),
        (r#"{"status":{"status":"ok"}}"#, H),
        (r#"{"ok":{}}"#, N),
        (r#"{"ok":[]}"#, N),
        ("{}", N),
        ("[]", N),
        ("[[]]", N),
        ("[{}]", N),
        ("null", N),
        ("0", N),
        ("\"\"", N),
        ("NaN", N),
        ("undefined", N),
    ];
    assert_eq!(wrong(&rows), "");
}

#[test]
fn what_is_no_whole_json() {
    let rows = [
        (r#"{"status":"ok""#, N),
        (r#"{"status":"ok",}"#, N),
        (r#"{"status":"o"#, N),
        (r#"{'status':'ok'}"#, N),
        (r#"{status:"ok"}"#, N),
        (r#"{"status":"ok"} trailing"#, N),
        (r#"{"status":"ok"}{"status":"down"}"#, N),
        ("{\"status\":\"ok\"}\n{\"status\":\"down\"}", N),
        (r#"callback({"status":"ok"})"#, N),
        (r#"callback({"status":"ok"});"#, N),
        (r#"/**/ callback({"status":"ok"})"#, N),
        (r#")]}',{"status":"ok"}"#, N),
        (r#"while(1);{"status":"ok"}"#, N),
        ("status=ok", N),
        ("status: ok", N),
        ("status: down", N),
        ("---\nstatus: ok\n", N),
        ("data: {\"status\":\"ok\"}\n\n", N),
        ("<status>ok</status>", N),
        ("<!-- ok -->", N),
        ("OK\nOK", N),
        ("OK but slow", N),
        ("# HELP up\nup 1", N),
    ];
    assert_eq!(wrong(&rows), "");
}

#[test]
fn dead_children_under_good_words() {
    let rows = [
        (r#"{"status":"ok","checks":{"database":{"status":"ok","error":"connection refused"}}}"#, U),
        (r#"{"status":"ok","checks":[{"name":"postgres","result":"fail"}]}"#, U),
        (r#"{"status":"ok","checks":[["postgres","down"]]}"#, U),
        (r#"{"status":"ok","checks":["ok","down"]}"#, D),
        (r#"{"status":"ok","checks":["database","redis"]}"#, H),
        (r#"{"status":"ok","dependencies":{"postgres":{"state":"down"}}}"#, U),
        (r#"{"status":"ok","dependencies":{"postgres":{"up":false}}}"#, U),
        (r#"{"status":"ok","dependencies":{"postgres":{"available":"no"}}}"#, U),
        (r#"{"status":"ok","dependencies":{"search":{"status":"down"}}}"#, D),
        (
            r#"{"status":"UP","components":{"db":{"status":"UP","components":{"a":{"components":{"b":{"status":"DOWN"}}}}}}}"#,
            U,
        ),
        (
            r#"{"status":"pass","checks":{"postgres:responseTime":[{"status":"pass"},{"status":"warn"},{"status":"fail"}]}}"#,
            U,
        ),
        (
            r#"{"status":"Healthy","entries":{"npgsql":{"status":"Healthy"},"npgsql-replica":{"status":"Unhealthy"}}}"#,
            U,
        ),
        (
            r#"{"status":"ok","info":{"database":{"status":"up"}},"error":{"database":{"status":"down"}},"details":{}}"#,
            U,
        ),
        (r#"{"status":"ok","status":"ok","database":"up","database":"down"}"#, U),
        (r#"{"database":"up","status":"ok","database_connected":false}"#, U),
        (
            r#"{"status":"healthy","database_status":"ok","database_details":{"connectivity_test":"failed"}}"#,
            U,
        ),
        (r#"{"Database(alias='default')":"OK","Database(alias='replica')":"unavailable: x"}"#, U),
        (
            r#"{"healthy":true,"checks":[{"name":"PostgreSQL","passed":true},{"name":"PostgreSQL replica","passed":false}]}"#,
            U,
        ),
    ];
    assert_eq!(wrong(&rows), "");
}

#[test]
fn marks_and_wide_characters() {
    let utf16 = |text: &str, mark: [u8; 2], bytes: fn(u16) -> [u8; 2]| {
        [mark.to_vec(), text.encode_utf16().flat_map(bytes).collect()].concat()
    };
    for (text, expected) in
        [(r#"{"status":"ok"}"#, H), (r#"{"status":"ok","database":"down"}"#, U), ("Unhealthy", U), ("{}", N)]
    {
        let little = utf16(text, [0xff, 0xfe], u16::to_le_bytes);
        let big = utf16(text, [0xfe, 0xff], u16::to_be_bytes);
        assert_eq!((level(None, &little), level(None, &big)), (expected, expected), "{text}");
        let marked = [&[0xef, 0xbb, 0xbf][..], text.as_bytes()].concat();
        assert_eq!(level(None, &marked), expected, "{text}");
        // Cut in the middle of a character, or without a mark: no text.
        assert_eq!(level(None, &little[..little.len() - 1]), N, "{text}");
        assert_ne!(level(None, &little[2..]), H, "{text}");
    }
    assert_eq!(level(None, &[0xff, 0xfe, 0x00, 0xd8]), N, "half of a pair");
    assert_eq!(level(None, b"\xc3\x28"), N);
}

#[test]
fn depth_and_size() {
    let nested =
        |open: &str, close: &str, inner: &str| format!("{}{inner}{}", open.repeat(1000), close.repeat(1000));
    for (open, close) in [("[", "]"), (r#"{"data":"#, "}"), (r#"{"checks":"#, "}")] {
        for inner in [r#"{"status":"ok"}"#, r#"{"status":"down"}"#] {
            assert_ne!(level(None, nested(open, close, inner).as_bytes()), H, "{open}");
        }
    }
    // A good word first, the bad one after a megabyte of others.
    let many: Vec<String> = (0..20_000).map(|index| format!(r#""key{index}":"ok""#)).collect();
    let late = format!(r#"{{"status":"ok",{},"database":"down"}}"#, many.join(","));
    assert_eq!(level(None, late.as_bytes()), U);
    let checks: Vec<String> =
        (0..5_000).map(|index| format!(r#"{{"name":"c{index}","status":"up"}}"#)).collect();
    let last =
        format!(r#"{{"status":"ok","checks":[{},{{"name":"postgres","status":"down"}}]}}"#, checks.join(","));
    assert_eq!(level(None, last.as_bytes()), U);
    let judgement = judge(200, None, last.as_bytes());
    assert!(
        judgement.working.len() <= 200 && judgement.failing[0].database,
        "bounded, and the bad one is kept"
    );
    assert_eq!(level(None, "ok".repeat(500_000).as_bytes()), N);
}

/// Whether a member of that name holds dependencies by name.
fn holds_dependencies(key: &str) -> bool {
    ["components", "checks", "entries", "services", "dependencies", "results", "health"].contains(&key)
}

/// Every object or list of a body in which a dependency could stand.
fn places(value: &Value, path: &str, places: &mut Vec<String>) {
    match value {
        Value::Object(members) => {
            places.push(path.to_owned());
            for (key, inner) in members.iter().filter(|(key, _)| holds_dependencies(key)) {
                places_in(inner, &format!("{path}/{key}"), places);
            }
        }
        Value::Array(_) => places.push(path.to_owned()),
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => {}
    }
}

fn places_in(value: &Value, path: &str, all: &mut Vec<String>) {
    if value.is_object() || value.is_array() {
        places(value, path, all);
    }
}

proptest! {
    /// Whatever healthy body of whatever dialect: with one dead dependency in it, it is not healthy.
    #[test]
    fn a_planted_dead_dependency_is_never_overheard(
        body in prop::sample::select(
            BODIES.iter().filter(|(_, body, expected)| expected.starts_with("healthy") && body.starts_with('{')).collect::<Vec<_>>()
        ),
        name in prop::sample::select(vec!["postgres", "db", "Database", "primaryDb", "auth-database", "cloudsql", "redis"]),
        dead in prop::sample::select(vec![
            json!({"status": "down"}), json!({"status": "DOWN", "details": {"error": "x"}}), json!("error"),
            json!("disconnected"), json!(false), json!({"healthy": false}), json!({"connected": false}),
            json!({"status": "Unhealthy", "description": "x"}), json!({"status": "fail", "output": "x"}),
            json!("unavailable: connection refused"), json!({"ok": false}), json!({"state": "unreachable"}),
        ]),
        place in any::<prop::sample::Index>(),
    ) {
        let mut value: Value = serde_json::from_str(body.1).unwrap();
        let mut all = Vec::new();
        places(&value, "", &mut all);
        let at = &all[place.index(all.len())];
        match value.pointer_mut(at).unwrap() {
            Value::Object(members) => {
                members.insert(name.to_owned(), dead.clone());
            }
            Value::Array(items) => {
                let mut item = json!({"name": name});
                if let Value::Object(members) = &dead {
                    item.as_object_mut().unwrap().extend(members.clone());
                } else {
                    item["status"] = dead.clone();
                }
                items.push(item);
            }
            Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => unreachable!(),
        }
        let text = value.to_string();
        prop_assert_ne!(judge(200, None, text.as_bytes()).level, Level::Healthy, "{}", text);
    }
}

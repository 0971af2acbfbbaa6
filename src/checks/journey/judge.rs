//! An answer held against what a step expects, and what later steps need of it: pure.

use std::time::Duration;

use regex::{Regex, RegexBuilder};
use reqwest::header::HeaderMap;
use serde_json::Value;
use serde_json_path::JsonPath;

use crate::live::values::{Unfit, Values, compared};
use crate::model::{Capture, CaptureFrom, Comparison, Condition, Expectation, Stated, Test};
use crate::probe::http::Reply;
use crate::text::line_of;

/// Longest excerpt of an answer in the record.
const EXCERPT: usize = 400;
/// Longest piece of an answer within a sentence.
const PIECE: usize = 80;
/// Longest value that is captured, in bytes: longer than any token that a header could carry.
pub(super) const LONGEST_CAPTURE: usize = 16 * 1024;
/// Patterns compile to at most this many bytes; the reader of files has the same bound.
const PATTERN_SIZE: usize = 1 << 20;

/// What differs, one sentence each; empty: nothing.
pub(super) fn differs(
    reply: &Reply,
    latency: Duration,
    expect: &Expectation,
    values: &Values,
) -> Result<Vec<String>, Unfit> {
    let mut told = Vec::new();
    let status = reply.answer.status;
    if expect.statuses.is_empty() {
        if !(200..300).contains(&status) {
            told.push("a success (2xx) is expected".to_owned());
        }
    } else if !expect.statuses.contains(&status) {
        let list: Vec<String> = expect.statuses.iter().map(u16::to_string).collect();
        told.push(format!("the expected status is {}", list.join(" or ")));
    }
    if let Some(limit) = expect.latency.filter(|limit| latency > *limit) {
        told.push(format!("it took {} ms where {} are allowed", latency.as_millis(), limit.as_millis()));
    }
    for (name, pattern) in &expect.headers {
        told.extend(header_differs(&reply.headers, name, pattern));
    }
    told.extend(body_differs(
        &reply.answer.body,
        reply.answer.truncated,
        &expect.json,
        expect.pattern.as_ref(),
        values,
    )?);
    Ok(told)
}

fn header_differs(headers: &HeaderMap, name: &str, pattern: &Stated) -> Option<String> {
    let mut values = headers.get_all(name).iter().map(|value| String::from_utf8_lossy(value.as_bytes()));
    let Some(first) = values.next() else { return Some(format!("it has no header {name}")) };
    let pattern_text = pattern.raw();
    let Some(pattern) = compiled(pattern_text) else { return Some(no_pattern(pattern_text)) };
    if pattern.is_match(&first) || values.any(|value| pattern.is_match(&value)) {
        return None;
    }
    Some(format!("its header {name} is {:?}, and {pattern_text:?} is not in it", line_of(&first, PIECE)))
}

/// What differs in a body, or in a message of a talk.
pub(super) fn body_differs(
    body: &[u8],
    truncated: bool,
    conditions: &[Condition],
    pattern: Option<&Stated>,
    values: &Values,
) -> Result<Vec<String>, Unfit> {
    let mut told = Vec::new();
    if !conditions.is_empty() {
        match serde_json::from_slice::<Value>(body) {
            Ok(document) if !truncated => {
                for condition in conditions {
                    told.extend(condition_differs(&document, condition, values)?);
                }
            }
            Ok(_) | Err(_) => {
                let why = match (truncated, body.is_empty()) {
                    (true, _) => "it is longer than is read, so no condition can hold",
                    (false, true) => "it is empty, so no condition can hold",
                    (false, false) => "it is no JSON, so no condition can hold",
                };
                told.push(why.to_owned());
            }
        }
    }
    if let Some(stated) = pattern {
        match compiled(stated.raw()) {
            Some(pattern) if pattern.is_match(&String::from_utf8_lossy(body)) => {}
            Some(_) => told.push(format!("{:?} is not in it", stated.raw())),
            None => told.push(no_pattern(stated.raw())),
        }
    }
    Ok(told)
}

fn condition_differs(
    document: &Value,
    condition: &Condition,
    values: &Values,
) -> Result<Option<String>, Unfit> {
    let written = condition.written.raw();
    let Ok(query) = JsonPath::parse(&condition.query) else {
        return Ok(Some(format!("{written}: the query cannot be read")));
    };
    let nodes = query.query(document).all();
    if nodes.is_empty() {
        return Ok(Some(format!("{written}: there is nothing at {}", condition.query)));
    }
    let wrong = match &condition.test {
        Test::Exists => None,
        Test::Compares(comparison, expected) => {
            let expected = compared(expected, values)?;
            nodes.into_iter().find(|node| !holds(node, *comparison, &expected))
        }
        Test::Matches(pattern) => {
            let Some(pattern) = compiled(pattern) else { return Ok(Some(no_pattern(pattern))) };
            nodes.into_iter().find(|node| !node.as_str().is_some_and(|text| pattern.is_match(text)))
        }
    };
    Ok(wrong.map(|node| format!("{written}: it is {}", line_of(&node.to_string(), PIECE))))
}

/// Whether a node compares so with a value. Values of different types are neither equal nor in any order.
fn holds(node: &Value, comparison: Comparison, expected: &Value) -> bool {
    use std::cmp::Ordering::{Equal, Greater, Less};
    let order = match (node, expected) {
        (Value::Number(one), Value::Number(other)) => match (one.as_i128(), other.as_i128()) {
            (Some(one), Some(other)) => Some(one.cmp(&other)),
            (None, _) | (_, None) => {
                one.as_f64().zip(other.as_f64()).and_then(|(one, other)| one.partial_cmp(&other))
            }
        },
        (Value::String(one), Value::String(other)) => Some(one.cmp(other)),
        (_, _) => None,
    };
    let equal = order.map_or_else(|| node == expected, |order| order == Equal);
    match comparison {
        Comparison::Equal => equal,
        Comparison::NotEqual => !equal,
        Comparison::Less => order == Some(Less),
        Comparison::AtMost => matches!(order, Some(Less | Equal)),
        Comparison::More => order == Some(Greater),
        Comparison::AtLeast => matches!(order, Some(Greater | Equal)),
    }
}

/// What a capture takes of an answer; the error says why it finds nothing, without the answer.
pub(super) fn capture(capture: &Capture, headers: Option<&HeaderMap>, body: &[u8]) -> Result<Value, String> {
    let name = &capture.variable;
    let found = match &capture.from {
        CaptureFrom::Json(query) => {
            let document: Value = serde_json::from_slice(body)
                .map_err(|_shows_the_body| format!("{name} cannot be captured: the answer is no JSON"))?;
            let query = JsonPath::parse(query).map_err(|error| error.to_string())?;
            query.query(&document).first().cloned()
        }
        CaptureFrom::Header(header) => {
            let values = headers.into_iter().flat_map(|headers| headers.get_all(header));
            let mut texts = values.map(|value| String::from_utf8_lossy(value.as_bytes()).into_owned());
            // Of several lines (`set-cookie`) the first that has what is looked for.
            match &capture.pattern {
                Some(pattern) => {
                    let pattern = compiled(pattern).ok_or_else(|| no_pattern(pattern))?;
                    texts.find(|text| pattern.is_match(text)).map(Value::String)
                }
                None => texts.next().map(Value::String),
            }
        }
        CaptureFrom::Body => Some(Value::String(String::from_utf8_lossy(body).into_owned())),
    };
    let found = found.filter(|found| !found.is_null());
    let value = match (found, &capture.pattern) {
        (Some(value), None) => value,
        (Some(value), Some(pattern)) => {
            let text = match value {
                Value::String(text) => text,
                other @ (Value::Null
                | Value::Bool(_)
                | Value::Number(_)
                | Value::Array(_)
                | Value::Object(_)) => other.to_string(),
            };
            let pattern = compiled(pattern).ok_or_else(|| no_pattern(pattern))?;
            let groups = pattern.captures(&text);
            let group =
                groups.and_then(|groups| groups.get(1).or(groups.get(0)).map(|one| one.as_str().to_owned()));
            Value::String(
                group.ok_or_else(|| format!("{name} cannot be captured: its pattern is not in it"))?,
            )
        }
        (None, _) => return Err(format!("{name} cannot be captured: there is nothing of it in the answer")),
    };
    let length = value.as_str().map_or_else(|| value.to_string().len(), str::len);
    if length > LONGEST_CAPTURE {
        return Err(format!("{name} cannot be captured: it has {length} bytes, more than {LONGEST_CAPTURE}"));
    }
    Ok(value)
}

fn compiled(pattern: &str) -> Option<Regex> {
    RegexBuilder::new(pattern).size_limit(PATTERN_SIZE).build().ok()
}

fn no_pattern(pattern: &str) -> String {
    format!("{pattern:?} is no pattern")
}

/// The beginning of an answer, on one line.
pub(super) fn excerpt(body: &[u8]) -> String {
    let text = String::from_utf8_lossy(&body[..body.len().min(4 * (EXCERPT + 1))]);
    line_of(&text, EXCERPT)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::health::HttpAnswer;
    use crate::model::{Json, Place, Template};

    fn place() -> Place {
        Place { file: "f".into(), line: 1, column: 1 }
    }

    fn condition(query: &str, test: Test) -> Condition {
        Condition { written: Stated::known(query, place()), query: query.to_owned(), test }
    }

    fn told(body: &str, query: &str, test: Test) -> Vec<String> {
        body_differs(body.as_bytes(), false, &[condition(query, test)], None, &Values::new()).unwrap()
    }

    #[test]
    fn conditions_hold_or_say_what_is_there() {
        let is = |comparison, json| Test::Compares(comparison, json);
        let number = |text: &str| Json::Number(text.parse().unwrap());
        use Comparison::*;
        for (body, query, test, holds) in [
            (r#"{"valid":true}"#, "$.valid", is(Equal, Json::Bool(true)), true),
            (r#"{"valid":"true"}"#, "$.valid", is(Equal, Json::Bool(true)), false),
            (r#"{"valid":false}"#, "$.valid", is(Equal, Json::Bool(true)), false),
            (r#"{}"#, "$.valid", is(Equal, Json::Bool(true)), false),
            (r#"{}"#, "$.valid", is(NotEqual, Json::Bool(true)), false),
            (r#"{"valid":null}"#, "$.valid", is(NotEqual, Json::Bool(true)), true),
            (r#"{"n":1.0}"#, "$.n", is(Equal, number("1")), true),
            (r#"{"n":9007199254740993}"#, "$.n", is(Equal, number("9007199254740992")), false),
            (r#"{"n":[1,2,3]}"#, "$.n[*]", is(AtMost, number("3")), true),
            (r#"{"n":[1,2,4]}"#, "$.n[*]", is(AtMost, number("3")), false),
            (r#"{"n":"4"}"#, "$.n", is(More, number("3")), false),
            (r#"{"n":"b"}"#, "$.n", is(More, Json::Text(Template::text("a"))), true),
            (r#"{"n":5}"#, "$.n", Test::Exists, true),
            (
                r#"{"a":{"b":[]}}"#,
                "$.a",
                is(Equal, Json::Map(vec![("b".to_owned(), Json::List(vec![]))])),
                true,
            ),
            (r#"{"m":"ada@x"}"#, "$.m", Test::Matches("^ada@".to_owned()), true),
            (r#"{"m":7}"#, "$.m", Test::Matches("7".to_owned()), false),
            ("", "$.m", Test::Exists, false),
            ("<html>", "$", Test::Exists, false),
        ] {
            let said = told(body, query, test);
            assert_eq!(said.is_empty(), holds, "{body} {query}: {said:?}");
        }
        assert_eq!(
            told(r#"{"valid":false}"#, "$.valid", is(Equal, Json::Bool(true))),
            ["$.valid: it is false"]
        );
    }

    #[test]
    fn everything_that_differs_is_told() {
        let answer = HttpAnswer { status: 302, body: b"moved".to_vec(), ..answer() };
        let mut headers = HeaderMap::new();
        headers.insert(
            "location",
            "https://login.example/\u{1b}[31m".parse().unwrap_or_else(|_| "x".parse().unwrap()),
        );
        let expect = Expectation {
            statuses: vec![200, 201],
            json: vec![condition("$.a", Test::Exists)],
            headers: vec![
                ("location".to_owned(), Stated::known("^/home", place())),
                ("x-none".to_owned(), Stated::known(".", place())),
            ],
            pattern: Some(Stated::known("welcome", place())),
            latency: Some(Duration::from_millis(5)),
        };
        let reply = Reply { answer, headers };
        let told = differs(&reply, Duration::from_millis(7), &expect, &Values::new()).unwrap();
        assert_eq!(told.len(), 6, "{told:?}");
        let any = Expectation { latency: Some(Duration::from_secs(1)), ..Expectation::default() };
        assert_eq!(
            differs(&reply, Duration::ZERO, &any, &Values::new()).unwrap(),
            ["a success (2xx) is expected"]
        );
    }

    fn answer() -> HttpAnswer {
        HttpAnswer { status: 200, ..HttpAnswer::default() }
    }

    #[test]
    fn captures_take_what_is_asked_for_and_no_more() {
        let of = |from, pattern: Option<&str>| Capture {
            variable: "v".to_owned(),
            place: place(),
            from,
            pattern: pattern.map(str::to_owned),
            secret: true,
            hosts: Vec::new(),
        };
        let mut headers = HeaderMap::new();
        headers.append("set-cookie", "theme=dark".parse().unwrap());
        headers.append("set-cookie", "sid=abc123; Path=/".parse().unwrap());
        let body = br#"{"t":"ey.x","n":7,"z":null,"csrf":"name=\"c\" value=\"q1\""}"#;
        let take = |one: &Capture| capture(one, Some(&headers), body);
        assert_eq!(take(&of(CaptureFrom::Json("$.t".to_owned()), None)), Ok("ey.x".into()));
        assert_eq!(take(&of(CaptureFrom::Json("$.n".to_owned()), None)), Ok(7.into()));
        assert_eq!(
            take(&of(CaptureFrom::Header("set-cookie".to_owned()), Some("sid=([^;]+)"))),
            Ok("abc123".into())
        );
        assert_eq!(take(&of(CaptureFrom::Body, Some(r#"value=\\"(\w+)"#))), Ok("q1".into()));
        for (from, pattern) in [
            (CaptureFrom::Json("$.z".to_owned()), None),
            (CaptureFrom::Json("$.missing".to_owned()), None),
            (CaptureFrom::Header("x-none".to_owned()), None),
            (CaptureFrom::Header("set-cookie".to_owned()), Some("uid=(.*)")),
            (CaptureFrom::Body, Some("nothing here")),
        ] {
            let why = take(&of(from, pattern)).unwrap_err();
            assert!(why.starts_with("v cannot be captured"), "{why}");
        }
        let huge = format!("{{\"t\":\"{}\"}}", "x".repeat(LONGEST_CAPTURE + 1));
        let why = capture(&of(CaptureFrom::Json("$.t".to_owned()), None), None, huge.as_bytes()).unwrap_err();
        assert!(why.contains("more than 16384"), "{why}");
        assert!(capture(&of(CaptureFrom::Json("$.t".to_owned()), None), None, b"<html>").is_err());
    }
}

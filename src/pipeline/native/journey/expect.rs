//! What must come back: status, conditions on JSON, headers, a pattern, a latency.

use serde_json::Value;
use serde_json_path::JsonPath;

use super::super::expect::{headers, statuses};
use super::super::fields::{Fields, wrong_kind};
use super::super::patterns::{compiled, pattern};
use super::super::text;
use super::template;
use crate::model::{Comparison, Condition, Expectation, Test};
use crate::pipeline::problem::{Problem, Problems};
use crate::pipeline::yaml::Node;

pub(super) const KEYS: &[&str] = &["status", "json", "headers", "matches", "latency"];

/// Reads it. One that asks for nothing is told: whatever came back would meet it.
pub(super) fn read(node: &Node, problems: &mut Problems) -> Expectation {
    let mut expectation = Expectation::default();
    let Some(fields) = Fields::open(node, "`expect`", KEYS, problems) else { return expectation };
    let before = problems.iter().count();
    expectation.statuses = statuses(fields.get("status"), problems);
    expectation.json = conditions(fields.get("json"), problems);
    let headers = headers(fields.get("headers"), problems).into_iter();
    expectation.headers = headers.map(|one| (one.name.raw().to_ascii_lowercase(), one.pattern)).collect();
    expectation.pattern = pattern(fields.get("matches"), problems);
    expectation.latency = fields.get("latency").and_then(|node| text::duration(node, problems));
    if expectation == Expectation::default() && problems.iter().count() == before {
        problems.push(empty(node));
    }
    expectation
}

/// An expectation that nothing could fail.
pub(super) fn empty(node: &Node) -> Problem {
    Problem::error("empty-expectation", "this step expects nothing, so that nothing could fail it")
        .at(node.place.clone())
        .fix("say what must come back: `expect: {status: 200, json: [\"$.valid == true\"]}`")
}

/// One condition, or a list of them.
pub(super) fn conditions(node: Option<&Node>, problems: &mut Problems) -> Vec<Condition> {
    let Some(node) = node else { return Vec::new() };
    let nodes = if node.text().is_some() { std::slice::from_ref(node) } else { node.items() };
    if nodes.is_empty() {
        problems.push(wrong_kind(node, "`json`", "a condition, or a list of them"));
    }
    nodes.iter().filter_map(|node| condition(node, problems)).collect()
}

fn condition(node: &Node, problems: &mut Problems) -> Option<Condition> {
    let stated = text::text(Some(node), problems)?;
    match parse(stated.raw()) {
        Ok((query, test)) => Some(Condition { written: stated, query, test }),
        Err(why) => {
            problems.push(text::bad("bad-condition", node, format!("this is no condition: {why}")).fix(
                "such as `$.valid == true`, `$.user.email`, `$.items[*].price > 0` or `$.name matches ^A`",
            ));
            None
        }
    }
}

/// `QUERY`, `QUERY == VALUE`, `QUERY matches PATTERN`.
fn parse(text: &str) -> Result<(String, Test), String> {
    let end = end_of_query(text);
    let (query, rest) = (text[..end].trim(), text[end..].trim());
    JsonPath::parse(query).map_err(|error| format!("`{query}` is no JSONPath query (RFC 9535): {error}"))?;
    let query = query.to_owned();
    if rest.is_empty() || rest == "exists" {
        return Ok((query, Test::Exists));
    }
    if let Some(pattern) = rest.strip_prefix("matches ").map(str::trim) {
        compiled(pattern)?;
        return Ok((query, Test::Matches(pattern.to_owned())));
    }
    // The longer ones first.
    const OPERATORS: [(&str, Comparison); 6] = [
        ("==", Comparison::Equal),
        ("!=", Comparison::NotEqual),
        ("<=", Comparison::AtMost),
        (">=", Comparison::AtLeast),
        ("<", Comparison::Less),
        (">", Comparison::More),
    ];
    let found = OPERATORS.iter().find_map(|(sign, which)| Some((rest.strip_prefix(sign)?.trim(), *which)));
    let Some((value, comparison)) = found else {
        return Err("after the query comes `==`, `!=`, `<`, `<=`, `>`, `>=`, `matches` or nothing".to_owned());
    };
    let value = json_of(value)?;
    let ordered = !matches!(comparison, Comparison::Equal | Comparison::NotEqual);
    if ordered && !matches!(value, crate::model::Json::Number(_) | crate::model::Json::Text(_)) {
        return Err("only a number or a text can be less or more".to_owned());
    }
    Ok((query, Test::Compares(comparison, value)))
}

/// A JSON value; a text may stand in single quotes, as in JSONPath.
fn json_of(text: &str) -> Result<crate::model::Json, String> {
    let single = text.strip_prefix('\'').and_then(|text| text.strip_suffix('\'')).filter(|_| text.len() > 1);
    let value: Value = match single {
        Some(inner) if !inner.contains(['\'', '\\']) => Value::String(inner.to_owned()),
        Some(_) | None => serde_json::from_str(text).map_err(|_no_json| {
            format!("`{text}` is no JSON value: texts stand in quotes, as in `$.a == \"b\"`")
        })?,
    };
    template::of_value(value).map_err(|written| format!("`(({written}` is no variable"))
}

/// Where the query ends: at the first blank or operator outside brackets and quotes.
fn end_of_query(text: &str) -> usize {
    let (mut depth, mut quote, mut escaped) = (0_u32, None, false);
    for (at, c) in text.char_indices() {
        match (quote, c) {
            _ if escaped => escaped = false,
            (Some(_), '\\') => escaped = true,
            (Some(open), c) if c == open => quote = None,
            (Some(_), _) => {}
            (None, '\'' | '"') => quote = Some(c),
            (None, '[' | '(') => depth += 1,
            (None, ']' | ')') => depth = depth.saturating_sub(1),
            (None, ' ' | '=' | '!' | '<' | '>') if depth == 0 => return at,
            (None, _) => {}
        }
    }
    text.len()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::{Json, Part, Template};
    use crate::pipeline::source::Source;
    use crate::pipeline::yaml;

    #[test]
    fn conditions_are_read() {
        let text = |text: &str| Json::Text(Template::text(text));
        let variable = Json::Text(Template(vec![Part::Variable("mail".to_owned())]));
        for (written, query, test) in [
            ("$.valid == true", "$.valid", Test::Compares(Comparison::Equal, Json::Bool(true))),
            ("$.valid==true", "$.valid", Test::Compares(Comparison::Equal, Json::Bool(true))),
            ("$['a == b'] != 'x'", "$['a == b']", Test::Compares(Comparison::NotEqual, text("x"))),
            ("$[?@.a == 'b']", "$[?@.a == 'b']", Test::Exists),
            ("$[?(@.a < 3)].b exists", "$[?(@.a < 3)].b", Test::Exists),
            (
                "$.n >= 1.5",
                "$.n",
                Test::Compares(Comparison::AtLeast, Json::Number(serde_json::Number::from_f64(1.5).unwrap())),
            ),
            ("$.mail == \"((mail))\"", "$.mail", Test::Compares(Comparison::Equal, variable)),
            ("$.name matches ^A.*$", "$.name", Test::Matches("^A.*$".to_owned())),
            ("$.list == []", "$.list", Test::Compares(Comparison::Equal, Json::List(vec![]))),
        ] {
            assert_eq!(parse(written), Ok((query.to_owned(), test)), "{written}");
        }
        for written in [
            "valid == true",
            "$.a = 1",
            "$.a == b",
            "$.a matches (",
            "$[",
            "$.a < true",
            "$.a == \"((\"",
            "$.a == ",
        ] {
            assert!(parse(written).is_err(), "{written}");
        }
    }

    proptest::proptest! {
        /// Any text is read or refused; what is read has a query that can be asked.
        #[test]
        fn any_condition_is_read_or_refused(text in "[$.a\\[\\]()?@*'\"=!<> 1&|\\\\äm]{0,24}|\\PC{0,24}") {
            if let Ok((query, _)) = parse(&text) {
                proptest::prop_assert!(JsonPath::parse(&query).is_ok());
            }
        }
    }

    #[test]
    fn what_expects_nothing_is_an_error() {
        let codes = |text: &str| {
            let documents = yaml::parse(&Source::new("a", text)).unwrap();
            let mut problems = Problems::default();
            read(&documents[0], &mut problems);
            problems.iter().map(|problem| problem.code).collect::<Vec<_>>()
        };
        assert_eq!(codes("{}"), ["empty-expectation"]);
        assert_eq!(codes("{status: []}"), ["wrong-kind"]);
        assert_eq!(codes("{headers: {}}"), ["empty-expectation"]);
        assert_eq!(codes("{status: ~}"), ["empty-expectation"]);
        assert_eq!(
            codes("{status: 99, json: '$.a = 1', headers: {'a b': x}, matches: '(', latency: 1}"),
            ["wrong-kind", "bad-condition", "bad-header", "bad-pattern", "bad-duration"]
        );
        assert!(codes("{latency: 1s}").is_empty());
    }
}

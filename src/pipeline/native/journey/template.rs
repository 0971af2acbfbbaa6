//! Texts with variables, `((name))`: neither GitHub's `${{ }}` nor a shell's `$NAME` nor JSON looks like it, and YAML
//! needs no quotes for it.

use std::str::FromStr as _;

use serde_json::Number;

use super::super::fields::wrong_kind;
use super::super::text::bad;
use crate::model::{Json, Part, Template};
use crate::pipeline::problem::Problems;
use crate::pipeline::yaml::{Kind, Node, Style};
use crate::text::cut;

/// Deeper documents are refused: nobody writes them by hand.
const DEEPEST: usize = 32;

/// Whether a text may be the name of a variable: a letter or `_`, then letters, digits and `_`.
pub(super) fn is_name(text: &str) -> bool {
    let fits = |(at, c): (usize, char)| c == '_' || c.is_ascii_alphabetic() || (at > 0 && c.is_ascii_digit());
    !text.is_empty() && text.len() <= 64 && text.chars().enumerate().all(fits)
}

/// Reads a text with variables. An empty one is allowed: a form may have an empty field.
pub(super) fn template(node: &Node, what: &str, problems: &mut Problems) -> Option<Template> {
    let Some(text) = node.text() else {
        problems.push(wrong_kind(node, what, "a text"));
        return None;
    };
    let text = if node.is_null() { "" } else { text };
    match parse(text) {
        Ok(template) => Some(template),
        Err(written) => {
            problems.push(
                bad("bad-variable", node, format!("`(({written}` is no variable"))
                    .fix("a variable is written `((name))`; write `(())` where the text really has `((`"),
            );
            None
        }
    }
}

/// Tells text from variables; the error is what follows the `((` that begins none.
fn parse(text: &str) -> Result<Template, String> {
    let mut parts: Vec<Part> = Vec::new();
    let mut literal = String::new();
    let mut rest = text;
    while let Some((before, after)) = rest.split_once("((") {
        literal.push_str(before);
        if let Some(after) = after.strip_prefix("))") {
            literal.push_str("((");
            rest = after;
            continue;
        }
        let shown = || cut(after.chars(), 20);
        let (name, after) = after.split_once("))").ok_or_else(shown)?;
        if !is_name(name) {
            return Err(shown());
        }
        if !literal.is_empty() {
            parts.push(Part::Text(std::mem::take(&mut literal)));
        }
        parts.push(Part::Variable(name.to_owned()));
        rest = after;
    }
    literal.push_str(rest);
    if !literal.is_empty() {
        parts.push(Part::Text(literal));
    }
    Ok(Template(parts))
}

/// Reads YAML as the JSON document that it stands for.
pub(super) fn json(node: &Node, problems: &mut Problems) -> Option<Json> {
    at_depth(node, 0, problems)
}

fn at_depth(node: &Node, depth: usize, problems: &mut Problems) -> Option<Json> {
    if depth > DEEPEST {
        problems.push(bad("too-deep", node, format!("this document is nested deeper than {DEEPEST}")));
        return None;
    }
    match &node.kind {
        Kind::Seq(items) => {
            let all = items.iter().map(|item| at_depth(item, depth + 1, problems));
            all.collect::<Option<Vec<_>>>().map(Json::List)
        }
        Kind::Map(entries) => {
            let all = entries
                .iter()
                .map(|entry| Some((entry.key.clone(), at_depth(&entry.value, depth + 1, problems)?)));
            all.collect::<Option<Vec<_>>>().map(Json::Map)
        }
        Kind::Scalar { text, style: Style::Plain } => match text.as_str() {
            _ if node.is_null() => Some(Json::Null),
            "true" => Some(Json::Bool(true)),
            "false" => Some(Json::Bool(false)),
            text => match Number::from_str(text) {
                Ok(number) => Some(Json::Number(number)),
                Err(_) => template(node, "this value", problems).map(Json::Text),
            },
        },
        Kind::Scalar { .. } => template(node, "this value", problems).map(Json::Text),
    }
}

/// The same of a JSON document: a value with which a condition compares.
pub(super) fn of_value(value: serde_json::Value) -> Result<Json, String> {
    use serde_json::Value;
    Ok(match value {
        Value::Null => Json::Null,
        Value::Bool(value) => Json::Bool(value),
        Value::Number(number) => Json::Number(number),
        Value::String(text) => Json::Text(parse(&text)?),
        Value::Array(items) => Json::List(items.into_iter().map(of_value).collect::<Result<_, _>>()?),
        Value::Object(map) => {
            let entries = map.into_iter().map(|(key, value)| Ok((key, of_value(value)?)));
            Json::Map(entries.collect::<Result<_, String>>()?)
        }
    })
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::pipeline::source::Source;
    use crate::pipeline::yaml;

    fn text(text: &str) -> Part {
        Part::Text(text.to_owned())
    }

    fn variable(name: &str) -> Part {
        Part::Variable(name.to_owned())
    }

    #[test]
    fn variables_are_told_from_text() {
        for (written, parts) in [
            ("plain", vec![text("plain")]),
            ("", vec![]),
            ("((a))", vec![variable("a")]),
            ("/u/((id))/x?y=((_z1))", vec![text("/u/"), variable("id"), text("/x?y="), variable("_z1")]),
            ("f(())x) ${{ a }} $B {{c}}", vec![text("f((x) ${{ a }} $B {{c}}")]),
            ("(())((a))))", vec![text("(("), variable("a"), text("))")]),
        ] {
            assert_eq!(parse(written), Ok(Template(parts)), "{written}");
        }
        for written in ["((", "((a", "((a)", "((a b))", "((1))", "((a-b))", "(( a ))", "(((a)))"] {
            assert!(parse(written).is_err(), "{written}");
        }
    }

    #[test]
    fn yaml_becomes_json_with_its_types() {
        let source = Source::new("a", "{a: 1, b: '1', c: true, d: ~, e: [x, 1.50], f: ((v)), g: 1e3}");
        let documents = yaml::parse(&source).unwrap();
        let mut problems = Problems::default();
        let Some(Json::Map(entries)) = json(&documents[0], &mut problems) else { panic!("a mapping") };
        let of = |key: &str| entries.iter().find(|(name, _)| name == key).unwrap().1.clone();
        assert!(matches!(of("a"), Json::Number(_)) && matches!(of("g"), Json::Number(_)));
        assert_eq!(of("b"), Json::Text(Template::text("1")));
        assert_eq!((of("c"), of("d")), (Json::Bool(true), Json::Null));
        assert_eq!(of("f"), Json::Text(Template(vec![variable("v")])));
    }

    proptest! {
        /// What is text stays text, however it looks; shown again it is what was written.
        #[test]
        fn any_text_is_read_or_refused(written in "[a(){}$ ]{0,12}") {
            if let Ok(template) = parse(&written) {
                let shown = template.to_string();
                prop_assert_eq!(shown, written.replace("(())", "(("));
            }
        }
    }
}

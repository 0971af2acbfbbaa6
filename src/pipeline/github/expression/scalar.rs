//! What a scalar of a workflow's YAML becomes: GitHub reads `True`, `1.0` and `0x1F` as what YAML says they are, and
//! puts them into texts in its own way.

use std::borrow::Cow;
use std::collections::HashMap;

use github_actions_expressions::Evaluation;

use crate::pipeline::yaml::{Kind, Node, Style};

/// The text of a scalar.
pub(in crate::pipeline::github) fn scalar(node: &Node) -> Option<Cow<'_, str>> {
    let Kind::Scalar { text, style } = &node.kind else { return None };
    if *style != Style::Plain {
        return Some(Cow::Borrowed(text));
    }
    Some(match plain(text) {
        Evaluation::Null | Evaluation::String(_) | Evaluation::Array(_) | Evaluation::Object(_) => {
            Cow::Borrowed(text)
        }
        value @ (Evaluation::Boolean(_) | Evaluation::Number(_)) => Cow::Owned(value.sema().to_string()),
    })
}

/// A node as a value of expressions.
pub(in crate::pipeline::github) fn evaluation(node: &Node) -> Evaluation {
    match &node.kind {
        Kind::Scalar { text, style: Style::Plain } => plain(text),
        Kind::Scalar { text, .. } => Evaluation::String(text.clone()),
        Kind::Seq(items) => Evaluation::Array(items.iter().map(evaluation).collect()),
        Kind::Map(entries) => {
            let entries = entries.iter().map(|entry| (entry.key.clone(), evaluation(&entry.value)));
            Evaluation::Object(entries.collect::<HashMap<_, _>>())
        }
    }
}

/// YAML's core schema.
fn plain(text: &str) -> Evaluation {
    match text {
        "" | "~" | "null" | "Null" | "NULL" => return Evaluation::Null,
        "true" | "True" | "TRUE" => return Evaluation::Boolean(true),
        "false" | "False" | "FALSE" => return Evaluation::Boolean(false),
        _ => {}
    }
    number(text).map_or_else(|| Evaluation::String(text.to_owned()), Evaluation::Number)
}

/// A number that a double holds without loss: GitHub would cut longer ones, which nobody means.
fn number(text: &str) -> Option<f64> {
    let begins = text.trim_start_matches(['+', '-', '.']).starts_with(|c: char| c.is_ascii_digit());
    let allowed = text.bytes().all(|byte| byte.is_ascii_hexdigit() || b"+-.xoE".contains(&byte));
    if !begins || !allowed || text.len() > 15 {
        return None;
    }
    let radix = |digits: &str, radix| u32::from_str_radix(digits, radix).ok().map(f64::from);
    if let Some(digits) = text.strip_prefix("0x") {
        return radix(digits, 16);
    }
    if let Some(digits) = text.strip_prefix("0o") {
        return radix(digits, 8);
    }
    text.parse().ok().filter(|number: &f64| number.is_finite())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::pipeline::source::Source;
    use crate::pipeline::yaml;

    #[test]
    fn plain_scalars_are_read_as_yaml_says() {
        let text = |value: &str| {
            let documents = yaml::parse(&Source::new("a", &format!("a: {value}"))).unwrap();
            scalar(documents[0].get("a").unwrap()).unwrap().into_owned()
        };
        for (written, meant) in [
            ("True", "true"),
            ("1.10", "1.1"),
            ("0x1F", "31"),
            ("1e3", "1000"),
            ("007", "7"),
            ("'1.10'", "1.10"),
            ("1.2.3", "1.2.3"),
            ("12345678901234567890", "12345678901234567890"),
            ("2024-01-01", "2024-01-01"),
            ("e1", "e1"),
            ("deadbeef", "deadbeef"),
            ("1_000", "1_000"),
            ("yes", "yes"),
            ("-5", "-5"),
        ] {
            assert_eq!(text(written), meant, "{written}");
        }
    }
}

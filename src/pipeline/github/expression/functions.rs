//! The functions of expressions whose result depends on nothing but their arguments.

use github_actions_expressions::Evaluation;
use github_actions_expressions::call::Function;

use super::evaluate::shown;

/// The longest text that `format` and `join` make, in bytes.
const LONGEST: usize = super::LONGEST;

/// Calls a function; `None` for those that only the run can answer, and where GitHub would refuse the call.
pub(super) fn call(function: Function, arguments: &[Evaluation]) -> Option<Evaluation> {
    match (function, arguments) {
        (Function::Format, [template, rest @ ..]) => format(&shown(template)?, rest).map(Evaluation::String),
        (Function::Contains, [Evaluation::Array(items), item]) => {
            Some(Evaluation::Boolean(items.iter().any(|known| known.sema() == item.sema())))
        }
        (Function::Contains, [text, part]) => compare(text, part, |text, part| text.contains(part)),
        (Function::StartsWith, [text, part]) => compare(text, part, |text, part| text.starts_with(part)),
        (Function::EndsWith, [text, part]) => compare(text, part, |text, part| text.ends_with(part)),
        (Function::Join, [Evaluation::Array(items), rest @ ..]) => {
            let separator = rest.first().map_or(Some(",".to_owned()), shown)?;
            let items: Option<Vec<_>> = items.iter().map(shown).collect();
            let items = items?;
            let length: usize = items.iter().map(|item| item.len() + separator.len()).sum();
            (length <= LONGEST).then(|| Evaluation::String(items.join(&separator)))
        }
        (Function::Join, [text, ..]) => shown(text).map(Evaluation::String),
        (Function::ToJSON, [value]) => to_json(value),
        (Function::FromJSON, [text]) => {
            let json: serde_json::Value = serde_json::from_str(&shown(text)?).ok()?;
            json.try_into().ok()
        }
        (
            Function::Format
            | Function::Contains
            | Function::StartsWith
            | Function::EndsWith
            | Function::Join
            | Function::ToJSON
            | Function::FromJSON
            | Function::HashFiles
            | Function::Case
            | Function::Success
            | Function::Always
            | Function::Cancelled
            | Function::Failure,
            _,
        ) => None,
    }
}

/// What `.key` or `[key]` selects of a value. GitHub gives an empty text where there is nothing of that name.
pub(super) fn member(value: Evaluation, key: &str) -> Option<Evaluation> {
    match value {
        Evaluation::Object(entries) => Some(
            entries
                .into_iter()
                .find(|(name, _)| name.eq_ignore_ascii_case(key))
                .map_or(Evaluation::Null, |(_, value)| value),
        ),
        Evaluation::Array(mut items) => {
            let index: usize = key.parse().ok()?;
            Some(if index < items.len() { items.swap_remove(index) } else { Evaluation::Null })
        }
        Evaluation::Null | Evaluation::Boolean(_) | Evaluation::Number(_) | Evaluation::String(_) => None,
    }
}

/// Compares texts without regard to case.
fn compare(one: &Evaluation, other: &Evaluation, holds: fn(&str, &str) -> bool) -> Option<Evaluation> {
    let (one, other) = (shown(one)?.to_uppercase(), shown(other)?.to_uppercase());
    Some(Evaluation::Boolean(holds(&one, &other)))
}

/// `{0}` is the first argument; `{{` and `}}` are braces.
fn format(template: &str, arguments: &[Evaluation]) -> Option<String> {
    let mut whole = String::new();
    let mut rest = template;
    while let Some(at) = rest.find(['{', '}']) {
        let (before, from) = rest.split_at(at);
        whole.push_str(before);
        if let Some(after) = from.strip_prefix("{{") {
            whole.push('{');
            rest = after;
        } else if let Some(after) = from.strip_prefix("}}") {
            whole.push('}');
            rest = after;
        } else {
            let (index, after) = from.strip_prefix('{')?.split_once('}')?;
            let index: usize = index.parse().ok()?;
            whole.push_str(&shown(arguments.get(index)?)?);
            rest = after;
        }
        if whole.len() > LONGEST {
            return None;
        }
    }
    whole.push_str(rest);
    Some(whole)
}

fn to_json(value: &Evaluation) -> Option<Evaluation> {
    match value {
        // The order of a mapping's keys is not kept, and a list may hold one.
        Evaluation::Array(_) | Evaluation::Object(_) => None,
        Evaluation::Null | Evaluation::Boolean(_) | Evaluation::Number(_) | Evaluation::String(_) => {
            let json: serde_json::Value = value.clone().try_into().ok()?;
            Some(Evaluation::String(json.to_string()))
        }
    }
}

//! The inputs of workflows and actions: what they are where nobody gives them, and what a caller gives.

use github_actions_expressions::Evaluation;

use super::expression;
use super::scope::{Contexts, Scope, text_of};
use crate::pipeline::text::Text;
use crate::pipeline::yaml::Node;

/// The triggers whose inputs have defaults.
const TRIGGERS: &[&str] = &["workflow_dispatch", "workflow_call"];

/// The contexts of a workflow that is started from outside: inputs are open and fall back to their defaults.
pub(super) fn defaults(workflow: &Node) -> Contexts {
    let mut contexts = Contexts::default();
    for trigger in TRIGGERS {
        for input in workflow.at(&["on", trigger, "inputs"]).map(Node::entries).unwrap_or_default() {
            if let Some(default) = input.value.get("default").filter(|default| !default.is_null()) {
                let text = expression::scalar(default);
                // A default that is an expression itself is none that the file states.
                let stated = text.as_ref().filter(|text| !text.contains("${{"));
                if let Some(text) = stated {
                    contexts.set_default(&input.key, typed(text, &input.value));
                }
            }
        }
    }
    contexts
}

/// Whether a workflow starts only where another one calls it.
pub(super) fn only_called(workflow: &Node) -> bool {
    let Some(on) = workflow.get("on") else { return false };
    let calls = |name: &str| name == "workflow_call";
    match on.text() {
        Some(text) => calls(text),
        None if on.items().is_empty() => on.entries().len() == 1 && on.get("workflow_call").is_some(),
        None => on.items().len() == 1 && on.items().iter().filter_map(Node::text).all(calls),
    }
}

/// The contexts within a workflow or action: each input is what `with` gives in the caller's scope, else its default.
pub(super) fn given(declared: Option<&Node>, with: Option<&Node>, caller: &Scope) -> Contexts {
    let mut contexts = caller.called();
    for input in declared.map(Node::entries).unwrap_or_default() {
        let gives = with.map(Node::entries).unwrap_or_default();
        let given = gives.iter().find(|entry| entry.key.eq_ignore_ascii_case(&input.key));
        let text = match given {
            Some(entry) => caller.text(&entry.value),
            // The default of an action may be an expression, which only its own side of the call understands.
            None => input.value.get("default").and_then(text_of).filter(|text| !text.raw().contains("${{")),
        };
        if let Some(text) = text {
            let value = text.as_known().map(|known| typed(&known, &input.value));
            contexts.give(&input.key, text, value);
        } else if given.is_none() && !is_required(&input.value) {
            // GitHub gives an empty text, and false for a switch.
            let value = typed("", &input.value);
            let shown = value.sema().to_string();
            contexts.give(&input.key, Text::known(shown, input.place.clone()), Some(value));
        }
    }
    contexts
}

fn is_required(input: &Node) -> bool {
    input.get("required").and_then(Node::text).is_some_and(|text| text.eq_ignore_ascii_case("true"))
        || input.get("default").is_some_and(|default| !default.is_null())
}

/// A text as the value of an input of its declared type.
fn typed(text: &str, input: &Node) -> Evaluation {
    match input.get("type").and_then(Node::text) {
        Some("boolean") => Evaluation::Boolean(text.eq_ignore_ascii_case("true")),
        Some("number") => Evaluation::Number(Evaluation::String(text.to_owned()).as_number()),
        Some(_) | None => Evaluation::String(text.to_owned()),
    }
}

//! What a workflow's texts may refer to at one point: `env` of all levels, the inputs that a caller gives, the
//! defaults of those that nobody gives, and the combination of a matrix.

use std::collections::HashMap;
use std::sync::Arc;

use github_actions_expressions::Evaluation;

use super::expression;
use crate::pipeline::text::{Open, Text};
use crate::pipeline::yaml::Node;

/// The most that the definitions within one reach may hold together, in bytes.
const MOST: usize = 4 << 20;

/// Where expressions look up what they refer to.
pub(super) trait Names {
    /// A variable of `env`; parts of it may be open.
    fn env(&self, name: &str) -> Option<&Text>;
    /// Everything else.
    fn contexts(&self) -> &Contexts;
    /// The service whose URL a context is: `steps.deploy.outputs.url`, in lower case.
    fn url_of(&self, path: &[String]) -> Option<String> {
        self.contexts().deployed.get(&path.join(".")).cloned()
    }
}

/// An input that a caller gives.
#[derive(Clone, Debug)]
pub(super) struct GivenInput {
    /// Its text; parts of it may be open in the caller's way.
    pub(super) text: Text,
    /// Its value, of its declared type, where it is known.
    pub(super) value: Option<Evaluation>,
}

/// What expressions may refer to beside `env`. Names of inputs take either case.
#[derive(Clone, Debug, Default)]
pub(super) struct Contexts {
    given: HashMap<String, GivenInput>,
    defaults: HashMap<String, Evaluation>,
    matrix: Option<Evaluation>,
    /// The services whose URLs are outputs, by the outputs' paths in lower case.
    deployed: HashMap<String, String>,
}

impl Contexts {
    /// Says what a caller gives for an input.
    pub(super) fn give(&mut self, input: &str, text: Text, value: Option<Evaluation>) {
        self.given.insert(input.to_ascii_lowercase(), GivenInput { text, value });
    }

    /// Says what an input is where whoever starts the workflow gives nothing.
    pub(super) fn set_default(&mut self, input: &str, value: Evaluation) {
        let name = input.to_ascii_lowercase();
        match self.defaults.get(&name) {
            // Two triggers disagree: neither is what it falls back to.
            Some(other) if *other != value => self.defaults.insert(name, Evaluation::Null),
            Some(_) | None => self.defaults.insert(name, value),
        };
    }

    /// Sets the combination of the matrix.
    pub(super) fn set_matrix(&mut self, combination: Evaluation) {
        self.matrix = Some(combination);
    }

    /// Says which service's URL an output is.
    pub(super) fn set_deployed(&mut self, path: &str, service: String) {
        self.deployed.insert(path.to_ascii_lowercase(), service);
    }

    pub(super) fn given(&self, input: &str) -> Option<&GivenInput> {
        self.given.get(&input.to_ascii_lowercase())
    }

    pub(super) fn default_of(&self, input: &str) -> Option<&Evaluation> {
        self.defaults.get(&input.to_ascii_lowercase()).filter(|value| **value != Evaluation::Null)
    }

    pub(super) fn matrix(&self) -> Option<&Evaluation> {
        self.matrix.as_ref()
    }
}

/// Definitions, and those of the wider reach around them: a step has few of its own and shares all others.
#[derive(Debug, Default)]
struct Layer {
    /// `None`: defined as null, which hides an outer one and defines nothing.
    known: HashMap<String, Option<Text>>,
    bytes: usize,
    outer: Option<Arc<Layer>>,
}

impl Layer {
    fn get(&self, name: &str) -> Option<&Text> {
        match self.known.get(name) {
            Some(value) => value.as_ref(),
            None => self.outer.as_ref()?.get(name),
        }
    }
}

/// What a text may refer to, at one point of a workflow.
#[derive(Clone, Debug, Default)]
pub(super) struct Scope {
    env: Arc<Layer>,
    contexts: Arc<Contexts>,
}

impl Names for Scope {
    fn env(&self, name: &str) -> Option<&Text> {
        self.env.get(name)
    }

    fn contexts(&self) -> &Contexts {
        &self.contexts
    }
}

impl Scope {
    /// No `env` yet.
    pub(super) fn new(contexts: Contexts) -> Self {
        Self { env: Arc::default(), contexts: Arc::new(contexts) }
    }

    /// The same `env` with other contexts.
    pub(super) fn with(&self, contexts: Contexts) -> Self {
        Self { env: self.env.clone(), contexts: Arc::new(contexts) }
    }

    /// The same `env` with the contexts changed.
    pub(super) fn changed(&self, change: impl FnOnce(&mut Contexts)) -> Self {
        let mut contexts = Contexts::clone(&self.contexts);
        change(&mut contexts);
        self.with(contexts)
    }

    /// The contexts of a workflow or an action that is called from here, before its inputs are given: what is left
    /// open in them is still to be read in the way of the caller.
    pub(super) fn called(&self) -> Contexts {
        Contexts { defaults: self.contexts.defaults.clone(), ..Contexts::default() }
    }

    /// This scope with an `env` within it.
    pub(super) fn within(&self, env: Option<&Node>) -> Self {
        let entries = env.map(Node::entries).unwrap_or_default();
        if entries.is_empty() {
            return self.clone();
        }
        let mut bytes = self.env.bytes;
        let mut inner = Beside { outer: self, beside: HashMap::new() };
        for entry in entries {
            let written = text_of(&entry.value).filter(|_| !entry.value.is_null());
            let value = written.map(|written| {
                let resolved = expression::resolve(&written, &inner);
                if bytes + expression::weight(&resolved) > MOST { open(&written) } else { resolved }
            });
            bytes += entry.key.len() + value.as_ref().map_or(0, expression::weight);
            inner.beside.insert(entry.key.clone(), value);
        }
        let known = inner.beside;
        Self { env: Arc::new(Layer { known, bytes, outer: Some(self.env.clone()) }), ..self.clone() }
    }

    /// The text of a scalar with everything put in that is defined here.
    pub(super) fn text(&self, node: &Node) -> Option<Text> {
        text_of(node).map(|text| expression::resolve(&text, self))
    }

    /// Whether a job or step runs as far as its `if` tells: `false` where it surely does not.
    pub(super) fn may_run(&self, node: &Node) -> bool {
        let condition = node.get("if").and_then(expression::scalar);
        condition.is_none_or(|text| expression::condition(&text, self) != Some(false))
    }
}

/// The text of a scalar as GitHub reads it: what YAML calls a number or a boolean is written in GitHub's way.
pub(super) fn text_of(node: &Node) -> Option<Text> {
    let scalar = expression::scalar(node)?;
    let same = node.text() == Some(&scalar);
    Some(if same { Text::of_node(node) } else { Text::known(scalar, node.place.clone()) })
}

/// A text of which nothing is looked into.
fn open(text: &Text) -> Text {
    Text::open(text.raw(), Open::default(), text.place().clone())
}

/// An `env` under construction. GitHub fills in its values before it takes effect: they refer to what is around it,
/// and only where there is no such variable to one above in the same `env`.
struct Beside<'a> {
    outer: &'a Scope,
    beside: HashMap<String, Option<Text>>,
}

impl Names for Beside<'_> {
    fn env(&self, name: &str) -> Option<&Text> {
        self.outer.env(name).or_else(|| self.beside.get(name)?.as_ref())
    }

    fn contexts(&self) -> &Contexts {
        self.outer.contexts()
    }
}

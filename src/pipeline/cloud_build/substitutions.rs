//! Cloud Build's substitutions: `$NAME`, `${NAME}`, and bash's operations on them.
//!
//! Cloud Build puts them into every text before a step runs, also into scripts, where `$$` leaves a dollar sign for
//! the shell. (Cloud Build: "Substituting variable values", "Using bash-style string operations".)

use std::collections::HashMap;

use crate::model::Place;
use crate::pipeline::shell;
use crate::pipeline::text::{Open, Text};
use crate::pipeline::yaml::Node;

/// How deep substitutions may refer to each other.
const DEEPEST: u32 = 8;
/// The longest text that substitutions may expand to, in bytes.
const LONGEST: usize = 64 * 1024;

/// The names that Cloud Build itself fills in; every other one begins with `_`.
pub(crate) const BUILT_IN: &[&str] = &[
    "BRANCH_NAME",
    "BUILD_ID",
    "COMMIT_SHA",
    "LOCATION",
    "PROJECT_ID",
    "PROJECT_NUMBER",
    "REF_NAME",
    "REPO_FULL_NAME",
    "REPO_NAME",
    "REVISION_ID",
    "SERVICE_ACCOUNT",
    "SERVICE_ACCOUNT_EMAIL",
    "SHORT_SHA",
    "TAG_NAME",
    "TRIGGER_BUILD_CONFIG_PATH",
    "TRIGGER_NAME",
];

/// What a text is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Reader {
    /// A program gets it as it is: `$$NAME` and unknown names are left unresolved.
    Program,
    /// A shell reads it: what is no substitution is the shell's.
    Shell,
}

/// The substitutions of a file.
pub(super) struct Substitutions {
    defined: HashMap<String, Text>,
}

impl Substitutions {
    /// Those of a file, and over them those that the user gives. Null defines nothing.
    pub(super) fn new(mapping: Option<&Node>, given: &[(String, String)], place: &Place) -> Self {
        let entries = mapping.map(Node::entries).unwrap_or_default();
        let mut defined: HashMap<String, Text> = entries
            .iter()
            .filter(|entry| entry.value.text().is_some() && !entry.value.is_null())
            .map(|entry| (entry.key.clone(), Text::of_node(&entry.value)))
            .collect();
        for (name, value) in given {
            // What the user gives is meant as it stands.
            let text = Text::written(value.clone(), value.clone(), place.clone());
            defined.insert(name.clone(), text);
        }
        Self { defined }
    }

    /// The text of a node with everything put in that the file defines.
    pub(super) fn text(&self, node: &Node, reader: Reader) -> Text {
        self.expand(&Text::of_node(node), reader, DEEPEST, &mut Vec::new())
    }

    /// The value of a substitution, for a script that takes it from its environment.
    pub(super) fn value(&self, name: &str) -> Option<Text> {
        let template = self.defined.get(name)?;
        let place = template.place().clone();
        let mut within = vec![name.to_owned()];
        Some(self.expand(template, Reader::Program, DEEPEST, &mut within).moved_to(&place))
    }

    fn expand(&self, template: &Text, reader: Reader, depth: u32, within: &mut Vec<String>) -> Text {
        let raw = template.raw();
        if !raw.contains('$') || !template.is_known() {
            return template.clone();
        }
        let mut whole = Text::new(template.place().clone());
        let mut from = 0;
        while let Some(at) = raw.get(from..).and_then(|rest| rest.find('$')).map(|at| from + at) {
            whole.push(&template.slice(from, at));
            let (length, text) = self.reference(template, &raw, at, reader, depth, within);
            whole.push(&text);
            from = at + length;
            if whole.len() > LONGEST {
                return Text::open(raw, Open::default(), template.place().clone());
            }
        }
        whole.push(&template.slice(from, raw.len()));
        whole
    }

    /// What stands for the reference at a dollar sign, and how long that is.
    fn reference(
        &self,
        template: &Text,
        raw: &str,
        at: usize,
        reader: Reader,
        depth: u32,
        within: &mut Vec<String>,
    ) -> (usize, Text) {
        let place = template.place_at(at);
        let rest = raw.get(at + 1..).unwrap_or_default();
        let open = |length: usize| {
            let written = raw.get(at..at + length).unwrap_or_default();
            (length, Text::open(written, Open::default(), place.clone()))
        };
        if let Some(escaped) = rest.strip_prefix('$') {
            return match reader {
                Reader::Shell => (2, Text::written("$", "$$", place)),
                Reader::Program => open(2 + name(escaped).len()),
            };
        }
        if let Some(inner) = rest.strip_prefix('{') {
            let name = name(inner);
            let after = inner.get(name.len()..).unwrap_or_default();
            let Some(end) = closing(inner).filter(|_| is_substitution(name)) else {
                return self.foreign(template, raw, at, reader);
            };
            let length = end + 3;
            if !after.starts_with('}') {
                return (length, self.operation(template, at, at + length, within));
            }
            return match self.resolved(name, &place, depth, within) {
                Some(text) => (length, text),
                None => open(length),
            };
        }
        let name = name(rest);
        if !is_substitution(name) {
            return self.foreign(template, raw, at, reader);
        }
        match self.resolved(name, &place, depth, within) {
            Some(text) => (1 + name.len(), text),
            None => open(1 + name.len()),
        }
    }

    fn resolved(&self, name: &str, place: &Place, depth: u32, within: &mut Vec<String>) -> Option<Text> {
        let template = self.defined.get(name)?;
        if depth == 0 || within.iter().any(|outer| outer == name) {
            return None;
        }
        if references(template, name) {
            return None;
        }
        within.push(name.to_owned());
        let text = if template.as_written() == template.raw() && !template.raw().contains('$') {
            template.clone()
        } else {
            self.expand(template, Reader::Program, depth - 1, within)
        };
        within.pop();
        Some(text.moved_to(place))
    }

    /// `${_NAME:-default}` and its like: bash's operations, over what the file defines.
    fn operation(&self, template: &Text, from: usize, to: usize, within: &[String]) -> Text {
        let written = template.slice(from, to);
        let lookup = |name: &str| {
            if within.iter().any(|outer| outer == name) || !is_substitution(name) {
                return None;
            }
            self.resolved(name, written.place(), DEEPEST / 2, &mut within.to_vec())
        };
        shell::expand(&written, &lookup)
    }

    /// A dollar sign that begins no substitution.
    fn foreign(&self, template: &Text, raw: &str, at: usize, reader: Reader) -> (usize, Text) {
        let rest = raw.get(at + 1..).unwrap_or_default();
        let length = match (reader, rest.strip_prefix('{')) {
            (Reader::Shell, _) => 1,
            (Reader::Program, Some(inner)) => closing(inner).map_or(1, |end| end + 3),
            (Reader::Program, None) => 1 + name(rest).len(),
        };
        let written = template.slice(at, at + length);
        if length == 1 {
            return (1, written);
        }
        (length, Text::open(written.raw(), Open::default(), written.place().clone()))
    }
}

fn is_substitution(name: &str) -> bool {
    BUILT_IN.contains(&name)
        || (name.starts_with('_') && name.len() > 1) && !name.contains(|c: char| c.is_ascii_lowercase())
}

/// Whether a definition is nothing but a reference to itself.
fn references(template: &Text, name: &str) -> bool {
    let raw = template.raw();
    let raw = raw.trim();
    raw.strip_prefix('$').is_some_and(|rest| rest == name || rest == format!("{{{name}}}"))
}

/// The name that a text begins with.
fn name(text: &str) -> &str {
    let end = text.find(|c: char| !(c.is_ascii_alphanumeric() || c == '_')).unwrap_or(text.len());
    let name = text.get(..end).unwrap_or_default();
    if name.starts_with(|c: char| c.is_ascii_digit()) { "" } else { name }
}

/// Where the brace stands that closes the one before a text.
fn closing(inner: &str) -> Option<usize> {
    let mut depth = 0_u32;
    for (at, character) in inner.char_indices() {
        match character {
            '{' => depth += 1,
            '}' if depth == 0 => return Some(at),
            '}' => depth -= 1,
            '\n' => return None,
            _ => {}
        }
    }
    None
}

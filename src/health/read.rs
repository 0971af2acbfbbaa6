//! The walk through a JSON body.

use super::evidence::Evidence;
use super::keys::{self, Key};
use super::names;
use super::node::Node;
use super::words::{Word, is_neutral, word};

/// Values of a dependency's key that say what it is, not how it is.
const KINDS: &[&str] = &[
    "postgres",
    "postgresql",
    "mysql",
    "mariadb",
    "sqlite",
    "redis",
    "memory",
    "primary",
    "replica",
    "standby",
    "master",
];
/// Keys within a dependency's details that show that somebody really asked it.
const PROOFS: &[&str] = &[
    "connection",
    "connectivity",
    "connectivity_test",
    "connection_test",
    "ping",
    "query",
    "test",
    "check",
    "probe",
];
/// Keys of a list's item that name it, best first.
const NAMES: &[&str] =
    &["name", "key", "id", "component", "service", "componentName", "dependency", "check", "title"];

/// What the walk stands in.
#[derive(Clone, Copy, Debug, Default)]
struct Position<'a> {
    /// The dependency that it is about; `None`: the service as a whole.
    dependency: Option<&'a str>,
    /// Whether it belongs to a database, whatever its own name is.
    database: bool,
    /// Whether names that stand here are dependencies.
    names: bool,
    /// Whether a word in the place of a verdict has to be known.
    strict: bool,
}

impl<'a> Position<'a> {
    /// Whether whatever stands here is a dependency, and nothing else is.
    fn lists(self) -> bool {
        self.names && self.strict
    }

    /// The place of a dependency of that name.
    fn of(self, name: &'a str) -> Self {
        Self {
            dependency: Some(name),
            database: self.database || names::is_database(name),
            names: false,
            strict: self.lists() || names::is_dependency(name),
        }
    }
}

/// Reads what a body says.
pub(super) fn read(body: &Node) -> Evidence {
    let mut evidence = Evidence::default();
    let place = Position { strict: true, ..Position::default() };
    match body {
        Node::Null => {}
        Node::Bool(_) | Node::Number(_) | Node::Text(_) => state(body, place, &mut evidence),
        Node::List(_) => walk(body, Position { names: true, ..place }, &mut evidence),
        Node::Map(_) => walk(body, place, &mut evidence),
    }
    evidence
}

fn walk(node: &Node, place: Position<'_>, evidence: &mut Evidence) {
    match node {
        Node::Map(members) => {
            for (key, value) in members {
                member(key, value, place, evidence);
            }
        }
        Node::List(items) => {
            for item in items {
                let name = NAMES.iter().find_map(|key| item.member(key)?.as_text()).or_else(|| pair_of(item));
                match item {
                    Node::Text(text) => bare_word(text, place, evidence),
                    Node::Null | Node::Bool(_) | Node::Number(_) | Node::List(_) | Node::Map(_) => {
                        walk(item, name.map_or(place, |name| place.of(name)), evidence);
                    }
                }
            }
        }
        Node::Null | Node::Bool(_) | Node::Number(_) | Node::Text(_) => {}
    }
}

/// `["postgres", "down"]`: what a list within a list is about.
fn pair_of(item: &Node) -> Option<&str> {
    let Node::List(parts) = item else { return None };
    parts.first().and_then(Node::as_text).filter(|name| word(name) == Word::Unknown)
}

/// A word in a list of verdicts without names: a bad one is somebody's.
fn bare_word(text: &str, place: Position<'_>, evidence: &mut Evidence) {
    if place.strict && (place.names || place.dependency.is_some()) && word(text) == Word::Bad {
        evidence.dependency(place.dependency.unwrap_or("a check"), place.database, Word::Bad, text, true);
    }
}

fn member(key: &str, value: &Node, place: Position<'_>, evidence: &mut Evidence) {
    let compound = matches!(value, Node::Map(_) | Node::List(_));
    match keys::of(key) {
        Key::State => state(value, place, evidence),
        Key::StateOf(name) => state(value, place.of(&name), evidence),
        Key::Flag => flag(value, place, evidence),
        Key::FlagOf(name) => flag(value, place.of(&name), evidence),
        Key::Alarm if compound => alarms(key, value, place, evidence),
        Key::Alarm => alarm(key, value, place, evidence),
        Key::Complaint => complaint(value, place, evidence),
        Key::ComplaintOf(name) => complaint(value, place.of(&name), evidence),
        Key::Code => code(value, place, evidence),
        Key::Dependencies => walk(value, Position { names: true, strict: true, ..place }, evidence),
        // Within a dependency, they are its own details.
        Key::Details if place.dependency.is_some() => walk(value, place, evidence),
        Key::Details => walk(value, Position { names: true, strict: false, ..place }, evidence),
        Key::Envelope if compound => walk(value, place, evidence),
        Key::DetailsOf(name) if compound => walk(value, place.of(&name), evidence),
        Key::DetailsOf(name) => scalar(&name, key, value, place, evidence),
        Key::Aside if !compound && !place.lists() => {}
        Key::DeepAside if !place.names => {}
        Key::Envelope | Key::Aside | Key::DeepAside | Key::Other if compound => {
            // "postgres:connections": [ … ] of health+json.
            let name = match value {
                Node::List(_) => key.split(':').next().unwrap_or(key),
                Node::Null | Node::Bool(_) | Node::Number(_) | Node::Text(_) | Node::Map(_) => key,
            };
            walk(value, place.of(name), evidence);
        }
        Key::Envelope | Key::Aside | Key::DeepAside | Key::Other => scalar(key, key, value, place, evidence),
    }
}

/// A value in the place of a verdict.
fn state(value: &Node, place: Position<'_>, evidence: &mut Evidence) {
    match value {
        Node::Text(text) => verdict(word(text), text, place, evidence),
        Node::Bool(good) => verdict(of_bool(*good), &good.to_string(), place, evidence),
        // An HTTP status code, sometimes; a good one only says that there is an answer.
        Node::Number(number) if *number >= 500.0 => verdict(Word::Bad, &number.to_string(), place, evidence),
        Node::Number(_) => {}
        Node::Null => verdict(Word::Unknown, "null", place, evidence),
        Node::Map(_) => {
            match value.member("code").or_else(|| value.member("value")).and_then(Node::as_text) {
                // Spring's long form: {"code": "UP", "description": ""}.
                Some(text) => verdict(word(text), text, place, evidence),
                None => walk(value, Position { names: true, ..place }, evidence),
            }
        }
        Node::List(_) => walk(value, Position { names: true, ..place }, evidence),
    }
}

fn flag(value: &Node, place: Position<'_>, evidence: &mut Evidence) {
    match value {
        Node::Text(text) => match text.trim().to_ascii_lowercase().as_str() {
            "true" | "yes" => verdict(Word::Good, text, place, evidence),
            "false" | "no" => verdict(Word::Bad, text, place, evidence),
            _ => verdict(word(text), text, place, evidence),
        },
        Node::Number(number) if *number == 0.0 => verdict(Word::Bad, "0", place, evidence),
        Node::Number(number) if *number == 1.0 => verdict(Word::Good, "1", place, evidence),
        Node::Number(_) => {}
        Node::Null | Node::Bool(_) | Node::List(_) | Node::Map(_) => state(value, place, evidence),
    }
}

fn alarm(key: &str, value: &Node, place: Position<'_>, evidence: &mut Evidence) {
    let raised = match value {
        Node::Bool(raised) => *raised,
        Node::Text(text) => matches!(text.trim().to_ascii_lowercase().as_str(), "true" | "yes"),
        Node::Null | Node::Number(_) | Node::List(_) | Node::Map(_) => false,
    };
    if raised {
        verdict(word(key), key, place, evidence);
    }
}

/// `{"failed_checks": ["database"]}`: whatever is named here fails; or verdicts by name.
fn alarms(key: &str, value: &Node, place: Position<'_>, evidence: &mut Evidence) {
    let Node::List(items) = value else { return walk(value, Position { names: true, ..place }, evidence) };
    for name in items.iter().filter_map(Node::as_text) {
        let database = place.database || names::is_database(name);
        evidence.dependency(name, database, Word::Bad, key, true);
    }
    walk(value, Position { names: true, ..place }, evidence);
}

/// An HTTP status within the body; a good one only says that there is an answer.
fn code(value: &Node, place: Position<'_>, evidence: &mut Evidence) {
    match value {
        Node::Number(_) if place.dependency.is_none() => state(value, place, evidence),
        Node::Number(_) | Node::Null | Node::Bool(_) | Node::Text(_) | Node::List(_) | Node::Map(_) => {}
    }
}

/// A verdict, on the service or on the dependency that the place belongs to.
fn verdict(word: Word, text: &str, place: Position<'_>, evidence: &mut Evidence) {
    match place.dependency {
        None => evidence.whole(word, Some(text)),
        Some(_) if word == Word::Unknown && (!place.strict || is_neutral(text)) => {}
        // Spring's word for "nobody looked": its own sum passes over it, too.
        Some(_) if text.eq_ignore_ascii_case("unknown") && !place.database => {}
        Some(name) => evidence.dependency(name, place.database, word, text, true),
    }
}

/// An error where there should be none.
fn complaint(value: &Node, place: Position<'_>, evidence: &mut Evidence) {
    let text = match value {
        Node::Null | Node::Bool(false) | Node::Number(_) => return,
        Node::Bool(true) => "true",
        Node::Text(text) => match text.trim().to_ascii_lowercase().as_str() {
            "" | "none" | "null" | "no" | "false" | "ok" => return,
            _ => text,
        },
        Node::List(items) if items.is_empty() => return,
        Node::List(_) => {
            walk(value, Position { names: true, ..place }, evidence);
            "reported"
        }
        Node::Map(members) => return complaints(members, place, evidence),
    };
    match place.dependency {
        Some(name) => evidence.dependency(name, place.database, Word::Bad, text, true),
        None => evidence.complaint(text),
    }
}

/// `{"database": {"status": "down"}}`, `{"rabbitmq": "timeout"}`, or one error with its code and message.
fn complaints(members: &[(String, Node)], place: Position<'_>, evidence: &mut Evidence) {
    for (name, value) in members {
        match value {
            Node::Map(_) | Node::List(_) => {
                let here = place.of(name);
                walk(value, here, evidence);
                let text = value.member("status").and_then(Node::as_text).unwrap_or("error");
                evidence.dependency(name, here.database, Word::Bad, text, true);
            }
            Node::Text(text) if keys::of(name) == Key::Other => {
                evidence.dependency(name, place.database, Word::Bad, text, true);
            }
            Node::Text(text) if !text.trim().is_empty() => match place.dependency {
                Some(name) => evidence.dependency(name, place.database, Word::Bad, text, true),
                None => evidence.complaint(text),
            },
            Node::Null | Node::Bool(_) | Node::Number(_) | Node::Text(_) => {}
        }
    }
}

/// A value beside the verdicts: of a dependency, if its key is one's name, else of nothing in particular.
fn scalar(name: &str, key: &str, value: &Node, place: Position<'_>, evidence: &mut Evidence) {
    let known = names::is_dependency(name);
    // Names of Django's checks are representations of Python: Database(alias='default').
    let named = place.names || known || key.contains('(');
    let database = place.database;
    match value {
        Node::Text(text) => match word(text) {
            Word::Bad | Word::Degraded if named => {
                evidence.dependency(name, database, word(text), text, true);
            }
            // A word of failure beside the verdicts, within a dependency: its own; else of a thing by that name.
            Word::Bad => {
                evidence.dependency(place.dependency.unwrap_or(name), database, Word::Bad, text, false);
            }
            Word::Degraded => {}
            Word::Good if named => evidence.dependency(name, database, Word::Good, text, true),
            Word::Good => {
                if let Some(owner) = place.dependency.filter(|_| PROOFS.contains(&keys::snake(key).as_str()))
                {
                    evidence.dependency(owner, database, Word::Good, text, true);
                }
            }
            Word::Unknown if is_data(text) || is_neutral(text) => {}
            Word::Unknown if known || place.lists() => evidence.unknown(name, Some(text)),
            Word::Unknown => {}
        },
        // Among other things a boolean may mean anything.
        Node::Bool(good) if place.lists() || known || key.contains('(') => {
            evidence.dependency(name, database, of_bool(*good), &good.to_string(), true);
        }
        Node::Bool(good) => {
            if let Some(owner) = place.dependency.filter(|_| PROOFS.contains(&keys::snake(key).as_str())) {
                evidence.dependency(owner, database, of_bool(*good), &good.to_string(), true);
            }
        }
        Node::Null if known && place.dependency.is_none() => evidence.unknown(name, Some("null")),
        Node::Number(number) if known && place.dependency.is_none() && *number == 0.0 => {
            evidence.unknown(name, Some("0"));
        }
        Node::Null | Node::Number(_) | Node::List(_) | Node::Map(_) => {}
    }
}

/// A version, an address, a name of a product: no word that could be a verdict.
fn is_data(text: &str) -> bool {
    text.contains(|c: char| c.is_ascii_digit() || matches!(c, '.' | '/' | '@'))
        || KINDS.iter().any(|kind| kind.eq_ignore_ascii_case(text.trim()))
}

fn of_bool(good: bool) -> Word {
    if good { Word::Good } else { Word::Bad }
}

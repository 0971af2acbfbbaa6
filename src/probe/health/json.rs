//! Health in JSON: a word for the whole, and a word for each dependency, however they are nested.

use serde_json::{Map, Value};

use super::Judgement;
use super::words::{self, Level};
use crate::run::finding::Dependency;

/// Keys whose value is the word for the object that they stand in.
const WORD_KEYS: &[&str] =
    &["status", "state", "health", "healthy", "ok", "up", "alive", "passed", "connected", "ready", "success"];
/// Keys that hold dependencies, by name or as a list.
const CONTAINERS: &[&str] = &[
    "components",
    "checks",
    "details",
    "info",
    "entries",
    "results",
    "dependencies",
    "services",
    "subsystems",
    "data",
];
/// Keys that hold what fails, and nothing else.
const FAILURES: &[&str] = &["error", "errors", "failures"];
/// Ends of keys that make the part before them a dependency: `database_status`.
const SUFFIXES: &[&str] =
    &["_status", "_state", "_health", "_connection", "_check", "Status", "State", "Health", "Connection"];
/// Nobody nests deeper than this and means it.
const DEPTH: usize = 12;

/// A dependency and what is said of it.
struct Said {
    name: String,
    word: String,
    level: Option<Level>,
}

/// Reads a whole body.
pub(super) fn read(value: &Value) -> Judgement {
    let mut said = Vec::new();
    let whole = match value {
        Value::Object(map) => {
            below(map, None, 0, &mut said);
            if whole_of(map).is_none() {
                flat(map, &mut said);
            }
            whole_of(map)
        }
        Value::String(_) | Value::Bool(_) => word(value),
        Value::Null | Value::Number(_) | Value::Array(_) => None,
    };
    conclude(whole, said)
}

fn conclude(whole: Option<(String, Option<Level>)>, said: Vec<Said>) -> Judgement {
    let dependency = |one: &Said| Dependency {
        name: one.name.clone(),
        word: one.word.chars().take(80).collect(),
        database: words::is_database(&one.name),
    };
    let mut judgement = Judgement::unread("the body says nothing about health");
    for one in &said {
        let list = match one.level {
            Some(Level::Healthy) => &mut judgement.working,
            Some(Level::Degraded | Level::Unhealthy) => &mut judgement.failing,
            None => continue,
        };
        if !list.iter().any(|known| known.name == one.name) {
            list.push(dependency(one));
        }
    }
    // What is said to work in one place and to fail in another does not work.
    judgement.working.retain(|good| !judgement.failing.iter().any(|bad| bad.name == good.name));
    let worst = said.iter().filter_map(weight).max();
    let unknown = said.iter().find(|one| one.level.is_none() && !words::is_neutral(&one.word));
    judgement.word = whole.as_ref().map(|(word, _)| word.clone()).unwrap_or_default();
    let stated = whole.as_ref().and_then(|(_, level)| *level);
    judgement.level = match (stated, worst) {
        (Some(level), Some(worst)) if level.max(worst) != Level::Healthy => Ok(level.max(worst)),
        (Some(level), None) if level != Level::Healthy => Ok(level),
        (None, Some(Level::Unhealthy)) => Ok(Level::Unhealthy),
        _ if unknown.is_some() => Err(unknown.map(unread).unwrap_or_default()),
        (Some(level), _) => Ok(level),
        (None, Some(worst)) if whole.is_none() => Ok(worst),
        (None, _) => Err(match whole {
            Some((word, _)) => format!("it says {word:?}, which is no word of health that is known"),
            None => "the body says nothing about health".to_owned(),
        }),
    };
    judgement
}

fn unread(one: &Said) -> String {
    let word: String = one.word.chars().take(40).collect();
    format!("it says {word:?} of {}, which is no word of health that is known", one.name)
}

/// What a dependency does to the whole: a failed database fails it, another failed dependency degrades it.
fn weight(one: &Said) -> Option<Level> {
    match one.level? {
        Level::Unhealthy if words::is_database(&one.name) => Some(Level::Unhealthy),
        Level::Unhealthy | Level::Degraded => Some(Level::Degraded),
        Level::Healthy => Some(Level::Healthy),
    }
}

/// The word for an object: of its own keys the worst that is known, else the first.
fn whole_of(map: &Map<String, Value>) -> Option<(String, Option<Level>)> {
    let own = map.iter().filter(|(key, _)| WORD_KEYS.contains(&key.to_lowercase().as_str()));
    let mut found: Option<(String, Option<Level>)> = None;
    for (_, value) in own {
        let Some((word, level)) = word(value) else { continue };
        if found.as_ref().is_none_or(|(_, known)| level > *known) {
            found = Some((word, level));
        }
    }
    found
}

/// What a value says, if it is a word.
fn word(value: &Value) -> Option<(String, Option<Level>)> {
    match value {
        Value::String(text) => Some((text.clone(), words::level(text))),
        Value::Bool(good) => {
            Some((good.to_string(), Some(if *good { Level::Healthy } else { Level::Unhealthy })))
        }
        Value::Null | Value::Number(_) | Value::Array(_) | Value::Object(_) => None,
    }
}

/// Reads the dependencies of an object; `name` is what the object itself is called, where it is one.
fn below(map: &Map<String, Value>, name: Option<&str>, depth: usize, said: &mut Vec<Said>) {
    if depth > DEPTH {
        return;
    }
    for (key, value) in map {
        let lower = key.to_lowercase();
        let known = |list: &[&str]| list.contains(&lower.as_str());
        match value {
            Value::Object(inner) if known(FAILURES) => failures(inner, said),
            Value::Object(inner) if known(CONTAINERS) => members(inner, depth, said),
            Value::Array(items) if known(CONTAINERS) || known(FAILURES) => {
                items.iter().for_each(|item| element(item, depth, said));
            }
            Value::Object(inner) => {
                let about = key.strip_suffix("_details").unwrap_or(key);
                member(about, inner, depth, said);
            }
            Value::String(_) | Value::Bool(_) if !known(WORD_KEYS) => {
                let bare = SUFFIXES
                    .iter()
                    .find_map(|suffix| key.strip_suffix(suffix))
                    .filter(|bare| !bare.is_empty());
                let named = bare.or_else(|| words::is_dependency(key).then_some(key.as_str()));
                // Within a dependency, `database: "PostgreSQL"` tells the product, not its health.
                if let Some(named) = named.filter(|_| name.is_none()) {
                    say(named, value, said);
                }
            }
            Value::String(_) | Value::Bool(_) | Value::Null | Value::Number(_) | Value::Array(_) => {}
        }
    }
}

/// `{"db": {...}, "redis": "up"}`: each key is a dependency.
fn members(map: &Map<String, Value>, depth: usize, said: &mut Vec<Said>) {
    for (key, value) in map {
        // health+json: the part behind the colon is what was measured.
        let name = key.split(':').next().unwrap_or(key);
        match value {
            Value::Object(inner) => member(name, inner, depth, said),
            Value::Array(items) => {
                for inner in items.iter().filter_map(Value::as_object) {
                    member(name, inner, depth, said);
                }
            }
            Value::String(text) if words::level(text).is_some() => say(name, value, said),
            Value::Bool(_) if words::is_dependency(name) => say(name, value, said),
            Value::String(_) | Value::Bool(_) | Value::Null | Value::Number(_) => {}
        }
    }
}

/// An object that may be a dependency, or hold some.
fn member(name: &str, map: &Map<String, Value>, depth: usize, said: &mut Vec<Said>) {
    if let Some((word, level)) = whole_of(map) {
        said.push(Said { name: name.to_owned(), word, level });
    }
    below(map, Some(name), depth + 1, said);
}

/// `{"name": "db", "status": "up"}`, or Terminus' `{"db": {"status": "down"}}`.
fn element(item: &Value, depth: usize, said: &mut Vec<Said>) {
    let Value::Object(map) = item else { return };
    let name = ["name", "key", "component", "id"].iter().find_map(|key| map.get(*key)?.as_str());
    match name {
        Some(name) => member(name, map, depth, said),
        None => members(map, depth, said),
    }
}

/// `{"postgres": "connection refused"}`: whatever is named here fails.
fn failures(map: &Map<String, Value>, said: &mut Vec<Said>) {
    for (name, value) in map {
        let word = match value {
            Value::String(text) => text.clone(),
            Value::Object(inner) => whole_of(inner).map_or_else(|| "failed".to_owned(), |(word, _)| word),
            Value::Null | Value::Bool(_) | Value::Number(_) | Value::Array(_) => "failed".to_owned(),
        };
        said.push(Said { name: name.clone(), word, level: Some(Level::Unhealthy) });
    }
}

/// django-health-check: a flat map without a word for the whole, where everything but "OK" and "working" fails.
fn flat(map: &Map<String, Value>, said: &mut Vec<Said>) {
    let looks_like =
        |key: &str| key.ends_with("Backend") || key.ends_with("HealthCheck") || key.ends_with(')');
    if map.is_empty() || !map.iter().all(|(key, value)| looks_like(key) && value.is_string()) {
        return;
    }
    said.clear();
    for (name, value) in map {
        let word = value.as_str().unwrap_or_default().to_owned();
        let level =
            if words::level(&word) == Some(Level::Healthy) { Level::Healthy } else { Level::Unhealthy };
        said.push(Said { name: name.clone(), word, level: Some(level) });
    }
}

fn say(name: &str, value: &Value, said: &mut Vec<Said>) {
    if let Some((word, level)) = word(value) {
        said.push(Said { name: name.to_owned(), word, level });
    }
}

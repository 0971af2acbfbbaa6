//! Health in JSON: a word for the whole, and a word for each dependency, however they are nested.
//!
//! Bad words are believed wherever they stand. Good words are believed only where health is spoken of: under
//! `{"db_enabled": true}` no database was seen to work.

use serde_json::{Map, Value};

use super::Judgement;
use super::words::{self, Aspect, Level};
use crate::probe::cut;
use crate::run::finding::Dependency;

/// Keys whose value is the word for the object that they stand in, also behind `is`.
const WORD_KEYS: &[&str] = &[
    "status",
    "state",
    "health",
    "healthy",
    "ok",
    "up",
    "alive",
    "passed",
    "connected",
    "ready",
    "success",
    "overall",
    "overallstatus",
    "healthstatus",
    "servicestatus",
    "appstatus",
    "systemstatus",
];
/// Keys that hold dependencies, by name or as a list: what they say is about health.
const CONTAINERS: &[&str] = &[
    "components",
    "checks",
    "entries",
    "results",
    "dependencies",
    "services",
    "subsystems",
    "health",
    "status",
    "state",
];
/// Keys that hold dependencies, or facts of any kind.
const MIXED: &[&str] = &["details", "info", "data", "result", "component"];
/// Keys that hold what fails, and nothing else.
const FAILURES: &[&str] = &[
    "error",
    "errors",
    "failure",
    "failures",
    "failed",
    "failing",
    "failedchecks",
    "unhealthy",
    "down",
    "exception",
    "exceptions",
];
/// Keys within an error that belong to it as a whole.
const OF_AN_ERROR: &[&str] =
    &["code", "message", "detail", "details", "type", "stack", "title", "description"];
/// Keys that repeat an HTTP status.
const CODES: &[&str] = &["code", "statuscode", "httpstatus", "httpcode"];
/// Ends of keys that make the part before them a dependency: `database_status`.
const SUFFIXES: &[&str] = &[
    "_status",
    "_state",
    "_health",
    "_connection",
    "_connectivity",
    "_check",
    "Status",
    "State",
    "Health",
    "Connection",
    "Connectivity",
    "Check",
];
/// Nobody nests deeper than this and means it.
const DEPTH: usize = 12;

/// A dependency and what is said of it.
struct Said {
    name: String,
    word: String,
    level: Option<Level>,
}

/// What was read so far.
#[derive(Default)]
struct Reader {
    said: Vec<Said>,
    /// Words for the whole that stand in an envelope.
    enveloped: Vec<(String, Option<Level>)>,
    /// Whether an error is told that belongs to nothing in particular.
    fault: bool,
    /// Whether there is more below than was read.
    deeper: bool,
}

/// Where a value stands.
#[derive(Clone, Copy)]
struct At<'a> {
    /// The dependency that it belongs to.
    name: Option<&'a str>,
    /// Whether health is spoken of here, so that an unknown word is an unknown state.
    health: bool,
    depth: usize,
}

/// Reads a whole body.
pub(super) fn read(value: &Value) -> Judgement {
    let mut reader = Reader::default();
    let top = At { name: None, health: true, depth: 0 };
    let mut whole = match value {
        Value::Object(map) => {
            reader.below(map, top);
            let whole = whole_of(map);
            if whole.is_none() {
                flat(map, &mut reader.said);
            }
            whole
        }
        Value::Array(items) => {
            items.iter().for_each(|item| reader.element(item, top));
            None
        }
        Value::String(_) | Value::Bool(_) => word(value),
        Value::Null | Value::Number(_) => None,
    };
    for enveloped in std::mem::take(&mut reader.enveloped) {
        whole = Some(worse(whole, enveloped));
    }
    reader.conclude(whole)
}

impl Reader {
    fn conclude(self, whole: Option<(String, Option<Level>)>) -> Judgement {
        let dependency = |one: &Said| Dependency {
            name: cut(&one.name, 80),
            word: cut(&one.word, 80),
            database: words::is_database(&one.name),
        };
        let mut judgement = Judgement::unread("the body says nothing about health");
        for one in &self.said {
            let list = match one.level {
                Some(Level::Healthy) => &mut judgement.working,
                Some(Level::Degraded | Level::Unhealthy) => &mut judgement.failing,
                None => continue,
            };
            if !list.iter().any(|known| known.name == one.name) {
                list.push(dependency(one));
            }
        }
        // What is said to work in one place and to fail (or something unknown) in another does not work.
        let doubted = |name: &str| {
            self.said.iter().any(|one| {
                one.name == name && one.level != Some(Level::Healthy) && !words::is_neutral(&one.word)
            })
        };
        judgement.working.retain(|good| !doubted(&good.name));
        let stated = whole.as_ref().and_then(|(_, level)| *level);
        let fault = self.fault.then_some(Level::Unhealthy);
        let worst = self.said.iter().filter_map(weight).chain(stated).chain(fault).max();
        judgement.level = match (worst, self.unknown(whole.as_ref())) {
            (Some(Level::Unhealthy), _) => Ok(Level::Unhealthy),
            (_, Some(because)) => Err(because),
            (Some(level), None) => Ok(level),
            (None, None) => Err("the body says nothing about health".to_owned()),
        };
        judgement.word = whole.map(|(word, _)| cut(&word, 80)).unwrap_or_default();
        judgement
    }

    /// The first thing that was said and not understood.
    fn unknown(&self, whole: Option<&(String, Option<Level>)>) -> Option<String> {
        let because = |word: &str, of: &str| {
            format!("it says {:?}{of}, which is no word of health that is known", cut(word, 40))
        };
        if let Some((word, None)) = whole {
            return Some(because(word, ""));
        }
        let said = self.said.iter().find(|one| one.level.is_none() && !words::is_neutral(&one.word));
        match said {
            Some(one) => Some(because(&one.word, &format!(" of {}", cut(&one.name, 80)))),
            None => self.deeper.then(|| "it is nested too deeply".to_owned()),
        }
    }

    /// Reads what an object says besides its own word.
    fn below(&mut self, map: &Map<String, Value>, at: At<'_>) {
        if at.depth > DEPTH {
            self.deeper = true;
            return;
        }
        let deeper = At { depth: at.depth + 1, ..at };
        for (key, value) in map {
            let folded = fold(key);
            let is_in = |list: &[&str]| list.contains(&folded.as_str());
            match value {
                Value::Object(inner) if is_in(FAILURES) => self.failures(inner, at),
                Value::Array(items) if is_in(FAILURES) => self.failed_list(items, deeper),
                Value::Object(inner) if is_in(CONTAINERS) => self.members(inner, deeper),
                Value::Object(inner) if is_in(MIXED) => self.members(inner, At { health: false, ..deeper }),
                Value::Array(items) if is_in(CONTAINERS) || is_in(MIXED) => {
                    items.iter().for_each(|item| self.element(item, deeper));
                }
                Value::Object(inner) => {
                    let about = key.strip_suffix("_details").unwrap_or(key);
                    self.member(about, inner, deeper);
                }
                Value::String(text) if is_in(FAILURES) => self.failed(at, text),
                Value::Bool(true) if is_in(FAILURES) => self.failed(at, key),
                Value::Bool(true) if folded == "degraded" => {
                    self.say(at.name.unwrap_or("degraded"), "true", Some(Level::Degraded));
                }
                Value::Number(number) if is_in(CODES) && at.name.is_none() => {
                    self.fault |= level_of_code(number) == Some(Level::Unhealthy);
                }
                Value::String(_) | Value::Bool(_) | Value::Number(_) if !is_word_key(key) => {
                    self.named(key, value, at);
                }
                Value::String(_) | Value::Bool(_) | Value::Null | Value::Number(_) | Value::Array(_) => {}
            }
        }
    }

    /// `database_status: error`, `db: up`, and within a dependency `connectivity_test: failed`.
    fn named(&mut self, key: &str, value: &Value, at: At<'_>) {
        let suffixed = SUFFIXES.iter().find_map(|suffix| key.strip_suffix(suffix));
        let suffixed = suffixed.filter(|bare| !["", "last", "next"].contains(&fold(bare).as_str()));
        let aspect = if suffixed.is_some() { Aspect::State } else { words::aspect(key) };
        // A key that names no dependency speaks of the one that it stands in.
        let own = suffixed.or_else(|| words::is_dependency(key).then_some(key));
        let name = match (at.name, own) {
            (Some(outer), Some(own)) if words::is_database(own) && !words::is_database(outer) => own,
            (Some(outer), _) => outer,
            (None, Some(own)) => own,
            (None, None) => return,
        };
        let Some((word, level)) = word(value) else { return };
        let level = match (aspect, value) {
            // `{"memory": 123}` measures; of a database a number could mean anything.
            (_, Value::Number(_)) if !words::is_database(name) => return,
            (_, Value::Number(_)) => None,
            (Aspect::State, _) => level,
            (Aspect::Fault, Value::Bool(bad)) => bad.then_some(Level::Unhealthy),
            (Aspect::Fault, _) => (!is_harmless(&word)).then_some(Level::Unhealthy),
            // Whether it is switched on, encrypted, … is no state; a bad word is bad everywhere.
            (Aspect::Other, Value::Bool(_)) => None,
            (Aspect::Other, _) => level.filter(|level| *level == Level::Unhealthy),
        };
        match level {
            // Within a dependency, good words are details.
            Some(Level::Healthy) if at.name.is_some() => {}
            Some(level) => self.say(name, &word, Some(level)),
            // Within a dependency, `database: "PostgreSQL"` tells the product.
            None if at.name.is_none() && at.health && aspect == Aspect::State => self.say(name, &word, None),
            None => {}
        }
    }

    /// `{"db": {...}, "redis": "up"}`: each key is a dependency.
    fn members(&mut self, map: &Map<String, Value>, at: At<'_>) {
        if at.depth > DEPTH {
            self.deeper = true;
            return;
        }
        for (key, value) in map {
            // health+json: the part behind the colon is what was measured.
            let name = key.split(':').next().unwrap_or(key);
            match value {
                Value::Object(inner) => self.member(name, inner, at),
                Value::Array(items) if FAILURES.contains(&fold(key).as_str()) => self.failed_list(items, at),
                Value::Array(items) => {
                    for inner in items.iter().filter_map(Value::as_object) {
                        self.member(name, inner, at);
                    }
                }
                Value::String(text) if FAILURES.contains(&fold(key).as_str()) => self.failed(at, text),
                Value::String(_) | Value::Bool(_) | Value::Number(_) if is_word_key(key) => {
                    if let Some(word) = word(value) {
                        self.of_envelope(word, at);
                    }
                }
                Value::String(_) | Value::Bool(_) | Value::Number(_) if words::is_dependency(name) => {
                    self.named(name, value, At { name: None, ..at });
                }
                // In a list of checks every name is one's; elsewhere `debug: false` says nothing.
                Value::Bool(_) if !at.health => {}
                Value::String(_) | Value::Bool(_) => {
                    if let Some((word, Some(level))) = word(value) {
                        self.say(name, &word, Some(level));
                    }
                }
                Value::Number(_) => {}
                Value::Null => {}
            }
        }
    }

    /// A word in `data`, `details` and the like: of the dependency around them, else of the whole.
    fn of_envelope(&mut self, (word, level): (String, Option<Level>), at: At<'_>) {
        match at.name {
            Some(name) => self.say(name, &word, level),
            None if level.is_some() || at.health => self.enveloped.push((word, level)),
            None => {}
        }
    }

    /// An object that may be a dependency, or hold some.
    fn member(&mut self, name: &str, map: &Map<String, Value>, at: At<'_>) {
        let whole = whole_of(map);
        let own = whole.is_some() || words::is_dependency(name);
        if let Some((word, level)) = whole {
            self.say(name, &word, level);
        }
        // What has no state of its own and is no dependency (`system`, `config`) only holds others.
        let health = at.health && own;
        self.below(map, At { name: own.then_some(name), health, depth: at.depth + 1 });
    }

    /// `{"name": "db", "status": "up"}`, or Terminus' `{"db": {"status": "down"}}`.
    fn element(&mut self, item: &Value, at: At<'_>) {
        let Value::Object(map) = item else { return };
        let name =
            ["name", "key", "component", "id", "service"].iter().find_map(|key| map.get(*key)?.as_str());
        match name {
            Some(name) => self.member(name, map, at),
            None => self.members(map, at),
        }
    }

    /// `{"postgres": "connection refused"}`: whatever is named here fails.
    fn failures(&mut self, map: &Map<String, Value>, at: At<'_>) {
        for (name, value) in map {
            let word = match value {
                Value::String(text) if is_harmless(text) => continue,
                Value::String(text) => text.clone(),
                Value::Object(inner) => whole_of(inner).map_or_else(|| "failed".to_owned(), |(word, _)| word),
                Value::Array(items) if items.is_empty() => continue,
                Value::Number(number) if number.as_f64() == Some(0.0) => continue,
                Value::Null | Value::Bool(false) => continue,
                Value::Bool(true) | Value::Number(_) | Value::Array(_) => "failed".to_owned(),
            };
            match at.name {
                Some(outer) => self.say(outer, &word, Some(Level::Unhealthy)),
                None if OF_AN_ERROR.contains(&fold(name).as_str()) => self.fault = true,
                None => self.say(name, &word, Some(Level::Unhealthy)),
            }
        }
    }

    /// `["postgres", {"redis": …}]`: whatever is listed here fails.
    fn failed_list(&mut self, items: &[Value], at: At<'_>) {
        for item in items {
            match item {
                Value::String(text) if words::is_dependency(text) => {
                    self.say(at.name.unwrap_or(text), text, Some(Level::Unhealthy));
                }
                Value::Object(_) => {
                    let before = self.said.len();
                    self.element(item, at);
                    self.fault |= self.said.len() == before;
                }
                Value::Null => {}
                Value::String(_) | Value::Bool(_) | Value::Number(_) | Value::Array(_) => self.fault = true,
            }
        }
    }

    /// An error as a sentence.
    fn failed(&mut self, at: At<'_>, text: &str) {
        if is_harmless(text) {
            return;
        }
        match at.name {
            Some(name) => self.say(name, text, Some(Level::Unhealthy)),
            None => self.fault = true,
        }
    }

    fn say(&mut self, name: &str, word: &str, level: Option<Level>) {
        self.said.push(Said { name: name.to_owned(), word: word.to_owned(), level });
    }
}

/// What a dependency does to the whole: a failed database fails it, another failed dependency degrades it.
fn weight(one: &Said) -> Option<Level> {
    match one.level? {
        Level::Unhealthy if words::is_database(&one.name) => Some(Level::Unhealthy),
        Level::Unhealthy | Level::Degraded => Some(Level::Degraded),
        Level::Healthy => Some(Level::Healthy),
    }
}

/// The word for an object: of its own keys the worst. An unknown word is worse than a good one.
fn whole_of(map: &Map<String, Value>) -> Option<(String, Option<Level>)> {
    let own = map.iter().filter(|(key, _)| is_word_key(key)).filter_map(|(_, value)| word(value));
    own.fold(None, |found, one| Some(worse(found, one)))
}

fn worse(known: Option<(String, Option<Level>)>, other: (String, Option<Level>)) -> (String, Option<Level>) {
    let rank = |level: Option<Level>| match level {
        Some(Level::Healthy) => 0,
        None => 1,
        Some(Level::Degraded) => 2,
        Some(Level::Unhealthy) => 3,
    };
    known.filter(|known| rank(known.1) >= rank(other.1)).unwrap_or(other)
}

/// What a value says, if it is a word. A number is one where it repeats an HTTP status.
fn word(value: &Value) -> Option<(String, Option<Level>)> {
    match value {
        Value::String(text) => Some((text.clone(), words::level(text))),
        Value::Bool(good) => {
            Some((good.to_string(), Some(if *good { Level::Healthy } else { Level::Unhealthy })))
        }
        Value::Number(number) => Some((number.to_string(), level_of_code(number))),
        Value::Null | Value::Array(_) | Value::Object(_) => None,
    }
}

fn level_of_code(number: &serde_json::Number) -> Option<Level> {
    match number.as_u64()? {
        200..=299 => Some(Level::Healthy),
        400..=599 => Some(Level::Unhealthy),
        _ => None,
    }
}

/// Whether an error's text says that there is none.
fn is_harmless(text: &str) -> bool {
    let text = text.trim().to_lowercase();
    text.is_empty()
        || text.starts_with("no ")
        || words::is_neutral(&text)
        || ["null", "nil", "false", "0", "-"].contains(&text.as_str())
        || words::level(&text) == Some(Level::Healthy)
}

fn is_word_key(key: &str) -> bool {
    let key = fold(key);
    WORD_KEYS.contains(&key.as_str()) || key.strip_prefix("is").is_some_and(|key| WORD_KEYS.contains(&key))
}

/// Lower case, without what parts words: `statusCode` and `status_code` are one.
fn fold(key: &str) -> String {
    key.chars().filter(|c| !matches!(c, '_' | '-' | ' ')).collect::<String>().to_lowercase()
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

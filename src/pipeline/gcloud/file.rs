//! Files that flags name: `--env-vars-file`, `--flags-file`.

use super::flags::Flag;
use crate::model::Variable;
use crate::pipeline::files::{Document, Files, Found};
use crate::pipeline::problem::{Problem, Problems, Severity};
use crate::pipeline::text::Text;
use crate::pipeline::yaml::{Entry, Kind, Style};

/// How deep files of flags may name each other.
const DEEPEST: u32 = 4;

/// The variables of a file: a mapping of YAML, or lines `NAME=value` where it is called `….env`.
pub(in crate::pipeline) fn variables(
    path: &Text,
    named_by: &str,
    files: &Files<'_>,
    problems: &mut Problems,
) -> Vec<Variable> {
    let Some(found) = find(path, named_by, files, problems) else { return Vec::new() };
    let name = path.raw();
    if name.ends_with(".env") {
        return lines(&found);
    }
    let Some(document) = document(&name, found, problems) else { return Vec::new() };
    let entries = document.nodes.iter().flat_map(|node| node.entries());
    entries
        .map(|entry| {
            tell_number(entry, &document, named_by, problems);
            let value = if entry.value.is_null() { None } else { Some(document.text(&entry.value)) };
            let value = value.unwrap_or_else(|| Text::new(path.place().clone()));
            Variable { name: document.key(&entry.key, &entry.place), value: value.stated() }
        })
        .collect()
}

/// gcloud takes only texts as values; the action takes everything.
fn tell_number(entry: &Entry, document: &Document, named_by: &str, problems: &mut Problems) {
    let Kind::Scalar { text, style: Style::Plain } = &entry.value.kind else { return };
    if !(entry.value.is_null() || is_bool(text) || is_number(text)) || !named_by.starts_with("--") {
        return;
    }
    let message = format!("gcloud refuses the value of `{}`: it is no text", entry.key);
    let problem = Problem::warning("gcloud-refuses", message).at(document.text(&entry.value).place().clone());
    problems.push(problem.confidential(true).fix("quote it"));
}

/// `NAME=value`, as dotenv has it.
fn lines(found: &Found) -> Vec<Variable> {
    let text = match found {
        Found::Written(text) => text.clone(),
        Found::Read(source) => Text::known(&*source.text, source.place(1, 1)),
        Found::Unknown | Found::Missing | Found::Unreadable(_) => return Vec::new(),
    };
    text.split("\n")
        .iter()
        .map(Text::trim)
        .filter(|line| !line.starts_with("#"))
        .filter_map(|line| {
            let (name, value) = line.split_once("=")?;
            let name = name.raw().trim().trim_start_matches("export ").trim().to_owned();
            let value = value.trim();
            let raw = value.raw();
            let quoted =
                raw.len() >= 2 && ['"', '\''].iter().any(|q| raw.starts_with(*q) && raw.ends_with(*q));
            let value = if quoted { value.slice(1, raw.len() - 1) } else { value };
            (!name.is_empty()).then(|| Variable { name, value: value.stated() })
        })
        .collect()
}

/// The flags of a file: a mapping, or a list of mappings, of flags to values.
pub(super) fn flags(path: &Text, files: &Files<'_>, depth: u32, problems: &mut Problems) -> Vec<Flag> {
    let Some(found) = find(path, "--flags-file", files, problems) else { return Vec::new() };
    let Some(document) = document(&path.raw(), found, problems) else { return Vec::new() };
    let mut flags = Vec::new();
    for group in document.nodes.iter().flat_map(|node| match node.kind {
        Kind::Seq(_) => node.items(),
        Kind::Map(_) | Kind::Scalar { .. } => std::slice::from_ref(node),
    }) {
        for entry in group.entries() {
            let place = entry.value.place.clone();
            if matches!(entry.key.as_str(), "--set-env-vars" | "--update-env-vars") {
                for variable in entry.value.entries() {
                    tell_number(variable, &document, &entry.key, problems);
                }
            }
            if entry.key == "--flags-file" {
                if depth < DEEPEST {
                    let inner = document.text(&entry.value);
                    flags.extend(self::flags(&inner, files, depth + 1, problems));
                }
                continue;
            }
            let value = match &entry.value.kind {
                Kind::Scalar { .. } if entry.value.is_null() => None,
                // gcloud gives the flag then, also for `false`.
                Kind::Scalar { text, style: Style::Plain } if is_bool(text) => None,
                Kind::Scalar { .. } => Some(document.text(&entry.value)),
                // Lists and mappings need no escapes: a separator that stands in none of them keeps them apart.
                Kind::Seq(items) => Some(joined(items.iter().map(|item| document.text(item)), &place)),
                Kind::Map(entries) => Some(joined(
                    entries.iter().map(|entry| {
                        let key = document.key(&entry.key, &entry.place);
                        let mut pair = Text::known(format!("{key}="), entry.place.clone());
                        pair.push(&document.text(&entry.value));
                        pair
                    }),
                    &place,
                )),
            };
            let joined = matches!(entry.value.kind, Kind::Scalar { .. }) && value.is_some();
            flags.push(Flag { name: entry.key.clone(), value, joined, place });
        }
    }
    flags
}

/// Whether YAML 1.2, which gcloud reads, takes a plain text for a truth value.
fn is_bool(text: &str) -> bool {
    matches!(text, "true" | "True" | "TRUE" | "false" | "False" | "FALSE")
}

/// Whether a plain text is surely a number; not all are found.
fn is_number(text: &str) -> bool {
    let (whole, fraction) = text.split_once('.').unwrap_or((text, "0"));
    let digits = |text: &str| !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
    let whole = whole.strip_prefix(['-', '+']).unwrap_or(whole);
    digits(whole) && digits(fraction) && (whole == "0" || !whole.starts_with('0'))
}

fn joined(items: impl Iterator<Item = Text>, place: &crate::model::Place) -> Text {
    let mut whole = Text::known("^\u{1f}^", place.clone());
    for (index, item) in items.enumerate() {
        if index > 0 {
            whole.push(&Text::known("\u{1f}", place.clone()));
        }
        whole.push(&item);
    }
    whole
}

/// Finds a file, and tells where it is not to be found.
fn find(path: &Text, flag: &str, files: &Files<'_>, problems: &mut Problems) -> Option<Found> {
    let found = path.as_known().map(|path| files.find(&path));
    let message = match &found {
        Some(Found::Written(_) | Found::Read(_)) => return found,
        Some(Found::Unreadable(problem)) => format!("what `{flag}` names is not read: {}", problem.message),
        Some(Found::Missing) => format!("what `{flag}` names is not there, and not read"),
        Some(Found::Unknown) | None => format!("what `{flag}` names is only known to the run"),
    };
    problems.push(
        Problem::warning("file-not-followed", message)
            .at(path.place().clone())
            .length(path.raw().chars().count())
            .fix("say in rungate.yaml which variables of it matter"),
    );
    None
}

fn document(path: &str, found: Found, problems: &mut Problems) -> Option<Document> {
    match Document::read(path, found) {
        Ok(document) => document,
        Err(told) => {
            // The pipeline file itself is fine: this file's faults are no reason to stop.
            problems
                .extend(told.into_iter().map(|problem| Problem { severity: Severity::Warning, ..problem }));
            None
        }
    }
}

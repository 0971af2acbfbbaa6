//! Real files of others with hand-made labels: what `rungate read --json` must learn from each.
//!
//! They may not be redistributed, so they lie beside the repository; without them the test is skipped.

use std::collections::BTreeMap;
use std::path::Path;

use serde_json::{Map, Value as Json, json};

use crate::common::{Ran, Rungate, root};

/// The kinds that must be right in every field.
const COMPLETE: &[&str] = &["cloudbuild", "cloud-run-manifest", "github-workflow"];

/// Labels that are wrong themselves: file, field, why.
const WRONG_LABELS: &[(&str, &str, &str)] = &[];

/// What came of one file, or of all of one kind.
#[derive(Clone, Debug, Default)]
struct Tally {
    services: usize,
    services_right: usize,
    fields: usize,
    fields_right: usize,
    /// What is claimed and not so.
    wrong: Vec<String>,
    /// What is missing.
    missing: Vec<String>,
}

impl Tally {
    fn add(&mut self, other: &Self) {
        self.services += other.services;
        self.services_right += other.services_right;
        self.fields += other.fields;
        self.fields_right += other.fields_right;
        self.wrong.extend(other.wrong.iter().cloned());
        self.missing.extend(other.missing.iter().cloned());
    }

    fn row(&self, name: &str) -> String {
        format!(
            "{name:<32} services {:>3}/{:<3} fields {:>4}/{:<4} wrong {:>3}",
            self.services_right,
            self.services,
            self.fields_right,
            self.fields,
            self.wrong.len()
        )
    }
}

#[test]
fn real_files_are_read_as_their_labels_say() {
    let corpus = root().join("../shared/corpus/open");
    let Ok(entries) = std::fs::read_dir(&corpus) else {
        eprintln!("SKIPPED: there is no corpus at {}", corpus.display());
        return;
    };
    let mut names: Vec<String> = entries
        .filter_map(|entry| {
            entry.unwrap().file_name().to_str()?.strip_suffix(".expect.json").map(str::to_owned)
        })
        .collect();
    names.sort();
    let mut kinds: BTreeMap<String, Tally> = BTreeMap::new();
    let mut failures = Vec::new();
    for name in &names {
        let label: Json =
            serde_json::from_slice(&std::fs::read(corpus.join(format!("{name}.expect.json"))).unwrap())
                .unwrap();
        let kind = label["kind"].as_str().unwrap().to_owned();
        let tally = compare(&corpus, name, &label);
        eprintln!("{}", tally.row(name));
        for line in tally.wrong.iter().chain(&tally.missing) {
            eprintln!("    {line}");
        }
        let hard = label["hard"] == json!(true);
        let missing = !hard && !tally.missing.is_empty();
        if COMPLETE.contains(&kind.as_str()) && (missing || !tally.wrong.is_empty()) {
            failures.push(name.clone());
        }
        kinds.entry(kind).or_default().add(&tally);
    }
    let mut all = Tally::default();
    for (kind, tally) in &kinds {
        eprintln!("{}", tally.row(kind));
        all.add(tally);
    }
    eprintln!("{}", all.row("all"));
    for (file, field, why) in WRONG_LABELS {
        eprintln!("label wrong: {file}: {field}: {why}");
    }
    assert!(failures.is_empty(), "not as labelled: {}", failures.join(", "));
}

fn compare(corpus: &Path, name: &str, label: &Json) -> Tally {
    let mut command = Rungate::new().command(&["read", "--json", &format!("{name}.yaml")]);
    let ran = Ran::of(command.current_dir(corpus).output().unwrap());
    let mut tally = Tally::default();
    if label["invalid_yaml"] == json!(true) {
        tally.services = 1;
        // Refused, at a line of the file.
        let place = format!("{name}.yaml:");
        let at = ran.stderr.split(&place).nth(1).and_then(|rest| rest.chars().next());
        if ran.status == 2 && at.is_some_and(|c| c.is_ascii_digit()) {
            tally.services_right = 1;
        } else {
            tally.wrong.push(format!("not refused with its place: {}", ran.all()));
        }
        return tally;
    }
    if ran.status != 0 {
        tally.wrong.push(format!("refused: {}", ran.all()));
        return tally;
    }
    let found: Json = serde_json::from_str(&ran.stdout).unwrap();
    if found["kind"] != label["kind"] {
        tally.wrong.push(format!("kind: expected {}, found {}", label["kind"], found["kind"]));
    }
    compare_services(name, label, &found, &mut tally);
    compare_field(name, "", "jobs", label.get("jobs"), found.get("jobs"), &mut tally);
    tally
}

fn services(json: &Json) -> Vec<Map<String, Json>> {
    let list = json["services"].as_array().cloned().unwrap_or_default();
    list.iter().map(|service| service.as_object().unwrap().clone()).collect()
}

fn compare_services(name: &str, label: &Json, found: &Json, tally: &mut Tally) {
    let (expected, mut found) = (services(label), services(found));
    for service in &expected {
        tally.services += 1;
        let same = |other: &Map<String, Json>| {
            ["name", "line", "manifest"].iter().all(|key| other.get(*key) == service.get(*key))
        };
        let title = format!("{}@{}", service.get("name").unwrap_or(&Json::Null), service["line"]);
        let Some(index) = found.iter().position(same) else {
            tally.fields += service.len();
            tally.missing.push(format!("{title}: not found"));
            continue;
        };
        tally.services_right += 1;
        let other = found.remove(index);
        let keys: std::collections::BTreeSet<&String> = service.keys().chain(other.keys()).collect();
        for key in keys {
            compare_field(name, &title, key, service.get(key), other.get(key), tally);
        }
    }
    for extra in found {
        tally.wrong.push(format!("not in the label: {} at {}", Json::from(extra.clone()), extra["line"]));
    }
}

fn compare_field(
    name: &str,
    title: &str,
    key: &str,
    expected: Option<&Json>,
    found: Option<&Json>,
    tally: &mut Tally,
) {
    if WRONG_LABELS.iter().any(|(file, field, _)| *file == name && *field == key) {
        return;
    }
    match (expected, found) {
        (None, None) => {}
        (Some(expected), found) => {
            tally.fields += 1;
            if found == Some(expected) {
                tally.fields_right += 1;
            } else if let Some(found) = found {
                tally.wrong.push(format!("{title}: {key}: expected {expected}, found {found}"));
            } else {
                tally.missing.push(format!("{title}: {key}: expected {expected}"));
            }
        }
        (None, Some(found)) => tally.wrong.push(format!("{title}: {key}: not in the label, found {found}")),
    }
}

//! Real files of public repositories, read and compared with hand-made labels of what a gate should learn from each.
//! The corpus lies beside the repository, not in it; without it the test is skipped.

#![allow(
    clippy::unwrap_used,
    clippy::panic,
    clippy::print_stdout,
    clippy::print_stderr,
    reason = "a test that prints a table"
)]

use std::path::{Path, PathBuf};

use rungate::cli::read;
use rungate::pipeline::{Request, load};
use serde_json::{Map, Value as Json, json};

/// The kinds of files whose readers are complete.
const KINDS: &[&str] = &["github-workflow"];
/// What a label says for people only.
const NOTES: &[&str] = &["notes", "hard", "invalid_yaml"];
/// Labels that are wrong themselves: file, field, and why.
const WRONG_LABELS: &[(&str, &str, &str)] = &[];

fn corpus() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../shared/corpus/open")
}

/// What was counted of one file.
#[derive(Default)]
struct Score {
    services: (usize, usize),
    right: usize,
    fields: usize,
    wrong: Vec<String>,
    missing: Vec<String>,
}

#[test]
fn real_files_are_read_as_their_labels_say() {
    let corpus = corpus();
    let Ok(entries) = corpus.read_dir() else {
        eprintln!("SKIPPED: the corpus is not beside the repository");
        return;
    };
    let mut labels: Vec<_> = entries.map(|entry| entry.unwrap().path()).collect();
    labels.retain(|path| path.to_string_lossy().ends_with(".expect.json"));
    labels.sort();
    let mut failures = Vec::new();
    let mut total = Score::default();
    println!("{:<26} {:>9} {:>9} {:>6} {:>8}", "file", "services", "fields", "wrong", "missing");
    for label in labels {
        let name = label.file_name().unwrap().to_string_lossy().replace(".expect.json", ".yaml");
        let label: Json = serde_json::from_str(&std::fs::read_to_string(&label).unwrap()).unwrap();
        if !KINDS.contains(&label["kind"].as_str().unwrap()) {
            continue;
        }
        let score = compare(&corpus, &name, &label);
        println!(
            "{name:<26} {:>5}/{:<3} {:>5}/{:<3} {:>6} {:>8}",
            score.services.0,
            score.services.1,
            score.right,
            score.fields,
            score.wrong.len(),
            score.missing.len()
        );
        let hard = label["hard"] == json!(true);
        failures.extend(score.wrong.iter().map(|what| format!("{name}: wrong: {what}")));
        if !hard {
            failures.extend(score.missing.iter().map(|what| format!("{name}: missing: {what}")));
        }
        total.services = (total.services.0 + score.services.0, total.services.1 + score.services.1);
        total.right += score.right;
        total.fields += score.fields;
        total.wrong.extend(score.wrong);
        total.missing.extend(score.missing);
    }
    println!(
        "{:<26} {:>5}/{:<3} {:>5}/{:<3} {:>6} {:>8}",
        "total",
        total.services.0,
        total.services.1,
        total.right,
        total.fields,
        total.wrong.len(),
        total.missing.len()
    );
    for (file, field, why) in WRONG_LABELS {
        println!("wrong label: {file}: {field}: {why}");
    }
    assert!(failures.is_empty(), "{} fields are not as labelled:\n{}", failures.len(), failures.join("\n"));
}

fn compare(corpus: &Path, name: &str, label: &Json) -> Score {
    let mut score = Score::default();
    let request =
        Request { files: vec![name.into()], directory: corpus.to_owned(), known_checks: Vec::new() };
    let found = match load(&request) {
        Ok(loaded) => read::json(&loaded),
        Err(problems) => {
            let broken =
                problems.iter().any(|problem| problem.code == "yaml-broken" && problem.place.is_some());
            if label["invalid_yaml"] == json!(true) {
                score.count(broken, || format!("it is refused, but not with a place: {problems}"));
                return score;
            }
            let nothing = problems.iter().all(|problem| {
                problem.code == "nothing-deployed" || problem.severity == rungate::pipeline::Severity::Warning
            });
            if !nothing {
                score.missing.push(format!("it is refused: {problems}"));
            }
            json!({"kind": label["kind"], "services": []})
        }
    };
    score.count(found["kind"] == label["kind"], || format!("kind: {}", found["kind"]));
    let (found_services, services) = (list(&found["services"]), list(&label["services"]));
    score.services.1 = services.len();
    for (index, service) in services.iter().enumerate() {
        let at = format!("services[{index}]");
        match found_services.get(index) {
            Some(found) => {
                let before = (score.wrong.len(), score.missing.len());
                fields(&mut score, name, &at, found, service);
                score.services.0 += usize::from(before == (score.wrong.len(), score.missing.len()));
            }
            None => score.missing.push(at),
        }
    }
    for service in found_services.iter().skip(services.len()) {
        score.wrong.push(format!("a service that is not labelled: {service}"));
    }
    if label.get("jobs").is_some() || found.get("jobs").is_some() {
        let (found, labelled) = (list(&found["jobs"]), list(&label["jobs"]));
        score.count(found == labelled, || format!("jobs: {found:?}, labelled {labelled:?}"));
    }
    score
}

fn list(json: &Json) -> Vec<Json> {
    json.as_array().cloned().unwrap_or_default()
}

impl Score {
    fn count(&mut self, right: bool, what: impl FnOnce() -> String) {
        self.fields += 1;
        if right {
            self.right += 1;
        } else {
            self.wrong.push(what());
        }
    }
}

/// Compares two objects key by key, and those within them.
fn fields(score: &mut Score, file: &str, at: &str, found: &Json, label: &Json) {
    let empty = Map::new();
    let (found, label) = (found.as_object().unwrap_or(&empty), label.as_object().unwrap_or(&empty));
    for (key, labelled) in label.iter().filter(|(key, _)| !NOTES.contains(&key.as_str())) {
        let at = format!("{at}.{key}");
        if WRONG_LABELS.iter().any(|(name, field, _)| *name == file && *field == at) {
            continue;
        }
        match found.get(key) {
            Some(found) if labelled.is_object() => fields(score, file, &at, found, labelled),
            Some(found) => {
                score.count(found == labelled, || format!("{at}: {found}, labelled {labelled}"));
            }
            None => {
                score.fields += 1;
                score.missing.push(format!("{at}: labelled {labelled}"));
            }
        }
    }
    for (key, found) in found.iter().filter(|(key, _)| !label.contains_key(*key)) {
        score.wrong.push(format!("{at}.{key}: {found}, which is not labelled"));
    }
}

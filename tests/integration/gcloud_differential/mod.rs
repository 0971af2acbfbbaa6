//! One command line, two readers: real gcloud, whose deploy a server on loopback takes, and ours. What gcloud sends to
//! Cloud Run is what we must have understood; what gcloud refuses we must not take for certain.
//!
//! Where gcloud is not installed, the tests say so and end. gcloud needs about a second of a core for each command:
//! half a minute for all on two idle cores.

mod cases;
pub(crate) mod cloud;
mod facts;
mod invented;

use std::path::Path;
use std::sync::{Mutex, PoisonError};
use std::time::Instant;

use rungate::pipeline::{Loaded, Request, load};
use serde_json::{Value as Json, json};

use crate::common::root;
use cases::{BASE, Case, DIRECT, Expected, FILES, cases, named, samples, split};
use cloud::{Came, Cloud};

/// How many gclouds run at once.
const AT_ONCE: usize = 2;

/// Held while gclouds run, so that no other test of this module adds to them.
static RUNNING: Mutex<()> = Mutex::new(());

/// What we read of commands that a build runs one after the other.
fn read(commands: &[Vec<String>], folder: &Path) -> Loaded {
    let steps: Vec<Json> =
        commands.iter().map(|words| json!({"name": "gcr.io/cloud-builders/gcloud", "args": words})).collect();
    std::fs::write(folder.join("cloudbuild.yaml"), json!({"steps": steps}).to_string()).unwrap();
    load_file(folder, "cloudbuild.yaml")
}

fn load_file(folder: &Path, file: &str) -> Loaded {
    load(&Request { files: vec![file.into()], directory: folder.to_owned(), ..Request::default() })
        .unwrap_or_else(|problems| panic!("{}", problems.render(false)))
}

/// What is wrong with one case; nothing if both say the same.
fn judge(case: &Case, name: &str, came: Came, folder: &Path) -> Vec<String> {
    let words = named(&case.words, name);
    let base = case.base.map(|base| named(&split(&format!("run deploy NAME {base}")), name));
    let commands: Vec<_> = base.into_iter().chain([words]).collect();
    let loaded = read(&commands, folder);
    let told = loaded.warnings.render(false);
    match (came, case.expected) {
        (Came::Refused(said), Expected::Deployed) => vec![format!("gcloud refuses: {said}")],
        (Came::Refused(_), Expected::Refused | Expected::Any) if loaded.warnings.is_empty() => {
            vec!["gcloud refuses it, rungate does not tell".to_owned()]
        }
        (Came::Refused(_), Expected::RefusedUntold) if !loaded.warnings.is_empty() => {
            vec![format!("rungate tells by now: {told}")]
        }
        (Came::Refused(_), Expected::Refused | Expected::RefusedUntold | Expected::Any) => Vec::new(),
        (Came::Deployed(..), Expected::Refused | Expected::RefusedUntold) => {
            vec!["gcloud takes it".to_owned()]
        }
        (Came::Deployed(..), Expected::Deployed | Expected::Any) if !loaded.warnings.is_empty() => {
            vec![format!("gcloud takes it, rungate warns: {told}")]
        }
        (Came::Deployed(sent, open), Expected::Deployed | Expected::Any) => {
            let [service] = loaded.pipeline.services.as_slice() else { panic!("{commands:?}") };
            facts::differences(&facts::sent(&sent, open), &facts::read(service))
        }
    }
}

#[test]
fn gcloud_and_we_read_the_same_command_the_same() {
    let _running = RUNNING.lock().unwrap_or_else(PoisonError::into_inner);
    let began = Instant::now();
    let cloud = Cloud::start();
    let folder = tempfile::tempdir().unwrap();
    for (name, text) in FILES.iter().chain(&[("number.yaml", "A: 1\n")]) {
        std::fs::write(folder.path().join(name), text).unwrap();
    }
    let mut bases = Vec::new();
    for base in [BASE, DIRECT] {
        let words = named(&split(&format!("run deploy NAME {base}")), "base");
        match cloud.run("base", &words, folder.path()) {
            Some(Came::Deployed(sent, _)) => bases.push((base, sent)),
            Some(Came::Refused(said)) => panic!("{base}: {said}"),
            None => {
                println!("skipped: gcloud is not installed");
                return;
            }
        }
    }
    let cases = cases();
    let next = Mutex::new(cases.iter().enumerate());
    let (faults, deployed) = (Mutex::new(Vec::new()), Mutex::new(0));
    std::thread::scope(|scope| {
        for _ in 0..AT_ONCE {
            scope.spawn(|| {
                loop {
                    let Some((number, case)) = next.lock().unwrap().next() else { return };
                    let name = format!("service-{number}");
                    let there = case.base.and_then(|base| bases.iter().find(|(known, _)| *known == base));
                    if let Some((_, sent)) = there {
                        cloud.put(&name, sent);
                    }
                    let came = cloud.run(&name, &named(&case.words, &name), folder.path()).unwrap();
                    *deployed.lock().unwrap() += usize::from(matches!(came, Came::Deployed(..)));
                    let own = tempfile::tempdir().unwrap();
                    for file in folder.path().read_dir().unwrap() {
                        let file = file.unwrap();
                        if file.path().is_file() {
                            std::fs::copy(file.path(), own.path().join(file.file_name())).unwrap();
                        }
                    }
                    let wrong = judge(case, &name, came, own.path());
                    if !wrong.is_empty() {
                        let line = format!("{}\n    {}", case.words.join(" "), wrong.join("\n    "));
                        faults.lock().unwrap().push(line);
                    }
                }
            });
        }
    });
    let deployed = *deployed.lock().unwrap();
    println!("{} commands, {deployed} deployed, {:.1} s", cases.len(), began.elapsed().as_secs_f64());
    let faults = faults.lock().unwrap();
    assert!(faults.is_empty(), "{} of {}:\n{}", faults.len(), cases.len(), faults.join("\n"));
    // Chance must not have come to invent what gcloud refuses only.
    assert!(deployed * 3 > cases.len(), "only {deployed} of {} were deployed", cases.len());
}

#[test]
fn gcloud_and_we_read_the_samples_the_same() {
    let _running = RUNNING.lock().unwrap_or_else(PoisonError::into_inner);
    let cloud = Cloud::start();
    for (file, name, words) in samples() {
        let folder = root().join("pipelines");
        // Only a service that is there can be deployed without traffic.
        if words.iter().any(|word| word == "--no-traffic") {
            let quiet = |word: &&String| *word == "--no-traffic" || word.starts_with("--tag=");
            let first: Vec<String> = words.iter().filter(|word| !quiet(word)).cloned().collect();
            if let Some(Came::Deployed(sent, _)) = cloud.run(name, &first, &folder) {
                cloud.put(name, &sent);
            }
        }
        match cloud.run(name, &words, &folder) {
            None => {
                println!("skipped: gcloud is not installed");
                return;
            }
            Some(Came::Refused(said)) => panic!("{file}: {said}"),
            Some(Came::Deployed(sent, open)) => {
                let loaded = load_file(&folder, file);
                let [service] = loaded.pipeline.services.as_slice() else { panic!("{file}") };
                let mut service = service.clone();
                // Only the run knows the commit, of which the image is.
                service.image = service.image.filter(|image| image.as_known().is_some());
                let mut sent = facts::sent(&sent, open);
                if service.image.is_none() {
                    sent.remove("image");
                }
                let wrong = facts::differences(&sent, &facts::read(&service));
                assert!(wrong.is_empty(), "{file}:\n{}", wrong.join("\n"));
            }
        }
    }
}

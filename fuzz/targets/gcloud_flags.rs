//! Any words as a command line of gcloud, one word a line; a `$` begins what only the run knows.
#![no_main]

use libfuzzer_sys::fuzz_target;
use rungate::model::Place;
use rungate::pipeline::Problems;
use rungate::pipeline::files::{Files, Folders};
use rungate::pipeline::gcloud;
use rungate::pipeline::shell::Workspace;
use rungate::pipeline::text::{Open, Text};

fuzz_target!(init: rungate_fuzz::only_uncaught_panics(), |text: &str| {
    let place = |line: usize| Place { file: "a".into(), line: u32::try_from(line).unwrap_or(u32::MAX), column: 1 };
    let word = |(line, word): (usize, &str)| {
        let place = place(line + 1);
        let (known, open) = word.split_at(word.find('$').unwrap_or(word.len()));
        let mut text = Text::known(known, place.clone());
        if !open.is_empty() {
            text.push(&Text::open(open, Open::default(), place));
        }
        text
    };
    let words: Vec<Text> = text.split('\n').enumerate().map(word).collect();
    let (folders, workspace) = (Folders::default(), Workspace::default());
    let files = Files { folders: &folders, workspace: &workspace, folder: "", input: None };
    let mut problems = Problems::default();
    let _ = gcloud::commands(&words, &files, place(1), &mut problems);
    let _ = problems.render(false);
});

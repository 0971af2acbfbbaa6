//! Any words as a command line of gcloud, one word a line.
#![no_main]

use libfuzzer_sys::fuzz_target;
use rungate::model::Place;
use rungate::pipeline::Problems;
use rungate::pipeline::gcloud::{self, Word};
use rungate::pipeline::value::{Dialect, Values};

fuzz_target!(init: rungate_fuzz::only_uncaught_panics(), |text: &str| {
    let place = |line: usize| Place { file: "a".into(), line: u32::try_from(line).unwrap_or(u32::MAX), column: 1 };
    let word = |(line, text): (usize, &str)| Word { text: text.to_owned(), place: place(line + 1) };
    let words: Vec<Word> = text.split('\n').enumerate().map(word).collect();
    for dialect in [Dialect::CloudBuild, Dialect::GitHub] {
        let mut problems = Problems::default();
        let _ = gcloud::command(&words, &Values::new(dialect), place(1), &mut problems);
        let _ = problems.render(false);
    }
});

//! Any text as a script of a step.
#![no_main]

use libfuzzer_sys::fuzz_target;
use rungate::model::Place;
use rungate::pipeline::Problems;
use rungate::pipeline::shell::{self, Workspace};
use rungate::pipeline::text::Text;

fuzz_target!(init: rungate_fuzz::only_uncaught_panics(), |text: &str| {
    let script = Text::known(text, Place { file: "a".into(), line: 1, column: 1 });
    let (mut workspace, mut problems) = (Workspace::default(), Problems::default());
    let _ = shell::commands(&script, &|_| None, &mut workspace, &mut problems);
    let _ = problems.render(false);
});

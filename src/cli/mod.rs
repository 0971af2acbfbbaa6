//! The command line: what `main` is a table of contents of.

pub mod arguments;
pub mod closing;
pub mod commands;
mod context;
mod destinations;
pub mod doctor;
pub mod drill;
pub mod dry_run;
pub mod github;
mod host;
pub mod init;
mod online;
pub mod probe;
pub mod progress;
pub mod read;
mod refusal;
pub mod saved;
pub mod schema;
pub mod settings;
pub mod signal;
pub mod world;

pub use context::Context;
pub use destinations::Destinations;
pub use refusal::Refusal;

use std::io::Write as _;
use std::process::ExitCode;

use crate::checks::CHECKS;
use crate::pipeline::shell::THREAD as SHELL_THREAD;
use crate::pipeline::{Loaded, Problems, Request};
use crate::plan::PlanError;
use crate::report::Style;
use crate::text::escape::one_line;
use crate::text::nearest::nearest;
use arguments::Files;

/// Exit status of a usage or pipeline-file problem.
pub const REFUSED: u8 = 2;

/// What to load for these arguments.
pub fn request(files: &Files, context: &Context) -> Request {
    Request {
        files: files.files.clone(),
        directory: context.directory.clone(),
        known_checks: CHECKS.iter().map(|check| check.id.as_str()).collect(),
        // The command line wins: it comes last.
        substitutions: context.substitutions.iter().chain(&files.substitution).cloned().collect(),
        running: context.running.clone(),
        strict: true,
    }
}

/// Says on standard error which files were chosen, and what was odd about them.
pub fn announce(loaded: &Loaded, quiet: bool, style: Style) {
    if quiet {
        return;
    }
    let mut text = String::new();
    if let Some(found) = &loaded.found {
        let names: Vec<String> = found.taken.iter().map(|name| one_line(name)).collect();
        text.push_str(&format!("rungate: reading {}\n", names.join(", ")));
    }
    text.push_str(&loaded.warnings.render(style.colour));
    drop(std::io::stderr().write_all(text.as_bytes()));
}

/// The refusal for problems of the files.
pub fn unread(problems: &Problems, style: Style) -> Refusal {
    Refusal::new(problems.render(style.colour).trim_end())
}

/// The refusal for a plan that could not be made.
pub fn unplanned(errors: &[PlanError]) -> Refusal {
    let lines: Vec<String> = errors
        .iter()
        .map(|error| match error {
            PlanError::Unknown { what, place, .. } => {
                format!("{place}: {error}\nfix: state it in the file, or pass --{what}")
            }
            PlanError::NothingRequired { place, .. } | PlanError::Twice { again: place, .. } => {
                format!("{place}: {error}")
            }
            PlanError::RequiredNowhere { asked, known } => {
                let near = nearest(asked, known.iter().map(String::as_str));
                let fix = near.first().map_or_else(
                    || format!("its checks are {}", known.join(", ")),
                    |near| format!("did you mean {near}? `rungate explain` lists every check"),
                );
                format!("{error}\nfix: {fix}")
            }
            PlanError::NoSuchService { .. }
            | PlanError::OfOneService { .. }
            | PlanError::Empty
            | PlanError::Table(_) => error.to_string(),
        })
        .collect();
    Refusal::new(lines.join("\n"))
}

/// A name, a value or an expression of a file as people are shown it: on one line, and not all of a long one.
fn shown(text: &str) -> String {
    crate::text::escape::shown(text, 200)
}

/// Says on standard error why the gate did not begin.
pub fn refused(error: &dyn std::fmt::Display) -> ExitCode {
    let text = error.to_string();
    // Problems of files carry their own "error:" and place.
    let prefix = if text.starts_with("error") { "" } else { "error: " };
    drop(writeln!(std::io::stderr(), "{prefix}{text}"));
    ExitCode::from(REFUSED)
}

/// Writes to standard output. A reader that closed the pipe has what it wanted; that is no problem.
///
/// # Errors
/// What else kept the text from being written, such as a full disk.
pub fn say(text: &str) -> Result<(), String> {
    let mut stdout = std::io::stdout();
    match stdout.write_all(text.as_bytes()).and_then(|()| stdout.flush()) {
        Err(error) if error.kind() != std::io::ErrorKind::BrokenPipe => {
            Err(format!("cannot write to standard output: {error}"))
        }
        Ok(()) | Err(_) => Ok(()),
    }
}

/// Has a panic told by its place alone: its message may hold what a server sent, or a secret, and nothing escapes it.
/// The report tells which check it ended.
pub fn tell_panics_by_place() {
    std::panic::set_hook(Box::new(|panic| {
        if std::thread::current().name() == Some(SHELL_THREAD) {
            // The shell parser gave up on a script: a problem with the script's place tells that.
            return;
        }
        let place = panic.location().map(|place| format!(" at {place}")).unwrap_or_default();
        drop(writeln!(std::io::stderr(), "rungate: a defect of rungate{place}; please report it"));
    }));
}

//! Shell scripts in steps: which commands they run, with every word resolved as far as the script itself tells.
//!
//! `brush-parser` reads the syntax of bash; this interprets as much as it takes to know the words of a deploy:
//! variables, arrays, quotes, here-documents, functions, loops over literals, and conditions over what is known. It
//! runs nothing. What only the run can tell stays unresolved, as the script writes it.

mod builtins;
mod condition;
mod expand;
mod limits;
mod lines;
mod machine;
mod output;
mod parameter;
mod pattern;
mod source;

use std::collections::BTreeMap;
use std::sync::Arc;

use super::problem::{Problem, Problems};
use super::text::{Open, Text};
use crate::model::Place;
use machine::Machine;

/// The name of the threads that read scripts. `brush-parser` panics on a few broken ones (numbers of descriptors that
/// do not fit, here-documents in unfinished arithmetic); such a thread's end is a problem of the script, not ours.
pub const THREAD: &str = "shell-script";

/// A command that a script runs.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Invocation {
    /// The program and its arguments.
    pub words: Vec<Text>,
    /// Where it begins.
    pub place: Place,
    /// Whether it runs only under a condition that the file does not decide.
    pub conditional: bool,
    /// Whether it stands in a branch that is presumed not to run: what the condition asks for is unresolved, and
    /// counts as given, or as what it falls back to.
    pub aside: bool,
    /// What it is given on standard input, where the script says so.
    pub input: Option<Text>,
}

/// Files that scripts have written, for the steps after them.
#[derive(Clone, Debug, Default)]
pub struct Workspace {
    /// `None`: the file was written, with what only the run can tell.
    files: BTreeMap<String, Option<Arc<Text>>>,
}

impl Workspace {
    /// The content of a file that a script has written; `Some(None)`: one with unknown content.
    pub fn file(&self, path: &str) -> Option<Option<&Text>> {
        self.files.get(normal(path)).map(Option::as_deref)
    }

    fn write(&mut self, path: &str, content: Option<Text>, append: bool) {
        let path = normal(path).to_owned();
        let content = match (append, self.files.remove(&path)) {
            (true, Some(before)) => before.zip(content).map(|(before, content)| {
                let mut before = Arc::unwrap_or_clone(before);
                before.push(&content);
                before
            }),
            // What it is appended to lies on the disk, or nowhere.
            (true | false, _) => content,
        };
        let content = content.filter(|content| content.len() <= limits::LONGEST_TEXT);
        if self.files.len() < limits::MOST_FILES {
            self.files.insert(path, content.map(Arc::new));
        }
    }
}

/// A path without what makes no difference. Cloud Build mounts the sources at `/workspace` and works there.
fn normal(path: &str) -> &str {
    let path = path.strip_prefix("/workspace/").unwrap_or(path);
    path.strip_prefix("./").unwrap_or(path)
}

/// What is known of variables that the script does not assign: the environment of its step.
pub type Outside<'a> = dyn Fn(&str) -> Option<Text> + Sync + 'a;

/// Whether a shell's pattern matches a whole text; `None` where that is not decided.
pub(super) fn matches_pattern(pattern: &str, text: &str) -> Option<bool> {
    pattern::matches(pattern, text, false)
}

/// Whether a word starts a shell that is read: `bash`, `/bin/sh`.
pub fn is_shell(word: &str) -> bool {
    matches!(program(word), "bash" | "sh" | "dash" | "ash" | "zsh" | "ksh")
}

/// The name of a program without its folder.
pub(super) fn program(word: &str) -> &str {
    word.rsplit('/').next().unwrap_or(word)
}

/// The commands that a script runs, of those that matter to the gate (`gcloud`, `curl`, `wget`).
///
/// A script that cannot be read gives none, and a problem at the place where it breaks.
pub fn commands(
    script: &Text,
    outside: &Outside<'_>,
    workspace: &mut Workspace,
    problems: &mut Problems,
) -> Vec<Invocation> {
    if !limits::worth_reading(script) {
        return Vec::new();
    }
    let place = script.place();
    interpret(outside, workspace, problems, place, |machine| machine.run(script))
}

/// The commands that a command line runs: itself, those of the script that it gives to a shell, or the one that it
/// hands to another program.
pub fn run(
    words: Vec<Text>,
    outside: &Outside<'_>,
    workspace: &mut Workspace,
    problems: &mut Problems,
) -> Vec<Invocation> {
    if !words.iter().any(limits::worth_reading) {
        return Vec::new();
    }
    let Some(place) = words.first().map(|word| word.place().clone()) else { return Vec::new() };
    interpret(outside, workspace, problems, &place, |machine| machine.run_line(words))
}

/// What a text in double quotes expands to, as far as it is known.
pub fn expand(text: &Text, outside: &Outside<'_>) -> Text {
    let mut expanded = None;
    let place = text.place();
    let mut workspace = Workspace::default();
    interpret(outside, &mut workspace, &mut Problems::default(), place, |machine| {
        expanded = Some(machine.expand_text(text));
    });
    expanded.unwrap_or_else(|| Text::open(text.as_written(), Open::default(), place.clone()))
}

fn interpret(
    outside: &Outside<'_>,
    workspace: &mut Workspace,
    problems: &mut Problems,
    place: &Place,
    run: impl FnOnce(&mut Machine<'_>) + Send,
) -> Vec<Invocation> {
    let mut found = Vec::new();
    let told: Result<Vec<Problem>, ()> = std::thread::scope(|scope| {
        // Deeply nested scripts need more stack than a thread has by default.
        let read = || {
            let mut machine = Machine::new(outside, workspace, &mut found);
            run(&mut machine);
            machine.problems
        };
        let thread = std::thread::Builder::new()
            .name(THREAD.to_owned())
            .stack_size(limits::STACK)
            .spawn_scoped(scope, read);
        thread.map_err(drop)?.join().map_err(drop)
    });
    match told {
        Ok(told) => problems.extend(told),
        Err(()) => {
            problems
                .push(Problem::warning("script-not-read", "this script cannot be read").at(place.clone()));
        }
    }
    optional_branch::only_deploys(&mut found);
    found
}

/// The script that the words of a shell's command line hold (`bash -ceu 'script'`), and its arguments after that.
pub fn inline_script(words: &[Text]) -> Option<(&Text, &[Text])> {
    let (_, arguments) = words.split_first().filter(|(first, _)| is_shell(&first.raw()))?;
    let mut command = false;
    let mut index = 0;
    while let Some(word) = arguments.get(index) {
        let raw = word.raw();
        let option = raw.strip_prefix(['-', '+']).filter(|option| !option.is_empty());
        match option {
            Some("-") => index += 1,
            // Long options have no arguments that matter here, but two name files.
            Some("-rcfile" | "-init-file") => index += 2,
            Some(long) if long.starts_with('-') => index += 1,
            Some(flags) => {
                command |= raw.starts_with('-') && flags.contains('c');
                // Each `o` and `O` takes an option's name.
                index += 1 + flags.matches(['o', 'O']).count();
            }
            None if command => return Some((word, arguments.get(index + 1..).unwrap_or_default())),
            None => return None,
        }
    }
    None
}

mod optional_branch;
#[cfg(test)]
mod tests;

//! What commands put out, as far as the script tells it, and the files that take it.

use super::machine::Machine;
use super::{limits, lines};
use crate::pipeline::text::Text;

impl Machine<'_> {
    /// Takes what a command puts out for the group that it is in; `None`: only the run can tell.
    pub(super) fn put(&mut self, output: Option<&Text>) {
        if let Some(so_far) = &mut self.put_out {
            match (so_far.as_mut(), output) {
                (Some(text), Some(output)) if text.len() + output.len() <= limits::LONGEST_TEXT => {
                    text.push(output);
                }
                (Some(_) | None, _) => *so_far = None,
            }
        }
    }

    /// Puts what a command puts out into files, or hands it to the group that the command is in.
    pub(super) fn write(&mut self, files: Vec<(Text, bool)>, output: Option<Text>) {
        if files.is_empty() {
            self.put(output.as_ref());
        }
        for (path, append) in files {
            if let Some(path) = path.as_known() {
                self.workspace.write(&path, output.clone(), append);
            }
        }
    }
}

/// Whether a command puts out nothing.
pub(super) fn is_silent(name: &str) -> bool {
    const SILENT: &[&str] = &[
        ":",
        "true",
        "false",
        "test",
        "[",
        "set",
        "shift",
        "unset",
        "read",
        "mapfile",
        "readarray",
        "return",
        "break",
        "continue",
        "exit",
        "eval",
        "export",
        "readonly",
        "local",
        "declare",
        "typeset",
        "cd",
        "mkdir",
        "rm",
        "touch",
        "sleep",
        "bash",
        "sh",
    ];
    SILENT.contains(&name)
}

/// What `echo` and `printf` put out.
pub(super) fn printed(name: &str, arguments: &[Text], first: &Text) -> Option<Text> {
    let place = first.place();
    let newline = || Text::known("\n", place.clone());
    let mut whole = Text::new(place.clone());
    let mut arguments = arguments;
    if name == "printf" {
        return lines::printf(arguments, first);
    }
    let mut ends = true;
    let mut escapes = false;
    while let Some((option, rest)) = arguments.split_first() {
        match option.as_known().as_deref() {
            Some("-n") => ends = false,
            Some("-e") => escapes = true,
            Some("-ne" | "-en") => (ends, escapes) = (false, true),
            Some("-E") => {}
            Some(_) | None => break,
        }
        arguments = rest;
    }
    for (index, word) in arguments.iter().enumerate() {
        if index > 0 {
            whole.push(&Text::known(" ", place.clone()));
        }
        match word.as_known() {
            Some(known) if escapes => whole.push(&Text::known(known.replace("\\n", "\n"), place.clone())),
            Some(_) | None => whole.push(word),
        }
    }
    if ends {
        whole.push(&newline());
    }
    Some(whole)
}

//! `run:` steps: what their shell deploys.

use super::scope::{Names, Scope};
use super::steps::Reader;
use super::{expression, powershell};
use crate::pipeline::files::Files;
use crate::pipeline::gcloud::{self, is_gcloud};
use crate::pipeline::text::{Part, Text};
use crate::pipeline::yaml::Node;
use crate::pipeline::{script, shell};

/// Where the files lie that steps write their outputs to.
const OUTPUTS: &str = "/github/outputs/";

/// What is set for `run` steps by `defaults.run` of the workflow and of the job.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Defaults<'a> {
    pub(super) shell: Option<&'a Node>,
    pub(super) working_directory: Option<&'a Node>,
    /// Whether the runner is Windows, where PowerShell is the shell of steps that name none.
    pub(super) windows: bool,
}

/// What a script is written in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Language {
    /// bash and its kin.
    Posix,
    PowerShell,
    /// Python, `cmd`, and whatever else a shell of one's own may be.
    Other,
}

impl<'a> Defaults<'a> {
    /// These defaults and, before them, those of a workflow or job.
    pub(super) fn within(self, node: &'a Node) -> Self {
        let of = |key: &str| node.at(&["defaults", "run", key]).filter(|value| !value.is_null());
        Self {
            shell: of("shell").or(self.shell),
            working_directory: of("working-directory").or(self.working_directory),
            windows: self.windows || runs_on_windows(node),
        }
    }

    /// The language of a step's script.
    fn language(self, step: &Node) -> Language {
        let named = step.get("shell").filter(|shell| !shell.is_null()).or(self.shell).and_then(Node::text);
        let default = if self.windows { "pwsh" } else { "bash" };
        // A shell of one's own: `bash -el {0}`.
        let program = named.unwrap_or(default).split_whitespace().next().unwrap_or_default();
        match program.rsplit('/').next() {
            Some("bash" | "sh" | "dash" | "zsh") => Language::Posix,
            Some("pwsh" | "powershell") => Language::PowerShell,
            Some(_) | None => Language::Other,
        }
    }
}

impl Defaults<'_> {
    /// The folder that a step's script works in, within the repository.
    fn folder(self, step: &Node, scope: &Scope) -> String {
        let named = step.get("working-directory").filter(|folder| !folder.is_null());
        let folder = named.or(self.working_directory).and_then(|folder| scope.text(folder));
        folder.map(|folder| folder.trim().raw()).unwrap_or_default()
    }
}

fn runs_on_windows(job: &Node) -> bool {
    let Some(runs_on) = job.get("runs-on") else { return false };
    let labels = std::iter::once(runs_on).chain(runs_on.items());
    labels.filter_map(Node::text).any(|label| label.to_ascii_lowercase().contains("windows"))
}

/// Reads a `run` step.
pub(super) fn read(run: &Node, step: &Node, scope: &Scope, defaults: Defaults<'_>, reader: &mut Reader<'_>) {
    let language = defaults.language(step);
    let Some(script) = scope.text(run) else { return };
    let powershell = match language {
        _ if run.text().is_some_and(expression::is_too_long) => None,
        Language::PowerShell => powershell::commands(&script, &|name| scope.env(name).cloned()),
        Language::Posix => Some(Vec::new()),
        Language::Other => None,
    };
    let Some(powershell) = powershell else {
        let key = if language == Language::PowerShell { "PowerShell in `run`" } else { "`run`" };
        script::warn_unread(run, key, reader.problems);
        return;
    };
    let folder = defaults.folder(step, scope);
    if language == Language::PowerShell {
        for words in powershell {
            deploy(&words, None, step, &folder, reader);
        }
        return;
    }
    // The file of the step's outputs is a new one for each step.
    reader.outputs += 1;
    let outputs = format!("{OUTPUTS}{}", reader.outputs);
    let outside = |name: &str| match name {
        "GITHUB_OUTPUT" => Some(Text::known(outputs.as_str(), run.place.clone())),
        name => scope.env(name).cloned(),
    };
    let invocations = shell::commands(&script, &outside, &mut reader.workspace, reader.problems);
    if let Some(id) = step.get("id").and_then(Node::text)
        && let Some(Some(written)) = reader.workspace.file(&outputs)
    {
        reader.found.urls.extend(urls(id, written));
    }
    for invocation in invocations {
        if invocation.words.first().is_some_and(|word| is_gcloud(&word.raw())) {
            deploy(&invocation.words, invocation.input.as_ref(), step, &folder, reader);
        } else {
            reader.found.requests.push(invocation);
        }
    }
}

/// Reads a command line of gcloud.
fn deploy(words: &[Text], input: Option<&Text>, step: &Node, folder: &str, reader: &mut Reader<'_>) {
    let place = reader.place_of(step);
    let files = Files { folders: reader.folders, workspace: &reader.workspace, folder, input };
    for command in gcloud::commands(words, &files, place, reader.problems) {
        reader.found.add(command, reader.number);
    }
}

/// The outputs of a step that are a service's URL. Their values stay what only the run can tell.
fn urls(id: &str, written: &Text) -> Vec<(String, String)> {
    let lines = written.split("\n");
    let outputs = lines.iter().filter_map(|line| line.split_once("="));
    outputs
        .filter_map(|(name, value)| {
            let service = value.parts().find_map(|part| match part {
                Part::Open(_, open) => open.url_of.clone(),
                Part::Known(_) => None,
            });
            Some((format!("steps.{id}.outputs.{}", name.as_known()?), service?))
        })
        .collect()
}

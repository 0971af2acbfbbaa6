//! `run:` steps: what their shell deploys.

use super::expression;
use super::scope::{Names, Scope};
use super::steps::Reader;
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

    /// Whether a step's script is one for a POSIX shell.
    pub(super) fn is_shell(self, step: &Node) -> bool {
        let named = step.get("shell").filter(|shell| !shell.is_null()).or(self.shell).and_then(Node::text);
        match named {
            // A shell of one's own: `bash -el {0}`.
            Some(named) => {
                let program = named.split_whitespace().next().unwrap_or_default();
                matches!(program.rsplit('/').next(), Some("bash" | "sh" | "dash" | "zsh"))
            }
            None => !self.windows,
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
    if !defaults.is_shell(step) || run.text().is_some_and(expression::is_too_long) {
        script::warn_unread(run, "`run`", reader.problems);
        return;
    }
    let Some(script) = scope.text(run) else { return };
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
    let folder = defaults.folder(step, scope);
    for invocation in invocations {
        if !invocation.words.first().is_some_and(|word| is_gcloud(&word.raw())) {
            reader.found.requests.push(invocation);
        } else {
            let place = reader.place_of(step);
            let input = invocation.input.as_ref();
            let files =
                Files { folders: reader.folders, workspace: &reader.workspace, folder: &folder, input };
            for command in gcloud::commands(&invocation.words, &files, place, reader.problems) {
                reader.found.add(command, reader.number);
            }
        }
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

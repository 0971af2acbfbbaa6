//! Workflows and actions within the repository that a workflow calls: read from the repository's root, each once, in
//! bounds, and never in a circle.

use std::collections::HashMap;
use std::path::{Component, Path, PathBuf};
use std::sync::Arc;

use crate::pipeline::problem::{Problem, Problems};
use crate::pipeline::source::Source;
use crate::pipeline::yaml::{self, Node};

/// How deep calls may lead; GitHub takes ten levels of workflows and of actions.
const DEEPEST: usize = 10;
/// The most files that are read for one workflow.
const MOST_FILES: usize = 100;
/// The most steps that are read for one workflow, each as often as it is called.
const MOST_STEPS: usize = 20_000;

/// The files beside a workflow, and how much of them may still be read.
#[derive(Debug)]
pub(super) struct Repository {
    /// The folder that holds `.github`; none where the workflow lies elsewhere.
    root: Option<PathBuf>,
    files: HashMap<PathBuf, Option<Arc<Node>>>,
    calls: Vec<PathBuf>,
    steps: usize,
}

/// The path of what `uses` names in the repository itself: from the workspace (`./`), or from the repository at the
/// commit that runs (`$/`).
pub(super) fn local(uses: &str) -> Option<&str> {
    ["./", "$/"].iter().find_map(|start| uses.trim().strip_prefix(start))
}

impl Repository {
    /// The repository of the workflow at a path.
    pub(super) fn of(workflow: &Path) -> Self {
        let real = workflow.canonicalize().ok();
        let folder = real.as_deref().and_then(|real| {
            real.ancestors().find(|folder| folder.file_name().is_some_and(|name| name == ".github"))
        });
        let root = folder.and_then(Path::parent).map(Path::to_owned);
        Self { root, files: HashMap::new(), calls: real.into_iter().collect(), steps: 0 }
    }

    /// The files that were read, as they really lie.
    pub(super) fn followed(&self) -> impl Iterator<Item = &Path> {
        self.files.iter().filter(|(_, node)| node.is_some()).map(|(path, _)| path.as_path())
    }

    /// Counts a step; `false` when there were too many.
    pub(super) fn may_read_step(&mut self) -> bool {
        self.steps += 1;
        self.steps <= MOST_STEPS
    }

    /// Whether there was more than may be read.
    pub(super) fn is_exhausted(&self) -> bool {
        self.steps > MOST_STEPS
    }

    /// Enters what `uses: ./…` or `$/…` names, if it lies in the repository: a workflow, or the folder of an action. Whoever
    /// enters must [leave](Self::leave).
    pub(super) fn enter(&mut self, uses: &Node, problems: &mut Problems) -> Option<Arc<Node>> {
        let named = uses.text()?.trim();
        let local = local(named)?;
        let root = self.root.clone()?;
        let path = candidates(&root, local).into_iter().find(|path| path.is_file());
        let Some(path) =
            path.and_then(|path| path.canonicalize().ok()).filter(|path| path.starts_with(&root))
        else {
            // The folder of an action may come with another checkout; a workflow must be there.
            if is_workflow(local) {
                problems.push(
                    Problem::warning("file-not-found", format!("`{named}` is not there"))
                        .at(uses.place.clone())
                        .length(uses.length)
                        .fix("it is looked for from the folder that holds `.github`"),
                );
            }
            return None;
        };
        if self.calls.contains(&path) {
            problems.push(
                Problem::warning("calls-itself", format!("`{named}` is called in a circle"))
                    .at(uses.place.clone())
                    .length(uses.length),
            );
            return None;
        }
        if self.calls.len() > DEEPEST {
            return None;
        }
        let node = self.file(&path, named, problems)?;
        self.calls.push(path);
        Some(node)
    }

    /// Leaves what was entered last.
    pub(super) fn leave(&mut self) {
        self.calls.pop();
    }

    fn file(&mut self, path: &Path, named: &str, problems: &mut Problems) -> Option<Arc<Node>> {
        if let Some(known) = self.files.get(path) {
            return known.clone();
        }
        if self.files.len() >= MOST_FILES {
            return None;
        }
        let shown = match path.strip_prefix(self.root.as_ref()?) {
            Ok(relative) => relative.to_string_lossy().into_owned(),
            Err(_) => named.to_owned(),
        };
        let node = match Source::read(path, &shown) {
            Ok(source) => {
                problems.remember(&source);
                match yaml::parse(&source) {
                    Ok(documents) => documents.into_iter().next().map(Arc::new),
                    Err(broken) => {
                        problems.extend(broken.into_iter().map(as_warning));
                        None
                    }
                }
            }
            Err(problem) => {
                problems.push(as_warning(*problem));
                None
            }
        };
        self.files.insert(path.to_owned(), node.clone());
        node
    }
}

/// The file that the user named can be read: what is wrong with another one is told, and stops nothing.
fn as_warning(mut problem: Problem) -> Problem {
    problem.severity = crate::pipeline::problem::Severity::Warning;
    problem
}

fn is_workflow(local: &str) -> bool {
    local.ends_with(".yml") || local.ends_with(".yaml")
}

/// Where a local name may lie; nowhere if it leaves the repository.
fn candidates(root: &Path, local: &str) -> Vec<PathBuf> {
    let local = Path::new(local);
    let stays = local.components().all(|part| matches!(part, Component::Normal(_) | Component::CurDir));
    if !stays {
        return Vec::new();
    }
    let path = root.join(local);
    vec![path.clone(), path.join("action.yml"), path.join("action.yaml")]
}

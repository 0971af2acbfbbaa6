//! Files that a pipeline names: those that its own scripts write, and those of the repository.

use std::path::{Component, Path, PathBuf};
use std::sync::Arc;

use super::problem::Problem;
use super::shell::Workspace;
use super::source::Source;
use super::text::{Marked, Text};
use super::yaml::{self, Kind, Node};
use crate::model::Place;

/// Where the files lie that a pipeline file may name.
#[derive(Clone, Debug, Default)]
pub struct Folders(Vec<PathBuf>);

impl Folders {
    /// The folders for a pipeline file: its repository's root, the folder that the user works in, its own folder.
    pub fn of(file: &Path, directory: &Path) -> Self {
        let own = file.parent().map(Path::to_path_buf);
        let root = own.as_deref().and_then(|own| {
            own.ancestors()
                .take(32)
                .find(|folder| folder.join(".git").exists() || folder.join(".github").is_dir())
                .map(Path::to_path_buf)
        });
        let mut folders: Vec<PathBuf> = Vec::new();
        for folder in [root, Some(directory.to_path_buf()), own].into_iter().flatten() {
            if !folders.contains(&folder) {
                folders.push(folder);
            }
        }
        Self(folders)
    }
}

impl Folders {
    /// Where a file of the repository really lies that is named so.
    pub(super) fn real(&self, path: &str) -> Option<PathBuf> {
        let path = path.strip_prefix("/workspace/").unwrap_or(path);
        self.0.iter().find_map(|folder| folder.join(path).canonicalize().ok())
    }
}

/// What is found under a name.
#[derive(Debug)]
pub enum Found {
    /// A script of the pipeline has written it.
    Written(Text),
    /// A script of the pipeline writes it, with what only the run can tell.
    Unknown,
    /// It lies in the repository.
    Read(Source),
    /// It is in neither place.
    Missing,
    /// It is there and cannot be read.
    Unreadable(Box<Problem>),
}

/// The files that a step may name.
#[derive(Clone, Copy, Debug)]
pub struct Files<'a> {
    /// Where the repository lies.
    pub folders: &'a Folders,
    /// What scripts have written so far.
    pub workspace: &'a Workspace,
    /// The folder within the repository that the step works in.
    pub folder: &'a str,
    /// What the step is given on standard input.
    pub input: Option<&'a Text>,
}

impl Files<'_> {
    /// Finds a file by the path that a command names.
    pub fn find(&self, path: &str) -> Found {
        if matches!(path, "-" | "/dev/stdin") {
            return self.input.map_or(Found::Unknown, |text| Found::Written(text.clone()));
        }
        // Cloud Build mounts the sources there.
        let path = path.strip_prefix("/workspace/").unwrap_or(path);
        match self.workspace.file(path) {
            Some(Some(text)) => return Found::Written(text.clone()),
            Some(None) => return Found::Unknown,
            None => {}
        }
        let relative = Path::new(self.folder).join(path);
        let inside =
            relative.components().all(|part| matches!(part, Component::Normal(_) | Component::CurDir));
        if !inside {
            return Found::Missing;
        }
        for folder in &self.folders.0 {
            let full = folder.join(&relative);
            // A link may lead out of the repository: what lies there is not the pipeline's.
            let real = full.canonicalize().ok();
            let root = folder.canonicalize().ok();
            let (Some(real), Some(root)) = (real, root) else { continue };
            if real.starts_with(&root) && real.is_file() {
                return match Source::read(&real, &relative.to_string_lossy()) {
                    Ok(source) => Found::Read(source),
                    Err(problem) => Found::Unreadable(problem),
                };
            }
        }
        Found::Missing
    }
}

/// A file of YAML, read as far as it is known.
#[derive(Debug)]
pub struct Document {
    /// Its documents; unresolved parts are marks in their texts.
    pub nodes: Vec<Node>,
    /// What hides behind the marks, of a file that a script has written.
    marked: Option<Marked>,
}

impl Document {
    /// Reads what was found under a path; `None` where nothing is known of it.
    ///
    /// # Errors
    ///
    /// The problems of a file that is no YAML.
    pub fn read(path: &str, found: Found) -> Result<Option<Self>, Vec<Problem>> {
        match found {
            Found::Written(text) => {
                let marked = Marked::new(&text);
                let name: Arc<str> = text.place().file.clone();
                let nodes = yaml::parse(&Source::new(name, &marked.text)).map_err(|problems| {
                    let at = |problem: Problem| {
                        let place = problem.place.clone().map(|place| marked.place_of(&place));
                        Problem {
                            place,
                            message: format!("`{path}`, as it is written here: {}", problem.message),
                            ..problem
                        }
                    };
                    problems.into_iter().map(at).collect::<Vec<_>>()
                })?;
                Ok(Some(Self { nodes, marked: Some(marked) }))
            }
            Found::Read(source) => Ok(Some(Self { nodes: yaml::parse(&source)?, marked: None })),
            Found::Unreadable(problem) => Err(vec![*problem]),
            Found::Unknown | Found::Missing => Ok(None),
        }
    }

    /// The text of a scalar; empty for everything else.
    pub fn text(&self, node: &Node) -> Text {
        match (&self.marked, node.text()) {
            (_, None) => Text::new(self.place(&node.place)),
            (Some(marked), Some(text)) => marked.restore(text, &self.place(&node.place)),
            (None, Some(_)) => Text::of_node(node),
        }
    }

    /// A key as text.
    pub fn key(&self, key: &str, place: &Place) -> String {
        match &self.marked {
            Some(marked) => marked.restore(key, place).raw(),
            None => key.to_owned(),
        }
    }

    fn place(&self, place: &Place) -> Place {
        self.marked.as_ref().map_or_else(|| place.clone(), |marked| marked.place_of(place))
    }

    /// The documents with expressions in the place of the marks, and with their places in the pipeline file.
    pub fn written_out(&self) -> Vec<Node> {
        self.nodes.iter().map(|node| self.node(node)).collect()
    }

    fn node(&self, node: &Node) -> Node {
        let kind = match &node.kind {
            Kind::Scalar { style, .. } => Kind::Scalar { text: self.text(node).raw(), style: *style },
            Kind::Seq(items) => Kind::Seq(items.iter().map(|item| self.node(item)).collect()),
            Kind::Map(entries) => Kind::Map(
                entries
                    .iter()
                    .map(|entry| yaml::Entry {
                        key: self.key(&entry.key, &entry.place),
                        place: self.place(&entry.place),
                        value: self.node(&entry.value),
                    })
                    .collect(),
            ),
        };
        let place = self.place(&node.place);
        let item_line = if self.marked.is_some() { place.line } else { node.item_line };
        Node { kind, place, length: node.length, item_line }
    }
}

//! Files that lie in or under the folder of the file that names them, by a path or a pattern (`manifests/*.yaml`).

use std::path::{Component, Path, PathBuf};

use super::problem::Problem;
use super::shell::matches_pattern;
use super::source::Source;

/// The most entries of one folder that a pattern is held against, and the most files that it gives.
const MOST: usize = 200;

/// The folder of a file.
#[derive(Clone, Debug)]
pub(super) struct Folder {
    path: PathBuf,
    /// As the user named it: the beginning of the names of its files.
    name: PathBuf,
}

/// What is found under a path or a pattern.
#[derive(Debug)]
pub(super) enum Beside {
    /// The files, with where they really lie.
    Read(Vec<(PathBuf, Source)>),
    /// It leads out of the folder.
    Outside,
    /// There is no such file.
    Missing,
    /// A file is there and cannot be read.
    Unreadable(Box<Problem>),
}

impl Folder {
    /// The folder of a file, by where the file lies and how the user named it.
    pub(super) fn of(path: &Path, name: &str) -> Self {
        let parent = |path: &Path| path.parent().map(Path::to_path_buf).unwrap_or_default();
        Self { path: parent(path), name: parent(Path::new(name)) }
    }

    /// The files under a path or a pattern; a pattern gives files of YAML alone.
    pub(super) fn files(&self, pattern: &str) -> Beside {
        let mut parts = Vec::new();
        for component in Path::new(pattern).components() {
            match component {
                Component::Normal(part) => parts.push(part.to_string_lossy().into_owned()),
                Component::CurDir => {}
                Component::ParentDir | Component::RootDir | Component::Prefix(_) => return Beside::Outside,
            }
        }
        let base = if self.path.as_os_str().is_empty() { Path::new(".") } else { &self.path };
        let mut found = vec![PathBuf::new()];
        for part in &parts {
            found = found.iter().flat_map(|folder| step(base, folder, part)).take(MOST).collect();
        }
        let pattern = parts.iter().any(|part| is_pattern(part));
        if pattern {
            let is_yaml = |path: &PathBuf| {
                path.extension().is_some_and(|end| ["yaml", "yml", "json"].iter().any(|yaml| end == *yaml))
            };
            found.retain(is_yaml);
        }
        let mut read = Vec::new();
        let mut outside = false;
        for relative in found {
            let (Ok(real), Ok(root)) = (base.join(&relative).canonicalize(), base.canonicalize()) else {
                continue;
            };
            // A link may lead out of the folder.
            if !real.starts_with(&root) {
                outside = true;
            } else if real.is_file() {
                match Source::read(&real, &self.name.join(&relative).to_string_lossy()) {
                    Ok(source) => read.push((real, source)),
                    Err(problem) => return Beside::Unreadable(problem),
                }
            }
        }
        match (read.is_empty(), outside) {
            (false, _) => Beside::Read(read),
            (true, true) => Beside::Outside,
            (true, false) => Beside::Missing,
        }
    }
}

fn is_pattern(part: &str) -> bool {
    part.contains(['*', '?', '['])
}

/// What a part of a path leads to from a folder.
fn step(base: &Path, folder: &Path, part: &str) -> Vec<PathBuf> {
    if !is_pattern(part) {
        return vec![folder.join(part)];
    }
    let Ok(entries) = base.join(folder).read_dir() else { return Vec::new() };
    let mut names: Vec<String> = entries
        .take(MOST)
        .filter_map(|entry| entry.ok()?.file_name().into_string().ok())
        .filter(|name| !name.starts_with('.') && matches_pattern(part, name) == Some(true))
        .collect();
    names.sort();
    names.into_iter().map(|name| folder.join(name)).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn names(folder: &Path, pattern: &str) -> Result<Vec<String>, &'static str> {
        match Folder::of(&folder.join("skaffold.yaml"), "in/skaffold.yaml").files(pattern) {
            Beside::Read(found) => Ok(found.iter().map(|(_, source)| source.name.to_string()).collect()),
            Beside::Outside => Err("outside"),
            Beside::Missing => Err("missing"),
            Beside::Unreadable(_) => Err("unreadable"),
        }
    }

    #[test]
    fn finds_what_lies_in_and_under_the_folder_alone() {
        let all = tempfile::tempdir().unwrap();
        let folder = all.path().join("app");
        std::fs::create_dir_all(folder.join("run/b")).unwrap();
        std::fs::write(all.path().join("secret.yaml"), "a: 1").unwrap();
        for name in ["run/a.yaml", "run/z.yml", "run/b/c.yaml", "run/note.txt", "run/.hidden.yaml"] {
            std::fs::write(folder.join(name), "a: 1").unwrap();
        }
        std::fs::write(folder.join("empty.yaml"), "").unwrap();
        #[cfg(unix)]
        std::os::unix::fs::symlink(all.path().join("secret.yaml"), folder.join("link.yaml")).unwrap();
        let owned = |names: &[&str]| Ok(names.iter().map(|name| (*name).to_owned()).collect::<Vec<_>>());
        assert_eq!(names(&folder, "./run/a.yaml"), owned(&["in/run/a.yaml"]));
        assert_eq!(names(&folder, "run/*"), owned(&["in/run/a.yaml", "in/run/z.yml"]));
        assert_eq!(names(&folder, "*/[b]/?.yaml"), owned(&["in/run/b/c.yaml"]));
        assert_eq!(names(&folder, "none/*.yaml"), Err("missing"));
        assert_eq!(names(&folder, "run"), Err("missing"));
        assert_eq!(names(&folder, "../secret.yaml"), Err("outside"));
        assert_eq!(names(&folder, "/etc/passwd"), Err("outside"));
        assert_eq!(names(&folder, "empty.yaml"), Err("unreadable"));
        #[cfg(unix)]
        assert_eq!(names(&folder, "link.yaml"), Err("outside"));
    }
}

//! What the platform that runs the gate says of the pipeline: plain functions over the texts of its environment.

use std::path::{Component, Path, PathBuf};

use crate::pipeline::SUBSTITUTIONS_OF_CLOUD_BUILD;

/// Where every step of Cloud Build finds the source.
pub(super) const WORKSPACE: &str = "/workspace";

/// The workflow file of a `GITHUB_WORKFLOW_REF` (`acme/shop/.github/workflows/deploy.yml@refs/heads/main`), from the
/// repository's root. `None`: it is another repository's (an organisation may require workflows of its own), whose
/// files are not here.
pub(super) fn workflow(reference: &str, repository: &str) -> Option<PathBuf> {
    let (start, rest) = reference.split_at_checked(repository.len())?;
    if !start.eq_ignore_ascii_case(repository) {
        return None;
    }
    // A name of a branch may hold an `@`, and so may a file's: the first one after the ending parts them.
    let rest = rest.strip_prefix('/')?;
    let end = [".yml@", ".yaml@"].iter().filter_map(|end| Some(rest.find(end)? + end.len() - 1)).min()?;
    within(rest.get(..end)?)
}

/// A path that stays below where it starts.
pub(super) fn within(path: &str) -> Option<PathBuf> {
    let path = Path::new(path);
    let stays = path.components().all(|part| matches!(part, Component::Normal(_) | Component::CurDir));
    (stays && !path.as_os_str().is_empty()).then(|| path.to_owned())
}

/// A file of a repository as it is named in its folder `directory`: short, as people and annotations know it.
pub(super) fn from(directory: &Path, root: &Path, file: &Path) -> PathBuf {
    let directory = directory.canonicalize().unwrap_or_else(|_| directory.to_owned());
    match directory.strip_prefix(root) {
        Ok(below) => match file.strip_prefix(below) {
            Ok(short) => short.to_owned(),
            Err(_) => below.components().map(|_| "..").collect::<PathBuf>().join(file),
        },
        Err(_) => root.join(file),
    }
}

/// Whether a variable of a step's environment is a substitution: one of those that Cloud Build fills in (empty where
/// the build has no such thing, so that nothing is known of it), or one of the user's, whose names begin with `_`.
pub(super) fn is_substitution(name: &str, value: &str) -> bool {
    if SUBSTITUTIONS_OF_CLOUD_BUILD.contains(&name) {
        return !value.is_empty();
    }
    let allowed = |c: char| c.is_ascii_uppercase() || c.is_ascii_digit() || c == '_';
    // `_` alone is the shell's.
    name.len() > 1 && name.starts_with('_') && name.chars().all(allowed)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_workflow_of_a_reference() {
        for (reference, file) in [
            ("acme/shop/.github/workflows/deploy.yml@refs/heads/main", Some(".github/workflows/deploy.yml")),
            (
                "Acme/Shop/.github/workflows/deploy.yaml@refs/pull/7/merge",
                Some(".github/workflows/deploy.yaml"),
            ),
            ("acme/shop/.github/workflows/a@b.yml@refs/heads/x.yml@y", Some(".github/workflows/a@b.yml")),
            ("acme/required/.github/workflows/deploy.yml@refs/heads/main", None),
            ("acme/shopping/.github/workflows/deploy.yml@refs/heads/main", None),
            ("acme/shop/../other/.github/workflows/deploy.yml@refs/heads/main", None),
            ("acme/shop/.github/workflows/deploy.yml", None),
            ("acme/shop", None),
            ("acme/sh\u{f6}p", None),
            ("", None),
        ] {
            assert_eq!(workflow(reference, "acme/shop"), file.map(PathBuf::from), "{reference}");
        }
    }

    #[test]
    fn files_are_named_from_the_folder_of_the_gate() {
        let (root, file) = (Path::new("/none/repo"), Path::new("ci/build.yaml"));
        for (directory, named) in [
            ("/none/repo", "ci/build.yaml"),
            ("/none/repo/ci", "build.yaml"),
            ("/none/repo/apps/auth", "../../ci/build.yaml"),
            ("/none/elsewhere", "/none/repo/ci/build.yaml"),
        ] {
            assert_eq!(from(Path::new(directory), root, file), Path::new(named), "{directory}");
        }
        assert_eq!(within("a/../../b"), None);
        assert_eq!(within("/etc/passwd"), None);
        assert_eq!(within(""), None);
    }

    #[test]
    fn substitutions_are_told_from_other_variables() {
        for (name, value, is) in [
            ("PROJECT_ID", "acme", true),
            ("TAG_NAME", "", false),
            ("_REGION", "europe-west1", true),
            ("_EMPTY", "", true),
            ("_", "/usr/bin/env", false),
            ("_lower", "x", false),
            ("HOME", "/builder/home", false),
        ] {
            assert_eq!(is_substitution(name, value), is, "{name}");
        }
    }
}

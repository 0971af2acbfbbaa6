//! Reads one pipeline file, safely: whatever the path leads to, the answer comes at once and in bounded memory.

use std::fs::File;
use std::io::{ErrorKind, Read};
use std::path::Path;
use std::sync::Arc;

use super::problem::Problem;
use crate::model::Place;

/// The largest file that is read, in bytes. Real pipeline files are some kilobytes long.
pub const LARGEST_FILE: u64 = 8 * 1024 * 1024;

/// A file that was read: its name and its text, kept for excerpts.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Source {
    /// The file as the user named it.
    pub name: Arc<str>,
    /// Its text, without a byte-order mark.
    pub text: Arc<str>,
}

impl Source {
    /// A source of a text that is already at hand.
    pub fn new(name: impl Into<Arc<str>>, text: &str) -> Self {
        Self { name: name.into(), text: text.strip_prefix('\u{feff}').unwrap_or(text).into() }
    }

    /// Reads a file from a path, under the name that the user gave it.
    ///
    /// # Errors
    ///
    /// One problem where there is no such file, where it is no regular file (a pipe would never end), cannot be
    /// read, is larger than [`LARGEST_FILE`], is empty, or is not UTF-8.
    pub fn read(path: &Path, name: &str) -> Result<Self, Box<Problem>> {
        if name == "-" {
            let problem =
                Problem::error("file-not-readable", "standard input is not read as a pipeline file");
            let fix = "write it to a file and name that, so that problems can be shown with their line";
            return Err(Box::new(problem.fix(fix)));
        }
        let bytes = bytes(path, name)?;
        let text =
            std::str::from_utf8(&bytes).map_err(|error| not_utf8(name, &bytes, error.valid_up_to()))?;
        let source = Self::new(name, text);
        if source.text.trim().is_empty() {
            let problem = Problem::error("file-empty", format!("`{}` is empty", source.name));
            let fix = "`rungate init` writes a first pipeline file";
            return Err(Box::new(problem.at(source.place(1, 1)).fix(fix)));
        }
        Ok(source)
    }

    /// A place in this source.
    pub fn place(&self, line: u32, column: u32) -> Place {
        Place { file: self.name.clone(), line, column }
    }

    /// The text of a line, counted from 1, without its line end.
    pub fn line(&self, number: u32) -> Option<&str> {
        let index = usize::try_from(number.checked_sub(1)?).ok()?;
        self.text.lines().nth(index)
    }
}

/// The file's bytes, at most [`LARGEST_FILE`] of them.
fn bytes(path: &Path, name: &str) -> Result<Vec<u8>, Box<Problem>> {
    let metadata = path.metadata().map_err(|error| unreadable(name, &error))?;
    if metadata.is_dir() {
        let problem = Problem::error("file-not-readable", format!("`{name}` is a directory"));
        let folder = name.trim_end_matches('/');
        return Err(Box::new(problem.fix(format!("name a file in it, such as `{folder}/cloudbuild.yaml`"))));
    }
    if !metadata.is_file() {
        // Opening a pipe would wait for its writer, reading a device may never end.
        let problem = Problem::error("file-not-readable", format!("`{name}` is not a regular file"));
        return Err(Box::new(problem.fix("write its content to a file and name that")));
    }
    if metadata.len() > LARGEST_FILE {
        return Err(too_large(name, metadata.len()));
    }
    let file = File::open(path).map_err(|error| unreadable(name, &error))?;
    let mut bytes = Vec::new();
    // The length may have grown since it was asked for, and files of /proc have none.
    file.take(LARGEST_FILE + 1).read_to_end(&mut bytes).map_err(|error| unreadable(name, &error))?;
    match u64::try_from(bytes.len()) {
        Ok(length) if length <= LARGEST_FILE => Ok(bytes),
        Ok(_) | Err(_) => Err(too_large(name, LARGEST_FILE + 1)),
    }
}

fn unreadable(name: &str, error: &std::io::Error) -> Box<Problem> {
    let problem = |message: String| Problem::error("file-not-readable", message);
    #[expect(
        clippy::wildcard_enum_match_arm,
        reason = "a foreign enum, which grows; its own words say it best"
    )]
    let problem = match error.kind() {
        ErrorKind::NotFound => Problem::error("file-not-found", format!("there is no file `{name}`"))
            .fix("check the path; it is taken from the current directory"),
        ErrorKind::PermissionDenied => problem(format!("`{name}` may not be read: permission denied"))
            .fix(format!("`ls -l {name}` shows who may read it")),
        _ => problem(format!("`{name}` cannot be read: {error}")),
    };
    Box::new(problem)
}

fn too_large(name: &str, length: u64) -> Box<Problem> {
    let mebibytes = length.div_ceil(1024 * 1024);
    let limit = LARGEST_FILE / (1024 * 1024);
    let message = format!("`{name}` has {mebibytes} MiB; a pipeline file may have {limit} MiB");
    let fix = "is this the pipeline file, or something that it builds?";
    Box::new(Problem::error("file-too-large", message).fix(fix))
}

fn not_utf8(name: &str, bytes: &[u8], valid_up_to: usize) -> Box<Problem> {
    let before = bytes.get(..valid_up_to).unwrap_or_default();
    let line = before.iter().filter(|byte| **byte == b'\n').count() + 1;
    let utf16 = bytes.starts_with(&[0xff, 0xfe]) || bytes.starts_with(&[0xfe, 0xff]);
    let place = Place { file: name.into(), line: u32::try_from(line).unwrap_or(u32::MAX), column: 1 };
    let problem =
        Problem::error("file-not-utf8", format!("`{name}` is not UTF-8 text (line {line})")).at(place);
    let fix = if utf16 {
        "it looks like UTF-16, as PowerShell's `>` writes it: save it as UTF-8"
    } else {
        "save it as UTF-8"
    };
    Box::new(problem.fix(fix))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn code(path: &Path) -> &'static str {
        Source::read(path, &path.to_string_lossy()).unwrap_err().code
    }

    #[test]
    fn names_what_is_wrong_with_a_path() {
        let folder = tempfile::tempdir().unwrap();
        let file = |name: &str, content: &[u8]| {
            let path = folder.path().join(name);
            std::fs::write(&path, content).unwrap();
            path
        };
        assert_eq!(code(&folder.path().join("none.yaml")), "file-not-found");
        assert_eq!(code(folder.path()), "file-not-readable");
        assert_eq!(code(Path::new("-")), "file-not-readable");
        assert_eq!(code(&file("empty.yaml", b"")), "file-empty");
        assert_eq!(code(&file("blank.yaml", b"\xef\xbb\xbf \n\n")), "file-empty");
        assert_eq!(code(&file("utf16.yaml", b"\xff\xfea\0")), "file-not-utf8");
        assert_eq!(code(Path::new("/dev/zero")), "file-not-readable");
    }

    #[test]
    fn says_at_which_line_the_text_ends_to_be_utf8() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("latin1.yaml");
        std::fs::write(&path, b"a: 1\nb: caf\xe9\n").unwrap();
        assert_eq!(Source::read(&path, "a.yaml").unwrap_err().place.unwrap().line, 2);
    }

    #[test]
    fn a_huge_file_is_refused_unread() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("huge.yaml");
        let file = File::create(&path).unwrap();
        file.set_len(100 * 1024 * 1024).unwrap();
        let problem = Source::read(&path, "a.yaml").unwrap_err();
        assert_eq!(problem.code, "file-too-large");
        assert!(problem.message.contains("100 MiB"), "{}", problem.message);
    }

    #[test]
    fn a_byte_order_mark_is_not_text() {
        let source = Source::new("a", "\u{feff}a: 1\r\nb: 2\r\n");
        assert_eq!(source.line(1), Some("a: 1"));
        assert_eq!(source.line(2), Some("b: 2"));
        assert_eq!(source.line(3), None);
    }
}

//! Where a report goes: a place proven writable before the run, and written whole or not at all.

use std::fmt;
use std::fs::{self, File, OpenOptions};
use std::io::{self, Write};
use std::path::{Path, PathBuf};

use tempfile::NamedTempFile;

/// A file to write a report to.
#[derive(Debug)]
pub struct Destination {
    path: PathBuf,
    way: Sink,
}

#[derive(Debug)]
enum Sink {
    /// A regular file: written beside its place, then renamed, so that nobody reads half of one.
    Replace(NamedTempFile),
    /// A pipe or device: there is nothing to rename over.
    Stream(File),
}

/// Why a report could not be written.
#[derive(Debug)]
pub struct ReportError {
    path: PathBuf,
    problem: Problem,
}

#[derive(Debug)]
enum Problem {
    Directory,
    NoParent(PathBuf),
    ReadOnly,
    Io(io::Error),
}

impl fmt::Display for ReportError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let path = self.path.display();
        match &self.problem {
            Problem::Directory => {
                write!(f, "cannot write the report {path}: it is a directory; name a file in it")
            }
            Problem::NoParent(parent) => write!(
                f,
                "cannot write the report {path}: there is no directory {}; create it first",
                parent.display()
            ),
            Problem::ReadOnly => write!(f, "cannot write the report {path}: the file is read-only"),
            Problem::Io(error) => write!(f, "cannot write the report {path}: {error}"),
        }
    }
}

impl std::error::Error for ReportError {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        match &self.problem {
            Problem::Io(error) => Some(error),
            Problem::Directory | Problem::NoParent(_) | Problem::ReadOnly => None,
        }
    }
}

impl Destination {
    /// Proves that a report can be written there, without touching what is there now.
    ///
    /// # Errors
    ///
    /// The path is a directory or a read-only file, its parent does not exist or is not writable.
    pub fn open(path: impl Into<PathBuf>) -> Result<Self, ReportError> {
        let path = path.into();
        match Sink::open(&path) {
            Ok(way) => Ok(Self { path, way }),
            Err(problem) => Err(ReportError { path, problem }),
        }
    }

    /// The path as the user named it.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// Writes the report. A file that was there before is replaced in one step.
    ///
    /// # Errors
    ///
    /// The disk is full, or the place is no longer writable.
    pub fn write(self, text: &str) -> Result<(), ReportError> {
        let Self { path, way } = self;
        way.write(&path, text).map_err(|error| ReportError { path, problem: Problem::Io(error) })
    }
}

impl Sink {
    fn open(path: &Path) -> Result<Self, Problem> {
        match fs::metadata(path) {
            Ok(found) if found.is_dir() => return Err(Problem::Directory),
            Ok(found) if !found.is_file() => {
                return OpenOptions::new().write(true).open(path).map(Self::Stream).map_err(Problem::Io);
            }
            Ok(found) if found.permissions().readonly() => return Err(Problem::ReadOnly),
            Ok(_) => {}
            Err(error) if error.kind() == io::ErrorKind::NotFound => {}
            Err(error) => return Err(Problem::Io(error)),
        }
        if path.file_name().is_none() {
            return Err(Problem::Directory);
        }
        let parent = parent(path);
        if !parent.is_dir() {
            return Err(Problem::NoParent(parent));
        }
        let mut builder = tempfile::Builder::new();
        builder.prefix(".rungate-").suffix(".tmp");
        // A report is for others to read: the umask decides, not tempfile's 0600.
        #[cfg(unix)]
        let builder = {
            use std::os::unix::fs::PermissionsExt;
            builder.permissions(fs::Permissions::from_mode(0o666))
        };
        builder.tempfile_in(parent).map(Self::Replace).map_err(Problem::Io)
    }

    fn write(self, path: &Path, text: &str) -> io::Result<()> {
        match self {
            Self::Replace(mut file) => {
                file.write_all(text.as_bytes())?;
                file.flush()?;
                // A symbolic link stays one: the file that it leads to is replaced.
                let place = fs::canonicalize(path).unwrap_or_else(|_| path.to_owned());
                file.persist(place).map(drop).map_err(|error| error.error)
            }
            Self::Stream(mut file) => {
                file.write_all(text.as_bytes())?;
                file.flush()
            }
        }
    }
}

/// The folder in which the report is written first: that of the file itself, also behind a symbolic link.
fn parent(path: &Path) -> PathBuf {
    let place = fs::canonicalize(path).unwrap_or_else(|_| path.to_owned());
    match place.parent() {
        Some(parent) if !parent.as_os_str().is_empty() => parent.to_owned(),
        Some(_) | None => PathBuf::from("."),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn folder() -> tempfile::TempDir {
        tempfile::tempdir().unwrap()
    }

    fn names(folder: &Path) -> Vec<String> {
        let entries = fs::read_dir(folder).unwrap();
        let mut names: Vec<String> =
            entries.map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect();
        names.sort();
        names
    }

    #[test]
    fn replaces_the_file_in_one_step_and_leaves_nothing_beside_it() {
        let folder = folder();
        let path = folder.path().join("report.xml");
        fs::write(&path, "of the last run").unwrap();
        let destination = Destination::open(&path).unwrap();
        assert_eq!(fs::read_to_string(&path).unwrap(), "of the last run");
        destination.write("of this run").unwrap();
        assert_eq!(fs::read_to_string(&path).unwrap(), "of this run");
        assert_eq!(names(folder.path()), ["report.xml"]);
    }

    #[test]
    fn a_run_that_writes_nothing_leaves_what_was_there() {
        let folder = folder();
        let path = folder.path().join("report.xml");
        fs::write(&path, "of the last run").unwrap();
        drop(Destination::open(&path).unwrap());
        assert_eq!(fs::read_to_string(&path).unwrap(), "of the last run");
        assert_eq!(names(folder.path()), ["report.xml"]);
    }

    #[test]
    fn says_why_a_place_is_not_writable() {
        let folder = folder();
        let read_only = folder.path().join("read-only");
        fs::write(&read_only, "").unwrap();
        let mut permissions = fs::metadata(&read_only).unwrap().permissions();
        permissions.set_readonly(true);
        fs::set_permissions(&read_only, permissions).unwrap();
        let table = [
            (folder.path().to_owned(), "it is a directory; name a file in it"),
            (folder.path().join("no/such/report.xml"), "no/such; create it first"),
            (read_only.clone(), "the file is read-only"),
            (read_only.join("report.xml"), "cannot write the report"),
        ];
        for (path, expected) in table {
            let message = Destination::open(&path).unwrap_err().to_string();
            assert!(message.contains(expected), "{message}");
            assert!(message.contains(&path.display().to_string()), "{message}");
        }
    }

    #[cfg(unix)]
    #[test]
    fn a_report_is_readable_for_others_and_keeps_a_symbolic_link() {
        use std::os::unix::fs::PermissionsExt;
        let folder = folder();
        let path = folder.path().join("real.json");
        Destination::open(&path).unwrap().write("{}").unwrap();
        let plain = folder.path().join("plain");
        fs::write(&plain, "").unwrap();
        let mode = |path: &Path| fs::metadata(path).unwrap().permissions().mode();
        assert_eq!(mode(&path), mode(&plain));

        let link = folder.path().join("link.json");
        std::os::unix::fs::symlink(&path, &link).unwrap();
        Destination::open(&link).unwrap().write("[]").unwrap();
        assert!(fs::symlink_metadata(&link).unwrap().is_symlink());
        assert_eq!(fs::read_to_string(&path).unwrap(), "[]");
    }

    #[cfg(unix)]
    #[test]
    fn writes_into_a_device_instead_of_replacing_it() {
        let null = Path::new("/dev/null");
        Destination::open(null).unwrap().write("gone").unwrap();
        assert!(!fs::metadata(null).unwrap().is_file());
    }
}

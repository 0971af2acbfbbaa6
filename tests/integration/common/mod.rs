//! The real binary in a scrubbed environment, through one builder.

/// A headless browser.
pub mod chromium;
/// Listeners on loopback that misbehave as they are told.
pub mod listener;
/// A real PostgreSQL server.
pub mod pg;
/// Waiting for what must come.
pub(crate) mod wait;

use std::path::{Path, PathBuf};
use std::process::{Command, Output};

pub(crate) use wait::{HANG, until, wait_until};

/// The repository's folder.
pub fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

/// A sample pipeline of the repository.
pub fn pipeline(name: &str) -> String {
    root().join("pipelines").join(name).display().to_string()
}

/// A folder of the test's own, and the binary in it. The environment is empty but for what a test sets.
pub struct Rungate {
    folder: tempfile::TempDir,
}

/// What a run of the binary left.
pub struct Ran {
    /// Exit status; 128 + n for signal n.
    pub status: i32,
    /// Standard output.
    pub stdout: String,
    /// Standard error.
    pub stderr: String,
}

impl Rungate {
    /// A new empty folder.
    pub fn new() -> Self {
        Self { folder: tempfile::tempdir().unwrap() }
    }

    /// A path in the folder.
    pub fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    /// Writes a file into the folder.
    pub fn file(&self, name: &str, text: impl AsRef<[u8]>) -> PathBuf {
        let path = self.path(name);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(&path, text).unwrap();
        path
    }

    /// Reads a file of the folder.
    pub fn read(&self, name: &str) -> String {
        std::fs::read_to_string(self.path(name)).unwrap()
    }

    /// The command, not yet run.
    pub fn command(&self, arguments: &[&str]) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_rungate"));
        command.args(arguments).current_dir(self.folder.path()).env_clear().env("PATH", "/usr/bin:/bin");
        // One root certificate instead of the system's 150, which each of the gate's clients reads anew: two thirds of
        // a drill's time in a debug build. Nobody has its key.
        command.env("SSL_CERT_FILE", root().join("tests/data/authority-of-nobody.pem"));
        command
    }

    /// Runs the binary.
    pub fn run(&self, arguments: &[&str]) -> Ran {
        Ran::of(self.command(arguments).output().unwrap())
    }
}

impl Ran {
    /// What a finished process left.
    pub fn of(output: Output) -> Self {
        use std::os::unix::process::ExitStatusExt as _;
        let status = output.status.code().unwrap_or_else(|| 128 + output.status.signal().unwrap_or_default());
        let text = |bytes: Vec<u8>| String::from_utf8(bytes).expect("output is UTF-8");
        Self { status, stdout: text(output.stdout), stderr: text(output.stderr) }
    }

    /// Both outputs, for messages and for searching.
    pub fn all(&self) -> String {
        format!("exit {}\n-- stdout\n{}\n-- stderr\n{}", self.status, self.stdout, self.stderr)
    }
}

/// Prints why a test did not run; there is no other way in Rust's harness.
pub fn skip(reason: &str) {
    println!("SKIPPED: {reason}");
    eprintln!("SKIPPED: {reason}");
}

/// Whether a program is there.
pub fn installed(program: &str) -> bool {
    std::env::var_os("PATH")
        .is_some_and(|path| std::env::split_paths(&path).any(|dir| dir.join(program).is_file()))
}

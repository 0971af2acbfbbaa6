//! What a run leaves for GitHub besides its reports: masks, annotations, the step's summary and outputs.
//!
//! Masks, annotations and groups go to standard error, which the runner reads like standard output: the report that
//! was asked for stays alone there. Nothing here changes the verdict; what could not be written is told.

use std::fs::{File, OpenOptions};
use std::hash::{BuildHasher as _, RandomState};
use std::io::{self, Write as _};
use std::path::{Path, PathBuf};

use secrecy::{ExposeSecret as _, SecretString};

use super::Context;
use super::arguments::When;
use crate::diagnosis::Diagnosis;
use crate::findings::{Findings, annotations};
use crate::model::Pipeline;
use crate::record::RunRecord;
use crate::report::{Style, github, markdown};
use crate::text::escape::one_line;
use crate::text::github::data;
use crate::text::vault::Vault;

/// Less room in the summary than this is none, in bytes.
const LEAST_ROOM: u64 = 4 << 10;
/// Shorter lines are not masked, in bytes: to hide every "a" hides the log and protects nothing.
const SHORTEST: usize = 4;

/// What GitHub's runner gave the process.
#[derive(Clone, Debug, Default)]
pub struct Runner {
    /// Whether it runs us at all (`GITHUB_ACTIONS=true`).
    pub is_here: bool,
    /// The file of the step's summary (`GITHUB_STEP_SUMMARY`).
    pub summary: Option<PathBuf>,
    /// The file of the step's outputs (`GITHUB_OUTPUT`).
    pub output: Option<PathBuf>,
    /// The repository's folder (`GITHUB_WORKSPACE`).
    pub workspace: Option<PathBuf>,
}

/// What the run is to leave there.
#[derive(Debug)]
pub(super) struct Native {
    runner: Runner,
    /// The working directory within the repository, with a slash at its end.
    folder: String,
    /// Whether secrets may be named to the runner: only where it reads them, and no file keeps them.
    masks: bool,
    /// The paths of reports that the outputs name, by format.
    paths: Vec<(&'static str, String)>,
}

impl Native {
    /// What was asked for, if anything.
    pub(super) fn new(when: When, context: &Context, paths: Vec<(&'static str, String)>) -> Option<Self> {
        let runner = context.github.clone();
        let wanted = match when {
            When::Always => true,
            When::Never => false,
            When::Auto => runner.is_here,
        };
        let within = |root: &PathBuf| context.directory.strip_prefix(root).ok().map(Path::to_owned);
        let folder = runner.workspace.as_ref().and_then(within).unwrap_or_default();
        let folder = folder.components().map(|part| format!("{}/", part.as_os_str().display())).collect();
        wanted.then_some(Self { masks: runner.is_here && !context.stderr_is_file, folder, paths, runner })
    }

    /// Annotates the files' own lines with what a dry run found.
    pub(super) fn annotate(&self, findings: &Findings) {
        drop(io::stderr().write_all(annotations(findings, &self.folder).as_bytes()));
    }

    /// Has the runner mask these, line by line: it masks lines.
    pub(super) fn mask(&self, secrets: &[SecretString]) {
        if !self.masks {
            return;
        }
        let mut commands = String::new();
        for secret in secrets {
            let text = secret.expose_secret();
            for line in text.lines().map(str::trim).filter(|line| line.len() >= SHORTEST) {
                commands.push_str(&format!("::add-mask::{}\n", data(line)));
            }
        }
        drop(io::stderr().write_all(commands.as_bytes()));
    }

    /// Leaves everything; gives back what could not be left.
    pub(super) fn write(&self, record: &RunRecord, diagnosis: &Diagnosis, style: &Style) -> Vec<String> {
        let commands = github::commands(record, diagnosis, style, &self.folder);
        drop(io::stderr().write_all(commands.as_bytes()));
        let summary = self.runner.summary.as_deref().map(|path| (path, summarise(path, record, diagnosis)));
        let outputs = outputs(record, diagnosis, &self.paths);
        let output = self.runner.output.as_deref().map(|path| (path, append(path, &outputs)));
        let unset = |name: &str| format!("{name} is not set, so it was not written");
        let mut trouble: Vec<String> = [summary, output]
            .into_iter()
            .flatten()
            .filter_map(|(path, done)| Some(format!("cannot write {}: {}", path.display(), done.err()?)))
            .collect();
        if self.runner.is_here {
            trouble.extend(self.runner.summary.is_none().then(|| unset("GITHUB_STEP_SUMMARY")));
            trouble.extend(self.runner.output.is_none().then(|| unset("GITHUB_OUTPUT")));
        }
        trouble
    }
}

/// What the files state in plain text although it is secret.
pub fn stated_secrets(pipeline: &Pipeline) -> Vec<SecretString> {
    let vault = Vault::default();
    for variable in pipeline.services.iter().flat_map(|service| &service.env) {
        if let Some(value) = variable.value.as_known() {
            vault.remember_variable(&variable.name, value);
        }
    }
    vault.secrets()
}

/// Adds the report to the step's summary, within what others have left of it.
fn summarise(path: &Path, record: &RunRecord, diagnosis: &Diagnosis) -> io::Result<()> {
    let taken = match std::fs::metadata(path) {
        Ok(found) => found.len(),
        Err(error) if error.kind() == io::ErrorKind::NotFound => 0,
        Err(error) => return Err(error),
    };
    // One byte for the line break that parts us from what is there.
    let room = u64::try_from(markdown::LIMIT).unwrap_or_default().saturating_sub(taken.saturating_add(1));
    if room < LEAST_ROOM {
        return Err(io::Error::other(format!("the step's summary is full ({taken} bytes)")));
    }
    let report = markdown::within(record, diagnosis, usize::try_from(room).unwrap_or(markdown::LIMIT));
    append(path, &format!("{}{report}", if taken > 0 { "\n" } else { "" }))
}

/// The step's outputs in the file's form: each value between marks that nobody can foresee.
fn outputs(record: &RunRecord, diagnosis: &Diagnosis, paths: &[(&'static str, String)]) -> String {
    let lead = diagnosis.causes.first();
    let path = |id: &str| paths.iter().find(|(known, _)| *known == id).map(|(_, path)| path.clone());
    // Of several services nobody could tell whose it is.
    let only = match record.services.as_slice() {
        [only] => Some(only),
        _ => None,
    };
    let values = [
        ("verdict", Some(diagnosis.verdict.to_string())),
        ("root_cause", lead.map(|cause| cause.claim.clone())),
        ("root_cause_code", lead.map(|cause| cause.code.to_string())),
        ("junit", path("junit").or_else(|| path("junit-github"))),
        ("json", path("json")),
        ("html", path("html")),
        ("revision", only.and_then(|service| service.revision.clone())),
        ("url", only.and_then(|service| service.url.clone())),
    ];
    let one = |(name, value): &(&str, Option<String>)| {
        let value = one_line(value.as_deref().unwrap_or_default());
        let mark = mark(&value);
        format!("{name}<<{mark}\n{value}\n{mark}\n")
    };
    values.iter().map(one).collect()
}

/// A random word that does not stand in the value.
fn mark(value: &str) -> String {
    loop {
        let (one, other) = (RandomState::new().hash_one(0), RandomState::new().hash_one(1));
        let mark = format!("rungate_{one:016x}{other:016x}");
        if !value.contains(&mark) {
            return mark;
        }
    }
}

fn append(path: &Path, text: &str) -> io::Result<()> {
    let mut file: File = OpenOptions::new().append(true).create(true).open(path)?;
    file.write_all(text.as_bytes())?;
    file.flush()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_value_ends_its_own_output() {
        let record = RunRecord::refused("a\nverdict=healthy\nverdict<<X\nhealthy\nX");
        let text = outputs(
            &record,
            &crate::diagnosis::diagnose(&record, crate::checks::graph()),
            &[("json", "a\nb".to_owned())],
        );
        let lines: Vec<&str> = text.lines().collect();
        let mut names = Vec::new();
        for part in lines.chunks(3) {
            let [head, _, end] = part else { panic!("{text}") };
            let (name, mark) = head.split_once("<<").unwrap();
            assert_eq!(mark, *end);
            names.push(name);
        }
        let expected =
            ["verdict", "root_cause", "root_cause_code", "junit", "json", "html", "revision", "url"];
        assert_eq!(names, expected);
        assert_ne!(mark("x"), mark("x"));
    }
}

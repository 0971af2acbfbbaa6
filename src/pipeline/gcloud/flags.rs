//! Which words of a command line are flags, which are values of flags, which are neither.

use super::file;
use crate::pipeline::files::Files;
use crate::pipeline::problem::Problems;
use crate::pipeline::text::Text;

/// A flag as given.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Flag {
    /// With its dashes.
    pub(super) name: String,
    /// What follows it or its `=`.
    pub(super) value: Option<Text>,
    /// Its number on the command line.
    pub(super) order: usize,
}

impl Flag {
    pub(super) fn is(&self, value: &str) -> bool {
        self.value.as_ref().is_some_and(|text| text.is(value))
    }
}

/// A command line, sorted.
#[derive(Debug)]
pub(super) struct Words {
    pub(super) positionals: Vec<Text>,
    pub(super) flags: Vec<Flag>,
}

/// The flags of `gcloud run deploy`, `services update`, `services replace` and `jobs deploy` that take no value, and
/// gcloud's own (from the completion table of gcloud's command tree), beside all that begin with `--no-` or
/// `--clear-`.
const WITHOUT_VALUE: &[&str] = &[
    "--allow-unauthenticated",
    "--allow-unencrypted-build",
    "--async",
    "--automatic-updates",
    "--cpu-boost",
    "--cpu-throttling",
    "--default-url",
    "--delegate-builds",
    "--deploy-health-check",
    "--dry-run",
    "--execute-now",
    "--gpu-zonal-redundancy",
    "--help",
    "--iap",
    "--invoker-iam-check",
    "--log-http",
    "--quiet",
    "--session-affinity",
    "--use-http2",
    "--user-output-enabled",
    "--version",
    "--wait",
    "-h",
    "-q",
];

pub(super) fn takes_value(name: &str) -> bool {
    !(WITHOUT_VALUE.contains(&name) || name.starts_with("--no-") || name.starts_with("--clear-"))
}

/// Sorts the words of a command line; the flags of files that it names stand where it names them.
pub(super) fn sort(words: &[Text], files: &Files<'_>, problems: &mut Problems) -> Words {
    let mut sorted = Words { positionals: Vec::new(), flags: Vec::new() };
    let mut words = words.iter().peekable();
    while let Some(word) = words.next() {
        let raw = word.raw();
        if !word.starts_with("-") || raw == "-" {
            sorted.positionals.push(word.clone());
            continue;
        }
        if raw == "--" {
            // What follows is for the container.
            break;
        }
        let (name, value) = match word.split_once("=") {
            Some((name, value)) => (name.raw(), Some(value)),
            None if takes_value(&raw) => (raw, words.next_if(|next| !next.starts_with("--")).cloned()),
            None => (raw, None),
        };
        match value {
            Some(path) if name == "--flags-file" => {
                sorted.flags.extend(file::flags(&path, files, 0, problems));
            }
            value => sorted.flags.push(Flag { name, value, order: 0 }),
        }
    }
    for (order, flag) in sorted.flags.iter_mut().enumerate() {
        flag.order = order;
    }
    sorted
}

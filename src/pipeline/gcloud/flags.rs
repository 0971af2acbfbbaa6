//! Which words of a command line are flags, which are values of flags, which are neither: as Python's argparse sorts
//! them for gcloud. gcloud takes no abbreviations of flags.

use super::file;
use crate::model::{Place, Stated};
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
    /// Whether the value follows a `=`.
    pub(super) joined: bool,
    /// Where it stands.
    pub(super) place: Place,
}

impl Flag {
    pub(super) fn is(&self, value: &str) -> bool {
        self.value.as_ref().is_some_and(|text| text.is(value))
    }
}

/// The flags of a command, or of one of its containers, in order.
#[derive(Clone, Debug, Default)]
pub(super) struct GivenFlags<'a>(pub(super) Vec<&'a Flag>);

impl<'a> GivenFlags<'a> {
    pub(super) fn find(&self, name: &str) -> Option<&'a Flag> {
        self.0.iter().rev().find(|flag| flag.name == name).copied()
    }

    /// All flags of some names, in order.
    pub(super) fn all(&self, names: &[&str]) -> impl Iterator<Item = &'a Flag> {
        self.0.iter().copied().filter(move |flag| names.contains(&flag.name.as_str()))
    }

    /// The value of a flag: of several, the last one's.
    pub(super) fn text(&self, name: &str) -> Option<&'a Text> {
        self.find(name)?.value.as_ref()
    }

    /// The value of a flag for which nothing is as good as no flag.
    pub(super) fn stated(&self, name: &str) -> Option<Stated> {
        self.text(name).filter(|text| !text.is_empty()).map(Text::stated)
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

/// Whether a word is a flag by its looks: it begins with a dash, and is neither a dash alone nor a negative number
/// nor has a blank in its name.
fn is_flag(word: &Text) -> bool {
    let raw = word.raw();
    let name = raw.split('=').next().unwrap_or_default();
    word.starts_with("-") && raw != "-" && raw.parse::<f64>().is_err() && !name.contains(' ')
}

/// Sorts the words of a command line; the flags of files that it names stand where it names them.
pub(super) fn sort(words: &[Text], files: &Files<'_>, problems: &mut Problems) -> Words {
    let mut sorted = Words { positionals: Vec::new(), flags: Vec::new() };
    let mut words = words.iter().peekable();
    while let Some(word) = words.next() {
        let raw = word.raw();
        if !is_flag(word) {
            sorted.positionals.push(word.clone());
            continue;
        }
        if raw == "--" {
            // What follows is for the container.
            break;
        }
        let joined = word.split_once("=");
        let is_joined = joined.is_some();
        let (name, value) = match joined {
            Some((name, value)) => (name.raw(), Some(value)),
            None if takes_value(&raw) => (raw, words.next_if(|next| !is_flag(next)).cloned()),
            None => (raw, None),
        };
        match value {
            Some(path) if name == "--flags-file" => {
                sorted.flags.extend(file::flags(&path, files, 0, problems));
            }
            value => {
                let place = word.place().clone();
                sorted.flags.push(Flag { name, value, joined: is_joined, place });
            }
        }
    }
    sorted
}

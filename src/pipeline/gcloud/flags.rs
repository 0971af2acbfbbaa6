//! Which words of a command line are flags, which are values of flags, which are neither.

use super::Word;
use crate::model::Place;

/// A flag as given.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Flag {
    /// With its dashes.
    pub(super) name: String,
    /// What follows it or its `=`.
    pub(super) value: Option<String>,
    /// Where its value stands, else the flag.
    pub(super) place: Place,
}

impl Flag {
    pub(super) fn is(&self, value: &str) -> bool {
        self.value.as_deref() == Some(value)
    }
}

/// A command line, sorted.
#[derive(Debug)]
pub(super) struct Words {
    pub(super) positionals: Vec<Word>,
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

fn takes_value(name: &str) -> bool {
    !(WITHOUT_VALUE.contains(&name) || name.starts_with("--no-") || name.starts_with("--clear-"))
}

/// Sorts the words of a command line.
pub(super) fn sort(words: &[Word]) -> Words {
    let mut sorted = Words { positionals: Vec::new(), flags: Vec::new() };
    let mut words = words.iter().peekable();
    while let Some(word) = words.next() {
        if !word.text.starts_with('-') || word.text == "-" {
            sorted.positionals.push(word.clone());
        } else if word.text == "--" {
            // What follows is for the container.
            break;
        } else if let Some((name, value)) = word.text.split_once('=') {
            let (name, place) = (name.to_owned(), word.place.clone());
            sorted.flags.push(Flag { name, value: Some(value.to_owned()), place });
        } else {
            let value = if takes_value(&word.text) {
                words.next_if(|next| !next.text.starts_with("--"))
            } else {
                None
            };
            let place = value.unwrap_or(word).place.clone();
            let value = value.map(|word| word.text.clone());
            sorted.flags.push(Flag { name: word.text.clone(), value, place });
        }
    }
    sorted
}

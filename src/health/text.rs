//! Bodies that are no JSON: one word, or Kubernetes' list of checks.

use super::Dialect;
use super::evidence::Evidence;
use super::words::{Word, word};

/// Longest body that is read as a word.
const LONGEST: usize = 200;

/// Reads a text that is not empty.
pub(super) fn read(body: &str) -> (Evidence, Dialect) {
    if body.starts_with("[+]") || body.starts_with("[-]") || body.contains("\n[-]") {
        return (checks(body), Dialect::Kubernetes);
    }
    let evidence = match word(body) {
        known @ (Word::Good | Word::Degraded | Word::Bad) => Evidence::of_word(known, Some(body)),
        Word::Unknown if body.len() <= LONGEST => {
            Evidence::unreadable(format!("the text {body:?} is no word of health that is known"))
        }
        Word::Unknown => Evidence::unreadable("the body is a longer text"),
    };
    (evidence, Dialect::PlainText)
}

/// `[+]ping ok`, `[-]database failed: reason withheld`, and a last line that sums up.
fn checks(body: &str) -> Evidence {
    let mut evidence = Evidence::default();
    for line in body.lines().map(str::trim) {
        let (good, rest) = match (line.strip_prefix("[+]"), line.strip_prefix("[-]")) {
            (Some(rest), _) => (Word::Good, rest),
            (None, Some(rest)) => (Word::Bad, rest),
            (None, None) => continue,
        };
        let (name, text) = rest.split_once(' ').unwrap_or((rest, ""));
        evidence.dependency(name, false, good, text, true);
        // A check that fails fails the whole there.
        evidence.whole(good, None);
    }
    evidence
}

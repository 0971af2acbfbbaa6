//! Numbers as reports for people show them.

use std::collections::BTreeMap;

use crate::record::{Outcome, RunRecord, words};

pub(super) fn count(number: usize, what: &str) -> String {
    if number == 1 { format!("1 {what}") } else { format!("{number} {what}s") }
}

/// Milliseconds as seconds with two decimals; without a blank, so that no line breaks in it.
pub(super) fn seconds(ms: u64) -> String {
    format!("{}.{:02}s", ms / 1000, ms % 1000 / 10)
}

/// What was and was not looked at.
pub(super) fn coverage(record: &RunRecord) -> String {
    let (mut passed, mut failed, mut blocked, mut unknown) = (0_usize, 0_usize, 0_usize, 0_usize);
    let mut skipped: BTreeMap<&str, usize> = BTreeMap::new();
    for node in &record.nodes {
        match &node.outcome {
            Some(Outcome::Passed { .. }) => passed += 1,
            Some(Outcome::Failed { .. }) => failed += 1,
            Some(Outcome::Blocked { .. }) => blocked += 1,
            Some(Outcome::Skipped { reason }) => *skipped.entry(words::skip_kind(reason)).or_default() += 1,
            Some(Outcome::Inconclusive { .. }) | None => unknown += 1,
        }
    }
    let total: usize = skipped.values().sum();
    let reasons: Vec<String> = skipped.iter().map(|(reason, count)| format!("{count} {reason}")).collect();
    let reasons = if reasons.is_empty() { String::new() } else { format!(" ({})", reasons.join(", ")) };
    format!(
        "{passed} passed, {failed} failed, {blocked} blocked, {total} skipped{reasons}, {unknown} inconclusive"
    )
}

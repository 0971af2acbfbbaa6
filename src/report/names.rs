//! How a list of checks is named in a text.

use crate::record::NodeRecord;

/// Names of checks in one text, in their order: a check that several subjects have is named once, with all of them.
pub(super) fn names(nodes: &[&NodeRecord]) -> String {
    let mut checks: Vec<(&str, Vec<&str>)> = Vec::new();
    for node in nodes {
        let subject = node.subject.as_deref();
        match checks.iter_mut().find(|(check, _)| node.check == *check) {
            Some((_, subjects)) => subjects.extend(subject),
            None => checks.push((node.check.as_str(), subject.into_iter().collect())),
        }
    }
    let one = |(check, subjects): &(&str, Vec<&str>)| match subjects.as_slice() {
        [] => (*check).to_owned(),
        some => format!("{check}[{}]", some.join(", ")),
    };
    checks.iter().map(one).collect::<Vec<_>>().join(", ")
}

//! The keys of a mapping, of which none may be unknown.

use crate::pipeline::problem::{Problem, Problems};
use crate::pipeline::yaml::{Kind, Node};
use crate::text::nearest;

/// A mapping whose keys are all known.
pub(super) struct Fields<'a> {
    node: &'a Node,
}

impl<'a> Fields<'a> {
    /// Opens a mapping and tells of each key that it may not have. `None` where the node is no mapping, which is
    /// told too.
    pub(super) fn open(
        node: &'a Node,
        what: &str,
        known: &'static [&'static str],
        problems: &mut Problems,
    ) -> Option<Self> {
        let Kind::Map(entries) = &node.kind else {
            let keys: Vec<_> = known.iter().map(|key| format!("`{key}`")).collect();
            let expected = format!("a mapping with the keys {}", keys.join(", "));
            problems.push(wrong_kind(node, what, &expected));
            return None;
        };
        for entry in entries.iter().filter(|entry| !known.contains(&entry.key.as_str())) {
            problems.push(
                Problem::error("unknown-key", format!("{what} has no key `{}`", entry.key))
                    .at(entry.place.clone())
                    .length(entry.key.chars().count())
                    .fix(nearest::did_you_mean(&entry.key, known.iter().copied())),
            );
        }
        Some(Self { node })
    }

    /// The value of a key; a key with nothing behind it is as good as absent.
    pub(super) fn get(&self, key: &str) -> Option<&'a Node> {
        self.node.get(key).filter(|value| !value.is_null())
    }
}

/// A value of the wrong kind. `key` is how the message calls it.
pub(super) fn wrong_kind(node: &Node, key: &str, expected: &str) -> Problem {
    Problem::error("wrong-kind", format!("{key} is {}, expected {expected}", node.what()))
        .at(node.place.clone())
        .length(node.length)
}

//! What of a workflow is not of the shape that GitHub asks for: told with its place, and the rest is still read.

use crate::pipeline::problem::{Problem, Problems};
use crate::pipeline::yaml::{Entry, Kind, Node};

/// The entries of a mapping; of anything but nothing, a problem.
pub(super) fn entries<'n>(node: Option<&'n Node>, what: &str, problems: &mut Problems) -> &'n [Entry] {
    let Some(node) = node.filter(|node| !node.is_null()) else { return &[] };
    match &node.kind {
        Kind::Map(entries) => entries,
        // `env: ${{ fromJSON('…') }}`
        Kind::Scalar { text, .. } if text.trim_start().starts_with("${{") => &[],
        Kind::Scalar { .. } | Kind::Seq(_) => {
            problems.push(wrong(node, what, "a mapping"));
            &[]
        }
    }
}

/// The items of a list; of anything but nothing, a problem.
pub(super) fn items<'n>(node: Option<&'n Node>, what: &str, problems: &mut Problems) -> &'n [Node] {
    let Some(node) = node.filter(|node| !node.is_null()) else { return &[] };
    match &node.kind {
        Kind::Seq(items) => items,
        Kind::Scalar { .. } | Kind::Map(_) => {
            problems.push(wrong(node, what, "a list"));
            &[]
        }
    }
}

/// A scalar with something in it; of a list or a mapping, a problem.
pub(super) fn text<'n>(node: Option<&'n Node>, what: &str, problems: &mut Problems) -> Option<&'n Node> {
    let node = node.filter(|node| !node.is_null())?;
    match &node.kind {
        Kind::Scalar { text, .. } => (!text.trim().is_empty()).then_some(node),
        Kind::Seq(_) | Kind::Map(_) => {
            problems.push(wrong(node, what, "a text"));
            None
        }
    }
}

/// Something is not of its type.
pub(super) fn wrong(node: &Node, what: &str, expected: &str) -> Problem {
    Problem::warning("wrong-type", format!("{what} is {}, where {expected} is expected", node.what()))
        .at(node.place.clone())
        .length(node.length)
        .hint("GitHub refuses the workflow; everything else in it is read")
}

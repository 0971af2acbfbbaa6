//! What of a workflow is not of the shape that GitHub asks for: told with its place, and the rest is still read.

use crate::pipeline::problem::{Problem, Problems};
use crate::pipeline::shape::Shape;
use crate::pipeline::yaml::{Entry, Kind, Node};

const SHAPE: Shape = Shape { fix: "GitHub refuses the workflow; everything else in it is read" };

/// The entries of a mapping; of anything but nothing or an expression, a problem.
pub(super) fn entries<'n>(node: Option<&'n Node>, what: &str, problems: &mut Problems) -> &'n [Entry] {
    // `env: ${{ fromJSON('…') }}`
    let expression = |node: &&Node| matches!(&node.kind, Kind::Scalar { text, .. } if text.trim_start().starts_with("${{"));
    SHAPE.entries(node.filter(|node| !expression(node)), what, problems)
}

/// The items of a list; of anything but nothing, a problem.
pub(super) fn items<'n>(node: Option<&'n Node>, what: &str, problems: &mut Problems) -> &'n [Node] {
    SHAPE.items(node, what, problems)
}

/// A scalar with something in it; of a list or a mapping, a problem.
pub(super) fn text<'n>(node: Option<&'n Node>, what: &str, problems: &mut Problems) -> Option<&'n Node> {
    SHAPE.text(node, what, problems)
}

/// Something is not of its type.
pub(super) fn wrong(node: &Node, what: &str, expected: &str) -> Problem {
    SHAPE.wrong(node, what, expected)
}

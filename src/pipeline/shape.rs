//! What of a file is not of the type that its format asks for: told with its place, and the rest is still read.

use super::problem::{Problem, Problems};
use super::yaml::{Entry, Kind, Node};
use crate::text::looks_secret;

/// The shape of a format's files.
#[derive(Clone, Copy, Debug)]
pub(super) struct Shape {
    /// Who refuses a file of another shape, for the help of a problem.
    pub(super) fix: &'static str,
}

impl Shape {
    /// The entries of a mapping; of anything but nothing, a problem.
    pub(super) fn entries<'n>(
        self,
        node: Option<&'n Node>,
        what: &str,
        problems: &mut Problems,
    ) -> &'n [Entry] {
        let Some(node) = node.filter(|node| !node.is_null()) else { return &[] };
        match &node.kind {
            Kind::Map(entries) => entries,
            Kind::Scalar { .. } | Kind::Seq(_) => {
                problems.push(self.wrong(node, what, "a mapping"));
                &[]
            }
        }
    }

    /// The items of a list; of anything but nothing, a problem.
    pub(super) fn items<'n>(self, node: Option<&'n Node>, what: &str, problems: &mut Problems) -> &'n [Node] {
        let Some(node) = node.filter(|node| !node.is_null()) else { return &[] };
        match &node.kind {
            Kind::Seq(items) => items,
            Kind::Scalar { .. } | Kind::Map(_) => {
                problems.push(self.wrong(node, what, "a list"));
                &[]
            }
        }
    }

    /// A scalar with something in it; of a list or a mapping, a problem.
    pub(super) fn text<'n>(
        self,
        node: Option<&'n Node>,
        what: &str,
        problems: &mut Problems,
    ) -> Option<&'n Node> {
        let node = node.filter(|node| !node.is_null())?;
        match &node.kind {
            Kind::Scalar { text, .. } => (!text.trim().is_empty()).then_some(node),
            Kind::Seq(_) | Kind::Map(_) => {
                problems.push(self.wrong(node, what, "a text"));
                None
            }
        }
    }

    /// Something is not of its type.
    pub(super) fn wrong(self, node: &Node, what: &str, expected: &str) -> Problem {
        Problem::warning("wrong-type", format!("{what} is {}, where {expected} is expected", node.what()))
            .at(node.place.clone())
            .length(node.length)
            .confidential(may_hold_secrets(what))
            .fix(self.fix)
    }
}

/// Whether what stands at a key may be the value of a variable: its line is not shown then.
fn may_hold_secrets(what: &str) -> bool {
    let holds = ["`env`", "`value`", "`valueFrom`", "`substitutions`", "`args`"];
    holds.iter().any(|key| what.contains(key)) || looks_secret(what)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::pipeline::source::Source;
    use crate::pipeline::yaml;

    #[test]
    fn lines_that_may_hold_a_secret_are_not_shown() {
        let source = Source::new("a.yaml", "env: {DB_PASSWORD: hunter2}\ndir: [x]\n");
        let documents = yaml::parse(&source).unwrap();
        let mut problems = Problems::default();
        problems.remember(&source);
        let shape = Shape { fix: "h" };
        shape.items(documents[0].get("env"), "`env`", &mut problems);
        shape.text(documents[0].get("dir"), "`dir`", &mut problems);
        let text = problems.render(false);
        assert!(!text.contains("hunter2") && text.contains("dir: [x]"), "{text}");
    }
}

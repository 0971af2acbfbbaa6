//! What of a build is not of the type that Cloud Build asks for.

use crate::pipeline::problem::{Problem, Problems};
use crate::pipeline::shape::Shape;
use crate::pipeline::yaml::{Kind, Node};

const SHAPE: Shape = Shape { fix: "Cloud Build refuses the file; everything else in it is read" };

/// Tells of everything that the reader looks at and that is of another type.
pub(super) fn check(document: &Node, problems: &mut Problems) {
    texts(document.get("substitutions"), "`substitutions`", problems);
    SHAPE.entries(document.get("options"), "`options`", problems);
    list(document.at(&["options", "env"]), "`env`", problems);
    let steps = SHAPE.items(document.get("steps"), "`steps`", problems);
    if let (Some(node), []) = (document.get("steps").filter(|node| !node.is_null()), steps) {
        problems.push(
            Problem::warning("steps-empty", "this build has no steps").at(node.place.clone()).fix(SHAPE.fix),
        );
    }
    for step in steps {
        if !matches!(step.kind, Kind::Map(_)) {
            problems.push(SHAPE.wrong(step, "this step", "a mapping"));
        }
        for key in ["name", "entrypoint", "script", "dir"] {
            SHAPE.text(step.get(key), &format!("`{key}`"), problems);
        }
        list(step.get("env"), "`env`", problems);
        match step.get("args") {
            // One text is taken for a list of one.
            Some(args) if args.text().is_some() => {}
            args => list(args, "`args`", problems),
        }
    }
}

/// A list of texts.
fn list(node: Option<&Node>, name: &str, problems: &mut Problems) {
    for item in SHAPE.items(node, name, problems) {
        SHAPE.text(Some(item), &format!("an item of {name}"), problems);
    }
}

/// A mapping of texts.
fn texts(node: Option<&Node>, name: &str, problems: &mut Problems) {
    for entry in SHAPE.entries(node, name, problems) {
        SHAPE.text(Some(&entry.value), &format!("`{}`", entry.key), problems);
    }
}

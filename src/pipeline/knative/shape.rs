//! The types that Cloud Run asks for at the keys of a manifest.

use super::{Problem, Problems};
use crate::pipeline::shape::Shape;
use crate::pipeline::yaml::{Kind, Node};

pub(super) const SHAPE: Shape = Shape { fix: "gcloud refuses the manifest; everything else in it is read" };

/// The type of a value.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Type {
    Map,
    List,
    Text,
}

/// Keys of a service, parted by `/`: `[]` is each item of a list, `*` each value of a mapping. Within containers.
const SERVICE: &[(&str, Type)] = &[
    ("metadata", Type::Map),
    ("metadata/name", Type::Text),
    ("metadata/namespace", Type::Text),
    ("metadata/labels", Type::Map),
    ("metadata/annotations", Type::Map),
    ("metadata/annotations/*", Type::Text),
    ("spec", Type::Map),
    ("spec/template", Type::Map),
    ("spec/template/metadata", Type::Map),
    ("spec/template/metadata/annotations", Type::Map),
    ("spec/template/metadata/annotations/*", Type::Text),
    ("spec/template/spec", Type::Map),
    ("spec/template/spec/serviceAccountName", Type::Text),
    ("spec/template/spec/containers", Type::List),
    ("spec/template/spec/initContainers", Type::List),
    ("spec/template/spec/volumes", Type::List),
    ("spec/template/spec/volumes/[]", Type::Map),
    ("spec/template/spec/volumes/[]/name", Type::Text),
    ("spec/template/spec/volumes/[]/secret", Type::Map),
    ("spec/template/spec/volumes/[]/secret/secretName", Type::Text),
    ("spec/template/spec/volumes/[]/secret/items", Type::List),
    ("spec/template/spec/volumes/[]/secret/items/[]", Type::Map),
    ("spec/template/spec/volumes/[]/secret/items/[]/key", Type::Text),
    ("spec/template/spec/volumes/[]/secret/items/[]/path", Type::Text),
];

/// Keys of a container.
const CONTAINER: &[(&str, Type)] = &[
    ("", Type::Map),
    ("name", Type::Text),
    ("image", Type::Text),
    ("ports", Type::List),
    ("ports/[]", Type::Map),
    ("ports/[]/containerPort", Type::Text),
    ("env", Type::List),
    ("env/[]", Type::Map),
    ("env/[]/name", Type::Text),
    ("env/[]/value", Type::Text),
    ("env/[]/valueFrom", Type::Map),
    ("env/[]/valueFrom/secretKeyRef", Type::Map),
    ("env/[]/valueFrom/secretKeyRef/name", Type::Text),
    ("env/[]/valueFrom/secretKeyRef/key", Type::Text),
    ("volumeMounts", Type::List),
    ("volumeMounts/[]", Type::Map),
    ("volumeMounts/[]/name", Type::Text),
    ("volumeMounts/[]/mountPath", Type::Text),
    ("readinessProbe", Type::Map),
    ("readinessProbe/httpGet", Type::Map),
    ("readinessProbe/httpGet/path", Type::Text),
    ("startupProbe", Type::Map),
    ("startupProbe/httpGet", Type::Map),
    ("startupProbe/httpGet/path", Type::Text),
    ("livenessProbe", Type::Map),
    ("livenessProbe/httpGet", Type::Map),
    ("livenessProbe/httpGet/path", Type::Text),
];

/// Tells of everything in a service that is of another type than Cloud Run asks for.
pub(super) fn check(document: &Node, problems: &mut Problems) {
    check_table(document, SERVICE, problems);
    for key in ["containers", "initContainers"] {
        let list = document.at(&["spec", "template", "spec", key]);
        for container in list.map(Node::items).unwrap_or_default() {
            check_table(container, CONTAINER, problems);
        }
    }
}

fn check_table(node: &Node, table: &[(&str, Type)], problems: &mut Problems) {
    for (path, expected) in table {
        let steps: Vec<&str> = path.split('/').filter(|step| !step.is_empty()).collect();
        walk(node, &steps, "this container", *expected, problems);
    }
}

/// Follows a path from a node; what is not there is no problem.
fn walk(node: &Node, steps: &[&str], name: &str, expected: Type, problems: &mut Problems) {
    match steps {
        [] => problems.extend(wrong(node, name, expected)),
        ["[]", rest @ ..] => {
            let item = format!("an item of {name}");
            node.items().iter().for_each(|child| walk(child, rest, &item, expected, problems));
        }
        ["*", rest @ ..] => {
            for entry in node.entries() {
                walk(&entry.value, rest, &format!("`{}`", entry.key), expected, problems);
            }
        }
        [key, rest @ ..] => {
            if let Some(child) = node.get(key) {
                walk(child, rest, &format!("`{key}`"), expected, problems);
            }
        }
    }
}

fn wrong(node: &Node, name: &str, expected: Type) -> Option<Problem> {
    let right = match (&node.kind, expected) {
        (Kind::Map(_), Type::Map) | (Kind::Seq(_), Type::List) | (Kind::Scalar { .. }, Type::Text) => true,
        (Kind::Map(_) | Kind::Seq(_) | Kind::Scalar { .. }, _) => node.is_null(),
    };
    if right {
        return None;
    }
    if is_template(node) {
        let message = format!("{name} is only known when the template is filled in");
        return Some(
            Problem::warning("template-not-filled-in", message)
                .at(node.place.clone())
                .length(node.length)
                .fix("check the file that the deploy fills in, or say in rungate.yaml what matters of it"),
        );
    }
    let what = match expected {
        Type::Map => "a mapping",
        Type::List => "a list",
        Type::Text => "a text",
    };
    Some(SHAPE.wrong(node, name, what))
}

/// Whether a text stands for what a template puts there: `${ENV}`, `{{ env }}`, `<%= env %>`.
pub(super) fn is_template(node: &Node) -> bool {
    node.text().is_some_and(|text| ["${", "$(", "{{", "<%"].iter().any(|mark| text.contains(mark)))
}

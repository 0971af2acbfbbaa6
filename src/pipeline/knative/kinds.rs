//! Which documents of a file are Cloud Run's, and which of these are read.

use super::{Problem, Problems};
use crate::pipeline::yaml::Node;

/// Whether a document is one of Cloud Run; the core API of Kubernetes has a `kind: Service` too.
pub(super) fn is_cloud_run(document: &Node) -> bool {
    let version = document.get("apiVersion").and_then(Node::text).unwrap_or_default();
    version.starts_with("serving.knative.dev/") || version.starts_with("run.googleapis.com/")
}

/// A document itself, or what it lists (`kind: List`).
pub(super) fn members(document: &Node) -> &[Node] {
    let is_list = document.get("kind").and_then(Node::text).is_some_and(|kind| kind.ends_with("List"));
    match document.get("items") {
        Some(items) if is_list => items.items(),
        Some(_) | None => std::slice::from_ref(document),
    }
}

/// Tells of a kind that is not read, or that is missing.
pub(super) fn not_read(document: &Node, problems: &mut Problems) {
    let kind = document.get("kind").filter(|kind| !kind.is_null());
    let (place, length) = kind.map_or((&document.place, 1), |kind| (&kind.place, kind.length));
    let (message, fix) = match kind.and_then(Node::text) {
        Some("WorkerPool") => {
            ("a worker pool answers no requests: it is not checked".to_owned(), "only services are checked")
        }
        Some(kind) => (format!("`kind: {kind}` is not read"), "read are `kind: Service` and `kind: Job`"),
        None => ("this document has no `kind`".to_owned(), "read are `kind: Service` and `kind: Job`"),
    };
    problems.push(Problem::warning("kind-not-read", message).at(place.clone()).length(length).fix(fix));
}

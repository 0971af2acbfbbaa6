//! Annotations that stand where Cloud Run does not look for them: it then deploys as if they were not there.

use super::{Problem, Problems};
use crate::pipeline::yaml::Node;

/// What belongs to the revision (`spec.template.metadata.annotations`). (Cloud Run: "Cloud Run YAML reference".)
const OF_THE_REVISION: &[&str] = &[
    "run.googleapis.com/cloudsql-instances",
    "run.googleapis.com/network-interfaces",
    "run.googleapis.com/secrets",
    "run.googleapis.com/vpc-access-connector",
    "run.googleapis.com/vpc-access-egress",
];

/// What belongs to the service (`metadata.annotations`).
const OF_THE_SERVICE: &[&str] = &["run.googleapis.com/ingress", "run.googleapis.com/invoker-iam-disabled"];

/// Tells of annotations of the revision at the service, and the other way round.
pub(super) fn check(document: &Node, problems: &mut Problems) {
    let service = document.at(&["metadata", "annotations"]);
    let revision = document.at(&["spec", "template", "metadata", "annotations"]);
    tell(service, OF_THE_REVISION, ("service", "revision", "spec.template.metadata.annotations"), problems);
    tell(revision, OF_THE_SERVICE, ("revision", "service", "metadata.annotations"), problems);
}

fn tell(found: Option<&Node>, names: &[&str], words: (&str, &str, &str), problems: &mut Problems) {
    let (here, there, path) = words;
    for entry in found.map(Node::entries).unwrap_or_default() {
        if names.contains(&entry.key.as_str()) {
            let message = format!("`{}` stands at the {here}: it is one of the {there}", entry.key);
            problems.push(
                Problem::warning("annotation-misplaced", message)
                    .at(entry.place.clone())
                    .length(entry.key.chars().count())
                    .fix(format!("move it to `{path}`; here it has no effect")),
            );
        }
    }
}

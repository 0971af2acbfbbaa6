//! Cloud Build files: `steps`, each an image run with `args` or a `script`. Deploys are `gcloud run …`, as an args
//! list or in a shell.

mod shape;
mod step;
mod substitutions;
#[cfg(test)]
mod tests;

use std::path::Path;

use super::problem::Problems;
use super::stated_urls;
use super::yaml::{Kind, Node};
use super::{File, Format, Reading};
use step::Build;
pub(crate) use substitutions::BUILT_IN;
use substitutions::Substitutions;

/// Cloud Build.
pub(super) static FORMAT: Format = Format {
    id: "cloudbuild",
    title: "Cloud Build file",
    recognises,
    read,
    usual_places: &["cloudbuild.yaml", "cloudbuild.yml", "cloudbuild.json"],
};

fn recognises(_: &Path, document: &Node) -> bool {
    document.get("steps").is_some_and(|steps| matches!(steps.kind, Kind::Seq(_)))
        && document.get("jobs").is_none()
}

fn read(file: &File<'_>, problems: &mut Problems) -> Reading {
    let mut reading = Reading::default();
    for document in file.documents {
        shape::check(document, problems);
        let place = &document.place;
        let substitutions = Substitutions::new(document.get("substitutions"), file.substitutions, place);
        let mut build = Build::new(file, document, &substitutions);
        for step in document.get("steps").map(Node::items).unwrap_or_default() {
            build.step(step, &mut reading, problems);
        }
        let requests = build.finish(&mut reading);
        stated_urls::attach(&mut reading.services, &requests);
    }
    reading
}

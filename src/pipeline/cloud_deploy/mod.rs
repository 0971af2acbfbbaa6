//! Cloud Deploy files: which profiles of `skaffold.yaml` go to which target, and where that target is.
//! (Cloud Deploy: "Configuration file schema reference".)

use std::path::{Path, PathBuf};

use super::globbed_files::{Beside, Folder};
use super::problem::{Problem, Problems, Severity};
use super::shape::Shape;
use super::skaffold::{self, Skaffold, Target};
use super::value::{Dialect, Values};
use super::yaml::{self, Node};
use super::{File, Format, Reading};
use crate::model::Stated;

/// Cloud Deploy.
pub(super) static FORMAT: Format = Format {
    id: "cloud-deploy",
    title: "Cloud Deploy file",
    recognises,
    read,
    usual_places: &["clouddeploy.yaml", "clouddeploy.yml"],
};

const SHAPE: Shape = Shape { fix: "gcloud refuses the file; everything else in it is read" };
/// Where a release takes its skaffold file from, if its command names no other one.
const SKAFFOLD: &[&str] = &["skaffold.yaml", "skaffold.yml"];

fn recognises(_: &Path, document: &Node) -> bool {
    let version = document.get("apiVersion").and_then(Node::text).unwrap_or_default();
    version.starts_with("deploy.cloud.google.com/")
}

fn read(file: &File<'_>, problems: &mut Problems) -> Reading {
    let documents: Vec<_> =
        file.documents.iter().filter(|document| recognises(file.path, document)).collect();
    let of_kind = |kind: &'static str| {
        documents.iter().copied().filter(move |node| node.get("kind").and_then(Node::text) == Some(kind))
    };
    let stages: Vec<&Node> = of_kind("DeliveryPipeline")
        .flat_map(|pipeline| {
            tell_of_spec(pipeline, "serialPipeline", problems);
            SHAPE.items(pipeline.at(&["serialPipeline", "stages"]), "`stages`", problems)
        })
        .collect();
    for target in of_kind("Target") {
        tell_of_spec(target, "run", problems);
    }
    let targets: Vec<&Node> = of_kind("Target").collect();
    let mut deploys = Vec::new();
    for stage in stages {
        let values = Values::new(Dialect::Manifest);
        let profiles = SHAPE.items(stage.get("profiles"), "`profiles`", problems).iter();
        let names: Vec<Stated> =
            profiles.filter_map(|name| Some(values.state(name.text()?, name.place.clone()))).collect();
        for target in places(stage, &targets, problems) {
            deploys.push((names.clone(), Target { place: Some(stage.place.clone()), ..target }));
        }
    }
    let folder = Folder::of(file.path, &file.source.name);
    let Some((_, first)) = deploys.first() else { return Reading::default() };
    let Some((real, documents)) = skaffold_file(&folder, first, problems) else { return Reading::default() };
    let mut skaffold = Skaffold::new(&documents, folder);
    for (names, target) in deploys {
        skaffold.deploy(&names, &target, problems);
    }
    let mut reading = skaffold.reading;
    reading.followed.push(real);
    reading
}

/// Where a stage deploys to Cloud Run; nothing where it deploys to something else.
fn places(stage: &Node, targets: &[&Node], problems: &mut Problems) -> Vec<Target> {
    let Some(id) = SHAPE.text(stage.get("targetId"), "`targetId`", problems) else { return Vec::new() };
    let named = |id: &Node| {
        let name = id.text();
        targets.iter().copied().find(|target| target.at(&["metadata", "name"]).and_then(Node::text) == name)
    };
    let Some(target) = named(id) else {
        problems.push(
            Problem::warning("target-missing", "the target of this stage is not in this file")
                .at(id.place.clone())
                .length(id.length)
                .fix("project and region of its services are not known from here"),
        );
        return vec![Target::default()];
    };
    let children = target.at(&["multiTarget", "targetIds"]).map(Node::items).unwrap_or_default();
    let children: Vec<&Node> = children.iter().filter_map(named).collect();
    let all = if children.is_empty() { vec![target] } else { children };
    all.into_iter().filter_map(|target| place(target, problems)).collect()
}

/// Project and region of a target of Cloud Run: `run: {location: projects/P/locations/R}`.
fn place(target: &Node, problems: &mut Problems) -> Option<Target> {
    let run = target.get("run")?;
    let values = Values::new(Dialect::Manifest);
    let Some(location) = SHAPE.text(run.get("location"), "`location`", problems) else {
        return Some(Target::default());
    };
    let text = location.text().unwrap_or_default();
    let state = |text: &str| Some(values.state(text, location.place.clone()));
    match text.split('/').collect::<Vec<_>>().as_slice() {
        ["projects", project, "locations", region] => {
            Some(Target { project: state(project), region: state(region), place: None })
        }
        _ => {
            problems.push(
                Problem::warning("location-not-understood", "this is no location of Cloud Run")
                    .at(location.place.clone())
                    .length(location.length)
                    .fix("write `projects/PROJECT/locations/REGION`"),
            );
            Some(Target::default())
        }
    }
}

/// Tells of a key within `spec`, which other kinds of documents have and Cloud Deploy's have not.
fn tell_of_spec(document: &Node, key: &str, problems: &mut Problems) {
    let Some(spec) = document.get("spec").filter(|_| document.get(key).is_none()) else { return };
    problems.push(
        Problem::warning(
            "key-misplaced",
            format!("`{key}` is not there, and `spec` is no key of Cloud Deploy"),
        )
        .at(spec.place.clone())
        .fix(format!("`{key}` stands at the top of the document")),
    );
}

/// The skaffold file beside this one, and its documents.
fn skaffold_file(folder: &Folder, first: &Target, problems: &mut Problems) -> Option<(PathBuf, Vec<Node>)> {
    for name in SKAFFOLD {
        if let Beside::Read(found) = folder.files(name) {
            let (real, source) = found.into_iter().next()?;
            problems.remember(&source);
            return match yaml::parse(&source) {
                Ok(documents) => Some((real, documents)),
                Err(told) => {
                    let warning = |problem: Problem| Problem { severity: Severity::Warning, ..problem };
                    problems.extend(told.into_iter().map(warning));
                    None
                }
            };
        }
    }
    let place = first.place.as_ref()?;
    skaffold::tell(
        "what this stage deploys is not known: there is no `skaffold.yaml` beside this file".to_owned(),
        place,
        1,
        problems,
    );
    None
}

#[cfg(test)]
mod tests;

//! skaffold files, as far as they deploy to Cloud Run: the manifests that they name, with project and region of
//! `deploy.cloudrun`. (skaffold: "Google Cloud Run" deployer, "Raw YAML", "Profiles".)

use std::collections::HashMap;
use std::path::{Path, PathBuf};

use super::globbed_files::{Beside, Folder};
use super::problem::{Problem, Problems, Severity};
use super::shape::Shape;
use super::source::Source;
use super::value::{Dialect, Values};
use super::yaml::{self, Node};
use super::{File, Format, Reading, knative};
use crate::model::{Place, Service, Stated};
use crate::text::nearest;

/// skaffold.
pub(super) static FORMAT: Format = Format {
    id: "skaffold",
    title: "skaffold file",
    recognises,
    read,
    usual_places: &["skaffold.yaml", "skaffold.yml"],
};

const SHAPE: Shape = Shape { fix: "skaffold refuses the file; everything else in it is read" };
/// The keys of Cloud Run's deployer.
const CLOUD_RUN: &[&str] = &["projectid", "region"];
/// The deployers that are not Cloud Run's.
const OTHER_DEPLOYERS: &[&str] = &["docker", "helm", "kpt", "kubectl", "kustomize"];
/// What makes manifests that lie in no file.
const GENERATORS: &[&str] = &["helm", "kpt", "kustomize"];

pub(super) fn recognises(_: &Path, document: &Node) -> bool {
    let version = document.get("apiVersion").and_then(Node::text).unwrap_or_default();
    version.starts_with("skaffold/")
}

fn read(file: &File<'_>, problems: &mut Problems) -> Reading {
    let folder = Folder::of(file.path, &file.source.name);
    let mut skaffold = Skaffold::new(file.documents, folder);
    for document in file.documents.iter().filter(|document| recognises(file.path, document)) {
        skaffold.take(document, &[], &Target::default(), problems);
        for profile in profiles(document, problems) {
            if profile.get("manifests").is_some() || profile.get("deploy").is_some() {
                skaffold.take(document, &[profile], &Target::default(), problems);
            }
        }
    }
    Reading { only_called: true, ..skaffold.reading }
}

fn profiles<'n>(document: &'n Node, problems: &mut Problems) -> &'n [Node] {
    SHAPE.items(document.get("profiles"), "`profiles`", problems)
}

/// Where services are to be deployed, where another file says it.
#[derive(Clone, Debug, Default)]
pub(super) struct Target {
    /// The place that deploys to it; none: the one that names the manifest.
    pub(super) place: Option<Place>,
    pub(super) project: Option<Stated>,
    pub(super) region: Option<Stated>,
}

/// A skaffold file, being read.
pub(super) struct Skaffold<'a> {
    documents: &'a [Node],
    folder: Folder,
    values: Values,
    /// Manifests that were read, by where they really lie.
    manifests: HashMap<PathBuf, Reading>,
    /// Where the manifest of each service lies.
    origins: Vec<PathBuf>,
    pub(super) reading: Reading,
}

impl<'a> Skaffold<'a> {
    pub(super) fn new(documents: &'a [Node], folder: Folder) -> Self {
        let values = Values::new(Dialect::Manifest);
        let (manifests, reading) = (HashMap::new(), Reading::default());
        Self { documents, folder, values, manifests, origins: Vec::new(), reading }
    }

    /// Adds what the file deploys with the profiles of these names, to a target.
    pub(super) fn deploy(&mut self, names: &[Stated], target: &Target, problems: &mut Problems) {
        for document in self.documents.iter().filter(|document| recognises(Path::new(""), document)) {
            let mut taken = Vec::new();
            for name in names {
                let is_it = |profile: &&Node| {
                    profile.get("name").and_then(Node::text).is_some_and(|known| known == name.raw())
                };
                match document.get("profiles").map(Node::items).unwrap_or_default().iter().find(is_it) {
                    Some(profile) => taken.push(profile),
                    None => problems.push(
                        Problem::warning(
                            "profile-missing",
                            format!("the skaffold file has no profile `{}`", name.raw()),
                        )
                        .at(name.place.clone())
                        .length(name.raw().chars().count())
                        .fix("what it deploys without that profile is read"),
                    ),
                }
            }
            self.take(document, &taken, target, problems);
        }
    }

    /// Adds what one document deploys with some of its profiles.
    fn take(&mut self, document: &Node, profiles: &[&Node], target: &Target, problems: &mut Problems) {
        let mut own = Problems::default();
        self.layers(document, profiles, target, &mut own);
        problems.append_new(own);
    }

    fn layers(&mut self, document: &Node, profiles: &[&Node], target: &Target, problems: &mut Problems) {
        let mut manifests = document.get("manifests");
        let mut cloud_run = document.at(&["deploy", "cloudrun"]);
        let mut other = deploys_elsewhere(document);
        let mut target = target.clone();
        for layer in profiles.iter().rev().copied().chain([document]) {
            let deployer = layer.at(&["deploy", "cloudrun"]);
            tell_unknown(deployer, problems);
            let of = |key: &str, problems: &mut Problems| {
                let node = SHAPE.text(deployer.and_then(|node| node.get(key)), &format!("`{key}`"), problems);
                node.and_then(|node| Some(self.values.state(node.text()?, node.place.clone())))
            };
            target.project = target.project.take().or_else(|| of("projectid", problems));
            target.region = target.region.take().or_else(|| of("region", problems));
        }
        for profile in profiles {
            manifests = profile.get("manifests").or(manifests);
            if let Some(own) = profile.at(&["deploy", "cloudrun"]) {
                (cloud_run, other) = (Some(own), false);
            } else if deploys_elsewhere(profile) {
                (cloud_run, other) = (None, true);
            }
        }
        if other && cloud_run.is_none() {
            return;
        }
        let entries = SHAPE.entries(manifests, "`manifests`", problems);
        for entry in entries.iter().filter(|entry| GENERATORS.contains(&entry.key.as_str())) {
            problems.push(
                Problem::warning("manifests-not-read", format!("manifests by {} are not read", entry.key))
                    .at(entry.place.clone())
                    .length(entry.key.chars().count())
                    .fix("`skaffold render` writes them out: check what it writes"),
            );
        }
        let raw = SHAPE.items(manifests.and_then(|node| node.get("rawYaml")), "`rawYaml`", problems);
        for path in raw {
            if let Some(path) = SHAPE.text(Some(path), "a path of `rawYaml`", problems) {
                self.manifest(path, &target, problems);
            }
        }
    }

    /// Adds the services and jobs of the manifests that a path or a pattern names.
    fn manifest(&mut self, path: &Node, target: &Target, problems: &mut Problems) {
        let text = path.text().unwrap_or_default();
        for (real, source) in found(&self.folder, text, path, problems) {
            if !self.manifests.contains_key(&real) {
                problems.remember(&source);
                let reading = match yaml::parse(&source) {
                    Ok(documents) => knative::read_documents(&documents, problems),
                    Err(told) => {
                        let warning = |problem: Problem| Problem { severity: Severity::Warning, ..problem };
                        problems.extend(told.into_iter().map(warning));
                        Reading::default()
                    }
                };
                self.manifests.insert(real.clone(), reading);
                self.reading.followed.push(real.clone());
            }
            let Some(reading) = self.manifests.get(&real).cloned() else { continue };
            for service in reading.services {
                // What skaffold is told goes over what the manifest says.
                let project = target.project.clone().or_else(|| service.project.clone());
                let region = target.region.clone().or_else(|| service.region.clone());
                let manifest = Some(Stated::known(source.name.to_string(), path.place.clone()));
                let place = target.place.clone().unwrap_or_else(|| path.place.clone());
                self.add(Service { project, region, manifest, place, ..service }, &real, problems);
            }
            reading.jobs.into_iter().for_each(|job| self.reading.add_job(job));
        }
    }

    /// Adds a service; one that another profile deploys to the same place is left out, and told if it differs.
    fn add(&mut self, service: Service, real: &Path, problems: &mut Problems) {
        let text = |stated: &Option<Stated>| stated.as_ref().map(|stated| stated.raw().to_owned());
        let key = |service: &Service| (text(&service.name), text(&service.project), text(&service.region));
        let mut known = self.reading.services.iter().zip(&self.origins);
        let Some((known, origin)) = known.find(|(known, _)| key(known) == key(&service)) else {
            self.reading.services.push(service);
            self.origins.push(real.to_owned());
            return;
        };
        if origin != real {
            let name = text(&service.name).unwrap_or_default();
            problems.push(
                Problem::warning("profiles-overlap", format!("two profiles deploy the service `{name}`"))
                    .at(service.place.clone())
                    .related(known.place.clone(), "this one is read")
                    .fix("name the manifest itself to check the other one"),
            );
        }
    }
}

/// Tells of keys of `cloudrun` that skaffold does not know: it refuses them.
fn tell_unknown(deployer: Option<&Node>, problems: &mut Problems) {
    for entry in deployer.map(Node::entries).unwrap_or_default() {
        if !CLOUD_RUN.contains(&entry.key.as_str()) {
            problems.push(
                Problem::warning("unknown-key", format!("`cloudrun` has no key `{}`", entry.key))
                    .at(entry.place.clone())
                    .length(entry.key.chars().count())
                    .fix(nearest::did_you_mean(&entry.key, CLOUD_RUN.iter().copied())),
            );
        }
    }
}

fn deploys_elsewhere(layer: &Node) -> bool {
    let deploy = layer.get("deploy");
    deploy.is_some_and(|deploy| OTHER_DEPLOYERS.iter().any(|deployer| deploy.get(deployer).is_some()))
}

/// The files that a path names, from a folder; where it leads nowhere, that is told.
pub(super) fn found(
    folder: &Folder,
    text: &str,
    named: &Node,
    problems: &mut Problems,
) -> Vec<(PathBuf, Source)> {
    let remote = text.contains("://");
    let message = match (remote || text.contains("{{"), folder.files(text)) {
        (false, Beside::Read(found)) => return found,
        (true, _) => format!("`{text}` is not read: only the run knows it"),
        (false, Beside::Outside) => format!("`{text}` is not read: it is outside of this file's folder"),
        (false, Beside::Missing) => format!("there is no file `{text}` beside this one"),
        (false, Beside::Unreadable(problem)) => format!("`{text}` is not read: {}", problem.message),
    };
    tell(message, &named.place, named.length, problems);
    Vec::new()
}

pub(super) fn tell(message: String, place: &Place, length: usize, problems: &mut Problems) {
    problems.push(
        Problem::warning("file-not-followed", message)
            .at(place.clone())
            .length(length)
            .fix("name the manifest itself, or the services in rungate.yaml"),
    );
}

#[cfg(test)]
pub(super) mod tests;

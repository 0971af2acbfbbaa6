//! The manifest that `gcloud run services replace` or an action's `metadata` names.

use crate::model::Service;
use crate::pipeline::files::{Document, Files, Found};
use crate::pipeline::problem::{Problem, Problems, Severity};
use crate::pipeline::text::Text;
use crate::pipeline::{Reading, knative};

/// The services that a manifest describes, each with what the deploying command itself says; one without a name
/// where nothing is known of the manifest.
pub fn services_of(
    path: &Text,
    deploy: &Service,
    files: &Files<'_>,
    problems: &mut Problems,
) -> Vec<Service> {
    let manifest = path.stated();
    let reading = read(path, files, problems);
    if reading.services.is_empty() {
        return vec![Service { manifest: Some(manifest), ..deploy.clone() }];
    }
    reading
        .services
        .into_iter()
        .map(|service| Service {
            deploys_via: deploy.deploys_via,
            place: deploy.place.clone(),
            manifest: Some(manifest.clone()),
            region: deploy.region.clone().or(service.region),
            project: deploy.project.clone().or(service.project),
            ..service
        })
        .collect()
}

/// Reads a manifest; what a script has changed in it, or what is not there, gives nothing.
pub(super) fn read(path: &Text, files: &Files<'_>, problems: &mut Problems) -> Reading {
    let Some(name) = path.as_known() else { return Reading::default() };
    let found = files.find(&name);
    if let Found::Read(source) = &found {
        problems.remember(source);
    }
    match Document::read(&name, found) {
        Ok(Some(document)) => knative::read_documents(&document.written_out(), problems),
        Ok(None) => Reading::default(),
        Err(told) => {
            problems.extend(told.into_iter().map(|problem| {
                let problem = Problem { severity: Severity::Warning, ..problem };
                if problem.place.is_some() { problem } else { problem.at(path.place().clone()) }
            }));
            Reading::default()
        }
    }
}

//! GitHub workflows: `jobs`, each with `steps`, read as GitHub runs them.
//!
//! A workflow's texts hold expressions ([`expression`]), which refer to what is defined around them ([`scope`]). Jobs
//! run once for each combination of their [`matrix`], or call workflows and actions of the repository ([`called`]).
//! Deploys are the action `google-github-actions/deploy-cloudrun` ([`deploy`]) and gcloud in `run` steps ([`run`]).

mod called;
mod deploy;
mod expression;
mod gate;
mod inputs;
mod lists;
mod matrix;
mod powershell;
mod run;
mod scope;
mod shape;
mod steps;
mod workflow;

use std::path::Path;

use super::problem::{Problem, Problems};
use super::text::Text;
use super::yaml::{Kind, Node};
use super::{File, Format, Reading, stated_urls};
use crate::model::{DeploysVia, Service};
use called::Repository;
pub use gate::INPUTS as INPUTS_OF_THE_ACTION;

/// GitHub Actions.
pub(super) static FORMAT: Format = Format {
    id: "github-workflow",
    title: "GitHub workflow",
    recognises,
    read,
    usual_places: &[".github/workflows/*.yaml", ".github/workflows/*.yml"],
};

fn recognises(_: &Path, document: &Node) -> bool {
    document.get("jobs").is_some_and(|jobs| matches!(jobs.kind, Kind::Map(_)))
}

fn read(file: &File<'_>, problems: &mut Problems) -> Reading {
    let mut reading = Reading::default();
    let mut repository = Repository::of(file.path);
    let mut updates = Vec::new();
    for document in file.documents {
        let contexts = inputs::defaults(document);
        let deploys = workflow::read(document, contexts, None, &mut repository, file.folders, problems);
        for service in deploys.services {
            if service.deploys_via == DeploysVia::ServicesUpdate && service.image.is_none() {
                updates.extend(reading.update_known(service));
            } else {
                // A step that deploys one service twice does so in branches of its script.
                let same_step = |known: &Service| known.place == service.place;
                let begin = reading.services.iter().position(same_step).unwrap_or(reading.services.len());
                reading.add_alternative(service, begin);
            }
        }
        for job in deploys.jobs {
            reading.add_job(job);
        }
        for (service, url) in deploys.mapped {
            stated_urls::map(&mut reading.services, &service, url);
        }
        stated_urls::attach(&mut reading.services, &deploys.requests);
    }
    // Updates that bring no image count where the workflow deploys nothing else.
    if reading.services.is_empty() {
        updates.into_iter().for_each(|update| reading.add_service(update));
    }
    if repository.is_exhausted() {
        problems.push(
            Problem::warning(
                "workflow-too-large",
                "this workflow has too many steps: not all of them are read",
            )
            .at(file.source.place(1, 1))
            .fix("name what the others deploy in rungate.yaml"),
        );
    }
    reading.only_called = file.documents.iter().all(inputs::only_called);
    reading.followed = repository.followed().map(Path::to_owned).collect();
    reading
}

/// Tells of an expression that GitHub would refuse.
fn tell_broken(node: &Node, text: &str, problems: &mut Problems) {
    if let Some((range, why)) = expression::broken(text) {
        let length = text.get(range.clone()).map_or(1, |written| written.chars().count());
        problems.push(
            Problem::warning("expression-broken", format!("this expression cannot be read: {why}"))
                .at(Text::of_node(node).place_at(range.start))
                .length(length)
                .fix("GitHub refuses the workflow; what the expression stands for is left open"),
        );
    }
}

#[cfg(test)]
mod tests;

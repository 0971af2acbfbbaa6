//! Names of other services that a service states: what it calls, and where its journeys lead.

use super::problem::{Problem, Problems};
use crate::model::{Service, Stated};
use crate::text::nearest;

/// Tells of names that no service of the pipeline has.
pub(super) fn check(services: &[Service], problems: &mut Problems) {
    let names: Vec<&Stated> = services.iter().filter_map(|service| service.name.as_ref()).collect();
    // A name that only the pipeline's own run can tell may be the one that is meant.
    if names.len() < services.len() || names.iter().any(|name| name.as_known().is_none()) {
        return;
    }
    let of_steps = services.iter().flat_map(|service| {
        let steps = service.journeys.iter().flat_map(|journey| &journey.steps);
        steps.filter_map(|step| step.head.service())
    });
    let named = services.iter().flat_map(|service| &service.depends_on).chain(of_steps);
    for stated in named.filter(|stated| names.iter().all(|name| name.value != stated.value)) {
        problems.push(
            Problem::error("unknown-service", format!("the pipeline has no service `{}`", stated.raw()))
                .at(stated.place.clone())
                .length(stated.raw().chars().count())
                .fix(nearest::did_you_mean(stated.raw(), names.iter().map(|name| name.raw()))),
        );
    }
}

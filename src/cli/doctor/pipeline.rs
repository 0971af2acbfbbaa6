//! Whether the files say what the gate needs to know.

use super::{Complaint, DoctorArguments};
use crate::cli::{Context, request};
use crate::model::{Pipeline, Service, Stated};
use crate::pipeline::{self, Request};

/// What was found, and the pipeline where it could be read.
pub(super) fn look(asked: &DoctorArguments, context: &Context) -> (Vec<Complaint>, Option<Pipeline>) {
    let request = Request { strict: false, ..request(&asked.files, context) };
    let loaded = match pipeline::load(&request) {
        Ok(loaded) => loaded,
        Err(problems) => {
            let found = problems.iter().map(|problem| {
                let place = problem.place.as_ref().map(|place| format!("{place}: ")).unwrap_or_default();
                let finding = Complaint::missing(format!("{place}{}", problem.message));
                problem.fix.iter().fold(finding, |finding, fix| finding.fix(fix))
            });
            return (found.collect(), None);
        }
    };
    let mut found: Vec<Complaint> = loaded
        .files
        .iter()
        .map(|file| Complaint::good(format!("{} ({})", file.name, file.format.title)))
        .collect();
    if loaded.pipeline.services.is_empty() {
        found.push(
            Complaint::missing("these files deploy no Cloud Run service").fix("name the file that does"),
        );
    }
    for service in &loaded.pipeline.services {
        found.push(target(service, asked, context));
    }
    (found, Some(loaded.pipeline))
}

/// Whether a service can be asked about at all.
fn target(service: &Service, asked: &DoctorArguments, context: &Context) -> Complaint {
    let name = service.name.as_ref().map_or("a service without a name", Stated::raw);
    let given = |stated: &Option<Stated>, flag: &Option<String>, environment: &Option<String>| {
        let known = stated.as_ref().is_some_and(|stated| stated.as_known().is_some());
        known || flag.is_some() || environment.is_some()
    };
    let mut lacks = Vec::new();
    if service.name.as_ref().and_then(Stated::as_known).is_none() {
        lacks.push(("name", "state it in rungate.yaml, or give --substitution KEY=VALUE"));
    }
    if !given(&service.project, &asked.project, &context.project) {
        lacks.push(("project", "--project ID, or CLOUDSDK_CORE_PROJECT"));
    }
    if !given(&service.region, &asked.region, &context.region) {
        lacks.push(("region", "--region REGION, or CLOUDSDK_RUN_REGION"));
    }
    if lacks.is_empty() {
        return Complaint::good(format!("{name}: name, project and region are known"));
    }
    let what: Vec<&str> = lacks.iter().map(|(what, _)| *what).collect();
    let finding = Complaint::missing(format!("{name}: the files leave open its {}", what.join(", ")));
    lacks.iter().fold(finding, |finding, (what, how)| finding.fix(format!("{what}: {how}")))
}

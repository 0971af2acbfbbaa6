//! Cloud Run knows the service in the project and region that the pipeline deploys to.

use crate::checks::{Check, Subjects, USUAL, place};
use crate::live::Scope;
use crate::live::service::{failed, inconclusive, passed};
use crate::model::resource::short;
use crate::probe::google::NoAnswer;
use crate::record::finding::{Finding, ServiceFinding};
use crate::record::{Family, Outcome, Role, check_id};

/// See the module.
pub(in crate::checks) static CHECK: Check = Check {
    id: check_id::SERVICE_EXISTS,
    holds: "Cloud Run knows the service",
    family: Family::Service,
    place: place::of_service,
    role: Role::Obligation,
    needs: &[],
    subjects: |_| Subjects::Whole,
    run: |scope| Box::pin(run(scope)),
    ..USUAL
};

async fn run(scope: &Scope) -> Outcome {
    let target = &scope.target;
    let service = match scope.live_service().await {
        Ok(service) => service,
        Err(NoAnswer::NotFound) => {
            return failed(Finding::Service(ServiceFinding::NotFound {
                service: target.name.clone(),
                project: target.project.clone(),
                region: target.region.clone(),
            }));
        }
        Err(answer @ NoAnswer::Inconclusive(_)) => {
            return inconclusive(&format!("service {}", target.name), answer);
        }
    };
    let stated_url = target.service.url.as_ref().and_then(|url| url.as_known());
    let url = stated_url.unwrap_or(&service.uri);
    let latest = short(&service.latest_created_revision);
    let revision = target.revision.as_deref().unwrap_or(latest);
    let account = service.template.as_ref().map_or("", |template| template.service_account.as_str());
    scope.notes.note(|noted| {
        noted.url = filled(url);
        noted.revision = filled(revision);
        noted.service_account = filled(account);
    });
    let newest = if latest.is_empty() { "no revision yet" } else { latest };
    passed(format!("service {} exists in {}; its newest revision: {newest}", target.name, target.region))
}

fn filled(text: &str) -> Option<String> {
    (!text.is_empty()).then(|| text.to_owned())
}

//! Rules for findings about the service and its revision.

use super::super::cause::CauseCode;
use super::super::view::View;
use super::{Judgement, on_service, revision, update_service};
use crate::record::finding::ServiceFinding;
use crate::text::shell::command;

pub(super) fn judge(view: &View<'_>, finding: &ServiceFinding) -> Judgement {
    match finding {
        ServiceFinding::NotFound { service, project, region } => Judgement::proven(
            CauseCode::ServiceNotFound,
            format!("Cloud Run knows no service {service} in project {project}, region {region}"),
        )
        .fix(
            "see where it is deployed, then let the gate and the deploy name the same project and region",
            command(["gcloud", "run", "services", "list", &format!("--project={project}")]),
        ),
        ServiceFinding::RevisionFailed { revision, reason, message } => {
            revision::judge(view, revision, reason.as_deref(), message)
        }
        ServiceFinding::AccountDiffers { revision, declared, serving } => {
            let runs_as = serving.as_deref().unwrap_or("the project's default service account");
            let claim = format!(
                "revision {revision} runs as {runs_as}, whose rights are not those of {declared}, which the pipeline \
                 declares"
            );
            Judgement::likely(CauseCode::ServiceAccountDrifted, claim)
                .suspect(
                    "that account has the same rights; then the cause is another",
                    roles_of(view, serving.as_deref()),
                )
                .fix(
                    "run it as the declared account",
                    update_service(view, &[&format!("--service-account={declared}")]),
                )
                .fix("see why the deploy does not: its step, or a later one, sets another", None)
        }
        ServiceFinding::TagLeadsNowhere { tag, revision } => Judgement::proven(
            CauseCode::RevisionNotServing,
            format!("tag {tag} leads to revision {revision}, which does not exist any more"),
        )
        .fix(
            "put the tag on the new revision",
            on_service(view, "update-traffic", &[&format!("--update-tags={tag}=LATEST")]),
        ),
        ServiceFinding::TrafficElsewhere { created, serving } => {
            let shares: Vec<String> =
                serving.iter().map(|(name, share)| format!("{name} {share} %")).collect();
            let shares = if shares.is_empty() { "no revision".to_owned() } else { shares.join(", ") };
            Judgement::proven(
                CauseCode::RevisionNotServing,
                format!("the new revision {created} receives no traffic: it goes to {shares}"),
            )
            .fix(
                "send the traffic to the newest revision; a deploy with --no-traffic keeps it pinned until then",
                on_service(view, "update-traffic", &["--to-latest"]),
            )
        }
    }
}

pub(super) fn clause(finding: &ServiceFinding) -> String {
    match finding {
        ServiceFinding::NotFound { service, .. } => format!("Cloud Run knows no service {service}"),
        ServiceFinding::RevisionFailed { revision, .. } => format!("revision {revision} failed"),
        ServiceFinding::AccountDiffers { revision, serving, .. } => format!(
            "revision {revision} runs as {}",
            serving.as_deref().unwrap_or("the project's default service account")
        ),
        ServiceFinding::TagLeadsNowhere { tag, .. } => format!("tag {tag} leads to a deleted revision"),
        ServiceFinding::TrafficElsewhere { created, .. } => {
            format!("the traffic does not go to the new revision {created}")
        }
    }
}

/// The roles that the account has in the service's project.
fn roles_of(view: &View<'_>, account: Option<&str>) -> Option<String> {
    let filter = format!("--filter=bindings.members:{}", account?);
    Some(command([
        "gcloud",
        "projects",
        "get-iam-policy",
        &view.service.project,
        "--flatten=bindings[].members",
        &filter,
        "--format=value(bindings.role)",
    ]))
}

/// The revision's own log lines, newest first.
pub(super) fn logs(view: &View<'_>, revision: &str) -> String {
    let filter =
        format!("resource.type=\"cloud_run_revision\" AND resource.labels.revision_name=\"{revision}\"");
    command(["gcloud", "logging", "read", &filter, "--limit=50", &view.project_flag()])
}

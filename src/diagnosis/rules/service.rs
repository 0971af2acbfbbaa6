//! Rules for findings about the service and its revision.

use super::super::cause::CauseCode;
use super::super::shell::{command, short};
use super::super::view::View;
use super::{Judgement, on_service};
use crate::run::finding::ServiceFinding;

pub(super) fn judge(view: &View<'_>, finding: &ServiceFinding) -> Judgement {
    match finding {
        ServiceFinding::NotFound { service, project, region } => Judgement::proven(
            CauseCode::ServiceNotFound,
            format!("Cloud Run knows no service {service} in project {project}, region {region}"),
        )
        .mend(
            "see where it is deployed, then let the gate and the deploy name the same project and region",
            command(["gcloud", "run", "services", "list", &format!("--project={project}")]),
        ),
        ServiceFinding::RevisionFailed { revision, reason, message } => {
            match (reason.as_deref(), message.contains("Permission denied on secret")) {
                (Some("HEALTH_CHECK_CONTAINER_ERROR"), _) => container(view, revision, message),
                (Some("SECRETS_ACCESS_CHECK_FAILED"), _) | (Some("UNKNOWN") | None, true) => {
                    secrets(view, revision, message)
                }
                (reason, _) => failed(view, revision, reason, message),
            }
        }
        ServiceFinding::TrafficElsewhere { created, serving } => {
            let shares: Vec<String> =
                serving.iter().map(|(name, share)| format!("{name} {share} %")).collect();
            let shares = if shares.is_empty() { "no revision".to_owned() } else { shares.join(", ") };
            Judgement::proven(
                CauseCode::RevisionNotServing,
                format!("the new revision {created} receives no traffic: it goes to {shares}"),
            )
            .mend(
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
        ServiceFinding::TrafficElsewhere { created, .. } => {
            format!("the traffic does not go to the new revision {created}")
        }
    }
}

/// The revision's own log lines, newest first.
fn logs(view: &View<'_>, revision: &str) -> String {
    let filter =
        format!("resource.type=\"cloud_run_revision\" AND resource.labels.revision_name=\"{revision}\"");
    command(["gcloud", "logging", "read", &filter, "--limit=50", &view.project_flag()])
}

fn container(view: &View<'_>, revision: &str, message: &str) -> Judgement {
    Judgement::proven(
        CauseCode::ContainerDidNotStart,
        format!("the container of revision {revision} failed its start: {message}"),
    )
    .mend("read what the container wrote before it ended", logs(view, revision))
    .mend(
        "let it listen on 0.0.0.0 and the port in the variable PORT before the startup probe gives up",
        None,
    )
}

fn secrets(view: &View<'_>, revision: &str, message: &str) -> Judgement {
    let account = view.service.service_account.as_deref();
    let judgement = Judgement::proven(
        CauseCode::SecretAccessDenied,
        format!("revision {revision} failed because it may not read a secret: {message}"),
    );
    let member = format!("--member=serviceAccount:{}", account.unwrap_or("RUNTIME_SERVICE_ACCOUNT"));
    // Google's message names the secret: `projects/N/secrets/S/versions/V`.
    let secret = message.split_whitespace().find_map(|word| {
        word.split_once("/secrets/").map(|(_, rest)| rest.split('/').next().unwrap_or(rest).to_owned())
    });
    let secret = secret.as_deref().unwrap_or("SECRET");
    let role = "--role=roles/secretmanager.secretAccessor";
    let grant = ["gcloud", "secrets", "add-iam-policy-binding", secret, &member, role, &view.project_flag()];
    judgement
        .mend("let the runtime service account read it; a fresh grant takes a minute or two", command(grant))
        .mend("then deploy again: the failed revision does not come back by itself", None)
}

fn failed(view: &View<'_>, revision: &str, reason: Option<&str>, message: &str) -> Judgement {
    let reason = reason.map_or_else(String::new, |reason| format!(" ({reason})"));
    Judgement::proven(CauseCode::RevisionFailed, format!("revision {revision} failed{reason}: {message}"))
        .mend(
            "read its conditions in full",
            command([
                "gcloud",
                "run",
                "revisions",
                "describe",
                short(revision),
                &view.region_flag(),
                &view.project_flag(),
            ]),
        )
        .mend("read what its container wrote", logs(view, revision))
}

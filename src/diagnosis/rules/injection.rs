//! Rules for findings about the variables and secrets that the revision is given.

use super::super::cause::CauseCode;
use super::super::failure::{self, Failure};
use super::super::view::View;
use super::{Judgement, on_service, update_service};
use crate::model::resource::{project_of, short};
use crate::record::NodeRecord;
use crate::record::finding::{Finding, InjectionFinding, ServiceFinding};
use crate::text::shell::command;

const REDEPLOY: &str = "then deploy again: secrets in variables are read when an instance starts";

pub(super) fn judge(view: &View<'_>, node: &NodeRecord, finding: &InjectionFinding) -> Judgement {
    match finding {
        InjectionFinding::VariablesMissing { revision, missing, of_database } => {
            variables_missing(view, revision, missing, of_database)
        }
        InjectionFinding::VariablesEmpty { revision, variables } => Judgement::proven(
            CauseCode::DatabaseVariableEmpty,
            format!("{} leads revision {revision} to its database, and is empty", variables.join(", ")),
        )
        .fix("see where the pipeline takes its value from: an undefined GitHub secret or variable expands to nothing", None)
        .fix("set it", update_service(view, &[&format!("--update-env-vars={}", pairs(variables))])),
        InjectionFinding::VariablesDropped { revision, before, dropped } => Judgement::proven(
            CauseCode::DatabaseVariableMissing,
            format!(
                "revision {revision} lacks {}, which led {before} to its database: this deploy dropped what an \
                 earlier one had set",
                dropped.join(", ")
            ),
        )
        .fix(
            "let the deploy step set it too, or use --update-env-vars: --set-env-vars, --env-vars-file and a manifest \
             remove every variable that they do not name",
            update_service(view, &[&format!("--update-env-vars={}", pairs(dropped))]),
        )
        .fix("or go back to the revision before", on_service(view, "update-traffic", &[&format!("--to-revisions={before}=100")])),
        InjectionFinding::SecretReferenceDiffers { target, declared, serving } => {
            let serving = serving.as_ref().map_or_else(
                || "holds a plain value there".to_owned(),
                |serving| format!("refers to {serving}"),
            );
            Judgement::proven(
                CauseCode::SecretReferenceDrifted,
                format!(
                    "{target} is declared as secret {declared}, but on the serving revision it {serving}"
                ),
            )
            .fix(
                "set it as the pipeline declares it",
                update_service(view, &[&format!("--update-secrets={target}={declared}")]),
            )
            .fix("see why the deploy does not: its step, or a later one, sets something else", None)
        }
        InjectionFinding::SecretNotFound { secret } => {
            let project = project(view, secret);
            Judgement::proven(CauseCode::SecretNotFound, format!("Secret Manager knows no {secret}"))
                .fix(
                    "look for its real name (names are case-sensitive)",
                    command(["gcloud", "secrets", "list", &project]),
                )
                .fix(
                    "or create it",
                    format!(
                        "printf %s \"$VALUE\" | {}",
                        command(["gcloud", "secrets", "create", short(secret), "--data-file=-", &project])
                    ),
                )
        }
        InjectionFinding::VersionNotFound { secret, version } => {
            Judgement::proven(CauseCode::SecretVersionMissing, format!("{secret} has no version {version}"))
                .fix(
                    "see which versions there are, and refer to one of them",
                    command(["gcloud", "secrets", "versions", "list", short(secret), &project(view, secret)]),
                )
                .fix("or add one", add_version(view, secret))
        }
        InjectionFinding::VersionDisabled { secret, version } => Judgement::proven(
            CauseCode::SecretVersionDisabled,
            format!(
                "version {version} of {secret} is DISABLED, so no instance can read {}",
                target(node, secret)
            ),
        )
        .fix("enable it again", {
            let words =
                ["gcloud", "secrets", "versions", "enable", version, &format!("--secret={}", short(secret))];
            command(words.into_iter().chain([&*project(view, secret)]))
        })
        .fix("or refer to a version that is enabled", {
            let words = ["gcloud", "secrets", "versions", "list", short(secret), "--filter=state=ENABLED"];
            command(words.into_iter().chain([&*project(view, secret)]))
        })
        .fix(REDEPLOY, None),
        InjectionFinding::VersionDestroyed { secret, version } => Judgement::proven(
            CauseCode::SecretVersionDestroyed,
            format!("version {version} of {secret} is DESTROYED; its value is gone for good"),
        )
        .fix("add a new version and refer to it", add_version(view, secret))
        .fix(REDEPLOY, None),
        InjectionFinding::NoAccessBinding { secret, service_account, shown_by } => {
            no_access(view, node, secret, service_account, shown_by.as_deref())
        }
        InjectionFinding::NewerVersion { secret, target, newest, added, revision, deployed } => Judgement::likely(
            CauseCode::SecretNewerThanRevision,
            format!(
                "instances that started before version {newest} of {secret} was added ({added}) still hold the one \
                 before it in {target}; revision {revision} was deployed {deployed}"
            ),
        )
        .suspect(
            "instances that started since then hold the newest version; how old each one is cannot be checked from here",
            versions(view, secret),
        )
        .fix("deploy again, so that every instance starts anew", {
            update_service(view, &[&format!("--update-secrets={target}={}:{newest}", reference(view, secret))])
        })
        .fix("refer to version numbers: then a rotation is a deploy, and can be rolled back", None),
        InjectionFinding::Corrupted { secret, version } => Judgement::proven(
            CauseCode::SecretChecksumMismatch,
            format!("the payload of version {version} of {secret} does not match its own checksum (CRC-32C)"),
        )
        .fix("add the value again as a new version, and refer to that", add_version(view, secret))
        .fix(REDEPLOY, None),
    }
}

pub(super) fn clause(finding: &InjectionFinding) -> String {
    match finding {
        InjectionFinding::NoAccessBinding { secret, service_account, .. } => {
            format!("{service_account} may not read secret {}", short(secret))
        }
        InjectionFinding::VersionDisabled { secret, version } => {
            format!("version {version} of secret {} is disabled", short(secret))
        }
        InjectionFinding::VersionDestroyed { secret, version } => {
            format!("version {version} of secret {} is destroyed", short(secret))
        }
        InjectionFinding::VersionNotFound { secret, version } => {
            format!("secret {} has no version {version}", short(secret))
        }
        InjectionFinding::SecretNotFound { secret } => format!("secret {} does not exist", short(secret)),
        InjectionFinding::NewerVersion { secret, revision, .. } => {
            format!(
                "secret {} has a newer version than the one from the time of revision {revision}",
                short(secret)
            )
        }
        InjectionFinding::Corrupted { secret, version } => {
            format!("version {version} of secret {} is corrupted", short(secret))
        }
        InjectionFinding::VariablesMissing { .. }
        | InjectionFinding::VariablesEmpty { .. }
        | InjectionFinding::VariablesDropped { .. }
        | InjectionFinding::SecretReferenceDiffers { .. } => finding.to_string(),
    }
}

fn variables_missing(
    view: &View<'_>,
    revision: &str,
    missing: &[String],
    of_database: &[String],
) -> Judgement {
    let judgement = if of_database.is_empty() {
        let claim = format!("revision {revision} lacks {}, which the pipeline declares", missing.join(", "));
        Judgement::proven(CauseCode::VariableMissing, claim)
    } else {
        let claim =
            format!("revision {revision} lacks {}, which leads to its database", of_database.join(", "));
        Judgement::proven(CauseCode::DatabaseVariableMissing, claim)
    };
    judgement.fix("see what the revision is given", on_service(view, "describe", &["--format=export"])).fix(
        "let the deploy step set it; --set-env-vars and --env-vars-file remove every variable that they do \
             not name, --update-env-vars keeps the others",
        update_service(view, &[&format!("--update-env-vars={}", pairs(missing))]),
    )
}

/// `A=VALUE,B=VALUE`.
fn pairs(names: &[String]) -> String {
    names.iter().map(|name| format!("{name}=VALUE")).collect::<Vec<_>>().join(",")
}

fn no_access(
    view: &View<'_>,
    node: &NodeRecord,
    secret: &str,
    account: &str,
    shown_by: Option<&str>,
) -> Judgement {
    let refused = view.nodes.iter().any(|other| {
        matches!(other.finding(), Some(Finding::Service(ServiceFinding::RevisionFailed { reason, message, .. }))
            if matches!(
                failure::read(reason.as_deref(), message).failure,
                Failure::Secrets | Failure::SecretDenied
            ))
    });
    let code = CauseCode::SecretAccessDenied;
    let judgement = if refused {
        let claim = format!("{account} may not read {secret}, and Cloud Run refused the revision for it");
        Judgement::proven(code, claim)
    } else if let Some(by) = shown_by {
        let claim =
            format!("{account} may not read {secret}, which {} needs: shown by {by}", target(node, secret));
        Judgement::proven(code, claim)
    } else {
        let claim = format!(
            "nothing on {secret} or its project lets {account} read it, which {} needs",
            target(node, secret)
        );
        Judgement::likely(code, claim).suspect(
            "a binding on a folder or the organisation may still allow it; the gate cannot see those",
            command([
                "gcloud",
                "policy-intelligence",
                "troubleshoot-policy",
                "iam",
                &format!("//secretmanager.googleapis.com/{secret}"),
                &format!("--principal-email={account}"),
                "--permission=secretmanager.versions.access",
            ]),
        )
    };
    let member = format!("--member=serviceAccount:{account}");
    let role = "--role=roles/secretmanager.secretAccessor";
    judgement
        .fix(
            "let the runtime service account (not the deploying one) read it; a fresh grant takes a minute or two",
            command([
                "gcloud",
                "secrets",
                "add-iam-policy-binding",
                short(secret),
                &member,
                role,
                &project(view, secret),
            ]),
        )
        .fix("then deploy again", None)
}

/// What needs the secret: the variable or file, where the node names it.
fn target<'a>(node: &'a NodeRecord, secret: &'a str) -> &'a str {
    node.subject.as_deref().unwrap_or_else(|| short(secret))
}

fn project(view: &View<'_>, secret: &str) -> String {
    format!("--project={}", project_of(secret).unwrap_or(&view.service.project))
}

fn versions(view: &View<'_>, secret: &str) -> String {
    command(["gcloud", "secrets", "versions", "list", short(secret), &project(view, secret)])
}

/// A secret as `--update-secrets` takes it: its short name in the service's own project.
fn reference<'a>(view: &View<'_>, secret: &'a str) -> &'a str {
    let own = project_of(secret).is_none_or(|project| project == view.service.project);
    if own { short(secret) } else { secret }
}

fn add_version(view: &View<'_>, secret: &str) -> String {
    let words = ["gcloud", "secrets", "versions", "add", short(secret), "--data-file=-"];
    format!("printf %s \"$VALUE\" | {}", command(words.into_iter().chain([&*project(view, secret)])))
}

//! Rules for findings about the Cloud SQL instance.

use super::super::cause::CauseCode;
use super::super::view::View;
use super::{Judgement, update_service};
use crate::model::resource::{instance_of, project_of};
use crate::record::finding::InstanceFinding;
use crate::text::shell::command;

pub(super) fn judge(view: &View<'_>, finding: &InstanceFinding) -> Judgement {
    match finding {
        InstanceFinding::NotFound { instance } => {
            let project = project(view, instance);
            Judgement::proven(CauseCode::InstanceNotFound, format!("Cloud SQL knows no instance {instance}"))
                .fix(
                    "see which instances there are, and correct the name in the pipeline",
                    command(["gcloud", "sql", "instances", "list", &project]),
                )
        }
        InstanceFinding::NotAttached { revision, instance, variable } => {
            let host = variable.as_ref().map_or_else(
                || format!("the pipeline declares {instance}"),
                |variable| format!("{variable} leads to /cloudsql/{instance}"),
            );
            let claim = format!(
                "{host}, but revision {revision} attaches no Cloud SQL instance, so that its socket does not exist"
            );
            let code = CauseCode::CloudsqlNotAttached;
            let judgement = match variable {
                Some(_) => Judgement::proven(code, claim),
                None => Judgement::likely(code, claim)
                    .suspect("the service dials no socket; then the cause is another", None),
            };
            judgement
                .fix("attach it", update_service(view, &[&format!("--add-cloudsql-instances={instance}")]))
                .fix("let the deploy step or the manifest state it too", None)
        }
        InstanceFinding::SocketDiffers { revision, dialled, attached, variable } => {
            let first = attached.first().map_or("INSTANCE", String::as_str);
            Judgement::proven(
                CauseCode::CloudsqlNameMismatch,
                format!(
                    "{variable} leads to the socket of {dialled}, but revision {revision} attaches {}: names are \
                     compared letter by letter",
                    attached.join(", ")
                ),
            )
            .fix(
                "see the instance's connection name, and write it the same in both places",
                on_instance(view, "describe", first, &["--format=value(connectionName)"]),
            )
            .fix("or attach that one too", update_service(view, &[&format!("--add-cloudsql-instances={dialled}")]))
        }
        InstanceFinding::Stopped { instance } => Judgement::proven(
            CauseCode::InstanceStopped,
            format!("Cloud SQL instance {instance} is stopped: its activation policy is NEVER"),
        )
        .fix(
            "start it; that takes a few minutes",
            on_instance(view, "patch", instance, &["--activation-policy=ALWAYS"]),
        ),
        InstanceFinding::Suspended { instance, reasons } => {
            let reasons = if reasons.is_empty() { "no reason given".to_owned() } else { reasons.join(", ") };
            Judgement::proven(
                CauseCode::InstanceSuspended,
                format!("Google suspended Cloud SQL instance {instance}: {reasons}"),
            )
            .fix("read its state in full", on_instance(view, "describe", instance, &[]))
            .fix("remove the reason: billing of the project, or the state of its Cloud KMS key", {
                command(["gcloud", "billing", "projects", "describe", project_name(view, instance)])
            })
        }
        InstanceFinding::NotRunning { instance, state } => Judgement::proven(
            CauseCode::InstanceNotRunning,
            format!("Cloud SQL instance {instance} is in state {state}, not RUNNABLE"),
        )
        .fix("see what is under way, and wait for its end", {
            let instance_flag = format!("--instance={}", instance_of(instance));
            command(["gcloud", "sql", "operations", "list", &instance_flag, &project(view, instance)])
        }),
        InstanceFinding::AddressDiffers { instance, dialled, addresses, variable, instance_is_stated } => {
            let addresses: Vec<String> = addresses.iter().map(ToString::to_string).collect();
            let listed = if addresses.is_empty() { "no address".to_owned() } else { addresses.join(", ") };
            let claim =
                format!("{variable} leads to {dialled}, but Cloud SQL instance {instance} has {listed}");
            let judgement = if *instance_is_stated {
                Judgement::proven(CauseCode::InstanceAddressMismatch, claim)
            } else {
                Judgement::likely(CauseCode::InstanceAddressMismatch, claim).suspect(
                    format!("{dialled} may be a database outside Cloud SQL: the files name no instance"),
                    command(["gcloud", "sql", "instances", "list", &project(view, instance)]),
                )
            };
            let address = addresses.first().map_or("ADDRESS", String::as_str);
            judgement.fix(
                format!(
                    "let {variable} lead to the instance's own address {address} (a recreated instance has a new one)"
                ),
                plain_variable(view, variable)
                    .then(|| update_service(view, &[&format!("--update-env-vars={variable}={address}")])),
            )
        }
        InstanceFinding::DiskFull { instance, grow_by_gb } => {
            let by = grow_by_gb.map_or_else(String::new, |gb| format!(" by at least {gb} GB"));
            Judgement::proven(
                CauseCode::InstanceDiskFull,
                format!("the disk of Cloud SQL instance {instance} is full, and Cloud SQL shut it down"),
            )
            .fix(
                format!("make its disk larger{by}; it starts by itself then, and a disk never shrinks again"),
                on_instance(view, "patch", instance, &["--storage-size=SIZE_IN_GB"]),
            )
            .fix(
                "or let it grow by itself from now on",
                on_instance(view, "patch", instance, &["--storage-auto-increase"]),
            )
        }
        InstanceFinding::OtherEngine { instance, version } => Judgement::proven(
            CauseCode::InstanceNotPostgres,
            format!(
                "Cloud SQL instance {instance} is {version}, and the service's variables lead to PostgreSQL"
            ),
        )
        .fix("see which instances there are, and name the one with PostgreSQL", {
            command(["gcloud", "sql", "instances", "list", &project(view, instance)])
        }),
        InstanceFinding::NotItself { instance, address, problem } => Judgement::proven(
            CauseCode::ServerIdentityUnverified,
            format!(
                "what answers connectors at {address} does not show that it is Cloud SQL instance {instance}: {problem}"
            ),
        )
        .fix(
            "see the instance's addresses, and when its server certificate and authority end or were rotated",
            on_instance(view, "describe", instance, &["--format=yaml(ipAddresses,serverCaCert,settings.ipConfiguration)"]),
        )
        .fix("see whether something between the gate and Google takes TLS apart", None),
        InstanceFinding::ConnectorRequired { .. }
        | InstanceFinding::NotAuthorized { .. }
        | InstanceFinding::TlsRequired { .. }
        | InstanceFinding::ClientCertificateRequired { .. }
        | InstanceFinding::NoDatabase { .. }
        | InstanceFinding::NoUser { .. }
        | InstanceFinding::IamLogin { .. }
        | InstanceFinding::NoConnectBinding { .. } => super::admission::judge(view, finding),
    }
}

pub(super) fn clause(finding: &InstanceFinding) -> String {
    match finding {
        InstanceFinding::NotFound { instance } => format!("there is no Cloud SQL instance {instance}"),
        InstanceFinding::NotAttached { revision, .. } => {
            format!("revision {revision} attaches no Cloud SQL instance")
        }
        InstanceFinding::SocketDiffers { dialled, .. } => format!("{dialled} is not the attached instance"),
        InstanceFinding::Stopped { instance } => format!("Cloud SQL instance {instance} is stopped"),
        InstanceFinding::Suspended { instance, .. } => format!("Cloud SQL instance {instance} is suspended"),
        InstanceFinding::NotRunning { instance, state } => {
            format!("Cloud SQL instance {instance} is in state {state}")
        }
        InstanceFinding::AddressDiffers { instance, dialled, .. } => {
            format!("{dialled} is no address of Cloud SQL instance {instance}")
        }
        InstanceFinding::DiskFull { instance, .. } => {
            format!("the disk of Cloud SQL instance {instance} is full")
        }
        InstanceFinding::OtherEngine { instance, version } => {
            format!("Cloud SQL instance {instance} is {version}")
        }
        InstanceFinding::ConnectorRequired { instance, .. } => {
            format!("Cloud SQL instance {instance} takes connectors only")
        }
        InstanceFinding::NotAuthorized { instance, .. } => {
            format!("Cloud SQL instance {instance} does not admit the service at its public address")
        }
        InstanceFinding::TlsRequired { instance, .. } => {
            format!("Cloud SQL instance {instance} takes encrypted connections only")
        }
        InstanceFinding::ClientCertificateRequired { instance } => {
            format!("Cloud SQL instance {instance} takes connections with a client certificate only")
        }
        InstanceFinding::NoDatabase { instance, database, .. } => {
            format!("Cloud SQL instance {instance} has no database {database}")
        }
        InstanceFinding::NoUser { instance, user, .. } => {
            format!("Cloud SQL instance {instance} lists no user {user}")
        }
        InstanceFinding::IamLogin { instance, user, .. } => {
            format!("IAM user {user} cannot log in to Cloud SQL instance {instance}")
        }
        InstanceFinding::NotItself { instance, address, .. } => {
            format!("what answers at {address} is not known to be Cloud SQL instance {instance}")
        }
        InstanceFinding::NoConnectBinding { instance, service_account, .. } => {
            format!("{service_account} may not connect to Cloud SQL instance {instance}")
        }
    }
}

/// Whether a variable holds the address alone and in plain text, so that one command can set it.
pub(super) fn plain_variable(view: &View<'_>, variable: &str) -> bool {
    let secret = view.nodes.iter().any(|node| node.subject.as_deref() == Some(variable));
    let whole = view.service.database.as_ref().is_some_and(|database| database.variables.len() == 1);
    !variable.is_empty() && !secret && !whole
}

pub(super) fn project_name<'a>(view: &'a View<'_>, instance: &'a str) -> &'a str {
    project_of(instance).unwrap_or(&view.service.project)
}

pub(super) fn project(view: &View<'_>, instance: &str) -> String {
    format!("--project={}", project_name(view, instance))
}

pub(super) fn on_instance(view: &View<'_>, verb: &str, instance: &str, flags: &[&str]) -> String {
    let words = ["gcloud", "sql", "instances", verb, instance_of(instance)];
    command(words.into_iter().chain(flags.iter().copied()).chain([&*project(view, instance)]))
}

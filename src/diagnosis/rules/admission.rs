//! Rules for what a Cloud SQL instance that runs does not let in: how, from where, as whom, to which database.

use super::super::cause::CauseCode;
use super::super::view::View;
use super::instance::{on_instance, project, project_name};
use super::{Judgement, update_service};
use crate::model::resource::instance_of;
use crate::record::finding::{IamProblem, InstanceFinding};
use crate::text::shell::command;

/// Judges the findings of this kind; of the others, the rules of [`super::instance`] know more.
pub(super) fn judge(view: &View<'_>, finding: &InstanceFinding) -> Judgement {
    let claim = finding.to_string();
    match finding {
        InstanceFinding::ConnectorRequired { instance, .. } => {
            Judgement::proven(CauseCode::InstanceRequiresConnector, claim)
                .fix(
                    "connect through the socket /cloudsql/PROJECT:REGION:INSTANCE, and attach the instance",
                    update_service(view, &[&format!("--add-cloudsql-instances={instance}")]),
                )
                .fix(
                    "or let the instance take direct connections again",
                    on_instance(view, "patch", instance, &["--connector-enforcement=NOT_REQUIRED"]),
                )
        }
        InstanceFinding::NotAuthorized { instance, networks, .. } => {
            let code = CauseCode::AuthorizedNetworkMissing;
            let judgement = if networks.is_empty() {
                Judgement::proven(code, claim)
            } else {
                Judgement::likely(code, claim).suspect(
                    "one of these networks may be an address that the service does leave from",
                    on_instance(view, "describe", instance, &["--format=yaml(settings.ipConfiguration)"]),
                )
            };
            judgement
                .fix("connect through the socket /cloudsql/PROJECT:REGION:INSTANCE, which needs no such network", {
                    update_service(view, &[&format!("--add-cloudsql-instances={instance}")])
                })
                .fix(
                    "or send all traffic through a VPC network with Cloud NAT, and authorise its static address",
                    on_instance(view, "patch", instance, &["--authorized-networks=NAT_ADDRESS"]),
                )
        }
        InstanceFinding::TlsRequired { instance, .. } => Judgement::proven(CauseCode::TlsRequired, claim)
            .fix("let the service ask for TLS: sslmode=require (asyncpg with SQLAlchemy: ssl=require)", None)
            .fix("see what the instance demands", {
                on_instance(view, "describe", instance, &["--format=value(settings.ipConfiguration.sslMode)"])
            }),
        InstanceFinding::ClientCertificateRequired { instance } => {
            Judgement::likely(CauseCode::ClientCertificateRequired, claim)
                .suspect("the image may bring a client certificate along", None)
                .fix("connect through the socket /cloudsql/PROJECT:REGION:INSTANCE, which brings its own", {
                    update_service(view, &[&format!("--add-cloudsql-instances={instance}")])
                })
                .fix(
                    "or let TLS without a client certificate be enough",
                    on_instance(view, "patch", instance, &["--ssl-mode=ENCRYPTED_ONLY"]),
                )
        }
        InstanceFinding::NoDatabase { instance, database, .. } => {
            Judgement::proven(CauseCode::DatabaseMissing, claim)
                .fix("create it, then run the migrations", {
                    let words = ["gcloud", "sql", "databases", "create", database, &on(instance)];
                    command(words.into_iter().chain([&*project(view, instance)]))
                })
                .fix("or correct its name in the pipeline", None)
        }
        InstanceFinding::NoUser { instance, user, .. } => {
            Judgement::likely(CauseCode::DatabaseUserMissing, claim)
                .suspect(
                    format!("a role {user} may have been made with SQL: Cloud SQL need not list such a one"),
                    format!(
                        "psql \"$ADMIN_DATABASE_URL\" -c {}",
                        crate::text::shell::quote(&format!(
                            "SELECT rolname FROM pg_roles WHERE rolname = '{}'",
                            user.replace('\'', "''")
                        ))
                    ),
                )
                .fix("create it, with the password that the service is given", {
                    let words =
                        ["gcloud", "sql", "users", "create", user, &on(instance), "--prompt-for-password"];
                    command(words.into_iter().chain([&*project(view, instance)]))
                })
                .fix("or correct its name in the pipeline", None)
        }
        InstanceFinding::IamLogin { instance, user, problem } => iam(view, claim, instance, user, problem),
        InstanceFinding::NoConnectBinding { instance, service_account, through_socket, .. } => {
            let code = CauseCode::CloudsqlClientRoleMissing;
            let judgement = if *through_socket {
                Judgement::proven(code, claim)
            } else {
                Judgement::likely(code, claim).suspect(
                    "the instance is attached, but the service may dial an address all the same",
                    None,
                )
            };
            judgement
                .fix(
                    "let the runtime service account (not the deploying one) connect; a fresh grant takes a minute or two",
                    grant(view, instance, service_account, "roles/cloudsql.client"),
                )
        }
        InstanceFinding::NotFound { .. }
        | InstanceFinding::Stopped { .. }
        | InstanceFinding::Suspended { .. }
        | InstanceFinding::NotRunning { .. }
        | InstanceFinding::AddressDiffers { .. }
        | InstanceFinding::DiskFull { .. }
        | InstanceFinding::OtherEngine { .. }
        | InstanceFinding::NotAttached { .. }
        | InstanceFinding::NotItself { .. }
        | InstanceFinding::SocketDiffers { .. } => super::instance::judge(view, finding),
    }
}

fn iam(view: &View<'_>, claim: String, instance: &str, user: &str, problem: &IamProblem) -> Judgement {
    let judgement = Judgement::proven(CauseCode::CloudsqlIamLoginMisconfigured, claim);
    match problem {
        IamProblem::Suffix => {
            let short = user.strip_suffix(".gserviceaccount.com").unwrap_or(user);
            judgement
                .fix(format!("log in as {short}: PostgreSQL's roles have the address without that end"), None)
        }
        IamProblem::NotCreated => judgement.fix("create it as an IAM user", {
            let kind = if user.ends_with(".iam") { "cloud_iam_service_account" } else { "cloud_iam_user" };
            let kind = format!("--type={kind}");
            let words = ["gcloud", "sql", "users", "create", user, &on(instance), &kind];
            command(words.into_iter().chain([&*project(view, instance)]))
        }),
        IamProblem::FlagOff => judgement
            .fix(
                "switch it on; --database-flags replaces all flags, so name the others that are set too",
                on_instance(view, "patch", instance, &["--database-flags=cloudsql.iam_authentication=on"]),
            )
            .fix("see which flags are set", {
                on_instance(view, "describe", instance, &["--format=yaml(settings.databaseFlags)"])
            }),
        IamProblem::Password { variable } => judgement
            .fix(
                format!(
                    "log in with an access token in the place of {variable} (a Cloud SQL connector with IAM \
                     authentication does so), or give the service a user with a password"
                ),
                None,
            )
            .fix("see which users there are, and of which type", {
                let words = ["gcloud", "sql", "users", "list", &on(instance)];
                command(words.into_iter().chain([&*project(view, instance)]))
            }),
        IamProblem::NoRole { service_account, .. } => judgement
            .fix("let the runtime service account log in to instances", {
                grant(view, instance, service_account, "roles/cloudsql.instanceUser")
            }),
    }
}

fn on(instance: &str) -> String {
    format!("--instance={}", instance_of(instance))
}

fn grant(view: &View<'_>, instance: &str, account: &str, role: &str) -> String {
    let (member, role) = (format!("--member=serviceAccount:{account}"), format!("--role={role}"));
    command(["gcloud", "projects", "add-iam-policy-binding", project_name(view, instance), &member, &role])
}

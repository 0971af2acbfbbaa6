//! What was not seen on the way to a symptom: suspects, each with the command that settles it.

use super::super::Suspect;
use super::super::view::View;
use super::postgres::files;
use crate::model::resource::{instance_of, project_of};
use crate::record::{CheckId, NodeRecord, Outcome, Skip, check_id, words};
use crate::text::shell::command;

/// A suspect for each check between the service and the symptom that could not be made, in causal order.
pub(super) fn suspects(view: &View<'_>, symptom: CheckId) -> Vec<Suspect> {
    let relevant = view.nodes.iter().filter(|node| view.graph.explains(node.check, symptom));
    relevant.filter(|node| is_unseen(node)).filter_map(|node| suspect(view, node)).collect()
}

/// Whether the fact was neither seen to hold nor seen not to.
fn is_unseen(node: &NodeRecord) -> bool {
    match &node.outcome {
        Some(Outcome::Passed { .. } | Outcome::Failed { .. }) => false,
        Some(Outcome::Skipped { reason: Skip::NotApplicable { .. } }) => false,
        Some(Outcome::Blocked { .. } | Outcome::Skipped { .. } | Outcome::Inconclusive { .. }) => true,
        None => node.so_far.is_none(),
    }
}

/// What a check that could not be made would have told. `None` for checks whose answer is not about the way.
fn suspect(view: &View<'_>, node: &NodeRecord) -> Option<Suspect> {
    let (would_be, command) = match node.check {
        check_id::REVISION_SERVING => ("another revision serves".to_owned(), service(view)),
        check_id::VARIABLES_INJECTED => ("the revision lacks a variable".to_owned(), service(view)),
        check_id::VARIABLES_NOT_EMPTY => {
            ("a variable that leads to the database is empty".to_owned(), service(view))
        }
        check_id::SECRET_REFERENCES_MATCH => {
            ("the revision refers to another secret".to_owned(), service(view))
        }
        check_id::SECRET_VERSION_ENABLED => (
            format!("the secret version of {} is disabled or gone", subject(node)),
            Some(command(["gcloud", "secrets", "list", &view.project_flag()])),
        ),
        check_id::SECRET_READABLE => (
            format!("the runtime service account may not read the secret of {}", subject(node)),
            view.service.service_account.as_deref().map(|account| roles_of(view, account)),
        ),
        check_id::SECRET_VERSION_CURRENT => (
            format!("the secret of {} has a newer version than instances hold", subject(node)),
            Some(command(["gcloud", "secrets", "list", &view.project_flag()])),
        ),
        check_id::CREDENTIAL_WELL_FORMED => ("the credential is malformed".to_owned(), Some(inside(view))),
        check_id::VPC_ACCESS_PRESENT => ("the revision has no way into the VPC".to_owned(), service(view)),
        check_id::VPC_CONNECTOR_READY => {
            ("the VPC connector is not ready".to_owned(), Some(connectors(view)))
        }
        check_id::VPC_CONNECTOR_IN_REGION => {
            ("the VPC connector stands in another region".to_owned(), Some(connectors(view)))
        }
        check_id::VPC_NETWORK_MATCHES => {
            ("the service leaves into another network than the database's".to_owned(), Some(connectors(view)))
        }
        check_id::EGRESS_COVERS_DATABASE => {
            ("the egress setting does not carry the database's address".to_owned(), service(view))
        }
        check_id::INSTANCE_RUNNING => ("the Cloud SQL instance does not run".to_owned(), instance(view)),
        check_id::INSTANCE_HAS_ADDRESS => {
            ("the host is no address of the Cloud SQL instance".to_owned(), instance(view))
        }
        check_id::CLOUDSQL_ATTACHED => {
            ("the revision does not attach the instance whose socket it dials".to_owned(), service(view))
        }
        check_id::INSTANCE_ALLOWS_SERVICE => {
            ("the Cloud SQL instance does not admit the service".to_owned(), instance(view))
        }
        check_id::INSTANCE_TLS_AGREES => {
            ("the Cloud SQL instance demands other TLS".to_owned(), instance(view))
        }
        check_id::INSTANCE_HAS_DATABASE => {
            ("the Cloud SQL instance has no such database".to_owned(), on_instance(view, "databases"))
        }
        check_id::INSTANCE_HAS_USER | check_id::INSTANCE_IAM_LOGIN => {
            ("the Cloud SQL instance has no such user".to_owned(), on_instance(view, "users"))
        }
        check_id::CLOUDSQL_CLIENT_GRANTED => (
            "the runtime service account may not connect to Cloud SQL".to_owned(),
            view.service.service_account.as_deref().map(|account| roles_of(view, account)),
        ),
        check_id::DATABASE_NAME_RESOLVES => {
            ("the database's host name has no address inside the VPC".to_owned(), Some(inside(view)))
        }
        check_id::DATABASE_PORT_OPEN => {
            ("the database does not answer inside the VPC".to_owned(), Some(inside(view)))
        }
        // The instance took the same login, asked by another way.
        check_id::DATABASE_LOGIN if view.held(check_id::CLOUDSQL_LOGIN) => return None,
        check_id::DATABASE_LOGIN => (
            "the database refuses the login (password, role, database name, slots)".to_owned(),
            Some(inside(view)),
        ),
        // The remaining steps stand or fall with those above, or say nothing about the way.
        _ => return None,
    };
    let reason = words::outcome(node.outcome.as_ref());
    Some(Suspect { text: format!("{would_be} ({}: {reason})", node.check), command })
}

fn subject(node: &NodeRecord) -> &str {
    node.subject.as_deref().unwrap_or("a variable")
}

fn inside(view: &View<'_>) -> String {
    format!("rungate check --vantage in-vpc --inspect-secrets {}", files(view))
}

fn service(view: &View<'_>) -> Option<String> {
    Some(super::on_service(view, "describe", &["--format=export"]))
}

fn connectors(view: &View<'_>) -> String {
    let words = ["gcloud", "compute", "networks", "vpc-access", "connectors", "list"];
    command(words.into_iter().chain([&*view.region_flag(), &*view.project_flag()]))
}

fn instance(view: &View<'_>) -> Option<String> {
    match view.service.database.as_ref()?.instance.as_deref() {
        Some(instance) => Some(command([
            "gcloud",
            "sql",
            "instances",
            "describe",
            instance_of(instance),
            &format!("--project={}", project_of(instance).unwrap_or(&view.service.project)),
        ])),
        None => Some(command(["gcloud", "sql", "instances", "list", &view.project_flag()])),
    }
}

/// Lists what there is of a kind on the instance, where that is named.
fn on_instance(view: &View<'_>, what: &str) -> Option<String> {
    let instance = view.service.database.as_ref()?.instance.as_deref()?;
    let flag = format!("--instance={}", instance_of(instance));
    let project = format!("--project={}", project_of(instance).unwrap_or(&view.service.project));
    Some(command(["gcloud", "sql", what, "list", &flag, &project]))
}

fn roles_of(view: &View<'_>, account: &str) -> String {
    command([
        "gcloud",
        "projects",
        "get-iam-policy",
        &view.service.project,
        "--flatten=bindings[].members",
        &format!("--filter=bindings.members:{account}"),
        "--format=value(bindings.role)",
    ])
}

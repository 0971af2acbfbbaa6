//! Causes for which the gate's own request is access denied at a private service.

use super::super::Fix;
use super::super::cause::CauseCode;
use super::super::view::View;
use super::on_service;
use crate::record::{Inconclusive, NodeRecord, Outcome, words};
use crate::text::shell::command;

type Found = (CauseCode, String, Vec<Fix>);

/// The account is known there, and may not invoke.
pub(super) fn invoker_denied(view: &View<'_>, nodes: &[&NodeRecord]) -> Found {
    let caller = nodes.iter().find_map(|node| match &node.outcome {
        Some(Outcome::Inconclusive { why: Inconclusive::InvokerDenied { caller, .. } }) => {
            Some(caller.as_str())
        }
        Some(
            Outcome::Passed { .. }
            | Outcome::Failed { .. }
            | Outcome::Blocked { .. }
            | Outcome::Skipped { .. }
            | Outcome::Inconclusive { .. },
        )
        | None => None,
    });
    let caller = caller.unwrap_or("the gate's account");
    let member = if caller.contains(' ') || !caller.contains('@') {
        "--member=serviceAccount:GATE_ACCOUNT".to_owned()
    } else if caller.ends_with(".gserviceaccount.com") {
        format!("--member=serviceAccount:{caller}")
    } else {
        format!("--member=user:{caller}")
    };
    let (project, region) = (view.project_flag(), view.region_flag());
    let grant = command([
        "gcloud",
        "run",
        "services",
        "add-iam-policy-binding",
        &view.service.name,
        &member,
        "--role=roles/run.invoker",
        &region,
        &project,
    ]);
    let fix = vec![
        Fix { text: "grant it the right to call the service".to_owned(), command: Some(grant) },
        Fix {
            text: "see who has that right; a new grant may need a minute to be seen".to_owned(),
            command: Some(on_service(view, "get-iam-policy", &[])),
        },
    ];
    let claim = format!(
        "{} is private, and {caller} may not call it: it lacks run.routes.invoke (roles/run.invoker)",
        view.service.name
    );
    (CauseCode::InvokerDenied, claim, fix)
}

/// The ID token is not taken.
pub(super) fn token_rejected(view: &View<'_>, nodes: &[&NodeRecord]) -> Found {
    let why = nodes.first().map_or_else(String::new, |node| words::outcome(node.outcome.as_ref()));
    let fix = vec![
        Fix {
            text: "see which audiences the service takes: its URL, and those of run.googleapis.com/custom-audiences"
                .to_owned(),
            command: Some(on_service(view, "describe", &["--format=export"])),
        },
        Fix {
            text: "take RUNGATE_ID_TOKEN away, so that the gate makes a token of its own; or set a fresh one for that \
                   audience"
                .to_owned(),
            command: None,
        },
    ];
    (CauseCode::TokenRejected, why, fix)
}

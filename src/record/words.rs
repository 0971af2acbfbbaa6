//! Ends of checks in words: for reasons, suspects and reports.

use crate::record::{Inconclusive, Outcome, Skip};

/// What became of a check, in one clause. `None` is a check that had no end when the record was kept.
pub fn outcome(outcome: Option<&Outcome>) -> String {
    match outcome {
        Some(Outcome::Passed { detail }) => detail.clone(),
        Some(Outcome::Failed { finding }) => finding.to_string(),
        Some(Outcome::Blocked { by }) => format!("blocked by {by}"),
        Some(Outcome::Skipped { reason }) => skip(reason),
        Some(Outcome::Inconclusive { why }) => inconclusive(why),
        None => "it had not ended when the run did".to_owned(),
    }
}

/// Why a check was not run.
pub fn skip(reason: &Skip) -> String {
    match reason {
        Skip::NotApplicable { because } => format!("does not apply: {because}"),
        Skip::NotVisible { because } => format!("not visible from here: {because}"),
        Skip::NotAllowed { flag } => format!("needs {flag}"),
        Skip::Unresolved { what } => format!("a value is unresolved: {what}"),
        Skip::Settled { by } => format!("{by} already proved a cause that waiting cannot fix"),
        Skip::Interrupted { signal } => format!("{signal} ended the run before"),
        Skip::Deadline { seconds } => format!("the deadline of {seconds} s ended the run before"),
    }
}

/// Why something could not be found out.
pub fn inconclusive(why: &Inconclusive) -> String {
    match why {
        Inconclusive::PermissionDenied { permission, resource, .. } => {
            format!("no permission {permission} on {resource}")
        }
        Inconclusive::ApiDisabled { api, project } => format!("{api} is switched off in project {project}"),
        Inconclusive::NoCredentials { detail, .. } => format!("no credentials: {detail}"),
        Inconclusive::InvokerDenied { url, caller } => {
            format!("{url} does not let {caller} in (403)")
        }
        Inconclusive::TokenRejected { url, caller, detail } => {
            format!("{url} does not take the ID token of {caller}: {detail}")
        }
        Inconclusive::AccessDenied { url, barrier } => format!("access denied at {url}: {barrier}"),
        Inconclusive::Unavailable { what, detail } => format!("no usable answer from {what}: {detail}"),
        Inconclusive::Malformed { what, detail } => format!("unreadable answer from {what}: {detail}"),
        Inconclusive::Deadline { seconds } => {
            format!("under way when the deadline of {seconds} s ended the run")
        }
        Inconclusive::Defect { detail } => format!("a defect of rungate: {detail}"),
    }
}

/// The kind of a reason in a few words, for counting.
pub fn skip_kind(reason: &Skip) -> &'static str {
    match reason {
        Skip::NotApplicable { .. } => "not applicable",
        Skip::NotVisible { .. } => "not visible from here",
        Skip::NotAllowed { .. } => "not allowed",
        Skip::Unresolved { .. } => "unresolved value",
        Skip::Settled { .. } => "already settled",
        Skip::Interrupted { .. } => "interrupted",
        Skip::Deadline { .. } => "deadline",
    }
}

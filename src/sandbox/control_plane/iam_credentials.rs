//! IAM Service Account Credentials API v1: ID tokens, for the gate's own account.

use serde_json::{Value, json};

use super::Reply;
use super::ask::Ask;
use super::error::Refusal;
use crate::sandbox::tokens::{GATE, id_token};

const API: &str = "iamcredentials.googleapis.com";

/// Answers what is this API's.
pub(super) fn answer(ask: &Ask<'_>) -> Option<Reply> {
    let (segments, verb) = ask.parts();
    let (["v1", "projects", _, "serviceAccounts", account], "generateIdToken") = (&segments[..], verb) else {
        return None;
    };
    let audience = serde_json::from_slice(ask.body)
        .ok()
        .and_then(|body: Value| body.get("audience").and_then(Value::as_str).map(str::to_owned));
    Some(match audience {
        Some(audience) if *account == GATE => Ok(json!({"token": id_token(ask.cloud, &audience)})),
        Some(_) => Err(Refusal::Permission {
            api: API,
            permission: "iam.serviceAccounts.getOpenIdToken",
            resource: format!("projects/-/serviceAccounts/{account}"),
        }),
        None => Err(Refusal::FailedPrecondition { message: "audience: it is required".to_owned() }),
    })
}

//! IAM Service Account Credentials API v1: ID tokens for the gate's own account, and tokens with which the services'
//! accounts log in to Cloud SQL.

use serde_json::{Value, json};

use super::Reply;
use super::ask::Ask;
use super::error::Refusal;
use crate::sandbox::tokens::{GATE, id_token, login_token};
use crate::sandbox::world::Grants;

const API: &str = "iamcredentials.googleapis.com";

/// Answers what is this API's.
pub(super) fn answer(ask: &Ask<'_>) -> Option<Reply> {
    let (segments, verb) = ask.parts();
    let ["v1", "projects", _, "serviceAccounts", account] = &segments[..] else { return None };
    match verb {
        "generateAccessToken" => return Some(access_token(ask, account)),
        "generateIdToken" => {}
        _ => return None,
    }
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

/// The scope of logging in to Cloud SQL.
const LOGIN: &str = "https://www.googleapis.com/auth/sqlservice.login";

/// For logging in to Cloud SQL only: nothing else here asks for an access token.
fn access_token(ask: &Ask<'_>, account: &str) -> Reply {
    let world = &ask.cloud.world;
    let body: Value = serde_json::from_slice(ask.body).unwrap_or_default();
    let mut scopes = body["scope"].as_array().into_iter().flatten().filter_map(Value::as_str);
    if !scopes.any(|scope| scope == LOGIN) {
        return Err(Refusal::FailedPrecondition {
            message: "scope: only sqlservice.login is given here".to_owned(),
        });
    }
    let known = world.services.iter().filter_map(|service| service.newest());
    let known = known.map(|revision| &revision.service_account).any(|one| one == account);
    match world.gate {
        Grants::Everything | Grants::WithoutConnect if known => Ok(json!({
            "accessToken": login_token(ask.cloud, account),
            "expireTime": (jiff::Timestamp::now() + jiff::SignedDuration::from_secs(3600)).to_string(),
        })),
        Grants::Everything | Grants::WithoutConnect | Grants::Nothing => Err(Refusal::Permission {
            api: API,
            permission: "iam.serviceAccounts.getAccessToken",
            resource: format!("projects/-/serviceAccounts/{account}"),
        }),
    }
}

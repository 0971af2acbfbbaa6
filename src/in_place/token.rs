//! Where the variables name an IAM user and no password: an access token of the account that this machine runs as, from its
//! metadata server, in the password's place.

use std::collections::BTreeMap;
use std::time::Duration;

use secrecy::{ExposeSecret as _, SecretString};

use super::answer::Answer;
use super::family::Family;
use super::way::ProbeTarget;
use super::{Step, StepOutcome};
use crate::connection::{Connection, SslMode, iam_account};
use crate::probe::google::{Timeouts, machine_login_token};
use crate::record::Inconclusive;
use crate::text::vault::Vault;

/// Where Google's libraries look for the metadata server's address before they take its own.
const METADATA_HOST: &str = "GCE_METADATA_HOST";

/// Gives the way a token, where that is what its user logs in with. The token goes to the vault; it is sent through TLS, or
/// through Cloud Run's own socket, behind which there is TLS.
///
/// # Errors
/// The answer where there is none.
pub async fn with_token(
    mut way: ProbeTarget,
    variables: &BTreeMap<String, SecretString>,
    vault: &Vault,
    limit: Duration,
) -> Result<ProbeTarget, Box<Answer>> {
    let Connection { user, password: None, sslmode, host, .. } = &way.connection else { return Ok(way) };
    if iam_account(user).is_none() {
        return Ok(way);
    }
    if !host.starts_with('/') {
        match sslmode {
            SslMode::Disable | SslMode::Allow => {
                let why = format!(
                    "user {user} logs in with an access token, which sslmode={sslmode} would send as it is"
                );
                return Err(Box::new(without(&way, Family::Variables, StepOutcome::Failed, why)));
            }
            SslMode::Prefer => way.connection.sslmode = SslMode::Require,
            SslMode::Require | SslMode::VerifyCa | SslMode::VerifyFull => {}
        }
    }
    let host = variables.get(METADATA_HOST).map(|host| host.expose_secret()).filter(|host| !host.is_empty());
    let usual = Timeouts::default();
    let timeouts = Timeouts { attempt: usual.attempt.min(limit), ..usual };
    match machine_login_token(host, &timeouts).await {
        Ok(token) => {
            vault.remember(&token);
            way.connection.password = Some(token);
            Ok(way)
        }
        Err(why) => {
            let why = match why {
                Inconclusive::NoCredentials { detail, .. } | Inconclusive::Unavailable { detail, .. } => {
                    detail
                }
                Inconclusive::PermissionDenied { .. }
                | Inconclusive::ApiDisabled { .. }
                | Inconclusive::InvokerDenied { .. }
                | Inconclusive::TokenRejected { .. }
                | Inconclusive::AccessDenied { .. }
                | Inconclusive::Malformed { .. }
                | Inconclusive::Deadline { .. }
                | Inconclusive::Defect { .. } => "no access token of this machine's own account".to_owned(),
            };
            Err(Box::new(without(&way, Family::Inconclusive, StepOutcome::Unknown, why)))
        }
    }
}

fn without(way: &ProbeTarget, family: Family, outcome: StepOutcome, detail: String) -> Answer {
    let mut answer = Answer::of(way);
    answer.steps.push(Step { step: "token".to_owned(), outcome, detail: detail.clone(), took_ms: 0 });
    answer.end(family, detail);
    answer
}

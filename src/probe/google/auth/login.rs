//! Tokens that take a password's place at a login to Cloud SQL (IAM database authentication). They are good for that alone
//! (`sqlservice.login`), and last an hour at most.

use std::sync::Arc;

use google_cloud_auth::credentials::{AccessTokenCredentials, mds};
use secrecy::SecretString;

use super::super::{Timeouts, retry};
use super::impersonation::{Chain, Impersonation};
use super::{Identity, trouble};
use crate::record::Inconclusive;

/// The scope that Google's connectors ask for.
const SCOPE: &str = "https://www.googleapis.com/auth/sqlservice.login";

impl Identity {
    /// A token with which `account` logs in, got by acting as it.
    ///
    /// # Errors
    /// [`Inconclusive::PermissionDenied`]: the gate may not act as the account; [`Inconclusive::NoCredentials`]: there is no such account.
    pub(in super::super) async fn login_token(
        &self,
        account: &str,
        timeouts: &Timeouts,
    ) -> Result<SecretString, Inconclusive> {
        let chain = Chain::of_list(account, self.iamcredentials.as_deref())
            .map_err(|detail| Inconclusive::NoCredentials { detail, fix: None })?;
        let source = self.credentials.clone();
        let transport = Arc::clone(&self.transport);
        let account = Impersonation { source, chain, federated: false, timeouts: *timeouts, transport };
        account.access_token_for(SCOPE).await
    }
}

/// A token with which the account of this machine logs in, from its metadata server (at `host`, else at Google's own
/// address).
///
/// # Errors
/// [`Inconclusive::NoCredentials`]: there is no metadata server, or it gives none.
pub async fn machine_login_token(
    host: Option<&str>,
    timeouts: &Timeouts,
) -> Result<SecretString, Inconclusive> {
    let none = |detail: String| Inconclusive::NoCredentials {
        detail: format!("no access token of this machine's own account: {detail}"),
        fix: None,
    };
    let builder = mds::Builder::default()
        .with_scopes([SCOPE])
        .with_retry_policy(retry::policy())
        .with_backoff_policy(retry::backoff(timeouts));
    let builder = match host {
        Some(host) => builder.with_endpoint(format!("http://{host}")),
        None => builder,
    };
    let credentials: AccessTokenCredentials =
        builder.build_access_token_credentials().map_err(|error| none(trouble::error_chain(&error)))?;
    match tokio::time::timeout(timeouts.attempt, credentials.access_token()).await {
        Ok(Ok(token)) => Ok(SecretString::from(token.token)),
        Ok(Err(error)) => Err(none(trouble::error_chain(&error))),
        Err(_late) => Err(none(format!("none within {} s", timeouts.attempt.as_secs_f32()))),
    }
}

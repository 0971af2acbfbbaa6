//! What takes the password's place where a user logs in with IAM: an access token of the account that the service runs as.
//!
//! The gate is somebody else, so it must act as that account. It does so only where it may hold the service's credentials
//! at all (`--inspect-secrets`, which the sandbox gives by itself), and asks for a token that is good for logging in to Cloud
//! SQL and for nothing else. The token goes through TLS, or not at all.

use crate::checks::injection::secret_readable::account;
use crate::connection::{Connection, SslMode, iam_account};
use crate::live::Scope;
use crate::live::connection::INSPECT_SECRETS;
use crate::live::service::not_visible;
use crate::record::{Outcome, Skip};

/// Gives a way without a password the token that the service would send in its place.
pub(in crate::checks) async fn with_token(scope: &Scope, connection: &mut Connection) -> Result<(), Outcome> {
    if connection.password.is_some() {
        return Ok(());
    }
    let user = connection.user.clone();
    if !user.contains('@') {
        return Err(not_visible(
            "no declared variable holds the database's password, so the gate cannot log in as the service does",
        ));
    }
    let Some(of_user) = iam_account(&user) else {
        return Err(not_visible(format!(
            "{user} logs in with IAM, and is no service account: nobody but the person has a token"
        )));
    };
    let runs_as = account(scope).await?;
    if !runs_as.eq_ignore_ascii_case(&of_user) {
        return Err(not_visible(format!(
            "{user} logs in with IAM, and the service runs as {runs_as}: whose token it sends is not known"
        )));
    }
    if !scope.settings.inspect_secrets {
        return Err(Outcome::Skipped { reason: Skip::NotAllowed { flag: INSPECT_SECRETS.to_owned() } });
    }
    let token = scope.outside.google.login_token(&of_user).await;
    connection.password = Some(token.map_err(|why| Outcome::Inconclusive { why })?);
    Ok(())
}

/// The same for a way that the gate dials as the service does: a token is sent through TLS only.
pub(in crate::checks) async fn with_token_over_tls(
    scope: &Scope,
    connection: &mut Connection,
) -> Result<(), Outcome> {
    if connection.password.is_some() {
        return Ok(());
    }
    with_token(scope, connection).await?;
    match connection.sslmode {
        SslMode::Disable | SslMode::Allow => Err(not_visible(format!(
            "with sslmode={} a token would travel as it is, and the gate does not send it so",
            connection.sslmode
        ))),
        SslMode::Prefer => {
            connection.sslmode = SslMode::Require;
            Ok(())
        }
        SslMode::Require | SslMode::VerifyCa | SslMode::VerifyFull => Ok(()),
    }
}

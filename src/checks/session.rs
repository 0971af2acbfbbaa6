//! Logging in, again where time can mend what refuses.

use std::time::Duration;

use super::Scope;
use super::connection::{self, Connection};
use super::facts::failed;
use crate::probe::postgres::{Session, ask_for_tls};
use crate::run::finding::{Finding, PostgresFinding};
use crate::run::outcome::Outcome;

/// Pause before another try.
const PAUSE: Duration = Duration::from_millis(500);
/// How long a server that starts, or a connection that was cut, is tried again.
const STARTING: Duration = Duration::from_secs(10);
/// How long a full server is tried again: slots come and go, but the service's users do not wait longer either.
const FULL: Duration = Duration::from_secs(1);

/// Logs in as the service would. A rejected password is never tried twice: locked accounts and noise in the log are
/// the user's.
///
/// # Errors
/// The outcome of the step that failed.
pub(super) async fn login(scope: &Scope, connection: &Connection) -> Result<Session, Outcome> {
    let began = tokio::time::Instant::now();
    loop {
        let finding = match once(scope, connection).await? {
            Ok(session) => return Ok(session),
            Err(finding) => finding,
        };
        let lasting = began.elapsed() + PAUSE > patience(&finding);
        let finding = Finding::Postgres(finding);
        if lasting {
            return Err(failed(finding));
        }
        scope.notes.so_far(Some(finding));
        tokio::time::sleep(PAUSE).await;
    }
}

async fn once(scope: &Scope, connection: &Connection) -> Result<Result<Session, PostgresFinding>, Outcome> {
    let limit = scope.settings.step_timeout;
    let (address, mut stream) = connection::open(scope, connection).await?;
    Ok(match ask_for_tls(&mut stream, address, limit).await {
        Ok(offer) => Session::login(stream, address, offer, &connection.login, limit).await,
        Err(finding) => Err(finding),
    })
}

/// How long time may mend a finding.
fn patience(finding: &PostgresFinding) -> Duration {
    match finding {
        PostgresFinding::LoginRefused { sqlstate, .. } => match sqlstate.as_str() {
            // cannot_connect_now, admin_shutdown, crash_shutdown
            "57P03" | "57P01" | "57P02" => STARTING,
            // too_many_connections
            "53300" => FULL,
            _ => Duration::ZERO,
        },
        PostgresFinding::Cut { .. } => FULL,
        PostgresFinding::NameUnresolvable { .. }
        | PostgresFinding::Refused { .. }
        | PostgresFinding::TimedOut { .. }
        | PostgresFinding::Unreachable { .. }
        | PostgresFinding::NotPostgres { .. }
        | PostgresFinding::TlsUnsupported { .. }
        | PostgresFinding::TlsFailed { .. }
        | PostgresFinding::QueryFailed { .. } => Duration::ZERO,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_rejected_password_is_never_tried_again() {
        let refused = |sqlstate: &str| PostgresFinding::LoginRefused {
            sqlstate: sqlstate.to_owned(),
            message: String::new(),
            user: String::new(),
            database: String::new(),
            tls: false,
        };
        for lasting in ["28P01", "28000", "3D000", "42501"] {
            assert_eq!(patience(&refused(lasting)), Duration::ZERO, "{lasting}");
        }
        for passing in ["57P03", "53300"] {
            assert!(patience(&refused(passing)) > PAUSE, "{passing}");
        }
    }
}

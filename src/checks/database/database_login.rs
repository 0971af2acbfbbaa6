//! The login that the service would make works.

use crate::checks::database::{bounds, candidates, declared, patiently, token, trust};
use crate::checks::{Check, USUAL, either, place};
use crate::connection::Connection;
use crate::live::Scope;
use crate::live::connection::{self, Endpoint};
use crate::live::service::passed;
use crate::live::vantage::from_where;
use crate::probe::postgres::{Method, PassedOver, Session, Stop, login_in_turn};
use crate::record::{Fact, Family, Outcome, Vantage, check_id};

/// See the module.
pub(in crate::checks) static CHECK: Check = Check {
    id: check_id::DATABASE_LOGIN,
    holds: "The login that the service would make works",
    family: Family::Database,
    place: place::of_database,
    vantage: Vantage::Runner,
    needs: &[check_id::DATABASE_TLS_AGREES],
    explained_by: &[
        check_id::DATABASE_TLS_AGREES,
        check_id::SECRET_VERSION_ENABLED,
        check_id::SECRET_READABLE,
        check_id::INSTANCE_HAS_DATABASE,
        check_id::INSTANCE_HAS_USER,
        check_id::INSTANCE_IAM_LOGIN,
    ],
    subjects: declared,
    run: |scope| either(run(scope)),
    ..USUAL
};

async fn run(scope: &Scope) -> Result<Outcome, Outcome> {
    let (connection, session) = log_in(scope).await?;
    if session.method == Method::Cleartext && !session.tls {
        scope.fact(Fact::Note {
            text: "the server asks for the password itself, and without TLS it travels as it is; the service sends it so, too"
                .to_owned(),
        });
    }
    let proof = match session.method {
        Method::Nothing => "without being asked for a password",
        Method::Cleartext => "with its password in clear",
        Method::Md5 => "by MD5",
        Method::Scram => "by SCRAM",
        Method::Other(_) => "in another way",
    };
    let secured = if session.tls { "over TLS" } else { "without TLS" };
    let address = session.address;
    let Connection { user, database, .. } = &connection;
    let detail = format!(
        "user {user} logs in to database {database} at {address} {secured}, {proof}, dialled {}",
        from_where(scope)
    );
    // The query is asked in the same session: a login costs the server a process, and a full one cannot spare two.
    scope.conversation.leave(connection, session);
    Ok(passed(detail))
}

/// Logs in with what the live revision is given.
pub(in crate::checks) async fn log_in(scope: &Scope) -> Result<(Connection, Session), Outcome> {
    let mut connection = connection::connection(scope).await?;
    (connection.trust, _) = trust::trust(scope, connection.sslmode).await;
    token::with_token_over_tls(scope, &mut connection).await?;
    let candidates = candidates(scope, &Endpoint::from(&connection)).await?;
    let bounds = bounds(scope, connection.connect_timeout);
    let turned = patiently(scope, || {
        let (all, connection) = (candidates.all.clone(), connection.clone());
        Box::pin(async move {
            login_in_turn(scope.outside.dial.as_ref(), &scope.target.key, &all, &connection, bounds).await
        })
    })
    .await
    .map_err(|stop| candidates.outcome(scope, stop))?;
    for PassedOver { server, stop } in &turned.passed_over {
        let why = match stop {
            Stop::Found(finding) => finding.to_string(),
            Stop::Inconclusive(_) => "it could not be asked".to_owned(),
        };
        let text = format!("the driver passes over {server}, and goes on to the next server: {why}");
        scope.fact(Fact::Note { text });
    }
    Ok((connection.at(&turned.server), turned.given))
}

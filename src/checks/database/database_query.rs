//! The database answers a query.

use crate::checks::database::database_login::log_in;
use crate::checks::database::{bounds, declared, outcome, patiently};
use crate::checks::{Check, USUAL, either, place};
use crate::connection::Connection;
use crate::live::Scope;
use crate::live::conversation::Answers;
use crate::live::service::passed;
use crate::live::vantage::from_where;
use crate::probe::postgres::{Session, Stop, describe, holdings, slots};
use crate::record::{Fact, Family, Outcome, Vantage, check_id};

/// See the module.
pub(in crate::checks) static CHECK: Check = Check {
    id: check_id::DATABASE_QUERY,
    holds: "The database answers a query",
    family: Family::Database,
    place: place::of_database,
    vantage: Vantage::Runner,
    needs: &[check_id::DATABASE_LOGIN],
    explained_by: &[check_id::DATABASE_LOGIN],
    subjects: declared,
    run: |scope| either(run(scope)),
    ..USUAL
};

async fn run(scope: &Scope) -> Result<Outcome, Outcome> {
    let answers = patiently(scope, || Box::pin(ask(scope))).await.map_err(|stop| outcome(scope, stop))??;
    let server = &answers.server;
    let kind = if server.in_recovery { "a standby" } else { "a primary" };
    let (version, in_recovery) = (server.version.clone(), server.in_recovery);
    let detail = format!("SELECT 1 gives 1; PostgreSQL {version}, {kind}, dialled {}", from_where(scope));
    scope.fact(Fact::PostgresServer { version, in_recovery });
    scope.conversation.keep(answers);
    Ok(passed(detail))
}

/// Asks everything that any check wants to know, in the session of the login. Where that is gone (it was cut, and this
/// is another try), logs in anew; what then stands in the way is an outcome of its own.
async fn ask(scope: &Scope) -> Result<Result<Answers, Outcome>, Stop> {
    let (connection, session) = match scope.conversation.take() {
        Some(left) => left,
        None => match log_in(scope).await {
            Ok(made) => made,
            Err(outcome) => return Ok(Err(outcome)),
        },
    };
    let answers = converse(scope, &connection, &session).await?;
    session.close().await;
    Ok(Ok(answers))
}

async fn converse(scope: &Scope, connection: &Connection, session: &Session) -> Result<Answers, Stop> {
    let bounds = bounds(scope, connection.connect_timeout);
    let server = describe(session, bounds).await?;
    let slots = slots(session, bounds).await;
    let holdings = match &scope.target.service.database {
        Some(database) => holdings(session, &database.expect, bounds).await,
        None => Ok(Default::default()),
    };
    Ok(Answers { connection: connection.clone(), server, slots, holdings })
}

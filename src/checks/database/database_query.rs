//! The database answers a query.

use crate::checks::database::database_login::log_in;
use crate::checks::database::{bounds, declared, from_where, outcome, patiently};
use crate::checks::facts::passed;
use crate::checks::{Check, Scope};
use crate::probe::postgres::describe;
use crate::run::outcome::{Outcome, Vantage};
use crate::run::record::{Fact, Role};

/// See the module.
pub(in crate::checks) static CHECK: Check = Check {
    id: "database-query",
    holds: "The database answers a query",
    vantage: Vantage::Runner,
    role: Role::Advisory,
    needs: &["database-login"],
    explained_by: &["database-login"],
    subjects: declared,
    run: |scope| Box::pin(async move { run(scope).await.unwrap_or_else(|outcome| outcome) }),
};

async fn run(scope: &Scope) -> Result<Outcome, Outcome> {
    let (connection, session) = log_in(scope).await?;
    let session = std::sync::Arc::new(session);
    let bounds = bounds(scope, connection.connect_timeout);
    let asked = patiently(scope, || {
        let session = std::sync::Arc::clone(&session);
        Box::pin(async move { describe(&session, bounds).await })
    });
    let server = asked.await.map_err(|stop| outcome(scope, stop))?;
    if let Some(session) = std::sync::Arc::into_inner(session) {
        session.close().await;
    }
    let (version, in_recovery) = (server.version, server.in_recovery);
    let kind = if in_recovery { "a standby" } else { "a primary" };
    let detail = format!("SELECT 1 gives 1; PostgreSQL {version}, {kind}, dialled {}", from_where(scope));
    scope.fact(Fact::PostgresServer { version, in_recovery });
    Ok(passed(detail))
}

//! The database answers a query: `SELECT 1`, in a read-only transaction.

use super::connection;
use super::facts::{failed, passed};
use super::session;
use super::{Check, Scope, Subjects};
use crate::run::finding::Finding;
use crate::run::outcome::{Outcome, Vantage};
use crate::run::record::{Fact, Role};

/// See the module.
pub(super) static CHECK: Check = Check {
    id: "database-query",
    holds: "The database answers a query",
    vantage: Vantage::Runner,
    role: Role::Advisory,
    needs: &["database-login"],
    explained_by: &["database-login"],
    subjects: |service| if service.database.is_some() { Subjects::Whole } else { Subjects::None },
    run: |scope| Box::pin(run(scope)),
};

async fn run(scope: &Scope) -> Outcome {
    let session = match connection::connection(scope).await {
        Ok(connection) => session::login(scope, &connection).await,
        Err(outcome) => return outcome,
    };
    let session = match session {
        Ok(session) => session,
        Err(outcome) => return outcome,
    };
    match session.ask(scope.settings.step_timeout).await {
        Ok(server) => {
            let detail = format!("PostgreSQL {} answers SELECT 1", server.version);
            let (version, in_recovery) = (server.version, server.in_recovery);
            scope.fact(Fact::PostgresServer { version, in_recovery });
            passed(if in_recovery { format!("{detail} (a standby)") } else { detail })
        }
        Err(finding) => failed(Finding::Postgres(finding)),
    }
}

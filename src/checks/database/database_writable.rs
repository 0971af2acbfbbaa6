//! The database takes writes.

use crate::checks::Check;
use crate::checks::database::{answers, declared};
use crate::live::Scope;
use crate::live::service::{failed, passed};
use crate::record::finding::{DatabaseFinding, Finding};
use crate::record::{CheckId, Outcome, Role, Vantage, check_id};

/// See the module. Advisory: a service may be meant to read from a standby.
pub(in crate::checks) static CHECK: Check = Check {
    id: CheckId::new("database-writable"),
    holds: "The database takes writes",
    vantage: Vantage::Runner,
    role: Role::Advisory,
    needs: &[check_id::DATABASE_QUERY],
    explained_by: &[check_id::DATABASE_QUERY],
    subjects: declared,
    run: |scope| Box::pin(async move { run(scope).unwrap_or_else(|outcome| *outcome) }),
};

fn run(scope: &Scope) -> Result<Outcome, Box<Outcome>> {
    let answers = answers(scope)?;
    let (server, connection) = (&answers.server, &answers.connection);
    if server.in_recovery || server.read_only {
        return Ok(failed(Finding::Database(DatabaseFinding::ReadOnly {
            standby: server.in_recovery,
            user: connection.user.clone(),
            database: connection.database.clone(),
        })));
    }
    Ok(passed("the server is a primary, and its transactions are not read-only by default"))
}

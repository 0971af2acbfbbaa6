//! The database takes writes.

use crate::checks::database::{answers, declared};
use crate::checks::{Check, USUAL, at_once, place};
use crate::live::Scope;
use crate::live::service::{failed, passed};
use crate::record::finding::{DatabaseFinding, Finding};
use crate::record::{CheckId, Family, Outcome, Vantage, check_id};

/// See the module. Advisory: a service may be meant to read from a standby.
pub(in crate::checks) static CHECK: Check = Check {
    id: CheckId::new("database-writable"),
    holds: "The database takes writes",
    family: Family::Database,
    place: place::of_database,
    vantage: Vantage::Runner,
    needs: &[check_id::DATABASE_QUERY],
    explained_by: &[check_id::DATABASE_QUERY],
    explains: &[check_id::HEALTH_HEALTHY],
    subjects: declared,
    run: |scope| at_once(run(scope)),
    ..USUAL
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

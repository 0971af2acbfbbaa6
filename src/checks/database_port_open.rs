//! The database's port takes TCP connections.

use super::connection;
use super::facts::passed;
use super::{Check, Scope, Subjects};
use crate::run::outcome::{Outcome, Vantage};
use crate::run::record::Role;

/// See the module.
pub(super) static CHECK: Check = Check {
    id: "database-port-open",
    holds: "The database's port takes connections",
    vantage: Vantage::Runner,
    role: Role::Advisory,
    needs: &["database-name-resolves"],
    explained_by: &[
        "variables-injected",
        "secret-references-match",
        "vpc-access-present",
        "vpc-connector-ready",
        "vpc-connector-in-region",
        "vpc-network-matches",
        "egress-carries-database",
        "instance-running",
        "instance-has-address",
        "database-name-resolves",
    ],
    subjects: |service| if service.database.is_some() { Subjects::Whole } else { Subjects::None },
    run: |scope| Box::pin(run(scope)),
};

async fn run(scope: &Scope) -> Outcome {
    let connection = match connection::connection(scope).await {
        Ok(connection) => connection,
        Err(outcome) => return outcome,
    };
    let began = tokio::time::Instant::now();
    match connection::open(scope, &connection).await {
        Ok((address, _stream)) => passed(format!("{address} answered in {} ms", began.elapsed().as_millis())),
        Err(outcome) => outcome,
    }
}

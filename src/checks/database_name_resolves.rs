//! The host of the database has an address where the service stands.

use super::connection;
use super::facts::passed;
use super::{Check, Scope, Subjects};
use crate::run::outcome::{Outcome, Vantage};
use crate::run::record::Role;

/// See the module.
pub(super) static CHECK: Check = Check {
    id: "database-name-resolves",
    holds: "The database's host has an address",
    vantage: Vantage::Runner,
    role: Role::Advisory,
    needs: &["service-exists"],
    explained_by: &["variables-injected", "secret-references-match", "credential-well-formed"],
    subjects: |service| if service.database.is_some() { Subjects::Whole } else { Subjects::None },
    run: |scope| Box::pin(run(scope)),
};

async fn run(scope: &Scope) -> Outcome {
    let connection = match connection::connection(scope).await {
        Ok(connection) => connection,
        Err(outcome) => return outcome,
    };
    match connection::addresses(scope, &connection).await {
        Ok(found) => {
            let list: Vec<String> = found.iter().map(|address| address.ip().to_string()).collect();
            passed(format!("{} is {}", connection.host, list.join(", ")))
        }
        Err(outcome) => outcome,
    }
}

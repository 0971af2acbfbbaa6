//! What answers at the database's port speaks PostgreSQL's protocol.

use super::connection;
use super::facts::{failed, passed};
use super::{Check, Scope, Subjects};
use crate::probe::postgres::{Offer, ask_for_tls};
use crate::run::finding::Finding;
use crate::run::outcome::{Outcome, Vantage};
use crate::run::record::Role;

/// See the module.
pub(super) static CHECK: Check = Check {
    id: "database-speaks-postgres",
    holds: "PostgreSQL answers at the database's port",
    vantage: Vantage::Runner,
    role: Role::Advisory,
    needs: &["database-port-open"],
    explained_by: &["instance-running", "instance-has-address", "database-port-open"],
    subjects: |service| if service.database.is_some() { Subjects::Whole } else { Subjects::None },
    run: |scope| Box::pin(run(scope)),
};

async fn run(scope: &Scope) -> Outcome {
    let opened = match connection::connection(scope).await {
        Ok(connection) => connection::open(scope, &connection).await,
        Err(outcome) => return outcome,
    };
    let (address, mut stream) = match opened {
        Ok(opened) => opened,
        Err(outcome) => return outcome,
    };
    match ask_for_tls(&mut stream, address, scope.settings.step_timeout).await {
        Ok(Offer::Tls) => passed(format!("{address} speaks PostgreSQL and offers TLS")),
        Ok(Offer::Plain) => passed(format!("{address} speaks PostgreSQL and offers no TLS")),
        Ok(Offer::Error) => passed(format!("{address} speaks PostgreSQL")),
        Err(finding) => failed(Finding::Postgres(finding)),
    }
}

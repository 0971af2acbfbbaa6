//! PostgreSQL lets the service in, with the credential that the new revision is given.

use super::connection;
use super::facts::passed;
use super::session;
use super::{Check, Scope, Subjects};
use crate::run::outcome::{Outcome, Vantage};
use crate::run::record::{Fact, Role};

/// See the module.
pub(super) static CHECK: Check = Check {
    id: "database-login",
    holds: "PostgreSQL accepts the injected credential",
    vantage: Vantage::Runner,
    role: Role::Advisory,
    needs: &["database-speaks-postgres"],
    explained_by: &[
        "secret-references-match",
        "secret-version-enabled",
        "secret-readable",
        "credential-well-formed",
        "instance-running",
        "database-speaks-postgres",
    ],
    subjects: |service| if service.database.is_some() { Subjects::Whole } else { Subjects::None },
    run: |scope| Box::pin(run(scope)),
};

async fn run(scope: &Scope) -> Outcome {
    let connection = match connection::connection(scope).await {
        Ok(connection) => connection,
        Err(outcome) => return outcome,
    };
    if let Some(text) = connection::unproven_tls(connection.login.sslmode) {
        scope.fact(Fact::Note { text });
    }
    match session::login(scope, &connection).await {
        Ok(session) => passed(format!(
            "user {} is let into database {} at {} ({})",
            connection.login.user,
            connection.login.database,
            connection.host,
            if session.tls { "TLS" } else { "not encrypted" },
        )),
        Err(outcome) => outcome,
    }
}

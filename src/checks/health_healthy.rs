//! What the service says of itself is healthy, several times in a row.

use super::health_poll::{self, Round};
use super::{Check, Scope, Subjects};
use crate::run::outcome::{Outcome, Vantage};
use crate::run::record::Role;

/// See the module.
pub(super) static CHECK: Check = Check {
    id: "health-healthy",
    holds: "The health endpoint says healthy",
    vantage: Vantage::Service,
    role: Role::Obligation,
    // The URL may be stated: then health is judged even where Cloud Run may not be asked.
    needs: &[],
    explained_by: &[
        "service-exists",
        "variables-injected",
        "secret-references-match",
        "secret-version-enabled",
        "secret-readable",
        "credential-well-formed",
        "vpc-access-present",
        "vpc-connector-in-region",
        "vpc-connector-ready",
        "vpc-network-matches",
        "egress-carries-database",
        "instance-running",
        "instance-has-address",
        "database-name-resolves",
        "database-port-open",
        "database-speaks-postgres",
        "database-login",
        "database-query",
        "revision-ready",
        "revision-serving",
    ],
    subjects: |_| Subjects::Whole,
    run: |scope| Box::pin(run(scope)),
};

async fn run(scope: &Scope) -> Outcome {
    match Round::of(scope).await {
        Ok(round) => health_poll::poll(scope, round).await,
        Err(outcome) => outcome,
    }
}

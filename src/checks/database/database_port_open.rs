//! Something accepts TCP connections where the database should listen.

use crate::checks::database::{self, addresses, bounds, declared, from_where};
use crate::checks::facts::passed;
use crate::checks::{Check, Scope};
use crate::probe::postgres::connect;
use crate::run::outcome::{Outcome, Vantage};
use crate::run::record::Role;

/// See the module.
pub(in crate::checks) static CHECK: Check = Check {
    id: "database-port-open",
    holds: "The database's port accepts connections",
    vantage: Vantage::Runner,
    role: Role::Advisory,
    needs: &["database-name-resolves"],
    explained_by: &[
        "database-name-resolves",
        "variables-injected",
        "secret-references-match",
        "vpc-access-present",
        "vpc-connector-ready",
        "vpc-connector-in-region",
        "vpc-network-matches",
        "connectivity-test-reaches-database",
        "egress-carries-database",
        "vpc-access-matches",
        "subnet-large-enough",
        "address-range-free",
        "private-access-active",
        "egress-firewall-allows",
        "route-leads-to-database",
        "ingress-firewall-allows",
        "nat-present",
        "instance-running",
        "instance-has-address",
        "instance-is-postgres",
        "instance-admits-service",
    ],
    subjects: declared,
    run: |scope| Box::pin(async move { run(scope).await.unwrap_or_else(|outcome| outcome) }),
};

async fn run(scope: &Scope) -> Result<Outcome, Outcome> {
    let endpoint = database::endpoint(scope).await?;
    let addresses = addresses(scope, &endpoint).await?;
    let dial = scope.outside.dial.as_ref();
    let (_, address) = connect(dial, &scope.target.key, &addresses, bounds(scope, None))
        .await
        .map_err(|stop| database::outcome(scope, stop))?;
    Ok(passed(format!("{address} accepts connections, dialled {}", from_where(scope))))
}

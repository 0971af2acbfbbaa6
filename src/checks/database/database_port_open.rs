//! Something accepts TCP connections where the database should listen.

use crate::checks::database::{self, addresses, bounds, declared, from_where, patiently};
use crate::checks::facts::passed;
use crate::checks::{Check, Scope};
use crate::probe::postgres::try_all;
use crate::run::finding::Tried;
use crate::run::outcome::{Outcome, Vantage};
use crate::run::record::{Fact, Role};

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
    let addresses = &addresses(scope, &endpoint).await?;
    let bounds = bounds(scope, None);
    let tried = patiently(scope, || {
        let (dial, key) = (scope.outside.dial.as_ref(), &scope.target.key);
        let addresses = addresses.clone();
        Box::pin(async move { try_all(dial, key, &addresses, bounds).await })
    });
    let (address, after, others) = tried.await.map_err(|stop| database::outcome(scope, stop))?;
    for Tried { address, end } in others {
        scope.fact(Fact::Note {
            text: format!("another address of the same name, {address}, does not: {end}; drivers differ in which they take"),
        });
    }
    let ms = after.as_millis();
    Ok(passed(format!("{address} accepts connections after {ms} ms, dialled {}", from_where(scope))))
}

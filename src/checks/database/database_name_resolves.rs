//! The database's host name has an address.

use std::net::IpAddr;

use tokio::time::Instant;

use crate::checks::database::{self, bounds, declared, from_where};
use crate::checks::facts::passed;
use crate::checks::{Check, Scope};
use crate::probe::postgres::resolve;
use crate::run::outcome::{Outcome, Vantage};
use crate::run::record::Role;

/// See the module.
pub(in crate::checks) static CHECK: Check = Check {
    id: "database-name-resolves",
    holds: "The database's host name has an address",
    vantage: Vantage::Runner,
    role: Role::Advisory,
    needs: &["service-exists"],
    explained_by: &["credential-well-formed", "variables-injected", "variables-filled"],
    subjects: declared,
    run: |scope| Box::pin(async move { run(scope).await.unwrap_or_else(|outcome| outcome) }),
};

async fn run(scope: &Scope) -> Result<Outcome, Outcome> {
    let endpoint = database::endpoint(scope).await?;
    let host = &endpoint.host;
    if host.parse::<IpAddr>().is_ok() {
        return Ok(passed(format!("{host} is an address: there is no name to resolve")));
    }
    let dial = scope.outside.dial.as_ref();
    let began = Instant::now();
    let addresses = resolve(dial, &scope.target.key, host, endpoint.port, bounds(scope, None))
        .await
        .map_err(|stop| database::outcome(scope, stop))?;
    let list: Vec<String> = addresses.iter().map(|address| address.ip().to_string()).collect();
    let ms = began.elapsed().as_millis();
    Ok(passed(format!("{host} has {} (after {ms} ms), asked {}", list.join(", "), from_where(scope))))
}

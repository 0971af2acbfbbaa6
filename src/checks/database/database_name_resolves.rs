//! The database's host name has an address.

use std::net::IpAddr;

use tokio::time::Instant;

use crate::checks::database::{self, bounds, declared};
use crate::checks::{Check, USUAL, either, place};
use crate::live::Scope;
use crate::live::service::passed;
use crate::live::vantage::from_where;
use crate::probe::postgres::{Candidate, candidates, together};
use crate::record::{Family, Outcome, Vantage, check_id};

/// See the module.
pub(in crate::checks) static CHECK: Check = Check {
    id: check_id::DATABASE_NAME_RESOLVES,
    holds: "The database's host name has an address",
    family: Family::Database,
    place: place::of_database,
    vantage: Vantage::Runner,
    explained_by: &[check_id::CREDENTIAL_WELL_FORMED],
    subjects: declared,
    run: |scope| either(run(scope)),
    ..USUAL
};

async fn run(scope: &Scope) -> Result<Outcome, Outcome> {
    let endpoint = database::endpoint(scope).await?;
    let servers = endpoint.servers();
    if servers.iter().all(|server| server.host.parse::<IpAddr>().is_ok()) {
        let hosts: Vec<&str> = servers.iter().map(|server| server.host.as_str()).collect();
        let is = if hosts.len() > 1 { "are addresses" } else { "is an address" };
        return Ok(passed(format!("{} {is}: there is no name to resolve", hosts.join(", "))));
    }
    let began = Instant::now();
    let dial = scope.outside.dial.as_ref();
    let all = candidates(dial, &scope.target.key, &servers, bounds(scope, None)).await;
    let ms = began.elapsed().as_millis();
    let Some(first) = all.iter().find(|one| one.addresses.is_ok()) else {
        let stops = all.into_iter().filter_map(|one| one.addresses.err());
        return Err(database::outcome(scope, together(stops)));
    };
    let mut told = Vec::new();
    for Candidate { server, addresses } in &all {
        match addresses {
            Ok(addresses) => {
                let list: Vec<String> = addresses.iter().map(|address| address.ip().to_string()).collect();
                told.push(format!("{} has {}", server.host, list.join(", ")));
            }
            Err(stop) => {
                told.push(format!("{} has no address", server.host));
                database::passed_over(scope, server, &first.server, stop);
            }
        }
    }
    Ok(passed(format!("{} (after {ms} ms), asked {}", told.join("; "), from_where(scope))))
}

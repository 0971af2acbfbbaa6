//! Something accepts TCP connections where the database should listen.

use std::net::SocketAddr;
use std::time::Duration;

use crate::checks::database::{self, bounds, candidates, declared, patiently};
use crate::checks::{Check, USUAL, either, place};
use crate::connection::{DsnServer, SessionTarget};
use crate::live::Scope;
use crate::live::service::passed;
use crate::live::vantage::from_where;
use crate::probe::postgres::{Candidate, Stop, together, try_all};
use crate::record::finding::{PostgresFinding, Tried};
use crate::record::{Fact, Family, Outcome, Vantage, check_id};

/// See the module.
pub(in crate::checks) static CHECK: Check = Check {
    id: check_id::DATABASE_PORT_OPEN,
    holds: "The database's port accepts connections",
    family: Family::Database,
    place: place::of_database,
    vantage: Vantage::Runner,
    needs: &[check_id::DATABASE_NAME_RESOLVES],
    explained_by: &[
        check_id::DATABASE_NAME_RESOLVES,
        check_id::CONNECTIVITY_TEST_REACHES_DATABASE,
        check_id::VPC_ACCESS_MATCHES,
        check_id::INSTANCE_IS_POSTGRES,
    ],
    subjects: declared,
    run: |scope| either(run(scope)),
    ..USUAL
};

/// What came of each server: the address that takes connections, after how long, and those that do not.
type Ends = Vec<(DsnServer, Result<(SocketAddr, Duration, Vec<Tried>), Stop>)>;

async fn run(scope: &Scope) -> Result<Outcome, Outcome> {
    let endpoint = database::endpoint(scope).await?;
    let candidates = candidates(scope, &endpoint).await?;
    let tried = patiently(scope, || Box::pin(try_servers(scope, candidates.all.clone())));
    let ends = tried.await.map_err(|stop| candidates.outcome(scope, stop))?;
    let open: Vec<&DsnServer> =
        ends.iter().filter(|(_, end)| end.is_ok()).map(|(server, _)| server).collect();
    let mut told = Vec::new();
    for (server, end) in &ends {
        match end {
            Ok((address, after, others)) => {
                told.push(format!("{address} accepts connections after {} ms", after.as_millis()));
                for Tried { address, end } in others {
                    scope.fact(Fact::Note {
                        text: format!("another address of the same name, {address}, does not: {end}; drivers differ in which they take"),
                    });
                }
            }
            // Without an address it has been told already.
            Err(Stop::Found(PostgresFinding::NameUnresolvable { .. })) => {}
            Err(stop) => {
                told.push(format!("{server} does not"));
                if let Some(served_by) = open.first() {
                    database::passed_over(scope, server, served_by, stop);
                }
            }
        }
    }
    if endpoint.target != SessionTarget::Any && ends.len() > 1 {
        scope.fact(Fact::Note {
            text: format!(
                "target_session_attrs={} chooses among the {} servers",
                endpoint.target,
                ends.len()
            ),
        });
    }
    if endpoint.balanced && ends.len() > 1 {
        scope.fact(Fact::Note {
            text: "load_balance_hosts lets each connection begin with any of the servers: one that does not serve delays a part of them"
                .to_owned(),
        });
    }
    Ok(passed(format!("{}, dialled {}", told.join("; "), from_where(scope))))
}

/// Tries all servers at once; an error where none takes a connection.
async fn try_servers(scope: &Scope, candidates: Vec<Candidate>) -> Result<Ends, Stop> {
    let bounds = bounds(scope, None);
    let (dial, key) = (scope.outside.dial.as_ref(), &scope.target.key);
    let all = candidates.into_iter().map(|Candidate { server, addresses }| async move {
        let end = match addresses {
            Ok(addresses) => try_all(dial, key, &addresses, bounds).await,
            Err(stop) => Err(stop),
        };
        (server, end)
    });
    let ends: Ends = futures::future::join_all(all).await;
    if ends.iter().any(|(_, end)| end.is_ok()) {
        return Ok(ends);
    }
    Err(together(ends.into_iter().filter_map(|(_, end)| end.err())))
}

//! What listens there is a PostgreSQL server.

use crate::checks::database::{self, bounds, candidates, declared, patiently};
use crate::checks::{Check, USUAL, either, place};
use crate::live::Scope;
use crate::live::service::passed;
use crate::live::vantage::from_where;
use crate::probe::postgres::{SslAnswer, ask_for_tls, connect_in_turn};
use crate::record::{Family, Outcome, Vantage, check_id};

/// See the module.
pub(in crate::checks) static CHECK: Check = Check {
    id: check_id::DATABASE_SPEAKS_POSTGRES,
    holds: "What listens on the database's port is a PostgreSQL server",
    family: Family::Database,
    place: place::of_database,
    vantage: Vantage::Runner,
    needs: &[check_id::DATABASE_PORT_OPEN],
    explained_by: &[check_id::DATABASE_PORT_OPEN],
    subjects: declared,
    run: |scope| either(run(scope)),
    ..USUAL
};

async fn run(scope: &Scope) -> Result<Outcome, Outcome> {
    let endpoint = database::endpoint(scope).await?;
    let candidates = candidates(scope, &endpoint).await?;
    let bounds = bounds(scope, None);
    let asked = patiently(scope, || {
        let all = candidates.all.clone();
        Box::pin(async move {
            let dial = scope.outside.dial.as_ref();
            let (mut stream, address) = connect_in_turn(dial, &scope.target.key, &all, bounds).await?.given;
            Ok((ask_for_tls(&mut stream, address, bounds.step).await?, address))
        })
    });
    let (answer, address) = asked.await.map_err(|stop| candidates.outcome(scope, stop))?;
    let offer = match answer {
        SslAnswer::Offered => "offers TLS",
        SslAnswer::NotOffered => "does not offer TLS",
        SslAnswer::Error(_) => "answers with an error of its own",
    };
    Ok(passed(format!("{address} speaks PostgreSQL's protocol and {offer}, dialled {}", from_where(scope))))
}

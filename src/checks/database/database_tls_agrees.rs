//! The service and the database's server agree on TLS.

use futures::future::BoxFuture;
use jiff::Timestamp;

use crate::checks::database::{bounds, candidates, declared, endpoint, patiently, trust};
use crate::checks::{Check, USUAL, either, place};
use crate::connection::{Connection, SslMode};
use crate::live::service::passed;
use crate::live::vantage::from_where;
use crate::live::{Scope, connection};
use crate::probe::postgres::{Agreement, Candidate, Secured, Verified, agree_on_tls, in_turn};
use crate::record::{Fact, Family, Outcome, Vantage, check_id};

/// A certificate that ends within so many days is told of.
const SOON: i64 = 30;

/// See the module.
pub(in crate::checks) static CHECK: Check = Check {
    id: check_id::DATABASE_TLS_AGREES,
    holds: "The service and the database's server agree on TLS",
    family: Family::Database,
    place: place::of_database,
    vantage: Vantage::Runner,
    needs: &[check_id::DATABASE_SPEAKS_POSTGRES],
    explained_by: &[check_id::DATABASE_SPEAKS_POSTGRES, check_id::INSTANCE_TLS_AGREES],
    subjects: declared,
    run: |scope| either(run(scope)),
    ..USUAL
};

async fn run(scope: &Scope) -> Result<Outcome, Outcome> {
    let at = endpoint(scope).await?;
    let sslmode = connection::sslmode(scope).await?;
    let candidates = candidates(scope, &at).await?;
    let bounds = bounds(scope, None);
    let (trust, unknown) = trust::trust(scope, sslmode).await;
    // Only for the words of a refusal before any login: nobody logs in here.
    let (user, database) = connection::identity(scope).await.unwrap_or_default();
    let connection = Connection {
        host: at.host,
        port: at.port,
        user: user.unwrap_or_default(),
        database: database.unwrap_or_default(),
        sslmode,
        trust,
        ..Connection::default()
    };
    let agreed = patiently(scope, || {
        let (all, connection) = (candidates.all.clone(), connection.clone());
        let (dial, key) = (scope.outside.dial.as_ref(), &scope.target.key);
        Box::pin(async move {
            let step = |one: &'_ Candidate| -> BoxFuture<'_, _> {
                let (one, connection) = (one.clone(), connection.at(&one.server));
                Box::pin(async move { agree_on_tls(dial, key, one.addresses()?, &connection, bounds).await })
            };
            Ok(in_turn(&all, false, step).await?.given)
        })
    });
    let (agreement, address) = agreed.await.map_err(|stop| candidates.outcome(scope, stop))?;
    let seen = match &agreement {
        Agreement::NotAsked => format!("the service begins without TLS (sslmode={sslmode})"),
        Agreement::NotOffered => {
            format!("{address} offers no TLS, and the service goes on without (sslmode={sslmode})")
        }
        Agreement::Secured(secured) => {
            note(scope, sslmode, secured, unknown);
            format!("{address} makes {} for sslmode={sslmode}, {}", secured.version, verified(secured))
        }
        Agreement::Without(finding) => {
            scope.fact(Fact::Note { text: format!("{finding}; sslmode={sslmode} goes on without TLS") });
            format!("TLS with {address} fails, and the service goes on without (sslmode={sslmode})")
        }
    };
    Ok(passed(format!("{seen}, dialled {}", from_where(scope))))
}

fn verified(secured: &Secured) -> String {
    match &secured.verified {
        Verified::No => "the certificate unverified".to_owned(),
        Verified::Authority(whose) => format!("the certificate verified by {whose}"),
        Verified::AuthorityAndName(whose) => format!("certificate and host name verified by {whose}"),
    }
}

/// What the handshake leaves open.
fn note(scope: &Scope, sslmode: SslMode, secured: &Secured, unknown: Option<String>) {
    let say = |text: String| scope.fact(Fact::Note { text });
    if sslmode.verifies() && secured.verified == Verified::No {
        let why = unknown.unwrap_or_else(|| "its authorities are not known here".to_owned());
        say(format!(
            "the gate did not verify the server's certificate; the service does, by sslmode={sslmode}: {why}"
        ));
    } else if let Some(why) = unknown {
        say(why);
    }
    if secured.certificate_asked {
        let sent = if secured.certificate_sent { "the service's was sent" } else { "none was sent" };
        say(format!("the server asks for a client certificate; {sent}"));
    }
    if let Some(until) = secured.not_after.and_then(|until| ends_soon(until, Timestamp::now())) {
        say(until);
    }
}

/// What is said of a certificate that ends soon: it is a cause by and by.
fn ends_soon(until: Timestamp, now: Timestamp) -> Option<String> {
    let days = until.duration_since(now).as_hours() / 24;
    (days < SOON).then(|| format!("the server's certificate ends at {until}: renew it within {days} days"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_an_end_that_is_near_is_told() {
        let at = |text: &str| text.parse::<Timestamp>().unwrap();
        let now = at("2026-11-26T00:00:00Z");
        assert_eq!(ends_soon(at("2026-12-26T00:00:00Z"), now), None);
        assert_eq!(
            ends_soon(at("2026-12-01T12:00:00Z"), now).as_deref(),
            Some("the server's certificate ends at 2026-12-01T12:00:00Z: renew it within 5 days")
        );
    }
}

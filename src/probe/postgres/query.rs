//! The last step: what the session is there for.

use tokio::time::timeout;
use tokio_postgres::SimpleQueryMessage;

use super::login::{Session, ending, sqlstate};
use super::{Bounds, Stop, bounded, millis};
use crate::run::finding::{Ending, PostgresFinding};

/// What PostgreSQL says of itself.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Server {
    /// `server_version`.
    pub version: String,
    /// Whether it is a standby.
    pub in_recovery: bool,
}

/// Asks `SELECT 1`, then in one read-only transaction for version and role. One statement a message: connection
/// poolers and the sandbox take these as they come.
pub async fn describe(session: &Session, bounds: Bounds) -> Result<Server, Stop> {
    match timeout(bounds.step, converse(session, bounds)).await {
        Ok(end) => end,
        Err(_) => Err(cut(session, Ending::Silence { after_ms: millis(bounds.step) })),
    }
}

async fn converse(session: &Session, bounds: Bounds) -> Result<Server, Stop> {
    let one = value(session, "SELECT 1").await?;
    if one != "1" {
        return Err(wrong(session, "SELECT 1 gave something else than 1".to_owned()));
    }
    run(session, "BEGIN READ ONLY").await?;
    // The server's own bound, so that nothing of the gate's is left behind there.
    run(session, &format!("SET LOCAL statement_timeout = {}", millis(bounds.step))).await?;
    let version = value(session, "SHOW server_version").await?;
    let in_recovery = value(session, "SELECT pg_is_in_recovery()").await? == "t";
    run(session, "COMMIT").await?;
    Ok(Server { version: bounded(&version), in_recovery })
}

/// The only value that a query gives.
async fn value(session: &Session, query: &str) -> Result<String, Stop> {
    let messages = run(session, query).await?;
    let row = messages
        .iter()
        .find_map(|message| if let SimpleQueryMessage::Row(row) = message { Some(row) } else { None });
    match row.and_then(|row| row.try_get(0).ok().flatten()) {
        Some(value) => Ok(value.to_owned()),
        None => Err(wrong(session, format!("{query} gave no value"))),
    }
}

async fn run(session: &Session, query: &str) -> Result<Vec<SimpleQueryMessage>, Stop> {
    session.client.simple_query(query).await.map_err(|error| match error.as_db_error() {
        Some(refused) => PostgresFinding::QueryFailed {
            sqlstate: sqlstate(refused.code().code()),
            message: bounded(refused.message()),
            query: query.to_owned(),
        }
        .into(),
        None => cut(session, ending(&error)),
    })
}

fn wrong(session: &Session, what: String) -> Stop {
    cut(session, Ending::WrongAnswer { what })
}

fn cut(session: &Session, ending: Ending) -> Stop {
    PostgresFinding::Cut { address: session.address, step: "query".to_owned(), ending }.into()
}

//! What a server says of itself: version, role, whether it takes writes, and how many connections it has left.

use super::login::Session;
use super::query::Talk;
use super::{Bounds, Stop};

/// What PostgreSQL says of itself.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Server {
    /// `server_version`.
    pub version: String,
    /// Whether it is a standby.
    pub in_recovery: bool,
    /// Whether its transactions are read-only by default (`default_transaction_read_only`, for the server, the
    /// database or the role).
    pub read_only: bool,
}

/// The connections of a server, as the service's role sees them.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Slots {
    /// `max_connections`.
    pub most: u32,
    /// Of those, kept for others than ordinary roles (`superuser_reserved_connections`, `reserved_connections`).
    pub reserved: u32,
    /// Held now, the gate's own included.
    pub in_use: u32,
    /// Held now by the service's role, the gate's own included.
    pub by_role: u32,
    /// Held now in the service's database, the gate's own included.
    pub in_database: u32,
    /// The role's own limit.
    pub role_limit: Option<u32>,
    /// The database's own limit.
    pub database_limit: Option<u32>,
}

const SERVER: &str = "SELECT current_setting('server_version'), pg_is_in_recovery(), \
     current_setting('default_transaction_read_only')";

/// Background processes take no slot: they have no user or no database.
const SLOTS: &str = "SELECT current_setting('max_connections'), \
     current_setting('superuser_reserved_connections'), \
     current_setting('reserved_connections', true), \
     (SELECT count(*) FROM pg_stat_activity WHERE datname IS NOT NULL AND usename IS NOT NULL), \
     (SELECT count(*) FROM pg_stat_activity WHERE datname IS NOT NULL AND usename = session_user), \
     (SELECT count(*) FROM pg_stat_activity WHERE usename IS NOT NULL AND datname = current_database()), \
     (SELECT rolconnlimit FROM pg_roles WHERE rolname = session_user), \
     (SELECT datconnlimit FROM pg_database WHERE datname = current_database())";

/// Asks `SELECT 1`, then in a read-only transaction for version and role.
pub async fn describe(session: &Session, bounds: Bounds) -> Result<Server, Stop> {
    let mut talk = Talk::with(session, bounds);
    talk.select_one().await?;
    let [version, in_recovery, read_only] = talk.row(SERVER).await?;
    let Some(version) = version else { return Err(talk.wrong("it names no version".to_owned())) };
    talk.end().await?;
    Ok(Server {
        version,
        in_recovery: in_recovery.as_deref() == Some("t"),
        read_only: read_only.as_deref() == Some("on"),
    })
}

/// Asks how many connections there are, and who holds them.
pub async fn slots(session: &Session, bounds: Bounds) -> Result<Slots, Stop> {
    let mut talk = Talk::with(session, bounds);
    let row: [Option<String>; 8] = talk.row(SLOTS).await?;
    let number = |at: usize| row.get(at).and_then(Option::as_deref).and_then(|text| text.parse::<i64>().ok());
    let count = |at: usize| {
        let number = number(at).and_then(|number| u32::try_from(number).ok());
        number.ok_or_else(|| talk.wrong("it does not count its connections".to_owned()))
    };
    // -1 is no limit; a role that is not listed has none either.
    let limit = |at: usize| number(at).and_then(|number| u32::try_from(number).ok());
    let slots = Slots {
        most: count(0)?,
        reserved: count(1)?.saturating_add(limit(2).unwrap_or(0)),
        in_use: count(3)?,
        by_role: count(4)?,
        in_database: count(5)?,
        role_limit: limit(6),
        database_limit: limit(7),
    };
    talk.end().await?;
    Ok(slots)
}

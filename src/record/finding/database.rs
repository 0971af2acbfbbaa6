//! Findings about the database behind a login that works: whether it takes writes, has room, and holds what is expected.

use std::fmt;

use serde::{Deserialize, Serialize};

/// What was seen in a database.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "kebab-case")]
pub enum DatabaseFinding {
    /// It takes no writes.
    ReadOnly {
        /// Whether it is a standby; else `default_transaction_read_only` is on.
        standby: bool,
        /// The user that logged in.
        user: String,
        /// The database.
        database: String,
    },
    /// The service can open more connections than there are.
    NoHeadroom {
        /// How many instances the service may have.
        instances: u32,
        /// How many connections one of them may hold.
        pool: u32,
        /// What says so: a variable, the pipeline file.
        pool_from: String,
        /// How many the service could hold together, by what limits it.
        room: u32,
        /// What limits it: `max_connections`, `the limit of role auth`, ….
        limit: String,
        /// `max_connections`.
        most: u32,
        /// Of those, reserved for others.
        reserved: u32,
        /// Held by others now.
        others: u32,
    },
    /// The slots that are free now do not fill the pool of one more instance.
    NearlyFull {
        /// Free now.
        free: u32,
        /// How many one instance may hold.
        pool: u32,
        /// What limits it.
        limit: String,
        /// `max_connections`.
        most: u32,
        /// Of those, reserved for others.
        reserved: u32,
        /// Held now.
        in_use: u32,
    },
    /// One instance may hold more connections than Cloud Run lets through to one Cloud SQL instance.
    PoolTooLarge {
        /// How many one instance may hold.
        pool: u32,
        /// What says so.
        pool_from: String,
        /// How many Cloud Run lets through.
        most: u32,
    },
    /// Expected tables are not there.
    TablesMissing {
        /// Which.
        missing: Vec<String>,
        /// How many of the expected ones are there.
        present: usize,
        /// The database.
        database: String,
        /// The user that looked.
        user: String,
    },
    /// Expected extensions are not installed.
    ExtensionsMissing {
        /// Which.
        missing: Vec<String>,
        /// The database.
        database: String,
    },
    /// The service's role lacks privileges.
    PrivilegesMissing {
        /// Which, as `INSERT on table users`.
        missing: Vec<String>,
        /// The role.
        user: String,
        /// The database.
        database: String,
    },
    /// A query did not give what it must.
    AnswerUnexpected {
        /// The query's name.
        query: String,
        /// What it must give.
        expected: String,
        /// What it gave: a number of rows, or its one short value.
        found: String,
    },
    /// The server refused a question about what is expected.
    Refused {
        /// What was asked: `table users`, `query roles`, ….
        asked: String,
        /// The SQLSTATE.
        sqlstate: String,
        /// The server's message (untrusted text).
        message: String,
        /// The role that asked.
        user: String,
        /// The database.
        database: String,
    },
    /// Migrations of the repository were not run.
    MigrationsBehind {
        /// The tool.
        tool: String,
        /// The table in which it notes what it ran.
        table: String,
        /// Where the database stands; `None`: nothing was ever run.
        at: Option<String>,
        /// Where the repository stands.
        head: String,
        /// The first of those that were not run.
        pending: Vec<String>,
        /// How many were not run; `None` where the tool notes too little to count them.
        count: Option<usize>,
    },
    /// The database stands at a migration that the repository does not have.
    MigrationUnknown {
        /// The tool.
        tool: String,
        /// The table.
        table: String,
        /// Where the database stands.
        at: String,
        /// Where the repository stands.
        head: String,
    },
    /// A migration failed half-way.
    MigrationFailed {
        /// The tool.
        tool: String,
        /// The table.
        table: String,
        /// The migration.
        migration: String,
    },
}

impl fmt::Display for DatabaseFinding {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::ReadOnly { standby: true, database, .. } => {
                write!(f, "database {database} is on a standby, which takes no writes")
            }
            Self::ReadOnly { standby: false, user, database } => write!(
                f,
                "transactions of user {user} in database {database} are read-only (default_transaction_read_only is on)"
            ),
            Self::NoHeadroom { instances, pool, pool_from, room, limit, most, reserved, others } => write!(
                f,
                "{instances} instances with {pool} connections each ({pool_from}) want {}, and {limit} leaves {room} (max_connections {most}, {reserved} reserved, {others} held by others)",
                u64::from(*instances) * u64::from(*pool)
            ),
            Self::NearlyFull { free, pool, limit, most, reserved, in_use } => write!(
                f,
                "{free} connections are free by {limit}, and one instance may want {pool} (max_connections {most}, {reserved} reserved, {in_use} in use)"
            ),
            Self::PoolTooLarge { pool, pool_from, most } => write!(
                f,
                "one instance may want {pool} connections ({pool_from}), and Cloud Run lets {most} through to one Cloud SQL instance"
            ),
            Self::TablesMissing { missing, present, database, .. } => write!(
                f,
                "database {database} has no {} ({present} of {} expected tables are there)",
                list("table", missing),
                present + missing.len()
            ),
            Self::ExtensionsMissing { missing, database } => {
                write!(f, "database {database} has no {}", list("extension", missing))
            }
            Self::PrivilegesMissing { missing, user, database } => {
                write!(f, "role {user} lacks {} in database {database}", missing.join(", "))
            }
            Self::AnswerUnexpected { query, expected, found } => {
                write!(f, "{query} gives {found}, expected {expected}")
            }
            Self::Refused { asked, sqlstate, message, .. } => {
                write!(f, "the server refuses to answer for {asked}: {message} ({sqlstate})")
            }
            Self::MigrationsBehind { tool, table, at, head, pending, count } => {
                let at = at.as_deref().unwrap_or("nothing");
                write!(f, "{table} stands at {at}, the repository's {tool} migrations at {head}")?;
                match count {
                    Some(count) => write!(f, ": {count} not run, first {}", pending.join(", ")),
                    None => Ok(()),
                }
            }
            Self::MigrationUnknown { tool, table, at, head } => write!(
                f,
                "{table} stands at {at}, which the repository's {tool} migrations do not have (they stand at {head})"
            ),
            Self::MigrationFailed { tool, table, migration } => {
                write!(f, "{table} notes that {tool}'s migration {migration} failed half-way")
            }
        }
    }
}

/// `table users`, `tables users, roles`.
pub(crate) fn list(one: &str, names: &[String]) -> String {
    let many = if names.len() == 1 { "" } else { "s" };
    format!("{one}{many} {}", names.join(", "))
}

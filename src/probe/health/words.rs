//! The words in which services speak of their health. A closed vocabulary: an unknown word is unknown, never healthy.

/// How well something is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Level {
    /// It works.
    Healthy,
    /// It works in part.
    Degraded,
    /// It does not work.
    Unhealthy,
}

const HEALTHY: &[&str] = &[
    "ok",
    "okay",
    "healthy",
    "up",
    "pass",
    "passed",
    "passing",
    "success",
    "successful",
    "succeeded",
    "alive",
    "live",
    "running",
    "ready",
    "connected",
    "available",
    "operational",
    "good",
    "green",
    "true",
    "online",
    "active",
    "working",
    "normal",
    "serving",
    "reachable",
    "pong",
];
const DEGRADED: &[&str] =
    &["degraded", "warn", "warning", "partial", "partially available", "unknown", "yellow", "impaired"];
const UNHEALTHY: &[&str] = &[
    "error",
    "err",
    "unhealthy",
    "down",
    "fail",
    "failed",
    "failing",
    "failure",
    "false",
    "disconnected",
    "unavailable",
    "dead",
    "critical",
    "out of service",
    "broken",
    "unreachable",
    "timeout",
    "timed out",
    "offline",
    "red",
    "refused",
    "bad",
    "not ready",
    "notready",
    "not connected",
    "inactive",
    "stopped",
    "shutting down",
    "not serving",
    "closed",
    "not available",
    "not ok",
    "not healthy",
    "ko",
];
/// Words of things that are switched off on purpose: neither good nor bad.
const NEUTRAL: &[&str] =
    &["disabled", "skipped", "not configured", "n/a", "none", "off", "not applicable", "not used"];

/// What a word says; `None` where it says nothing that this version knows.
pub(super) fn level(word: &str) -> Option<Level> {
    let word = folded(word);
    let is_in = |list: &[&str]| list.contains(&word.as_str());
    // "error: connection refused", "down (timeout)": what follows a bad word explains it.
    let first = word.split([':', ' ', '(', ',', ';']).next().unwrap_or_default();
    if is_in(UNHEALTHY) || !is_in(HEALTHY) && !is_in(DEGRADED) && UNHEALTHY.contains(&first) {
        Some(Level::Unhealthy)
    } else if is_in(DEGRADED) {
        Some(Level::Degraded)
    } else if is_in(HEALTHY) {
        Some(Level::Healthy)
    } else {
        None
    }
}

/// Whether a word speaks of something switched off.
pub(super) fn is_neutral(word: &str) -> bool {
    NEUTRAL.contains(&folded(word).as_str())
}

/// Lower case, `_` and `-` as blanks, without punctuation at the end.
fn folded(word: &str) -> String {
    let blanks: String = word.trim().chars().map(|c| if matches!(c, '_' | '-') { ' ' } else { c }).collect();
    blanks.to_lowercase().trim_end_matches(['.', '!']).to_owned()
}

const DATABASES: &[&str] = &[
    "db",
    "dbs",
    "database",
    "databases",
    "sql",
    "cloudsql",
    "alloydb",
    "datasource",
    "prisma",
    "typeorm",
    "sequelize",
    "sqlalchemy",
    "jdbc",
    "r2dbc",
    "hikari",
    "npgsql",
    "pg",
    "psql",
    "pgsql",
    "postgres",
    "postgresql",
    "postgre",
    "mysql",
    "knex",
    "entityframework",
    "dbcontext",
    "activerecord",
    "gorm",
    "sqlx",
];
const OTHERS: &[&str] = &[
    "redis",
    "cache",
    "memcached",
    "queue",
    "broker",
    "kafka",
    "rabbitmq",
    "rabbit",
    "amqp",
    "nats",
    "pubsub",
    "storage",
    "s3",
    "gcs",
    "bucket",
    "smtp",
    "mail",
    "email",
    "api",
    "auth",
    "search",
    "elasticsearch",
    "elastic",
    "opensearch",
    "mongo",
    "mongodb",
    "cassandra",
    "celery",
    "worker",
    "workers",
    "scheduler",
    "disk",
    "diskspace",
    "memory",
    "ldap",
    "vault",
    "upstream",
    "backend",
    "dependency",
    "firestore",
    "bigquery",
    "stripe",
    "openai",
    "llm",
];

/// Whether a name is that of a database, as frameworks and people name it: `db`, `Database(alias='default')`,
/// `PostgreSQL`, `npgsql`, `postgres:connections`.
pub(super) fn is_database(name: &str) -> bool {
    tokens(name).iter().any(|token| is_token_of(DATABASES, token))
}

/// Whether a name is that of something a service depends on.
pub(super) fn is_dependency(name: &str) -> bool {
    tokens(name).iter().any(|token| is_known(token))
}

/// What a key says of a dependency.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Aspect {
    /// How it is: `db`, `orders_db`, `db_connected`, and within a dependency `connectivity_test`.
    State,
    /// What is wrong with it: `database_error`.
    Fault,
    /// Anything else: `db_enabled`, `database_version`, `use_db`.
    Other,
}

const STATES: &[&str] = &[
    "is",
    "ok",
    "healthy",
    "connected",
    "ready",
    "up",
    "alive",
    "passed",
    "available",
    "reachable",
    "status",
    "state",
    "health",
    "connection",
    "connectivity",
    "check",
    "working",
    "online",
    "success",
    "test",
    "ping",
    "query",
    "responding",
    "result",
];
const FAULTS: &[&str] = &[
    "error",
    "errors",
    "fail",
    "failed",
    "failure",
    "failing",
    "down",
    "unavailable",
    "unreachable",
    "disconnected",
    "unhealthy",
    "broken",
    "offline",
    "exception",
];
const SWITCHES: &[&str] =
    &["use", "uses", "enable", "enabled", "has", "with", "no", "skip", "require", "requires"];

/// What a key says of the dependency that it names, or that it stands in.
pub(super) fn aspect(key: &str) -> Aspect {
    let mut tokens = tokens(key);
    // The last one is the whole name.
    if tokens.pop().is_some_and(|whole| is_known(&whole)) {
        return Aspect::State;
    }
    tokens.retain(|token| !token.is_empty());
    let after = tokens.iter().rposition(|token| is_known(token)).map_or(0, |at| at + 1);
    let (before, after) = tokens.split_at(after);
    let is_in = |list: &[&str], token: &String| list.contains(&token.as_str());
    if tokens.iter().any(|token| is_in(FAULTS, token)) {
        Aspect::Fault
    } else if !before.iter().any(|token| is_in(SWITCHES, token))
        && after.iter().all(|token| is_in(STATES, token))
    {
        Aspect::State
    } else {
        Aspect::Other
    }
}

/// Whether a word names something a service depends on, perhaps with a number (`db2`).
fn is_known(token: &str) -> bool {
    is_token_of(DATABASES, token) || is_token_of(OTHERS, token)
}

fn is_token_of(list: &[&str], token: &str) -> bool {
    list.contains(&token) || list.contains(&token.trim_end_matches(|c: char| c.is_ascii_digit()))
}

/// The words of a name: `databaseStatus`, `database_status` and `Database(alias='x')` all begin with `database`.
fn tokens(name: &str) -> Vec<String> {
    let mut tokens = vec![String::new()];
    let mut before = ' ';
    for character in name.chars() {
        let boundary = !character.is_alphanumeric() || (character.is_uppercase() && before.is_lowercase());
        if boundary {
            tokens.push(String::new());
        }
        if character.is_alphanumeric()
            && let Some(last) = tokens.last_mut()
        {
            last.extend(character.to_lowercase());
        }
        before = character;
    }
    // "PostgreSQL" is one word for everybody.
    tokens.push(name.to_lowercase().chars().filter(|c| c.is_alphanumeric()).collect());
    tokens
}

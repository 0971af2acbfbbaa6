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
const NEUTRAL: &[&str] = &["disabled", "skipped", "not configured", "n/a", "none", "off"];

/// What a word says; `None` where it says nothing that this version knows.
pub(super) fn level(word: &str) -> Option<Level> {
    let word = folded(word);
    let is_in = |list: &[&str]| list.contains(&word.as_str());
    if is_in(UNHEALTHY) {
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
    tokens(name).iter().any(|token| DATABASES.contains(&token.as_str()))
}

/// Whether a name is that of something a service depends on.
pub(super) fn is_dependency(name: &str) -> bool {
    is_database(name) || tokens(name).iter().any(|token| OTHERS.contains(&token.as_str()))
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

//! What a key of a health body announces: a closed list, without regard to the way in which it is written.

/// What stands under a key.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Key {
    /// A word of state, of what the body is about: `status`.
    State,
    /// A word of state of a dependency: `database_status`.
    StateOf(String),
    /// A boolean that is true when all is well: `healthy`.
    Flag,
    /// The same, of a dependency: `database_connected`.
    FlagOf(String),
    /// A boolean that is true when something is wrong: `unhealthy`.
    Alarm,
    /// An error, where there is one: `error`, `failures`.
    Complaint,
    /// An error of a dependency: `database_error`.
    ComplaintOf(String),
    /// A number that may be an HTTP status: `code`.
    Code,
    /// Dependencies by name, and nothing else: `checks`.
    Dependencies,
    /// Dependencies by name, among other things: `details`.
    Details,
    /// A wrapping that means nothing by itself: `data`.
    Envelope,
    /// Something about the service that is not its health: `version`.
    Aside,
    /// The same, with all that it holds: `config`.
    DeepAside,
    /// Details of a dependency: `database_details`.
    DetailsOf(String),
    /// Any other name.
    Other,
}

const STATES: &[&str] = &[
    "status",
    "state",
    "health",
    "health_status",
    "healthstatus",
    "overall",
    "overall_status",
    "overall_health",
    "overall_state",
    "availability",
    "outcome",
    "condition",
];
const FLAGS: &[&str] = &[
    "ok",
    "healthy",
    "up",
    "ready",
    "alive",
    "live",
    "connected",
    "passed",
    "pass",
    "available",
    "reachable",
    "online",
    "operational",
];
const ALARMS: &[&str] = &[
    "unhealthy",
    "failed",
    "failing",
    "down",
    "degraded",
    "unavailable",
    "disconnected",
    "failed_checks",
    "failing_checks",
    "failed_dependencies",
    "failed_services",
    "unhealthy_checks",
    "unhealthy_dependencies",
    "unhealthy_services",
];
const COMPLAINT_ENDS: &[&str] = &["_error", "_errors", "_failure", "_failures", "_failed", "_exception"];
const CODES: &[&str] = &["code", "status_code", "statuscode", "http_status", "http_code"];
const COMPLAINTS: &[&str] = &[
    "error",
    "errors",
    "exception",
    "exceptions",
    "failure",
    "failures",
    "err",
    "error_message",
    "error_details",
];
const DEPENDENCIES: &[&str] = &[
    "checks",
    "components",
    "dependencies",
    "services",
    "entries",
    "systems",
    "subsystems",
    "indicators",
    "health_checks",
    "healthchecks",
    "contributors",
    "backends",
    "databases",
    "datastores",
    "stores",
    "probes",
    "upstreams",
    "integrations",
];
const DETAILS: &[&str] = &["details", "detail", "info", "results", "resources", "connections", "modules"];
const ENVELOPES: &[&str] = &["data", "result", "response", "payload", "body", "report"];
const ASIDES: &[&str] = &[
    "message",
    "msg",
    "description",
    "reason",
    "version",
    "environment",
    "env",
    "name",
    "title",
    "id",
    "key",
    "service",
    "service_name",
    "service_id",
    "app",
    "app_name",
    "application",
    "component",
    "component_name",
    "component_id",
    "component_type",
    "host",
    "hostname",
    "url",
    "uri",
    "path",
    "endpoint",
    "timestamp",
    "time",
    "date",
    "uptime",
    "log_level",
    "loglevel",
    "level",
    "severity",
    "mode",
    "type",
    "kind",
    "region",
    "zone",
    "instance",
    "pid",
    "release",
    "release_id",
    "commit",
    "output",
    "notes",
    "note",
    "method",
    "action",
    "exit_status",
    "exit_code",
    "last_error",
    "duration",
    "total_duration",
    "request_id",
    "trace_id",
    "user",
    "role",
    "success",
    "maintenance",
    "driver",
    "engine",
    "dialect",
];
const DEEP_ASIDES: &[&str] = &[
    "config",
    "configuration",
    "settings",
    "metadata",
    "meta",
    "features",
    "feature_flags",
    "flags",
    "links",
    "tags",
    "build",
    "git",
    "groups",
    "affected_endpoints",
    "metrics",
    "stats",
    "statistics",
    "history",
    "log",
    "logs",
];
const STATE_ENDS: &[&str] = &["_status", "_state", "_health", "_health_status"];
const FLAG_ENDS: &[&str] = &[
    "_ok",
    "_healthy",
    "_up",
    "_ready",
    "_alive",
    "_live",
    "_connected",
    "_available",
    "_reachable",
    "_online",
    "_passed",
];
/// How something is set up, not how it is: `db_enabled` proves nothing, and `db_ssl: false` fails nothing.
const SETTING_ENDS: &[&str] = &[
    "_enabled",
    "_disabled",
    "_ssl",
    "_tls",
    "_initialized",
    "_configured",
    "_required",
    "_pool",
    "_pool_size",
    "_name",
    "_host",
    "_port",
    "_user",
    "_url",
    "_version",
    "_type",
    "_driver",
    "_id",
];
const SETTING_STARTS: &[&str] = &["use_", "uses_", "has_", "with_", "enable_"];
const DETAIL_ENDS: &[&str] =
    &["_details", "_detail", "_info", "_check", "_checks", "_health_check", "_connection"];

/// What the key announces.
pub(super) fn of(key: &str) -> Key {
    let snake = snake(key);
    let is = |list: &[&str]| list.contains(&snake.as_str());
    let bare = snake.strip_prefix("is_").unwrap_or(&snake);
    if is(STATES) {
        Key::State
    } else if FLAGS.contains(&bare) {
        Key::Flag
    } else if ALARMS.contains(&bare) {
        Key::Alarm
    } else if is(COMPLAINTS) {
        Key::Complaint
    } else if is(CODES) {
        Key::Code
    } else if is(DEPENDENCIES) {
        Key::Dependencies
    } else if is(DETAILS) {
        Key::Details
    } else if is(ENVELOPES) {
        Key::Envelope
    } else if is(ASIDES) {
        Key::Aside
    } else if is(DEEP_ASIDES) {
        Key::DeepAside
    } else if without(bare, SETTING_ENDS).is_some()
        || SETTING_STARTS.iter().any(|start| bare.starts_with(start))
    {
        Key::Aside
    } else if let Some(base) = without(bare, STATE_ENDS) {
        Key::StateOf(base)
    } else if let Some(base) = without(bare, FLAG_ENDS) {
        Key::FlagOf(base)
    } else if let Some(base) = without(bare, COMPLAINT_ENDS) {
        Key::ComplaintOf(base)
    } else if let Some(base) = without(bare, DETAIL_ENDS) {
        Key::DetailsOf(base)
    } else {
        Key::Other
    }
}

/// The key without the longest of these ends.
fn without(key: &str, ends: &[&str]) -> Option<String> {
    let bases = ends.iter().filter_map(|end| key.strip_suffix(end)).filter(|base| !base.is_empty());
    bases.min_by_key(|base| base.len()).map(str::to_owned)
}

/// `databaseStatus`, `Database-Status` and `database status` as `database_status`.
pub(super) fn snake(key: &str) -> String {
    let mut snake = String::with_capacity(key.len() + 4);
    let mut before = None;
    for character in key.trim().chars() {
        if character.is_alphanumeric() {
            let rises = before.is_some_and(|c: char| c.is_lowercase() || c.is_ascii_digit());
            if rises && character.is_uppercase() {
                snake.push('_');
            }
            snake.extend(character.to_lowercase());
        } else if !snake.is_empty() && !snake.ends_with('_') {
            snake.push('_');
        }
        before = Some(character);
    }
    snake.truncate(snake.trim_end_matches('_').len());
    snake
}

const DATABASES: &[&str] = &[
    "db",
    "database",
    "databases",
    "datasource",
    "datasources",
    "postgres",
    "postgresql",
    "pg",
    "psql",
    "pgsql",
    "pgx",
    "sql",
    "npgsql",
    "jdbc",
    "hikari",
    "hikaricp",
    "agroal",
    "prisma",
    "sequelize",
    "typeorm",
    "sqlalchemy",
    "knex",
    "drizzle",
    "ecto",
    "gorm",
    "dbcontext",
    "activerecord",
    "cloudsql",
    "alloydb",
    "rds",
];
/// The same in other languages. Their words of health are not known, so what stands there is unknown, and not healthy.
const FOREIGN_DATABASES: &[&str] = &[
    "datenbank",
    "base_de_datos",
    "basededatos",
    "banco_de_dados",
    "base_de_donnees",
    "base_de_données",
    "база_данных",
    "数据库",
    "資料庫",
    "データベース",
    "데이터베이스",
];
/// Stores that are no PostgreSQL: that they work proves nothing of it.
const OTHER_STORES: &[&str] = &[
    "mongo",
    "redis",
    "dynamo",
    "mysql",
    "maria",
    "mssql",
    "sqlserver",
    "oracle",
    "sqlite",
    "influx",
    "cassandra",
    "couch",
    "neo4j",
    "arango",
    "clickhouse",
    "duckdb",
    "rocksdb",
    "leveldb",
    "elastic",
    "firestore",
    "firebase",
    "bigtable",
    "spanner",
    "memcache",
    "scylla",
    "vector",
    "graph",
    "timeseries",
    "etcd",
];
const OTHER_DEPENDENCIES: &[&str] = &[
    "cache",
    "caches",
    "redis",
    "memcached",
    "rabbitmq",
    "rabbit",
    "amqp",
    "kafka",
    "queue",
    "queues",
    "pubsub",
    "nats",
    "broker",
    "celery",
    "storage",
    "s3",
    "gcs",
    "bucket",
    "smtp",
    "mail",
    "mailer",
    "email",
    "elasticsearch",
    "opensearch",
    "mongo",
    "mongodb",
    "mysql",
    "mariadb",
    "mssql",
    "sqlite",
    "firestore",
    "ldap",
    "vault",
    "etcd",
    "consul",
    "zookeeper",
    "cassandra",
    "clickhouse",
    "dynamodb",
];

/// Whether a name in a health body is that of a PostgreSQL database, or of a database without a kind.
pub fn is_database(name: &str) -> bool {
    let snake = snake(name);
    if OTHER_STORES.iter().any(|store| snake.contains(store)) {
        return false;
    }
    snake.contains("data_source")
        || FOREIGN_DATABASES.iter().any(|name| snake.contains(name))
        || snake.split('_').any(|token| {
            DATABASES.contains(&token)
                || token.starts_with("postgres")
                || token.starts_with("database")
                || token.starts_with("datasource")
                || (token.len() > 2 && token.ends_with("db"))
        })
}

/// Whether a name is that of a dependency, even where it stands alone.
pub(super) fn is_dependency(name: &str) -> bool {
    is_database(name) || snake(name).split('_').any(|token| OTHER_DEPENDENCIES.contains(&token))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keys_are_known_in_any_dress() {
        for (key, expected) in [
            ("status", Key::State),
            ("Status", Key::State),
            ("databaseStatus", Key::StateOf("database".to_owned())),
            ("database-status", Key::StateOf("database".to_owned())),
            ("db_health_status", Key::StateOf("db".to_owned())),
            ("isDatabaseConnected", Key::FlagOf("database".to_owned())),
            ("database_details", Key::DetailsOf("database".to_owned())),
            ("isHealthy", Key::Flag),
            ("HealthChecks", Key::Dependencies),
            ("uptime", Key::Aside),
            ("up", Key::Flag),
            ("statusCode", Key::Code),
            ("database_error", Key::ComplaintOf("database".to_owned())),
            ("dbEnabled", Key::Aside),
            ("_status", Key::State),
        ] {
            assert_eq!(of(key), expected, "{key}");
        }
    }

    #[test]
    fn no_key_announces_two_things() {
        let lists =
            [STATES, FLAGS, ALARMS, COMPLAINTS, DEPENDENCIES, DETAILS, ENVELOPES, ASIDES, DEEP_ASIDES]
                .concat();
        for (index, key) in lists.iter().enumerate() {
            assert!(!lists[index + 1..].contains(key), "{key}");
            assert_eq!(snake(key), **key, "is written as it is looked up");
        }
    }

    #[test]
    fn databases_are_known_by_name() {
        for name in [
            "db",
            "database",
            "Database(alias='default')",
            "DatabaseBackend",
            "postgres:connections",
            "npgsql",
            "Database connections health check",
            "ApplicationDbContext",
            "primaryDb",
            "userdb",
            "prisma",
            "dataSource",
            "PostgreSQL",
            "database_pool",
            "auth-db",
        ] {
            assert!(is_database(name), "{name}");
        }
        for name in
            ["redis", "mongodb", "MongoDB", "dynamodb", "mysql", "sqlite", "rabbitmq", "debug", "feedback"]
        {
            assert!(!is_database(name), "{name}");
        }
    }
}

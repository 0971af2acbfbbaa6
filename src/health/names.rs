//! Names in health bodies: which are of databases, which of other things that a service needs.

use super::keys::snake;

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

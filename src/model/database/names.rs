//! The names by which users and frameworks call the variables that lead to a database, and look-alikes of other
//! stores. Compared in capitals: .NET and some libraries of settings do not mind the case.

/// Names of variables that hold a whole connection string, most usual first. With `AUTH_` or any other word before it,
/// each is known too.
pub(super) const URLS: &[&str] = &[
    "DATABASE_URL",
    "DB_URL",
    "POSTGRES_URL",
    "POSTGRESQL_URL",
    "PG_URL",
    "DATABASE_DSN",
    "DB_DSN",
    "POSTGRES_DSN",
    "PG_DSN",
    // Flask-SQLAlchemy, and its many imitations.
    "SQLALCHEMY_DATABASE_URI",
    "SQLALCHEMY_DATABASE_URL",
    "SQLALCHEMY_URL",
    "DATABASE_URI",
    "DB_URI",
    "POSTGRES_URI",
    "POSTGRESQL_URI",
    "PG_URI",
    // Spring Boot (JDBC and R2DBC), Quarkus, Heroku's build packs for Java.
    "SPRING_DATASOURCE_URL",
    "SPRING_R2DBC_URL",
    "QUARKUS_DATASOURCE_JDBC_URL",
    "QUARKUS_DATASOURCE_REACTIVE_URL",
    "DATASOURCE_URL",
    "JDBC_DATABASE_URL",
    "JDBC_URL",
    "TYPEORM_URL",
    // Vercel's and Prisma's.
    "POSTGRES_PRISMA_URL",
    "POSTGRES_URL_NON_POOLING",
    "DATABASE_URL_UNPOOLED",
    "DIRECT_DATABASE_URL",
    "DIRECT_URL",
    "DATABASE_CONNECTION_STRING",
    "DB_CONNECTION_STRING",
    "POSTGRES_CONNECTION_STRING",
    "PG_CONNECTION_STRING",
    "DB_CONN_STRING",
    "DATABASE_CONN",
    "SQL_ALCHEMY_CONN",
    "GOOSE_DBSTRING",
];

/// Names that say too little to be known with another word before them.
pub(super) const ONLY_ALONE: &[&str] = &["DIRECT_URL", "JDBC_URL", "SQLALCHEMY_URL"];

/// The words at the end of [`URLS`]; what stands before is the prefix of the variables beside it.
pub(super) const URL_WORDS: &[&str] = &[
    "_JDBC_URL",
    "_REACTIVE_URL",
    "URL_NON_POOLING",
    "URL_UNPOOLED",
    "PRISMA_URL",
    "CONNECTION_STRING",
    "CONN_STRING",
    "URL",
    "URI",
    "DSN",
];

/// .NET's way to name connection strings; what follows is free.
pub(super) const DOTNET: &str = "CONNECTIONSTRINGS__";

/// What stands before the parts' words, most usual first. With another word before it, each is known too.
pub(super) const PREFIXES: &[&str] = &[
    "DB_",
    "DATABASE_",
    "POSTGRES_",
    "POSTGRESQL_",
    "PG",
    "PG_",
    "PSQL_",
    "SQL_",
    "CLOUD_SQL_",
    "CLOUDSQL_",
    "TYPEORM_",
    "DATASOURCE_",
    "RDS_",
    // n8n.
    "DB_POSTGRESDB_",
];

/// The words for the host: the longest first, so that a prefix is cut right.
pub(super) const HOSTS: &[&str] = &[
    "INSTANCE_UNIX_SOCKET",
    "INSTANCE_HOST",
    "HOSTNAME",
    "HOSTADDR",
    "HOST",
    "SERVER",
    "ADDRESS",
    "ADDR",
    "UNIX_SOCKET",
    "SOCKET_PATH",
    "SOCKET",
    "PRIVATE_IP",
    "IP",
];
/// What stands at the end of a name whose variable holds the path of a file with the value.
pub(super) const FILE: &str = "_FILE";
pub(super) const PORTS: &[&str] = &["PORT"];
pub(super) const USERS: &[&str] = &["USER", "USERNAME", "USER_NAME", "IAM_USER", "LOGIN"];
pub(super) const PASSWORDS: &[&str] = &["PASSWORD", "PASS", "PASSWD", "PWD"];
pub(super) const NAMES: &[&str] = &["NAME", "DATABASE", "DB", "DBNAME", "DATABASE_NAME", "DB_NAME"];

/// Google's samples: the host stands in `INSTANCE_HOST` or `INSTANCE_UNIX_SOCKET`, the rest begins with `DB_`.
pub(super) const INSTANCE_HOSTS: &[&str] = &["INSTANCE_UNIX_SOCKET", "INSTANCE_HOST"];

/// Variables that hold the connection name of a Cloud SQL instance.
pub(super) const INSTANCES: &[&str] = &[
    "INSTANCE_CONNECTION_NAME",
    "CLOUD_SQL_CONNECTION_NAME",
    "CLOUDSQL_CONNECTION_NAME",
    "CLOUD_SQL_INSTANCE_CONNECTION_NAME",
    "DB_INSTANCE_CONNECTION_NAME",
    "DB_CONNECTION_NAME",
    "SQL_CONNECTION_NAME",
    "CLOUD_SQL_INSTANCE",
    "CLOUDSQL_INSTANCE",
    "CLOUD_SQL_CONNECTION",
    "CLOUDSQL_CONNECTION",
    "SPRING_CLOUD_GCP_SQL_INSTANCE_CONNECTION_NAME",
];

/// Variables beside the parts that tell which engine it is.
pub(super) const ENGINES: &[&str] =
    &["CONNECTION", "DIALECT", "ENGINE", "TYPE", "DRIVER", "CLIENT", "KIND", "VENDOR", "PROVIDER", "ADAPTER"];

/// Other engines, as such a variable or a URL's scheme names them.
pub(super) const OTHER_ENGINES: &[&str] = &[
    "mysql",
    "maria",
    "mssql",
    "sqlserver",
    "sqlsrv",
    "mongo",
    "sqlite",
    "oracle",
    "redis",
    "cassandra",
    "libsql",
    "http",
    "file:",
    "h2",
    "clickhouse",
    "neo4j",
    "bolt",
    "amqp",
    "cockroach",
];

/// Words of a name that tell of another store, or of a database that the deployed service does not need.
pub(super) const TRAPS: &[&str] = &[
    "REDIS",
    "VALKEY",
    "MEMCACHE",
    "MEMCACHED",
    "CACHE",
    "MONGO",
    "MONGODB",
    "MYSQL",
    "MARIADB",
    "MSSQL",
    "SQLSERVER",
    "SQLITE",
    "ORACLE",
    "DB2",
    "H2",
    "FIREBASE",
    "FIRESTORE",
    "DATASTORE",
    "SPANNER",
    "BIGQUERY",
    "BIGTABLE",
    "SNOWFLAKE",
    "REDSHIFT",
    "CASSANDRA",
    "SCYLLA",
    "CLICKHOUSE",
    "ELASTIC",
    "ELASTICSEARCH",
    "OPENSEARCH",
    "NEO4J",
    "INFLUX",
    "INFLUXDB",
    "COUCHDB",
    "COUCHBASE",
    "DYNAMO",
    "DYNAMODB",
    "COSMOS",
    "COSMOSDB",
    "TURSO",
    "LIBSQL",
    "QDRANT",
    "WEAVIATE",
    "PINECONE",
    "CHROMA",
    "MILVUS",
    "AMQP",
    "RABBITMQ",
    "KAFKA",
    "NATS",
    "GEOIP",
    "MAXMIND",
    // Prisma's scratch database, and the tests'.
    "SHADOW",
    "TEST",
    "TESTING",
];

/// Words of a name that tell of a way that is not the main one.
pub(super) const SECONDARY: &[&str] = &[
    "REPLICA",
    "READ",
    "READONLY",
    "READER",
    "RO",
    "SECONDARY",
    "DIRECT",
    "MIGRATION",
    "MIGRATIONS",
    "UNPOOLED",
];

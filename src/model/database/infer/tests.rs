//! Names as users and frameworks give them, and look-alikes.

use super::*;
use crate::model::{DeploysVia, Place, SecretReference, Stated, Variable};

/// `NAME=value` is plain, `NAME` alone a secret.
fn service(variables: &[&str]) -> Service {
    let place = Place { file: "a".into(), line: 1, column: 1 };
    let known = |text: &str| Stated::known(text, place.clone());
    let mut service = Service::new(DeploysVia::Native, place.clone());
    for one in variables {
        match one.split_once('=') {
            Some((name, value)) => {
                service.env.push(Variable { name: name.to_owned(), value: known(value) });
            }
            None => service.secrets.push(SecretReference {
                target: (*one).to_owned(),
                secret: known("s"),
                version: known("1"),
            }),
        }
    }
    service
}

/// What is recognised: the names, and behind `|` the others.
fn seen(variables: &[&str]) -> String {
    let Some(found) = infer(&service(variables)) else { return String::new() };
    let kind = match &found.variables {
        DatabaseVariables::Dsn(_) => "dsn",
        DatabaseVariables::Url { .. } => "url",
        DatabaseVariables::Parts { .. } => "parts",
        DatabaseVariables::Instance { .. } => "instance",
    };
    let others =
        if found.others.is_empty() { String::new() } else { format!(" | {}", found.others.join(" ")) };
    format!("{kind} {}{others}", found.variables.names().join(" "))
}

#[test]
fn databases_are_recognised_as_users_and_frameworks_name_them() {
    for (variables, expected) in [
        (&["DATABASE_URL"][..], "dsn DATABASE_URL"),
        (&["PORT=8080", "POSTGRES_DSN"], "dsn POSTGRES_DSN"),
        (&["SQLALCHEMY_DATABASE_URI"], "dsn SQLALCHEMY_DATABASE_URI"),
        (&["DB_CONNECTION_STRING"], "dsn DB_CONNECTION_STRING"),
        (&["DATABASE_URL", "DIRECT_URL"], "dsn DATABASE_URL | DIRECT_URL"),
        (&["DIRECT_URL", "POSTGRES_PRISMA_URL"], "dsn POSTGRES_PRISMA_URL | DIRECT_URL"),
        (
            &[
                "SPRING_DATASOURCE_URL=jdbc:postgresql://h/d",
                "SPRING_DATASOURCE_USERNAME=u",
                "SPRING_DATASOURCE_PASSWORD",
            ],
            "url SPRING_DATASOURCE_URL SPRING_DATASOURCE_USERNAME SPRING_DATASOURCE_PASSWORD",
        ),
        (
            &["SPRING_R2DBC_URL=r2dbc:postgresql://h/d", "SPRING_R2DBC_USERNAME=u", "SPRING_R2DBC_PASSWORD"],
            "url SPRING_R2DBC_URL SPRING_R2DBC_USERNAME SPRING_R2DBC_PASSWORD",
        ),
        (
            &["QUARKUS_DATASOURCE_JDBC_URL", "QUARKUS_DATASOURCE_USERNAME=u", "QUARKUS_DATASOURCE_PASSWORD"],
            "url QUARKUS_DATASOURCE_JDBC_URL QUARKUS_DATASOURCE_USERNAME QUARKUS_DATASOURCE_PASSWORD",
        ),
        (
            &["JDBC_DATABASE_URL", "JDBC_DATABASE_USERNAME", "JDBC_DATABASE_PASSWORD"],
            "url JDBC_DATABASE_URL JDBC_DATABASE_USERNAME JDBC_DATABASE_PASSWORD",
        ),
        (&["DB_URL", "DB_USER", "DB_PASSWORD"], "url DB_URL DB_USER DB_PASSWORD"),
        (&["KC_DB_URL", "KC_DB_USERNAME", "KC_DB_PASSWORD"], "url KC_DB_URL KC_DB_USERNAME KC_DB_PASSWORD"),
        (
            &[
                "TYPEORM_HOST=h",
                "TYPEORM_PORT=5432",
                "TYPEORM_USERNAME",
                "TYPEORM_PASSWORD",
                "TYPEORM_DATABASE",
            ],
            "parts TYPEORM_HOST TYPEORM_PORT TYPEORM_USERNAME TYPEORM_PASSWORD TYPEORM_DATABASE",
        ),
        (
            &["PGHOST=h", "PGPORT=5432", "PGUSER=u", "PGPASSWORD", "PGDATABASE=d"],
            "parts PGHOST PGPORT PGUSER PGPASSWORD PGDATABASE",
        ),
        (
            &["POSTGRES_SERVER=h", "POSTGRES_USER=u", "POSTGRES_PASSWORD", "POSTGRES_DB=d"],
            "parts POSTGRES_SERVER POSTGRES_USER POSTGRES_PASSWORD POSTGRES_DB",
        ),
        (
            &["AUTH_DB_HOST=h", "AUTH_DB_USER=u", "AUTH_DB_PASSWORD", "AUTH_DB_NAME=d"],
            "parts AUTH_DB_HOST AUTH_DB_USER AUTH_DB_PASSWORD AUTH_DB_NAME",
        ),
        (&["APP_DATABASE_URL"], "dsn APP_DATABASE_URL"),
        (
            &["PRIMARY_DATABASE_URL", "REPLICA_DATABASE_URL"],
            "dsn PRIMARY_DATABASE_URL | REPLICA_DATABASE_URL",
        ),
        (
            &["REPLICA_DATABASE_URL", "PRIMARY_DATABASE_URL"],
            "dsn PRIMARY_DATABASE_URL | REPLICA_DATABASE_URL",
        ),
        (
            &[
                "INSTANCE_UNIX_SOCKET=/cloudsql/p:r:i",
                "INSTANCE_CONNECTION_NAME=p:r:i",
                "DB_NAME=d",
                "DB_USER=u",
                "DB_PASS",
            ],
            "parts INSTANCE_UNIX_SOCKET DB_USER DB_PASS DB_NAME",
        ),
        (
            &["INSTANCE_HOST=10.0.0.3", "DB_PORT=5432", "DB_NAME=d", "DB_USER=u", "DB_PASS"],
            "parts INSTANCE_HOST DB_PORT DB_USER DB_PASS DB_NAME",
        ),
        (
            &["INSTANCE_CONNECTION_NAME=p:r:i", "DB_USER=u", "DB_PASS", "DB_NAME=d"],
            "instance INSTANCE_CONNECTION_NAME DB_USER DB_PASS DB_NAME",
        ),
        (
            &["CLOUD_SQL_CONNECTION_NAME=p:r:i", "DB_USER", "DB_PASS"],
            "instance CLOUD_SQL_CONNECTION_NAME DB_USER DB_PASS",
        ),
        (
            &[
                "CLOUD_SQL_CONNECTION_NAME=p:r:i",
                "CLOUD_SQL_USER",
                "CLOUD_SQL_PASSWORD",
                "CLOUD_SQL_DATABASE",
            ],
            "instance CLOUD_SQL_CONNECTION_NAME CLOUD_SQL_USER CLOUD_SQL_PASSWORD CLOUD_SQL_DATABASE",
        ),
        (&["ConnectionStrings__Postgres"], "dsn ConnectionStrings__Postgres"),
        (&["ConnectionStrings__Default=Host=h;Username=u"], "dsn ConnectionStrings__Default"),
        (&["database_url"], "dsn database_url"),
        (&["DATABASE_URL", "DB_HOST=h"], "dsn DATABASE_URL | DB_HOST"),
        (
            &["DB_POSTGRESDB_HOST=h", "DB_POSTGRESDB_USER=u", "DB_POSTGRESDB_PASSWORD", "DB_TYPE=postgresdb"],
            "parts DB_POSTGRESDB_HOST DB_POSTGRESDB_USER DB_POSTGRESDB_PASSWORD",
        ),
        (&["DB_ENGINE=django.db.backends.postgresql", "DB_HOST=h"], "parts DB_HOST"),
        (
            &["POSTGRES_HOST=h", "POSTGRES_USER_FILE=/run/user", "POSTGRES_PASSWORD_FILE=/run/password"],
            "parts POSTGRES_HOST POSTGRES_USER_FILE POSTGRES_PASSWORD_FILE",
        ),
        (&["DB_HOST=h", "DB_PASSWORD", "DB_PASSWORD_FILE=/run/p"], "parts DB_HOST DB_PASSWORD"),
        (&["DATABASE_URL_FILE=/run/url"], "dsn DATABASE_URL_FILE"),
        (&["DATABASE_URL", "DATABASE_URL_FILE=/run/url"], "dsn DATABASE_URL"),
        (&["PGHOST=h", "PGUSER=u", "PGPASSFILE=/run/pgpass"], "parts PGHOST PGUSER PGPASSFILE"),
        (&["DB_HOST=h", "DB_USER=u", "PGPASSFILE=/run/pgpass"], "parts DB_HOST DB_USER PGPASSFILE"),
    ] {
        assert_eq!(seen(variables), expected, "{variables:?}");
    }
}

#[test]
fn look_alikes_of_other_stores_are_none() {
    for variables in [
        &["REDIS_URL"][..],
        &["REDIS_HOST=h", "REDIS_PASSWORD"],
        &["MONGODB_URL", "MONGO_DB_CONNECTION_STRING", "MONGO_DATABASE_URL"],
        &["MYSQL_HOST=h", "MYSQL_USER=u", "MYSQL_PASSWORD", "MYSQL_DATABASE_URL"],
        &["FIREBASE_DATABASE_URL=https://x.firebaseio.com", "FIREBASE_ADMIN_DATABASE_URL"],
        &["FIRESTORE_DATABASE_ID=x", "REDIS_INSTANCE", "DB_INSTANCE"],
        &["DATABASE_URL=mysql://u:p@h/d"],
        &["DATABASE_URL=sqlite:///app.db"],
        &["DB_URL=jdbc:mysql://h/d", "DB_USER=u"],
        &["DB_HOST=h", "DB_PORT=3306", "DB_PASSWORD"],
        &["DB_HOST=h", "DB_CONNECTION=mysql"],
        &["DB_HOST=h", "DB_ENGINE=django.db.backends.mysql"],
        &["TEST_DATABASE_URL", "SHADOW_DATABASE_URL"],
        &["CLOUD_SQL_HOST=34.1.2.3", "CLOUD_SQL_PORT=3306", "CLOUD_SQL_INSTANCE=p:r:i", "CLOUD_SQL_USER=u"],
        &["INSTANCE_CONNECTION_NAME=p:r:i"],
        &["SERVICE_HOST=h", "API_URL=https://h", "HOST=0.0.0.0", "SERVER=x", "SMTP_HOST=h"],
        &["ConnectionStrings__Default=Server=tcp:h,1433;User Id=u"],
        &["ConnectionStrings__Default"],
        &["DB_IP=10.0.0.3"],
        &["WEBHOOK_URL", "BASE_URL=https://x", "NEXTAUTH_URL=https://x"],
    ] {
        assert_eq!(seen(variables), "", "{variables:?}");
    }
}

#[test]
fn the_instance_is_read_off_its_variable() {
    let found = infer(&service(&["INSTANCE_CONNECTION_NAME=p:r:i", "DB_USER=u"])).unwrap();
    assert_eq!(found.instance.as_ref().and_then(Stated::as_known), Some("p:r:i"));
    let found = infer(&service(&["CLOUD_SQL_INSTANCE=db", "DB_USER=u"])).unwrap();
    assert_eq!(found.instance, None);
}

#[test]
fn a_prefix_is_what_stands_before_the_word() {
    for (leading, expected) in [
        ("DB_HOST", "DB_"),
        ("PGHOST", "PG"),
        ("AUTH_DB_HOSTNAME", "AUTH_DB_"),
        ("SPRING_DATASOURCE_URL", "SPRING_DATASOURCE_"),
        ("QUARKUS_DATASOURCE_JDBC_URL", "QUARKUS_DATASOURCE_"),
        ("JDBC_URL", "JDBC_"),
        ("INSTANCE_HOST", "DB_"),
        ("DB_CONNECTION_STRING", "DB_"),
        ("AUTH_DATABASE_URL_FILE", "AUTH_DATABASE_"),
        ("WHATEVER", "DB_"),
    ] {
        assert_eq!(DatabaseVariables::Dsn(leading.to_owned()).prefix(), expected, "{leading}");
    }
}

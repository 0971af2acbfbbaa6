//! What the tests of several checks start from.

use std::sync::Arc;

use crate::model::{
    Database, DatabaseVariables, DeploysVia, Place, SecretReference, Service, Stated, Variable,
};

/// Some place.
pub(crate) fn place() -> Place {
    Place { file: Arc::from("rungate.yaml"), line: 1, column: 1 }
}

/// A secret as declared.
pub(crate) fn secret(target: &str, secret: &str, version: &str) -> SecretReference {
    SecretReference {
        target: target.to_owned(),
        secret: Stated::known(secret, place()),
        version: Stated::known(version, place()),
    }
}

/// A service with a plain variable, a host for its database and a password from a secret.
pub(crate) fn service_with_database() -> Service {
    let mut service = Service::new(DeploysVia::Native, place());
    for (name, value) in [("LOG_LEVEL", "info"), ("DB_HOST", "10.20.0.3")] {
        service.env.push(Variable { name: name.to_owned(), value: Stated::known(value, place()) });
    }
    service.secrets.push(secret("DB_PASSWORD", "db-password", "3"));
    service.database = Some(Database::new(
        DatabaseVariables::Parts {
            host: "DB_HOST".to_owned(),
            port: None,
            user: None,
            password: Some("DB_PASSWORD".to_owned()),
            name: None,
        },
        None,
        true,
    ));
    service
}

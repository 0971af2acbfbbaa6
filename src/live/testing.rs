//! What the tests of several checks start from.

use std::sync::Arc;
use std::time::Duration;

use super::{RunSettings, Scope, Siblings};
use crate::model::{
    Database, DatabaseVariables, DeploysVia, Place, SecretReference, Service, Stated, Target, Variable,
};
use crate::probe::Outside;
use crate::probe::dial::System;
use crate::probe::google::{Auth, Endpoints, Google, Timeouts};
use crate::probe::http::Http;
use crate::record::Vantage;
use crate::text::vault::Vault;

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

/// The scope of a check of this service that dials from inside its network, before a Google that nobody asks.
pub(crate) fn scope(service: Service) -> Scope {
    let vault = Arc::new(Vault::default());
    let google = Google::new(&Endpoints::default(), Auth::Anonymous, Arc::clone(&vault), Timeouts::default());
    let name = || "auth".to_owned();
    let limit = Duration::from_secs(5);
    Scope {
        target: Arc::new(Target {
            key: name(),
            name: name(),
            project: name(),
            region: name(),
            revision: None,
            service,
        }),
        subject: None,
        outside: Arc::new(Outside { google, http: Http::new(limit), dial: Arc::new(System), vault }),
        settings: Arc::new(RunSettings {
            vantage: Vantage::InVpc,
            inspect_secrets: false,
            connect_timeout: limit,
            step_timeout: limit,
            fewest_answers: 1,
        }),
        notes: Arc::default(),
        conversation: Default::default(),
        siblings: Siblings::new(tokio::sync::watch::Sender::default().subscribe()),
        walks: Arc::default(),
        started: tokio::time::Instant::now(),
    }
}

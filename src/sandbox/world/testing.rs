//! The incident's own pipeline, for the unit tests of the sandbox.

use std::sync::Arc;

use super::{Added, SecretWorld, VersionState, VersionWorld, World};
use crate::model::{DeploysVia, Place, SecretReference, Service, Stated, Target, Variable, infer_database};

/// The auth service: private PostgreSQL behind a connector, its password from Secret Manager.
pub(in crate::sandbox) fn auth_target() -> Arc<Target> {
    let place = Place { file: "rungate.yaml".into(), line: 1, column: 1 };
    let known = |text: &str| Stated::known(text, place.clone());
    let mut service = Service::new(DeploysVia::Native, place.clone());
    let plain = [
        ("DB_HOST", "10.20.0.3"),
        ("DB_PORT", "5432"),
        ("DB_USER", "auth"),
        ("DB_NAME", "auth"),
        ("LOG_LEVEL", "info"),
    ];
    service.env = plain.map(|(name, value)| Variable { name: name.to_owned(), value: known(value) }).to_vec();
    let secrets = [("DB_PASSWORD", "db-password", "latest"), ("JWT_SECRET", "jwt-secret", "2")];
    service.secrets = secrets
        .map(|(target, secret, version)| SecretReference {
            target: target.to_owned(),
            secret: known(secret),
            version: known(version),
        })
        .to_vec();
    service.vpc.connector = Some(known("auth-connector"));
    service.service_account = Some(known("auth@acme-staging.iam.gserviceaccount.com"));
    service.health.path = Some(known("/auth/health"));
    service.database = infer_database(&service);
    Arc::new(Target {
        key: "auth".to_owned(),
        name: "auth".to_owned(),
        project: "acme-staging".to_owned(),
        region: "europe-west1".to_owned(),
        revision: None,
        service,
    })
}

/// The healthy world of the auth service, deployed.
pub(in crate::sandbox) fn incident() -> World {
    let mut world = World::describe(&[auth_target()]);
    world.deploy();
    world
}

impl World {
    /// A secret of one version comes to exist.
    pub(crate) fn has_secret(&mut self, project: &str, name: &str, payload: &str) {
        self.secrets.push(SecretWorld {
            project: project.to_owned(),
            name: name.to_owned(),
            versions: vec![VersionWorld {
                number: 1,
                state: VersionState::Enabled,
                payload: payload.into(),
                added: Added::Before,
                corrupted: false,
            }],
            aliases: Vec::new(),
            accessors: Vec::new(),
        });
    }
}

//! Google's client libraries, each built when it is first asked.

use std::sync::Arc;

use futures::future::BoxFuture;
use google_cloud_auth::credentials::Credentials;
use google_cloud_gax::client_builder::{ClientBuilder, Error};
use google_cloud_resourcemanager_v3::client::Projects;
use google_cloud_run_v2::client::{Revisions, Services};
use google_cloud_secretmanager_v1::client::SecretManagerService;
use google_cloud_sql_v1::client::SqlInstancesService;
use google_cloud_vpcaccess_v1::client::VpcAccessService;
use tokio::sync::OnceCell;

use super::auth::Identity;
use super::endpoints::base;
use super::errors::{bounded, chain};
use super::{Auth, Endpoints, Timeouts, Vault, auth, retry};
use crate::run::outcome::Broken;

/// A client, or why there is none; told the same to everybody who asks.
type Lazy<T> = OnceCell<Result<T, Broken>>;

/// The clients of a run. A run that never asks pays nothing.
#[derive(Debug)]
pub(super) struct Clients {
    endpoints: Endpoints,
    auth: Auth,
    vault: Arc<Vault>,
    timeouts: Timeouts,
    identity: Lazy<Identity>,
    services: Lazy<Services>,
    revisions: Lazy<Revisions>,
    connectors: Lazy<VpcAccessService>,
    secrets: Lazy<SecretManagerService>,
    instances: Lazy<SqlInstancesService>,
    projects: Lazy<Projects>,
}

impl Clients {
    pub(super) fn new(endpoints: &Endpoints, auth: Auth, vault: Arc<Vault>, timeouts: Timeouts) -> Self {
        Self {
            endpoints: endpoints.clone(),
            auth,
            vault,
            timeouts,
            identity: OnceCell::new(),
            services: OnceCell::new(),
            revisions: OnceCell::new(),
            connectors: OnceCell::new(),
            secrets: OnceCell::new(),
            instances: OnceCell::new(),
            projects: OnceCell::new(),
        }
    }

    pub(super) async fn services(&self) -> Result<&Services, Broken> {
        let endpoint = self.endpoints.run.as_deref();
        lazily(&self.services, async || {
            built(self.ready(Services::builder(), endpoint).await?.build().await, endpoint)
        })
        .await
    }

    pub(super) async fn revisions(&self) -> Result<&Revisions, Broken> {
        let endpoint = self.endpoints.run.as_deref();
        lazily(&self.revisions, async || {
            built(self.ready(Revisions::builder(), endpoint).await?.build().await, endpoint)
        })
        .await
    }

    pub(super) async fn connectors(&self) -> Result<&VpcAccessService, Broken> {
        let endpoint = self.endpoints.vpcaccess.as_deref();
        lazily(&self.connectors, async || {
            built(self.ready(VpcAccessService::builder(), endpoint).await?.build().await, endpoint)
        })
        .await
    }

    pub(super) async fn secrets(&self) -> Result<&SecretManagerService, Broken> {
        let endpoint = self.endpoints.secretmanager.as_deref();
        lazily(&self.secrets, async || {
            built(self.ready(SecretManagerService::builder(), endpoint).await?.build().await, endpoint)
        })
        .await
    }

    pub(super) async fn instances(&self) -> Result<&SqlInstancesService, Broken> {
        let endpoint = self.endpoints.sql.as_deref();
        lazily(&self.instances, async || {
            built(self.ready(SqlInstancesService::builder(), endpoint).await?.build().await, endpoint)
        })
        .await
    }

    pub(super) async fn projects(&self) -> Result<&Projects, Broken> {
        let endpoint = self.endpoints.cloudresourcemanager.as_deref();
        lazily(&self.projects, async || {
            built(self.ready(Projects::builder(), endpoint).await?.build().await, endpoint)
        })
        .await
    }

    /// A builder with endpoint, credentials and patience set.
    async fn ready<F>(
        &self,
        builder: ClientBuilder<F, Credentials>,
        endpoint: Option<&str>,
    ) -> Result<ClientBuilder<F, Credentials>, Broken> {
        let identity = self.identity().await?;
        Ok(patient(builder, endpoint, &identity.credentials, &self.timeouts))
    }

    /// As whom everything is asked.
    pub(super) async fn identity(&self) -> Result<&Identity, Broken> {
        let settings = auth::Settings {
            auth: &self.auth,
            endpoints: &self.endpoints,
            vault: &self.vault,
            timeouts: &self.timeouts,
        };
        // Boxed, for the same reason as every read.
        let make = || -> BoxFuture<'_, Result<Identity, Broken>> { Box::pin(auth::identity(settings)) };
        lazily(&self.identity, make).await
    }
}

/// A builder with endpoint, credentials and patience set.
pub(super) fn patient<F>(
    builder: ClientBuilder<F, Credentials>,
    endpoint: Option<&str>,
    credentials: &Credentials,
    timeouts: &Timeouts,
) -> ClientBuilder<F, Credentials> {
    let builder = builder
        .with_credentials(credentials.clone())
        .with_retry_policy(retry::policy())
        .with_backoff_policy(retry::backoff(timeouts))
        .with_retry_throttler(retry::throttler())
        .with_attempt_timeout(timeouts.attempt);
    match endpoint {
        Some(endpoint) => builder.with_endpoint(base(endpoint)),
        None => builder,
    }
}

/// The value, made at most once.
async fn lazily<T, F>(cell: &Lazy<T>, make: impl FnOnce() -> F) -> Result<&T, Broken>
where
    F: Future<Output = Result<T, Broken>>,
{
    cell.get_or_init(make).await.as_ref().map_err(Clone::clone)
}

pub(super) fn built<T>(client: Result<T, Error>, endpoint: Option<&str>) -> Result<T, Broken> {
    client.map_err(|error| {
        if error.is_default_credentials() || error.is_universe_domain_mismatch() {
            return Broken::NoCredentials { detail: chain(&error), mend: None };
        }
        Broken::Unavailable {
            what: endpoint.map_or_else(|| "Google's API".to_owned(), bounded),
            detail: chain(&error),
        }
    })
}

//! Google's client libraries, each built when it is first asked.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};

use futures::future::BoxFuture;
use google_cloud_auth::credentials::Credentials;
use google_cloud_compute_v1::client::{
    ForwardingRules, GlobalAddresses, Instances, Networks, RegionNetworkFirewallPolicies, Routers, Routes,
    Subnetworks,
};
use google_cloud_gax::client_builder::{ClientBuilder, Error};
use google_cloud_logging_v2::client::LoggingServiceV2;
use google_cloud_networkmanagement_v1::client::ReachabilityService;
use google_cloud_policytroubleshooter_v1::client::IamChecker;
use google_cloud_resourcemanager_v3::client::{Folders, Organizations, Projects};
use google_cloud_run_v2::client::{Revisions, Services};
use google_cloud_secretmanager_v1::client::SecretManagerService;
use google_cloud_sql_v1::client::{
    SqlConnectService, SqlDatabasesService, SqlInstancesService, SqlUsersService,
};
use google_cloud_vpcaccess_v1::client::VpcAccessService;
use tokio::sync::OnceCell;

use super::auth::Identity;
use super::endpoints::base;
use super::errors::{bounded, chain};
use super::{Auth, Endpoints, Timeouts, Vault, auth, names, retry};
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
    /// By location: regional secrets are known at their region's own endpoint only.
    regional_secrets: Mutex<HashMap<String, Arc<Lazy<SecretManagerService>>>>,
    instances: Lazy<SqlInstancesService>,
    connects: Lazy<SqlConnectService>,
    users: Lazy<SqlUsersService>,
    databases: Lazy<SqlDatabasesService>,
    projects: Lazy<Projects>,
    folders: Lazy<Folders>,
    organizations: Lazy<Organizations>,
    troubleshooter: Lazy<IamChecker>,
    networks: Lazy<Networks>,
    regional_policies: Lazy<RegionNetworkFirewallPolicies>,
    routes: Lazy<Routes>,
    subnetworks: Lazy<Subnetworks>,
    routers: Lazy<Routers>,
    global_addresses: Lazy<GlobalAddresses>,
    forwarding_rules: Lazy<ForwardingRules>,
    machines: Lazy<Instances>,
    logs: Lazy<LoggingServiceV2>,
    connectivity_tests: Lazy<ReachabilityService>,
}

/// The client of one resource of an API, at that API's endpoint.
macro_rules! client {
    ($name:ident, $client:ident, $api:ident) => {
        pub(super) async fn $name(&self) -> Result<&$client, Broken> {
            let endpoint = self.endpoints.$api.as_deref();
            lazily(&self.$name, async || {
                built(self.ready($client::builder(), endpoint).await?.build().await, endpoint)
            })
            .await
        }
    };
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
            regional_secrets: Mutex::default(),
            instances: OnceCell::new(),
            connects: OnceCell::new(),
            users: OnceCell::new(),
            databases: OnceCell::new(),
            projects: OnceCell::new(),
            folders: OnceCell::new(),
            organizations: OnceCell::new(),
            troubleshooter: OnceCell::new(),
            networks: OnceCell::new(),
            regional_policies: OnceCell::new(),
            routes: OnceCell::new(),
            subnetworks: OnceCell::new(),
            routers: OnceCell::new(),
            global_addresses: OnceCell::new(),
            forwarding_rules: OnceCell::new(),
            machines: OnceCell::new(),
            logs: OnceCell::new(),
            connectivity_tests: OnceCell::new(),
        }
    }

    client!(services, Services, run);
    client!(revisions, Revisions, run);
    client!(connectors, VpcAccessService, vpcaccess);
    client!(secrets, SecretManagerService, secretmanager);
    client!(instances, SqlInstancesService, sql);
    client!(connects, SqlConnectService, sql);
    client!(users, SqlUsersService, sql);
    client!(databases, SqlDatabasesService, sql);
    client!(projects, Projects, cloudresourcemanager);
    client!(folders, Folders, cloudresourcemanager);
    client!(organizations, Organizations, cloudresourcemanager);
    client!(troubleshooter, IamChecker, policytroubleshooter);
    client!(networks, Networks, compute);
    client!(regional_policies, RegionNetworkFirewallPolicies, compute);
    client!(routes, Routes, compute);
    client!(subnetworks, Subnetworks, compute);
    client!(routers, Routers, compute);
    client!(global_addresses, GlobalAddresses, compute);
    client!(forwarding_rules, ForwardingRules, compute);
    client!(machines, Instances, compute);
    client!(logs, LoggingServiceV2, logging);
    client!(connectivity_tests, ReachabilityService, networkmanagement);

    /// Secret Manager where a secret of that resource name lies. An endpoint of the user's own has every location.
    pub(super) async fn secrets_at(&self, name: &str) -> Result<SecretManagerService, Broken> {
        let location = match names::segment(name, "locations") {
            Some(location) if self.endpoints.secretmanager.is_none() => location,
            Some(_) | None => return self.secrets().await.cloned(),
        };
        let endpoint = regional_secret_manager(location).ok_or_else(|| Broken::Unavailable {
            what: bounded(name),
            detail: "no location of Google's can have this name, so it was not asked for".to_owned(),
        })?;
        let cell = {
            let mut cells = self.regional_secrets.lock().unwrap_or_else(PoisonError::into_inner);
            Arc::clone(cells.entry(location.to_owned()).or_default())
        };
        let client = lazily(&cell, async || {
            let builder = self.ready(SecretManagerService::builder(), Some(&endpoint)).await?;
            built(builder.build().await, Some(&endpoint))
        });
        client.await.cloned()
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

/// The endpoint of Secret Manager in a location. The name comes from a file and goes into a host name: `None` where it
/// has more in it than a location's can have.
fn regional_secret_manager(location: &str) -> Option<String> {
    let fits = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'-';
    let fit = !location.is_empty() && location.len() <= 63 && location.bytes().all(fits);
    fit.then(|| format!("https://secretmanager.{location}.rep.googleapis.com/"))
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

#[cfg(test)]
mod tests {
    use super::regional_secret_manager;

    #[test]
    fn a_location_goes_into_the_host_name_and_nothing_else_does() {
        assert_eq!(
            regional_secret_manager("europe-west1").as_deref(),
            Some("https://secretmanager.europe-west1.rep.googleapis.com/")
        );
        for hostile in ["", "evil.example", "a:80", "a/b", "A", "x@y", &"a".repeat(64)] {
            assert_eq!(regional_secret_manager(hostile), None, "{hostile}");
        }
    }
}

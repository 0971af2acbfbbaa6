//! Who asks Google's APIs, where they are, and how long they are waited for.

use std::sync::Arc;

use futures::future::BoxFuture;
use google_cloud_gax::error::Error;
use tokio::sync::OnceCell;
use url::Url;

use super::auth::Identity;
use super::calls::Call;
use super::endpoints::base;
use super::transport::{Ask, Body, Transport};
use super::{Auth, Endpoints, Timeouts, Vault, auth};
use crate::model::resource;
use crate::record::Inconclusive;
use crate::text::bounded;

/// The asker of a run. A run that never asks pays nothing.
#[derive(Debug)]
pub(super) struct Asker {
    endpoints: Endpoints,
    auth: Auth,
    vault: Arc<Vault>,
    timeouts: Timeouts,
    transport: Arc<Transport>,
    /// Or why there is none; told the same to everybody who asks.
    identity: OnceCell<Result<Identity, Inconclusive>>,
}

impl Asker {
    pub(super) fn new(endpoints: &Endpoints, auth: Auth, vault: Arc<Vault>, timeouts: Timeouts) -> Self {
        Self {
            endpoints: endpoints.clone(),
            auth,
            vault,
            timeouts,
            transport: Arc::default(),
            identity: OnceCell::new(),
        }
    }

    /// As whom everything is asked.
    pub(super) async fn identity(&self) -> Result<&Identity, Inconclusive> {
        let settings = auth::Settings {
            auth: &self.auth,
            endpoints: &self.endpoints,
            vault: &self.vault,
            timeouts: &self.timeouts,
            transport: &self.transport,
        };
        // Boxed, for the same reason as every read.
        let make = || -> BoxFuture<'_, Result<Identity, Inconclusive>> { Box::pin(auth::identity(settings)) };
        self.identity.get_or_init(make).await.as_ref().map_err(Clone::clone)
    }

    /// The answer to one request. `resource` is what the call is about.
    pub(super) async fn send(
        &self,
        call: &Call,
        resource: &str,
        ask: &Ask,
    ) -> Result<Result<Body<'_>, Error>, Inconclusive> {
        let base = self.base(call.api, resource)?;
        let credentials = &self.identity().await?.credentials;
        Ok(self.transport.send(&base, credentials, ask, &self.timeouts).await)
    }

    /// Where an API is reached that is asked about a resource: regional secrets are known at their region's own endpoint
    /// only. An endpoint of the user's own has every location.
    fn base(&self, api: &str, resource: &str) -> Result<Url, Inconclusive> {
        if let Some(endpoint) = self.endpoints.of(api) {
            return address(endpoint);
        }
        match resource::segment(resource, "locations") {
            Some(location) if api == SECRET_MANAGER => {
                address(&regional_secret_manager(location).ok_or_else(|| Inconclusive::Unavailable {
                    what: bounded(resource),
                    detail: "no location of Google's can have this name, so it was not asked for".to_owned(),
                })?)
            }
            Some(_) | None => address(&format!("https://{api}/")),
        }
    }
}

const SECRET_MANAGER: &str = "secretmanager.googleapis.com";

/// The address of an API, in gcloud's form or without the slash.
pub(super) fn address(endpoint: &str) -> Result<Url, Inconclusive> {
    let refused = |detail: String| Inconclusive::Unavailable { what: bounded(endpoint), detail };
    let url =
        Url::parse(base(endpoint)).map_err(|error| refused(format!("no address of an API: {error}")))?;
    match url.scheme() {
        "https" | "http" if url.has_host() => Ok(url),
        _ => Err(refused("no address of an API: it is neither http nor https".to_owned())),
    }
}

/// The endpoint of Secret Manager in a location. The name comes from a file and goes into a host name: `None` where it
/// has more in it than a location's can have.
fn regional_secret_manager(location: &str) -> Option<String> {
    let fits = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'-';
    let fit = !location.is_empty() && location.len() <= 63 && location.bytes().all(fits);
    fit.then(|| format!("https://secretmanager.{location}.rep.googleapis.com/"))
}

#[cfg(test)]
mod tests {
    use super::*;

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

    #[test]
    fn an_address_is_of_http() {
        assert!(address("http://127.0.0.1:1/compute/v1/").is_ok_and(|url| url.path() == "/"));
        for wrong in ["", "run.googleapis.com", "file:///etc/passwd", "ftp://x/", "https://"] {
            assert!(address(wrong).is_err(), "{wrong}");
        }
    }
}

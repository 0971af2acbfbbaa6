//! ID tokens: how the gate proves to a private service who it is.

use std::sync::Arc;
use std::time::Duration;

use google_cloud_auth::build_errors::Error as BuildError;
use google_cloud_auth::credentials::idtoken;
use reqwest::Client;
use secrecy::{ExposeSecret as _, SecretString};
use serde_json::Value;

use super::super::{Timeouts, retry};
use super::impersonation::{Chain, Impersonation};
use super::source::Found;
use super::surroundings::Surroundings;
use super::{Identity, claims, trouble};
use crate::record::{Fix, Inconclusive};

/// The folder of the machine's own account on a metadata server.
const ACCOUNT: &str = "computeMetadata/v1/instance/service-accounts/default";
/// Where a metadata server is, unless `GCE_METADATA_HOST` says otherwise.
const METADATA: &str = "metadata.google.internal";
/// Longest address that a metadata server is believed, in bytes.
const LONGEST_ADDRESS: usize = 255;

/// An ID token, for one audience.
#[derive(Debug)]
pub struct IdToken {
    /// What the service's front end is shown. Known to the vault.
    pub token: SecretString,
    /// Whose it is, in words: the address of an account where the token names it.
    pub caller: String,
}

/// How ID tokens are made.
#[derive(Debug)]
pub(super) enum Proof {
    /// It is given.
    Given(SecretString),
    /// By the key of a service account, from Google's token service.
    Key(Value),
    /// By the machine's metadata server, at this host.
    Metadata(Option<String>),
    /// As a service account that the gate impersonates.
    Impersonation(Impersonation),
    /// Google gives these credentials none for a service.
    Impossible { why: &'static str },
}

impl Proof {
    pub(super) fn of(found: &Found, surroundings: &Surroundings) -> Self {
        match found {
            Found::Nobody => Self::Impossible { why: "nobody is asked as" },
            Found::AccessToken(..) => Self::Impossible { why: "an access token alone gives no ID token" },
            Found::Metadata => Self::Metadata(surroundings.metadata_host.clone()),
            Found::File(_, file) => match file.content_type() {
                "service_account" => Self::Key(file.content.clone()),
                "external_account" => Self::Impossible {
                    why: "Google gives a federated principal no ID token, only the service account that it impersonates",
                },
                _ => Self::Impossible {
                    why: "Google gives a user's application-default credentials ID tokens for an OAuth client only, never \
                          for a service",
                },
            },
        }
    }
}

impl Identity {
    /// An ID token for this audience, checked as far as it can be without Cloud Run.
    ///
    /// # Errors
    /// [`Inconclusive::NoCredentials`]: none can be had; [`Inconclusive::PermissionDenied`]: the account may not be impersonated;
    /// [`Inconclusive::TokenRejected`]: the token shows by itself that it will not be taken.
    pub(in super::super) async fn id_token(
        &self,
        audience: &str,
        timeouts: &Timeouts,
    ) -> Result<IdToken, Inconclusive> {
        let token = match &self.proof {
            Proof::Given(token) => token.clone(),
            Proof::Impersonation(impersonation) => impersonation.id_token(audience).await?,
            Proof::Key(key) => {
                let made = idtoken::service_account::Builder::new(audience, key.clone()).build();
                self.asked(made, timeouts.attempt).await?
            }
            Proof::Metadata(host) => self.of_machine(audience, host.as_deref(), timeouts).await?,
            Proof::Impossible { why } => return Err(impossible(audience, why)),
        };
        let now = jiff::Timestamp::now().as_second();
        match claims::check(token.expose_secret(), audience, now) {
            Ok(account) => Ok(IdToken { token, caller: account.unwrap_or_else(|| self.source.to_string()) }),
            Err(trouble) => Err(Inconclusive::TokenRejected {
                url: audience.to_owned(),
                caller: self.caller(),
                detail: trouble.to_string(),
            }),
        }
    }

    /// Who it is, in words.
    fn caller(&self) -> String {
        match &self.proof {
            Proof::Impersonation(Impersonation { chain: Chain { target, .. }, .. }) => target.clone(),
            Proof::Given(_) => "the bearer of the token in RUNGATE_ID_TOKEN".to_owned(),
            Proof::Key(_) | Proof::Metadata(_) | Proof::Impossible { .. } => self.source.to_string(),
        }
    }

    /// The library's answer, in time.
    async fn asked(
        &self,
        made: Result<idtoken::IDTokenCredentials, BuildError>,
        limit: Duration,
    ) -> Result<SecretString, Inconclusive> {
        let detail = match made {
            Err(error) => trouble::error_chain(&error),
            Ok(credentials) => match tokio::time::timeout(limit, credentials.id_token()).await {
                Ok(Ok(token)) => return Ok(SecretString::from(token)),
                Ok(Err(error)) => trouble::error_chain(&error),
                Err(_) => format!("none within {} s", limit.as_secs_f32()),
            },
        };
        Err(Inconclusive::NoCredentials {
            detail: format!("no ID token as {}: {detail}", self.source),
            fix: None,
        })
    }

    /// Of the machine's account: from the metadata server, else, where that gives none (builds with an account of the
    /// user's own), as the account itself.
    async fn of_machine(
        &self,
        audience: &str,
        host: Option<&str>,
        timeouts: &Timeouts,
    ) -> Result<SecretString, Inconclusive> {
        let builder = idtoken::mds::Builder::new(audience)
            .with_format(idtoken::mds::Format::Full)
            .with_retry_policy(retry::policy())
            .with_backoff_policy(retry::backoff(timeouts));
        let builder = match host {
            Some(host) => builder.with_endpoint(format!("http://{host}")),
            None => builder,
        };
        let first = match self.asked(builder.build(), timeouts.attempt).await {
            Ok(token) => return Ok(token),
            Err(why) => why,
        };
        let Some(account) = address(host.unwrap_or(METADATA), timeouts.attempt).await else {
            return Err(first);
        };
        let Ok(mut chain) = Chain::of_list(&account, None) else { return Err(first) };
        chain.endpoint.clone_from(&self.iamcredentials);
        let source = self.credentials.clone();
        let transport = Arc::clone(&self.transport);
        let machine = Impersonation { source, chain, federated: false, timeouts: *timeouts, transport };
        machine.id_token(audience).await
    }
}

/// The address of the machine's account.
async fn address(host: &str, limit: Duration) -> Option<String> {
    let client = Client::builder().no_proxy().timeout(limit).build().ok()?;
    let ask = client.get(format!("http://{host}/{ACCOUNT}/email")).header("Metadata-Flavor", "Google");
    let mut answer = ask.send().await.ok()?.error_for_status().ok()?;
    let first = answer.chunk().await.ok()??;
    let text = std::str::from_utf8(first.get(..first.len().min(LONGEST_ADDRESS))?).ok()?;
    Some(text.trim().to_owned())
}

fn impossible(audience: &str, why: &str) -> Inconclusive {
    Inconclusive::NoCredentials {
        detail: format!("no ID token for {audience}: {why}"),
        fix: Some(Fix {
            text: "let the gate act as a service account that may invoke the service: \
                   --impersonate-service-account=ACCOUNT (in Actions: `service_account:` of the auth action); a person \
                   may lend a token of their own in RUNGATE_ID_TOKEN"
                .to_owned(),
            command: Some(
                "RUNGATE_ID_TOKEN=\"$(gcloud auth print-identity-token)\" rungate check".to_owned(),
            ),
        }),
    }
}

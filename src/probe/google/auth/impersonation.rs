//! Acting as a service account: tokens that the IAM Credentials API gives to those who may.

use google_cloud_auth::credentials::Credentials;
use std::sync::Arc;

use google_cloud_iam_credentials_v1::model::{GenerateAccessTokenResponse, GenerateIdTokenResponse};
use secrecy::SecretString;
use serde::de::DeserializeOwned;
use serde_json::{Value, json};
use url::Url;

use super::super::asker::address;
use super::super::calls::{self, Call};
use super::super::errors::{Asked, no_answer};
use super::super::transport::{Ask, Transport};
use super::super::{NoAnswer, Timeouts};
use crate::record::Inconclusive;
use crate::text::bounded;

/// What every one of Google's APIs is asked with.
pub(super) const SCOPE: &str = "https://www.googleapis.com/auth/cloud-platform";

/// The host of the IAM Credentials API, unless something else is said.
const HOST: &str = "iamcredentials.googleapis.com";

/// Whom to act as, and by way of whom.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Chain {
    /// Address of the account.
    pub(super) target: String,
    /// `projects/-/serviceAccounts/A`, each of which may act as the next.
    pub(super) delegates: Vec<String>,
    /// Where the IAM Credentials API is reached; `None`: at Google's own address.
    pub(super) endpoint: Option<String>,
}

impl Chain {
    /// Of gcloud's form, `A,B,TARGET`.
    pub(super) fn of_list(list: &str, endpoint: Option<&str>) -> Result<Self, String> {
        let mut accounts: Vec<&str> = list.split(',').map(str::trim).filter(|one| !one.is_empty()).collect();
        let wrong = accounts.iter().find(|account| !is_account(account));
        if let Some(wrong) = wrong {
            return Err(format!("{:?} is no address of a service account", bounded(wrong)));
        }
        let target = accounts.pop().ok_or("no service account to impersonate is named")?.to_owned();
        let delegates = accounts.into_iter().map(name).collect();
        Ok(Self { target, delegates, endpoint: endpoint.map(str::to_owned) })
    }

    /// Of the URL in a credential file, `https://HOST/v1/projects/-/serviceAccounts/A:generateAccessToken`.
    pub(super) fn of_url(url: &Value, delegates: Vec<String>) -> Result<Self, String> {
        let wrong = || "its \"service_account_impersonation_url\" is none".to_owned();
        let url = url.as_str().and_then(|text| Url::parse(text).ok()).ok_or_else(wrong)?;
        let (_, rest) = url.path().split_once("/serviceAccounts/").ok_or_else(wrong)?;
        let target = rest.strip_suffix(":generateAccessToken").unwrap_or(rest).replace("%40", "@");
        if !is_account(&target) || !url.has_host() {
            return Err(wrong());
        }
        let endpoint = (url.host_str() != Some(HOST)).then(|| url.origin().ascii_serialization());
        Ok(Self { target, delegates, endpoint })
    }
}

/// Whether a text can be the address, or the number, of a service account and nothing else.
fn is_account(text: &str) -> bool {
    !text.is_empty()
        && text.len() <= 255
        && text.chars().all(|c| c.is_ascii_alphanumeric() || "@.-_:".contains(c))
}

fn name(account: &str) -> String {
    format!("projects/-/serviceAccounts/{account}")
}

/// Somebody who may act as an account.
#[derive(Clone, Debug)]
pub(super) struct Impersonation {
    /// As whom the IAM Credentials API is asked.
    pub(super) source: Credentials,
    pub(super) chain: Chain,
    /// Whether the source is a federated principal: another role is what it needs.
    pub(super) federated: bool,
    pub(super) timeouts: Timeouts,
    pub(super) transport: Arc<Transport>,
}

impl Impersonation {
    /// An access token of the account, for an hour: a run is shorter.
    pub(super) async fn access_token(&self) -> Result<SecretString, Inconclusive> {
        self.access_token_for(SCOPE).await
    }

    /// An access token of the account that is good for this alone.
    pub(super) async fn access_token_for(&self, scope: &str) -> Result<SecretString, Inconclusive> {
        let call = if self.federated { &calls::ACCESS_TOKEN_FEDERATED } else { &calls::ACCESS_TOKEN };
        let body = json!({"delegates": self.chain.delegates, "scope": [scope]});
        let answer = self.ask::<GenerateAccessTokenResponse>("generateAccessToken", body).await?;
        self.token(call, answer.map(|answer| answer.access_token))
    }

    /// An ID token of the account.
    pub(super) async fn id_token(&self, audience: &str) -> Result<SecretString, Inconclusive> {
        let call = if self.federated { &calls::ID_TOKEN_FEDERATED } else { &calls::ID_TOKEN };
        // Without its address, IAM could not tell the account from any other.
        let body = json!({"delegates": self.chain.delegates, "audience": audience, "includeEmail": true});
        let answer = self.ask::<GenerateIdTokenResponse>("generateIdToken", body).await?;
        self.token(call, answer.map(|answer| answer.token))
    }

    /// One of the API's methods on the account: a POST that changes nothing.
    async fn ask<T: DeserializeOwned>(
        &self,
        method: &str,
        body: Value,
    ) -> Result<google_cloud_gax::Result<T>, Inconclusive> {
        let base = match &self.chain.endpoint {
            Some(endpoint) => address(endpoint)?,
            None => address(&format!("https://{HOST}"))?,
        };
        let ask = Ask::post(format!("v1/{}:{method}", name(&self.chain.target)), body);
        let sent = self.transport.send(&base, &self.source, &ask, &self.timeouts).await;
        Ok(sent.and_then(|body| body.decoded()))
    }

    fn token(
        &self,
        call: &'static Call,
        answer: google_cloud_gax::Result<String>,
    ) -> Result<SecretString, Inconclusive> {
        let (target, resource) = (&self.chain.target, name(&self.chain.target));
        let detail = match answer {
            Ok(token) if !token.is_empty() => return Ok(SecretString::from(token)),
            Ok(_) => format!("the IAM Credentials API gives an empty token for {target}"),
            Err(error) => match no_answer(&error, Asked { call, resource: &resource, project: "-" }) {
                NoAnswer::Inconclusive(why) => return Err(why),
                NoAnswer::NotFound => format!("there is no service account {target}"),
            },
        };
        Err(Inconclusive::NoCredentials { detail, fix: None })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_last_of_a_list_is_the_target() {
        let chain = Chain::of_list("a@p.iam, b@p.iam,gate@p.iam", None).unwrap();
        assert_eq!(chain.target, "gate@p.iam");
        assert_eq!(
            chain.delegates,
            ["projects/-/serviceAccounts/a@p.iam", "projects/-/serviceAccounts/b@p.iam"]
        );
        for wrong in ["", ",", "a/b", "a@p?x", "a@p,../x"] {
            assert!(Chain::of_list(wrong, None).is_err(), "{wrong}");
        }
    }

    #[test]
    fn a_url_names_account_and_place() {
        let of = |text: &str| Chain::of_url(&text.into(), Vec::new());
        let google =
            of("https://iamcredentials.googleapis.com/v1/projects/-/serviceAccounts/g@p:generateAccessToken");
        assert_eq!(google, Ok(Chain { target: "g@p".into(), delegates: Vec::new(), endpoint: None }));
        let other = of("http://127.0.0.1:8/v1/projects/-/serviceAccounts/g%40p:generateAccessToken").unwrap();
        assert_eq!((&*other.target, other.endpoint.as_deref()), ("g@p", Some("http://127.0.0.1:8")));
        for wrong in ["", "x", "https://h/v1/", "https://h/serviceAccounts/", "https://h/serviceAccounts/a/b"]
        {
            assert!(of(wrong).is_err(), "{wrong}");
        }
    }
}

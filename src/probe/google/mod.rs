//! Google's control plane, in Google's own types. Every fact is fetched once a run.

mod asker;
mod auth;
pub(crate) mod calls;
mod connectivity;
mod endpoints;
mod errors;
mod held;
mod iam;
mod logs;
mod memo;
pub mod names;
mod network;
mod network_connectivity;
mod pages;
mod retry;
mod run;
mod secret_manager;
mod sql;
mod transport;
mod vpc_access;

pub use auth::{CredentialSource, IdToken, Kind, Platform, Surroundings, TokenTrouble, machine_login_token};
pub use connectivity::{Leftover, TIDYING};
pub use endpoints::{Auth, Endpoints};
pub use iam::Above;
pub use network_connectivity::{
    InterconnectAttachment, PacketFilter, PolicyBasedRoute, PolicyBasedRoutes, VirtualMachine,
};
pub use retry::Timeouts;
pub use secret_manager::Payload;
pub(crate) use secret_manager::crc32c;

use crate::model::resource;
use std::sync::Arc;
use std::time::Duration;

use futures::future::BoxFuture;
use secrecy::SecretString;
use serde::de::DeserializeOwned;
use tokio::sync::Semaphore;

use crate::record::Inconclusive;
use crate::text::bounded;
use crate::text::vault::Vault;
use asker::Asker;
use calls::Call;
use errors::{Asked, no_answer};
use memo::Memo;
use transport::Ask;

/// A read of the control plane that gave no resource.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum NoAnswer {
    /// Google says that there is no such resource.
    NotFound,
    /// It could not be found out.
    Inconclusive(Inconclusive),
}

impl From<Inconclusive> for NoAnswer {
    fn from(why: Inconclusive) -> Self {
        Self::Inconclusive(why)
    }
}

/// What a read gives: the resource, shared, or why there is none.
pub type Answer<T> = Result<Arc<T>, NoAnswer>;

/// Requests under way at once, at most: Google's quotas are per minute, and sockets are not free.
const IN_FLIGHT: usize = 64;

/// Policies are asked for in this version: in an older one, conditions do not show.
const POLICY_VERSION: i32 = 3;

/// Google's control plane. Every fact is fetched once, however many checks ask for it. Its reads stand in one file
/// an API.
#[derive(Debug)]
pub struct Google {
    asker: Asker,
    vault: Arc<Vault>,
    limit: Duration,
    in_flight: Semaphore,
    run: run::Memos,
    vpc_access: vpc_access::Memos,
    secrets: secret_manager::Memos,
    iam: iam::Memos,
    sql: sql::Memos,
    network: network::Memos,
    network_connectivity: network_connectivity::Memos,
    logs: logs::Memos,
    tests: connectivity::Tests,
    id_tokens: Memo<IdToken>,
    login_tokens: Memo<SecretString>,
    timeouts: Timeouts,
}

impl Google {
    /// The control plane at these endpoints. Nothing is built or asked before the first read; missing credentials
    /// show there, as [`Inconclusive::NoCredentials`].
    pub fn new(endpoints: &Endpoints, auth: Auth, vault: Arc<Vault>, timeouts: Timeouts) -> Self {
        Self {
            asker: Asker::new(endpoints, auth, Arc::clone(&vault), timeouts),
            vault,
            limit: timeouts.total,
            in_flight: Semaphore::new(IN_FLIGHT),
            run: run::Memos::default(),
            vpc_access: vpc_access::Memos::default(),
            secrets: secret_manager::Memos::default(),
            iam: iam::Memos::default(),
            sql: sql::Memos::default(),
            network: network::Memos::default(),
            network_connectivity: network_connectivity::Memos::default(),
            logs: logs::Memos::default(),
            tests: connectivity::Tests::default(),
            id_tokens: Memo::default(),
            login_tokens: Memo::default(),
            timeouts,
        }
    }

    /// An ID token with which a private service lets the gate in; made once an audience. `audience` is the service's
    /// own URL, or one of its custom audiences, and never the URL of a tag.
    ///
    /// # Errors
    /// [`Inconclusive::NoCredentials`] where these credentials give none, [`Inconclusive::PermissionDenied`] where the account may
    /// not be impersonated, [`Inconclusive::TokenRejected`] where the token shows by itself that no service will take it.
    pub async fn id_token(&self, audience: &str) -> Result<Arc<IdToken>, Inconclusive> {
        let make = || async {
            let ask: BoxFuture<'_, _> = Box::pin(async {
                let token = self.asker.identity().await?.id_token(audience, &self.timeouts).await?;
                self.vault.remember(&token.token);
                Ok::<_, Inconclusive>(Arc::new(token))
            });
            tokio::time::timeout(self.limit, ask)
                .await
                .map_err(|_late| Inconclusive::NoCredentials {
                    detail: format!("no ID token for {audience} within {} s", self.limit.as_secs_f32()),
                    fix: None,
                })?
                .map_err(NoAnswer::Inconclusive)
        };
        self.id_tokens.get(audience, make).await.map_err(|none| match none {
            NoAnswer::Inconclusive(why) => why,
            NoAnswer::NotFound => {
                Inconclusive::NoCredentials { detail: format!("no ID token for {audience}"), fix: None }
            }
        })
    }

    /// A token with which the service account logs in to Cloud SQL in its password's place; made once an account, by acting as
    /// it, and known to the vault.
    ///
    /// # Errors
    /// [`Inconclusive::PermissionDenied`] where the gate may not act as the account (`iam.serviceAccounts.getAccessToken`).
    pub async fn login_token(&self, account: &str) -> Result<SecretString, Inconclusive> {
        let make = || async {
            let ask: BoxFuture<'_, _> = Box::pin(async {
                let token = self.asker.identity().await?.login_token(account, &self.timeouts).await?;
                self.vault.remember(&token);
                Ok::<_, Inconclusive>(Arc::new(token))
            });
            tokio::time::timeout(self.limit, ask)
                .await
                .map_err(|_late| Inconclusive::NoCredentials {
                    detail: format!("no access token of {account} within {} s", self.limit.as_secs_f32()),
                    fix: None,
                })?
                .map_err(NoAnswer::Inconclusive)
        };
        match self.login_tokens.get(account, make).await {
            Ok(token) => Ok(SecretString::clone(&token)),
            Err(NoAnswer::Inconclusive(why)) => Err(why),
            Err(NoAnswer::NotFound) => Err(Inconclusive::NoCredentials {
                detail: format!("no access token of {account}"),
                fix: None,
            }),
        }
    }

    /// One call, its answer to be shared.
    async fn read<T: DeserializeOwned>(&self, call: &'static Call, resource: &str, ask: Ask) -> Answer<T> {
        self.once(call, resource, ask).await.map(Arc::new)
    }

    /// One call, bounded in time and size, its error told apart.
    async fn once<T: DeserializeOwned>(
        &self,
        call: &'static Call,
        resource: &str,
        ask: Ask,
    ) -> Result<T, NoAnswer> {
        let (answer, _) = self.measured(call, resource, ask).await?;
        answer.map_err(|error| no_answer(&error, asked(call, resource)))
    }

    /// The same, with the library's own error, and with how many bytes the answer has.
    async fn measured<T: DeserializeOwned>(
        &self,
        call: &'static Call,
        resource: &str,
        ask: Ask,
    ) -> Result<(google_cloud_gax::Result<T>, usize), NoAnswer> {
        names::check(resource)?;
        names::check(ask.path())?;
        // Never closed; waiting for one's turn is not the API's slowness.
        let _turn = self.in_flight.acquire().await.ok();
        match tokio::time::timeout(self.limit, self.asker.send(call, resource, &ask)).await {
            Ok(Ok(Ok(body))) => Ok((body.decoded(), body.len())),
            Ok(Ok(Err(error))) => Ok((Err(error), 0)),
            Ok(Err(why)) => Err(why.into()),
            Err(_) => Err(NoAnswer::Inconclusive(Inconclusive::Unavailable {
                what: resource.to_owned(),
                detail: format!("no answer within {} s", self.limit.as_secs_f32()),
            })),
        }
    }
}

/// An answer, if it is about what was asked for, by its own name; one that states none is.
fn about<T>(resource: &str, said: &str, found: Arc<T>) -> Answer<T> {
    // Projects come as ids and as numbers: the resource's own name decides.
    if said.is_empty() || resource::short(said) == resource::short(resource) {
        return Ok(found);
    }
    let detail = format!("the answer is about {}", bounded(said));
    Err(Inconclusive::Malformed { what: resource.to_owned(), detail }.into())
}

/// What was asked for, for words about what came.
fn asked<'a>(call: &'static Call, resource: &'a str) -> Asked<'a> {
    Asked { call, resource, project: resource::segment(resource, "projects").unwrap_or_default() }
}

//! As whom Google's APIs are asked, and as whom private services are called.

mod bearer;
mod claims;
mod file;
mod identity;
mod impersonation;
mod library;
mod login;
mod source;
mod surroundings;
#[cfg(test)]
mod tests;
mod trouble;

pub use claims::TokenTrouble;
pub use file::Kind;
pub use identity::IdToken;
pub use login::machine_login_token;
pub use source::CredentialSource;
pub use surroundings::{Platform, Surroundings};
pub(super) use trouble::error_chain;

use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use google_cloud_auth::credentials::Credentials;
use http::Extensions;
use secrecy::SecretString;

use super::endpoints::base;
use super::transport::Transport;
use super::{Auth, Endpoints, Timeouts, Vault};
use crate::record::Inconclusive;
use bearer::{Bearer, Remembered};
use identity::Proof;
use impersonation::{Chain, Impersonation};
use source::Found;

/// How long a metadata server is waited for on a machine that does not say that it has one. A real one answers in
/// milliseconds; without one, some name servers take a minute to say so.
const UNEXPECTED_METADATA: Duration = Duration::from_secs(1);

/// Where the APIs are that the gate asks.
const GOOGLES_UNIVERSE: &str = "googleapis.com";

/// Where a virtual machine of Google's says whose it is.
const PRODUCT: &str = "/sys/class/dmi/id/product_name";

/// The gate's identity: proven to give tokens.
#[derive(Debug)]
pub(super) struct Identity {
    /// Who it is.
    pub(super) source: CredentialSource,
    /// What Google's APIs are asked with.
    pub(super) credentials: Credentials,
    /// How it proves to a private service who it is.
    proof: Proof,
    /// Where the IAM Credentials API is reached; `None`: at Google's own address.
    iamcredentials: Option<String>,
    /// What carries requests.
    transport: Arc<Transport>,
}

/// What it takes to become somebody.
pub(super) struct Settings<'a> {
    pub(super) auth: &'a Auth,
    pub(super) endpoints: &'a Endpoints,
    pub(super) vault: &'a Arc<Vault>,
    pub(super) timeouts: &'a Timeouts,
    pub(super) transport: &'a Arc<Transport>,
}

/// The identity, proven to give a token in time.
///
/// Proven here and not at the first call, because without any configuration the library asks the metadata server of a
/// Google machine, which on any other machine shows as a DNS failure or as silence.
pub(super) async fn identity(settings: Settings<'_>) -> Result<Identity, Inconclusive> {
    let Settings { auth, endpoints, vault, timeouts, transport } = settings;
    let surroundings = &auth.surroundings();
    surroundings.id_token.iter().for_each(|token| vault.remember(token));
    let late = |_| Inconclusive::NoCredentials {
        detail: "the credential file cannot be read: nobody writes to it".to_owned(),
        fix: None,
    };
    let mut found =
        tokio::time::timeout(timeouts.attempt, source::find(surroundings)).await.map_err(late)??;
    if let Found::File(_, file) = &mut found {
        file.secrets().iter().for_each(|secret| vault.remember(secret));
        file.redirect(endpoints);
    }
    if let Found::AccessToken(_, token) = &found {
        vault.remember(token);
    }
    let source = found.source();
    let plain = library::credentials(&found, surroundings, timeouts)?;
    let mut credentials: Credentials = Remembered { inner: plain, vault: Arc::clone(vault) }.into();
    let mut proof = Proof::of(&found, surroundings);
    let anonymous = matches!(found, Found::Nobody);
    if !anonymous {
        prove(&credentials, &found, surroundings, timeouts).await?;
        of_googles_universe(&credentials, timeouts).await?;
    }
    let mut federated = matches!(&found, Found::File(_, file) if file.content_type() == "external_account");
    let own = if let Found::File(_, file) = &found { file.chain.clone() } else { None };
    for chain in own.into_iter().map(Ok).chain(asked_for(surroundings, endpoints)) {
        let impersonation = Impersonation {
            source: credentials.clone(),
            chain: chain?,
            federated,
            timeouts: *timeouts,
            transport: Arc::clone(transport),
        };
        if !anonymous {
            let token = impersonation.access_token().await?;
            vault.remember(&token);
            credentials = Bearer::new(&token)?.into();
        }
        proof = Proof::Impersonation(impersonation);
        federated = false;
    }
    if let Some(token) = &surroundings.id_token {
        proof = Proof::Given(token.clone());
    }
    let iamcredentials = endpoints.iamcredentials.as_deref().map(|endpoint| base(endpoint).to_owned());
    Ok(Identity { source, credentials, proof, iamcredentials, transport: Arc::clone(transport) })
}

/// The impersonation that the environment asks for.
fn asked_for(surroundings: &Surroundings, endpoints: &Endpoints) -> Option<Result<Chain, Inconclusive>> {
    let list = surroundings.impersonate.as_deref()?;
    let endpoint = endpoints.iamcredentials.as_deref().map(base);
    Some(Chain::of_list(list, endpoint).map_err(|what| Inconclusive::NoCredentials {
        detail: format!("the account to impersonate (CLOUDSDK_AUTH_IMPERSONATE_SERVICE_ACCOUNT): {what}"),
        fix: None,
    }))
}

/// Asks for a token, for no longer than it is worth.
async fn prove(
    credentials: &Credentials,
    found: &Found,
    surroundings: &Surroundings,
    timeouts: &Timeouts,
) -> Result<(), Inconclusive> {
    let expected = match found {
        Found::Metadata => expects_metadata(surroundings).await,
        Found::Nobody | Found::AccessToken(..) | Found::File(..) => true,
    };
    let limit = if expected { timeouts.attempt } else { timeouts.attempt.min(UNEXPECTED_METADATA) };
    let answer = tokio::time::timeout(limit, credentials.headers(Extensions::new())).await;
    match answer {
        Ok(Ok(_)) => Ok(()),
        // On a machine that is none of Google's, what the name server says of Google's is beside the point.
        Ok(Err(_)) | Err(_) if !expected => Err(nothing(surroundings)),
        Ok(Err(error)) => Err(trouble::refused(&error, &found.source(), surroundings.platform)),
        Err(_) => Err(Inconclusive::NoCredentials {
            detail: format!("no token as {} within {} s", found.source(), limit.as_secs_f32()),
            fix: matches!(found, Found::Metadata).then(|| surroundings.platform.fix()),
        }),
    }
}

/// Google's APIs stand in one universe for nearly everybody; credentials of another are of no use there.
async fn of_googles_universe(credentials: &Credentials, timeouts: &Timeouts) -> Result<(), Inconclusive> {
    // A metadata server that does not say belongs to Google's own.
    let universe = tokio::time::timeout(timeouts.attempt, credentials.universe_domain()).await.ok().flatten();
    match universe.filter(|universe| universe != GOOGLES_UNIVERSE) {
        None => Ok(()),
        Some(other) => Err(Inconclusive::NoCredentials {
            detail: format!(
                "the credentials are of the universe {}, and the gate asks the APIs of {GOOGLES_UNIVERSE}",
                crate::text::bounded(&other)
            ),
            fix: None,
        }),
    }
}

/// Whether this machine should have a metadata server.
async fn expects_metadata(surroundings: &Surroundings) -> bool {
    surroundings.metadata_host.is_some()
        || surroundings.platform.has_metadata()
        || on_compute_engine(Path::new(PRODUCT)).await
}

/// As Google's own libraries tell it: by the firmware's name of the product.
async fn on_compute_engine(product: &Path) -> bool {
    tokio::fs::read_to_string(product).await.is_ok_and(|name| name.trim().starts_with("Google"))
}

fn nothing(surroundings: &Surroundings) -> Inconclusive {
    let place = surroundings.gcloud_folder.as_ref().map_or_else(
        || "there is no home folder to look for application-default credentials in".to_owned(),
        |folder| format!("none in {}", crate::text::bounded(&folder.display().to_string())),
    );
    Inconclusive::NoCredentials {
        detail: format!("no variable names any, {place}, and no metadata server answers"),
        fix: Some(surroundings.platform.fix()),
    }
}

impl Auth {
    /// Acts as this service account, whatever the environment says of whom to impersonate. Nobody impersonates nobody.
    pub(crate) fn impersonate(&mut self, account: &str) {
        match self {
            Self::Environment(surroundings) => surroundings.impersonate = Some(account.to_owned()),
            Self::Anonymous | Self::AccessToken(_) => {}
        }
    }

    /// What runs the gate.
    pub(crate) fn platform(&self) -> Platform {
        match self {
            Self::Anonymous | Self::AccessToken(_) => Platform::Elsewhere,
            Self::Environment(surroundings) => surroundings.platform,
        }
    }

    /// The tokens that it holds itself, which no output may show: not even one of a run that asks nobody.
    pub(crate) fn tokens(&self) -> Vec<&SecretString> {
        match self {
            Self::Anonymous => Vec::new(),
            Self::AccessToken(token) => vec![token],
            Self::Environment(surroundings) => {
                let access = surroundings.access_token.as_ref().map(|(_, token)| token);
                access.into_iter().chain(&surroundings.id_token).collect()
            }
        }
    }

    /// What the environment would have to say for it.
    fn surroundings(&self) -> Surroundings {
        match self {
            Self::Anonymous => Surroundings { disabled: true, ..Surroundings::default() },
            Self::AccessToken(token) => Surroundings {
                access_token: Some(("CLOUDSDK_AUTH_ACCESS_TOKEN", SecretString::clone(token))),
                ..Surroundings::default()
            },
            Self::Environment(surroundings) => Surroundings::clone(surroundings),
        }
    }
}

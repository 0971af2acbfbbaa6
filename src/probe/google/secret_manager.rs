//! Secret Manager API v1.

use std::sync::Arc;

use google_cloud_iam_v1::model::{GetPolicyOptions, Policy};
use google_cloud_secretmanager_v1::model::{Secret, SecretVersion};
use secrecy::{SecretSlice, SecretString};

use super::memo::Memo;
use super::{Answer, Google, POLICY_VERSION, calls, names};
use crate::run::outcome::Broken;

/// What was read of secrets.
#[derive(Debug, Default)]
pub(super) struct Memos {
    secrets: Memo<Secret>,
    versions: Memo<SecretVersion>,
    payloads: Memo<SecretSlice<u8>>,
    policies: Memo<Policy>,
}

impl Google {
    /// A secret without its payload (`secretmanager.secrets.get`). `secret` is a short name in `project`, or
    /// `projects/P/secrets/S`.
    pub async fn secret(&self, project: &str, secret: &str) -> Answer<Secret> {
        let name = names::secret(project, secret);
        let fetch = || {
            self.read(&calls::SECRET, &name, async {
                Ok(self.clients.secrets().await?.get_secret().set_name(&name).send().await)
            })
        };
        self.secrets.secrets.get(&name, fetch).await
    }

    /// A version of a secret without its payload (`secretmanager.versions.get`): a number, an alias or `latest`.
    pub async fn secret_version(&self, project: &str, secret: &str, version: &str) -> Answer<SecretVersion> {
        let name = format!("{}/versions/{version}", names::secret(project, secret));
        let fetch = || {
            self.read(&calls::VERSION, &name, async {
                Ok(self.clients.secrets().await?.get_secret_version().set_name(&name).send().await)
            })
        };
        self.secrets.versions.get(&name, fetch).await
    }

    /// The payload of a secret version (`secretmanager.versions.access`). `secret` is a short name in `project`, or
    /// `projects/P/secrets/S`; `version` a number, an alias or `latest`. The value is put into the vault first.
    pub async fn secret_payload(
        &self,
        project: &str,
        secret: &str,
        version: &str,
    ) -> Answer<SecretSlice<u8>> {
        let name = format!("{}/versions/{version}", names::secret(project, secret));
        self.secrets.payloads.get(&name, || self.read_payload(&name)).await
    }

    async fn read_payload(&self, name: &str) -> Answer<SecretSlice<u8>> {
        let answer = self
            .read(&calls::PAYLOAD, name, async {
                Ok(self.clients.secrets().await?.access_secret_version().set_name(name).send().await)
            })
            .await?;
        let Some(payload) = &answer.payload else {
            let detail = "it has no payload".to_owned();
            return Err(Broken::Malformed { what: name.to_owned(), detail }.into());
        };
        // Not UTF-8: what a lossy reader would print must not show either.
        self.vault.remember(&SecretString::from(String::from_utf8_lossy(&payload.data).into_owned()));
        Ok(Arc::new(SecretSlice::from(payload.data.to_vec())))
    }

    /// Who may do what with a secret (`secretmanager.secrets.getIamPolicy`); what it inherits is not in it.
    pub async fn secret_policy(&self, project: &str, secret: &str) -> Answer<Policy> {
        let name = names::secret(project, secret);
        let fetch = || {
            self.read(&calls::SECRET_POLICY, &name, async {
                let options = GetPolicyOptions::new().set_requested_policy_version(POLICY_VERSION);
                let call = self.clients.secrets().await?.get_iam_policy();
                Ok(call.set_resource(&name).set_options(options).send().await)
            })
        };
        self.secrets.policies.get(&name, fetch).await
    }
}

//! Secret Manager API v1.

use std::sync::Arc;

use google_cloud_gax::error::rpc::Code;
use google_cloud_iam_v1::model::Policy;
use google_cloud_secretmanager_v1::model::{AccessSecretVersionResponse, Secret, SecretVersion};
use secrecy::{SecretSlice, SecretString};

use super::errors::no_answer;
use super::memo::Memo;
use super::transport::Ask;
use super::{Answer, Google, POLICY_VERSION, asked, calls};
use crate::model::resource;
use crate::record::Inconclusive;

/// What was read of secrets.
#[derive(Debug, Default)]
pub(super) struct Memos {
    secrets: Memo<Secret>,
    versions: Memo<SecretVersion>,
    payloads: Memo<Payload>,
    policies: Memo<Policy>,
}

/// What came of asking for a payload that exists. No `Debug` of the value: `SecretSlice` shows none.
#[derive(Debug)]
pub enum Payload {
    /// The payload, as its checksum says it is.
    Whole(SecretSlice<u8>),
    /// It came, and its checksum is another.
    Corrupted,
    /// The version's state does not allow it: it is disabled or destroyed (`FAILED_PRECONDITION`).
    Locked,
}

/// The checksum that Secret Manager gives with a payload: CRC-32C (Castagnoli).
const CASTAGNOLI: crc::Crc<u32> = crc::Crc::<u32>::new(&crc::CRC_32_ISCSI);

/// CRC-32C of a payload.
pub(crate) fn crc32c(data: &[u8]) -> u32 {
    CASTAGNOLI.checksum(data)
}

impl Google {
    /// A secret without its payload (`secretmanager.secrets.get`). `secret` is a short name in `project`, or
    /// `projects/P/secrets/S`.
    pub async fn secret(&self, project: &str, secret: &str) -> Answer<Secret> {
        let name = resource::secret(project, secret);
        let fetch = || self.read(&calls::SECRET, &name, Ask::get(format!("v1/{name}")));
        self.secrets.secrets.get(&name, fetch).await
    }

    /// A version of a secret without its payload (`secretmanager.versions.get`): a number, an alias or `latest`.
    pub async fn secret_version(&self, project: &str, secret: &str, version: &str) -> Answer<SecretVersion> {
        let name = format!("{}/versions/{version}", resource::secret(project, secret));
        let fetch = || self.read(&calls::VERSION, &name, Ask::get(format!("v1/{name}")));
        self.secrets.versions.get(&name, fetch).await
    }

    /// The payload of a secret version (`secretmanager.versions.access`). `secret` is a short name in `project`, or
    /// `projects/P/secrets/S`; `version` a number, an alias or `latest`. The value is put into the vault first.
    pub async fn secret_payload(&self, project: &str, secret: &str, version: &str) -> Answer<Payload> {
        let name = format!("{}/versions/{version}", resource::secret(project, secret));
        self.secrets.payloads.get(&name, || self.read_payload(&name)).await
    }

    async fn read_payload(&self, name: &str) -> Answer<Payload> {
        let ask = Ask::get(format!("v1/{name}:access"));
        let answer: AccessSecretVersionResponse = match self.measured(&calls::PAYLOAD, name, ask).await?.0 {
            Ok(answer) => answer,
            Err(error) if is_locked(&error) => return Ok(Arc::new(Payload::Locked)),
            Err(error) => return Err(no_answer(&error, asked(&calls::PAYLOAD, name))),
        };
        let Some(payload) = answer.payload else {
            let detail = "it has no payload".to_owned();
            return Err(Inconclusive::Malformed { what: name.to_owned(), detail }.into());
        };
        // Not UTF-8: what a lossy reader would print must not show either.
        self.vault.remember(&SecretString::from(String::from_utf8_lossy(&payload.data).into_owned()));
        // Versions from before checksums have none.
        if payload.data_crc32c.is_some_and(|stated| stated != i64::from(crc32c(&payload.data))) {
            return Ok(Arc::new(Payload::Corrupted));
        }
        Ok(Arc::new(Payload::Whole(SecretSlice::from(payload.data.to_vec()))))
    }

    /// Who may do what with a secret (`secretmanager.secrets.getIamPolicy`); what it inherits is not in it.
    pub async fn secret_policy(&self, project: &str, secret: &str) -> Answer<Policy> {
        let name = resource::secret(project, secret);
        let fetch = || {
            let ask = Ask::get(format!("v1/{name}:getIamPolicy"));
            let ask = ask.with("options.requestedPolicyVersion", POLICY_VERSION.to_string());
            self.read(&calls::SECRET_POLICY, &name, ask)
        };
        self.secrets.policies.get(&name, fetch).await
    }
}

/// Google's status for a version that is disabled or destroyed.
fn is_locked(error: &google_cloud_gax::error::Error) -> bool {
    error.status().is_some_and(|status| status.code == Code::FailedPrecondition)
}

#[cfg(test)]
mod tests {
    #[test]
    fn the_checksum_is_castagnolis() {
        // The check value of RFC 3720, appendix B.4, and the usual one.
        assert_eq!(super::crc32c(b"123456789"), 0xe306_9283);
        assert_eq!(super::crc32c(&[0; 32]), 0x8a91_36aa);
    }
}

//! What the gate itself may do: `testIamPermissions`, which Google answers for the caller, whoever it is.

use std::collections::BTreeSet;

use google_cloud_iam_v1::model::TestIamPermissionsResponse;
use serde_json::json;

use super::transport::Ask;
use super::{CredentialSource, Google, NoAnswer, calls};
use crate::record::Inconclusive;

/// What one call may ask for: Google refuses more than 100 permissions at once.
const AT_ONCE: usize = 100;

impl Google {
    /// As whom everything is asked; the credentials were seen to give a token.
    ///
    /// # Errors
    /// [`Inconclusive::NoCredentials`] where nobody is to be had.
    pub async fn who(&self) -> Result<CredentialSource, Inconclusive> {
        match tokio::time::timeout(self.limit, self.asker.identity()).await {
            Ok(identity) => Ok(identity?.source.clone()),
            Err(_late) => Err(Inconclusive::NoCredentials {
                detail: format!("no token within {} s", self.limit.as_secs_f32()),
                fix: None,
            }),
        }
    }

    /// Those of the permissions that the gate holds on a project (`projects/P`) or a secret (`projects/P/secrets/S`),
    /// with all that it inherits. The call itself needs no permission.
    pub async fn held(&self, resource: &str, permissions: &[&str]) -> Result<BTreeSet<String>, NoAnswer> {
        let mut held = BTreeSet::new();
        for some in permissions.chunks(AT_ONCE) {
            let (call, version) = if resource.contains("/secrets/") {
                (&calls::HELD_ON_SECRET, "v1")
            } else {
                (&calls::HELD_ON_PROJECT, "v3")
            };
            // A POST that only reads.
            let path = format!("{version}/{resource}:testIamPermissions");
            let ask = Ask::post(path, json!({"permissions": some}));
            held.extend(self.once::<TestIamPermissionsResponse>(call, resource, ask).await?.permissions);
        }
        Ok(held)
    }
}

//! What the gate itself may do: `testIamPermissions`, which Google answers for the caller, whoever it is.

use std::collections::BTreeSet;

use google_cloud_gax::options::RequestOptionsBuilder as _;

use super::{CredentialSource, Google, NoAnswer, calls};
use crate::run::outcome::Broken;

/// What one call may ask for: Google refuses more than 100 permissions at once.
const AT_ONCE: usize = 100;

impl Google {
    /// As whom everything is asked; the credentials were seen to give a token.
    ///
    /// # Errors
    /// [`Broken::NoCredentials`] where nobody is to be had.
    pub async fn who(&self) -> Result<CredentialSource, Broken> {
        match tokio::time::timeout(self.limit, self.clients.identity()).await {
            Ok(identity) => Ok(identity?.source.clone()),
            Err(_late) => Err(Broken::NoCredentials {
                detail: format!("no token within {} s", self.limit.as_secs_f32()),
                mend: None,
            }),
        }
    }

    /// Those of the permissions that the gate holds on a project (`projects/P`) or a secret (`projects/P/secrets/S`),
    /// with all that it inherits. The call itself needs no permission.
    pub async fn held(&self, resource: &str, permissions: &[&str]) -> Result<BTreeSet<String>, NoAnswer> {
        let mut held = BTreeSet::new();
        for some in permissions.chunks(AT_ONCE) {
            let wanted: Vec<String> = some.iter().map(|one| (*one).to_owned()).collect();
            let answer = if resource.contains("/secrets/") {
                self.once(&calls::HELD_ON_SECRET, resource, async {
                    let call = self.clients.secrets_at(resource).await?.test_iam_permissions();
                    // A POST that only reads.
                    let call = call.set_resource(resource).set_permissions(wanted).with_idempotency(true);
                    Ok(call.send().await)
                })
                .await?
            } else {
                self.once(&calls::HELD_ON_PROJECT, resource, async {
                    let call = self.clients.projects().await?.test_iam_permissions();
                    let call = call.set_resource(resource).set_permissions(wanted).with_idempotency(true);
                    Ok(call.send().await)
                })
                .await?
            };
            held.extend(answer.permissions);
        }
        Ok(held)
    }
}

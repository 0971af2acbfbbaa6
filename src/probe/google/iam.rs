//! Who may do what: Resource Manager API v3 and Policy Troubleshooter API v1.

use google_cloud_gax::options::RequestOptionsBuilder as _;
use google_cloud_iam_v1::model::{GetPolicyOptions, Policy};
use google_cloud_policytroubleshooter_v1::model::{AccessState, AccessTuple};

use super::memo::Memo;
use super::{Answer, Google, POLICY_VERSION, calls};

/// What was read of policies.
#[derive(Debug, Default)]
pub(super) struct Memos {
    projects: Memo<Policy>,
    access: Memo<AccessState>,
}

impl Google {
    /// Who may do what in a project (`resourcemanager.projects.getIamPolicy`); what it inherits from folders and the
    /// organisation is not in it.
    pub async fn project_policy(&self, project: &str) -> Answer<Policy> {
        let name = &format!("projects/{project}");
        let fetch = || {
            self.read(&calls::PROJECT_POLICY, name, async {
                let options = GetPolicyOptions::new().set_requested_policy_version(POLICY_VERSION);
                // A POST that only reads.
                let call = self.clients.projects().await?.get_iam_policy().with_idempotency(true);
                Ok(call.set_resource(name).set_options(options).send().await)
            })
        };
        self.iam.projects.get(name, fetch).await
    }

    /// Whether a principal (an e-mail address) holds a permission on a resource (a full resource name, as
    /// `//secretmanager.googleapis.com/projects/P/secrets/S`), with all that it inherits. What the gate may not see
    /// comes as unknown. The troubleshooter is asked in `project`.
    pub async fn access(
        &self,
        project: &str,
        principal: &str,
        resource: &str,
        permission: &str,
    ) -> Answer<AccessState> {
        let name = &format!("projects/{project}");
        let fetch = || {
            self.read(&calls::TROUBLESHOOT, name, async {
                let tuple = AccessTuple::new()
                    .set_principal(principal)
                    .set_full_resource_name(resource)
                    .set_permission(permission);
                let call = self.clients.troubleshooter().await?.troubleshoot_iam_policy();
                let answer = call.set_access_tuple(tuple).with_idempotency(true).send().await;
                Ok(answer.map(|answer| answer.access))
            })
        };
        self.iam.access.get(&format!("{principal} {permission} {resource}"), fetch).await
    }
}

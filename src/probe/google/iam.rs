//! Who may do what: Resource Manager API v3 and Policy Troubleshooter API v1.

use google_cloud_gax::options::RequestOptionsBuilder as _;
use google_cloud_iam_v1::model::{GetPolicyOptions, Policy};
use google_cloud_policytroubleshooter_v1::model::{AccessState, AccessTuple};

use std::sync::Arc;

use super::memo::Memo;
use super::{Answer, Google, POLICY_VERSION, calls};
use crate::run::outcome::Broken;

/// What was read of policies.
#[derive(Debug, Default)]
pub(super) struct Memos {
    projects: Memo<Policy>,
    inherited: Memo<Vec<Above>>,
    access: Memo<AccessState>,
}

/// What a project stands under, and who may do what there.
#[derive(Clone, Debug, PartialEq)]
pub struct Above {
    /// `folders/F` or `organizations/O`.
    pub name: String,
    /// Its policy.
    pub policy: Policy,
}

/// Folders in folders, at most: Google allows ten levels.
const LEVELS: usize = 12;

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

    /// The policies that a project inherits, from its folder up to the organisation; empty where it stands under none
    /// (`resourcemanager.projects.get`, then `folders.get`, `folders.getIamPolicy`, `organizations.getIamPolicy`). One
    /// that may not be read leaves all of it unknown.
    pub async fn inherited(&self, project: &str) -> Answer<Vec<Above>> {
        let name = format!("projects/{project}");
        self.iam.inherited.get(&name, || self.read_inherited(&name)).await
    }

    async fn read_inherited(&self, project: &str) -> Answer<Vec<Above>> {
        let call = async { Ok(self.clients.projects().await?.get_project().set_name(project).send().await) };
        let mut parent = self.once(&calls::PROJECT, project, call).await?.parent;
        let mut found = Vec::new();
        for _ in 0..LEVELS {
            let name = std::mem::take(&mut parent);
            if name.is_empty() {
                return Ok(Arc::new(found));
            }
            let options = GetPolicyOptions::new().set_requested_policy_version(POLICY_VERSION);
            let policy = if name.starts_with("organizations/") {
                let ask = async {
                    let call = self.clients.organizations().await?.get_iam_policy().with_idempotency(true);
                    Ok(call.set_resource(&name).set_options(options).send().await)
                };
                self.once(&calls::ORGANIZATION_POLICY, &name, ask).await?
            } else {
                let folder =
                    async { Ok(self.clients.folders().await?.get_folder().set_name(&name).send().await) };
                parent = self.once(&calls::FOLDER, &name, folder).await?.parent;
                let ask = async {
                    let call = self.clients.folders().await?.get_iam_policy().with_idempotency(true);
                    Ok(call.set_resource(&name).set_options(options).send().await)
                };
                self.once(&calls::FOLDER_POLICY, &name, ask).await?
            };
            found.push(Above { name, policy });
        }
        let detail = format!("more than {LEVELS} folders stand above it");
        Err(Broken::Malformed { what: project.to_owned(), detail }.into())
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

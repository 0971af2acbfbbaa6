//! Who may do what: Resource Manager API v3 and Policy Troubleshooter API v1.

use std::sync::Arc;

use google_cloud_iam_v1::model::Policy;
use google_cloud_policytroubleshooter_v1::model::{AccessState, TroubleshootIamPolicyResponse};
use google_cloud_resourcemanager_v3::model::{Folder, Project};
use serde_json::json;

use super::memo::Memo;
use super::transport::Ask;
use super::{Answer, Google, POLICY_VERSION, calls};
use crate::record::Inconclusive;

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
        let fetch = || self.read(&calls::PROJECT_POLICY, name, policy_of(name));
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
        let ask = Ask::get(format!("v3/{project}"));
        let mut parent = self.once::<Project>(&calls::PROJECT, project, ask).await?.parent;
        let mut found = Vec::new();
        for _ in 0..LEVELS {
            let name = std::mem::take(&mut parent);
            if name.is_empty() {
                return Ok(Arc::new(found));
            }
            let policy = if name.starts_with("organizations/") {
                self.once(&calls::ORGANIZATION_POLICY, &name, policy_of(&name)).await?
            } else {
                let ask = Ask::get(format!("v3/{name}"));
                parent = self.once::<Folder>(&calls::FOLDER, &name, ask).await?.parent;
                self.once(&calls::FOLDER_POLICY, &name, policy_of(&name)).await?
            };
            found.push(Above { name, policy });
        }
        let detail = format!("more than {LEVELS} folders stand above it");
        Err(Inconclusive::Malformed { what: project.to_owned(), detail }.into())
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
        let fetch = async || {
            let tuple =
                json!({"principal": principal, "fullResourceName": resource, "permission": permission});
            let ask = Ask::post("v1/iam:troubleshoot".to_owned(), json!({"accessTuple": tuple}));
            let answer = self.once::<TroubleshootIamPolicyResponse>(&calls::TROUBLESHOOT, name, ask).await?;
            Ok(Arc::new(answer.access))
        };
        self.iam.access.get(&format!("{principal} {permission} {resource}"), fetch).await
    }
}

/// Asking Resource Manager for the policy of a project, folder or organisation: a POST that only reads.
fn policy_of(resource: &str) -> Ask {
    let options = json!({"options": {"requestedPolicyVersion": POLICY_VERSION}});
    Ask::post(format!("v3/{resource}:getIamPolicy"), options)
}

//! Resource Manager API v3: a project and its IAM policy. No project here stands under a folder or an organisation.

use google_cloud_resourcemanager_v3::model::Project;

use super::ask::Ask;
use super::spelling::resource;
use super::{Reply, iam};
use crate::sandbox::world::project_number;

const API: &str = "cloudresourcemanager.googleapis.com";

/// Answers what is this API's.
pub(super) fn answer(ask: &Ask<'_>) -> Option<Reply> {
    let (segments, verb) = ask.parts();
    let ["v3" | "v1", "projects", project] = &segments[..] else { return None };
    let name = format!("projects/{project}");
    match verb {
        "getIamPolicy" => Some(
            ask.allowed(API, project, "resourcemanager.projects.getIamPolicy", &name)
                .and_then(|()| policy(ask, project)),
        ),
        "testIamPermissions" => Some(iam::held(ask, API, project)),
        "" => Some(ask.allowed(API, project, "resourcemanager.projects.get", &name).and_then(|()| {
            let numbered = format!("projects/{}", project_number(project));
            resource(&Project::new().set_name(numbered).set_project_id(*project), &[])
        })),
        _ => None,
    }
}

/// Secrets are granted on the secrets themselves; of what is asked for here, only Cloud SQL's on the project.
fn policy(ask: &Ask<'_>, project: &str) -> Reply {
    let clients = ask.cloud.world.sql_clients.iter().filter(|(of, _)| of == project);
    let logins = ask.cloud.world.sql_logins.iter().filter(|(of, _)| of == project);
    iam::policy([
        ("roles/owner", vec!["user:owner@example.com".to_owned()]),
        (
            "roles/cloudsql.instanceUser",
            logins.map(|(_, account)| format!("serviceAccount:{account}")).collect(),
        ),
        ("roles/cloudsql.client", clients.map(|(_, account)| format!("serviceAccount:{account}")).collect()),
    ])
}

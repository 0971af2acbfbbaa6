//! Resource Manager API v3: the IAM policy of a project.

use super::ask::Ask;
use super::{Reply, iam};

const API: &str = "cloudresourcemanager.googleapis.com";

/// Answers what is this API's.
pub(super) fn answer(ask: &Ask<'_>) -> Option<Reply> {
    let (segments, verb) = ask.parts();
    match (&segments[..], verb) {
        (["v3" | "v1", "projects", project], "getIamPolicy") => Some(
            ask.allowed(
                API,
                project,
                "resourcemanager.projects.getIamPolicy",
                &format!("projects/{project}"),
            )
            // Nothing in the sandbox is granted on a whole project.
            .and_then(|()| iam::policy([("roles/owner", vec!["user:owner@example.com".to_owned()])])),
        ),
        _ => None,
    }
}

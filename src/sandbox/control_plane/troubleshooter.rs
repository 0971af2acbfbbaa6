//! Policy Troubleshooter API v1: whether an account may do something, answered from the world.

use google_cloud_policytroubleshooter_v1::model::{
    AccessState, AccessTuple, TroubleshootIamPolicyRequest, TroubleshootIamPolicyResponse,
};

use super::Reply;
use super::ask::Ask;
use super::spelling::{Spelling, resource, spelling};
use crate::model::resource;
use crate::sandbox::world::World;

const API: &str = "policytroubleshooter.googleapis.com";

const SPELLINGS: &[Spelling] = &[spelling!("access", AccessState)];

/// Answers what is this API's.
pub(super) fn answer(ask: &Ask<'_>) -> Option<Reply> {
    let (segments, verb) = ask.parts();
    if (&segments[..], verb) != (&["v1", "iam"][..], "troubleshoot") {
        return None;
    }
    let request: TroubleshootIamPolicyRequest = serde_json::from_slice(ask.body).unwrap_or_default();
    let tuple = request.access_tuple.unwrap_or_default();
    let project = resource::segment(&tuple.full_resource_name, "projects").unwrap_or_default();
    Some(ask.allowed(API, project, "iam.roles.get", &format!("projects/{project}")).and_then(|()| {
        let access = access(&ask.cloud.world, project, &tuple);
        resource(&TroubleshootIamPolicyResponse::new().set_access(access), SPELLINGS)
    }))
}

fn access(world: &World, project: &str, tuple: &AccessTuple) -> AccessState {
    let granted = match tuple.permission.as_str() {
        "secretmanager.versions.access" => {
            let secret = resource::segment(&tuple.full_resource_name, "secrets").unwrap_or_default();
            let secret = world.secret(project, secret);
            secret.is_some_and(|secret| secret.accessors.contains(&tuple.principal))
        }
        "cloudsql.instances.connect" => world.connects(project, &tuple.principal),
        // The world knows no more.
        _ => return AccessState::UnknownInfoDenied,
    };
    if granted { AccessState::Granted } else { AccessState::NotGranted }
}

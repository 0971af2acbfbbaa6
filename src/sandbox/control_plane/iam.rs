//! IAM policies, as every API gives those of its resources.

use google_cloud_iam_v1::model::{Binding, Policy, TestIamPermissionsResponse};
use serde_json::Value;

use super::Reply;
use super::ask::Ask;
use super::error::Refusal;
use super::spelling::resource;
use crate::sandbox::world::Grants;

/// A policy with these bindings: role, members.
pub(super) fn policy(bindings: impl IntoIterator<Item = (&'static str, Vec<String>)>) -> Reply {
    let bindings = bindings
        .into_iter()
        .filter(|(_, members)| !members.is_empty())
        .map(|(role, members)| Binding::new().set_role(role).set_members(members));
    let policy = Policy::new().set_version(1).set_bindings(bindings).set_etag(&b"sandbox"[..]);
    resource(&policy, &[])
}

/// What the caller may do, of what it asks for: everybody may ask that.
pub(super) fn held(ask: &Ask<'_>, api: &'static str, project: &str) -> Reply {
    if ask.cloud.world.disabled(project, api) {
        return Err(Refusal::ApiDisabled { api, project: project.to_owned() });
    }
    let asked: Value = serde_json::from_slice(ask.body).unwrap_or_default();
    let asked = asked["permissions"].as_array().into_iter().flatten().filter_map(Value::as_str);
    let held = match ask.cloud.world.gate {
        Grants::Everything => asked.collect(),
        Grants::WithoutConnect => asked.filter(|one| *one != "cloudsql.instances.connect").collect(),
        Grants::Nothing => Vec::new(),
    };
    resource(&TestIamPermissionsResponse::new().set_permissions(held), &[])
}

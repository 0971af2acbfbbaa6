//! IAM policies, as every API gives those of its resources.

use google_cloud_iam_v1::model::{Binding, Policy};

use super::Reply;
use super::spelling::resource;

/// A policy with these bindings: role, members.
pub(super) fn policy(bindings: impl IntoIterator<Item = (&'static str, Vec<String>)>) -> Reply {
    let bindings = bindings
        .into_iter()
        .filter(|(_, members)| !members.is_empty())
        .map(|(role, members)| Binding::new().set_role(role).set_members(members));
    let policy = Policy::new().set_version(1).set_bindings(bindings).set_etag(&b"sandbox"[..]);
    resource(&policy, &[])
}

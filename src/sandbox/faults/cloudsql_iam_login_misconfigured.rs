//! `cloudsql-iam-login-misconfigured`.

use super::{Expected, Fault, When, subject};
use crate::diagnosis::Verdict;
use crate::diagnosis::cause::CauseCode;
use crate::sandbox::world::{RoleKind, World};

pub(super) static FAULT: Fault = Fault {
    code: "cloudsql-iam-login-misconfigured",
    what: "The user is IAM's, the flag for that is off, and the service has a password.",
    expects: Expected { cause: CauseCode::CloudsqlIamLoginMisconfigured, verdict: Verdict::Unhealthy },
    when: When::AfterDeploy,
    subject: &subject::PASSWORD,
    change: inject,
};

fn inject(world: &mut World, service: usize) {
    if let Some(role) = subject::role(world, service) {
        role.kind = RoleKind::IamServiceAccount;
    }
}

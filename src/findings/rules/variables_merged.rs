//! Variables that were deleted from the file stay in the service.

use crate::findings::look::{Found, Look};
use crate::findings::{Rule, Severity};
use crate::model::{DeploysVia, OtherVariables};

/// See the module.
pub(super) static RULE: Rule = Rule {
    code: "variables-merged",
    severity: Severity::Advice,
    what: "variables that were deleted from the file stay in the service",
    why: "the action's default strategy is merge: what an earlier deploy set, and this file no longer says, is still there",
    fix: "env_vars_update_strategy: overwrite (and secrets_update_strategy: overwrite)",
    look,
};

fn look(look: &Look<'_>) -> Vec<Found> {
    match &look.service.other_variables {
        Some(OtherVariables::Kept(place)) if look.service.deploys_via == DeploysVia::DeployCloudrunAction => {
            vec![look.found_in(place, "variables that were deleted here stay in the service (merge)")]
        }
        Some(OtherVariables::Kept(_) | OtherVariables::Removed(_)) | None => Vec::new(),
    }
}

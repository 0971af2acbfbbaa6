//! No service account is stated, and the service needs permissions.

use crate::findings::look::{Found, Look};
use crate::findings::{Rule, Severity};
use crate::model::{DeploysVia, Stated};

/// See the module.
pub(super) static RULE: Rule = Rule {
    code: "default-service-account",
    severity: Severity::Advice,
    what: "no runtime service account is stated",
    why: "the service then runs as PROJECT_NUMBER-compute@developer.gserviceaccount.com, not as the account that deploys: it needs the roles",
    fix: "state one: --service-account=NAME@PROJECT.iam.gserviceaccount.com (manifest: serviceAccountName)",
    look,
};

fn look(look: &Look<'_>) -> Vec<Found> {
    let service = look.service;
    let default = service.service_account.as_ref().and_then(Stated::as_known);
    let is_default =
        default.is_some_and(|account| account.ends_with("-compute@developer.gserviceaccount.com"));
    let needs = match (service.secrets.is_empty(), service.cloudsql_instances.is_empty()) {
        (false, false) => "reads secrets and connects to Cloud SQL",
        (false, true) => "reads secrets",
        (true, false) => "connects to Cloud SQL",
        (true, true) => return Vec::new(),
    };
    // An update changes what it names; a rungate file adds to what it does not name.
    let whole = match service.deploys_via {
        DeploysVia::GcloudRunDeploy | DeploysVia::DeployCloudrunAction | DeploysVia::Manifest => true,
        DeploysVia::ServicesReplace | DeploysVia::ServicesUpdate | DeploysVia::Native => false,
    };
    match &service.service_account {
        Some(account) if is_default => {
            vec![look.found_at(account, format!("the service {needs} as the default compute account"))]
        }
        None if whole => {
            vec![look.found_here(format!("the service {needs}, and no service account is stated"))]
        }
        Some(_) | None => Vec::new(),
    }
}

//! A service with a database, and no file names the path of its health.

use crate::findings::look::{Found, Look};
use crate::findings::{Rule, Severity};
use crate::model::DeploysVia;

/// See the module.
pub(super) static RULE: Rule = Rule {
    code: "health-path-unknown",
    severity: Severity::Advice,
    what: "no health path is stated",
    why: "the gate then tries the usual paths, and one that answers may know nothing of the database",
    fix: "name it in rungate.yaml (health: path: /health), or as --startup-probe=httpGet.path=/health (manifest: startupProbe.httpGet)",
    look,
};

fn look(look: &Look<'_>) -> Vec<Found> {
    let service = look.service;
    let whole = match service.deploys_via {
        DeploysVia::GcloudRunDeploy
        | DeploysVia::DeployCloudrunAction
        | DeploysVia::Manifest
        | DeploysVia::Native => true,
        // What the service has already is not seen.
        DeploysVia::ServicesReplace | DeploysVia::ServicesUpdate => false,
    };
    let stated = service.health.path.is_some() || !service.health_paths.is_empty();
    // Where no probe is stated either, that says it already.
    let said = service.deploys_via != DeploysVia::Native && service.startup_probe.is_none();
    if !whole || stated || said || service.database.is_none() {
        return Vec::new();
    }
    vec![look.found_here("the service has a database, and no file names the path of its health")]
}

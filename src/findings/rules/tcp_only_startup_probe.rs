//! A service with a database has no startup probe that asks it.

use crate::findings::look::{Found, Look};
use crate::findings::{Rule, Severity};
use crate::model::{DeploysVia, StartupProbe};

/// See the module.
pub(super) static RULE: Rule = Rule {
    code: "tcp-only-startup-probe",
    severity: Severity::Advice,
    what: "no startup probe asks the service itself",
    why: "Cloud Run's default takes an open port for a started service: a revision whose database is out of reach gets the traffic",
    fix: "--startup-probe=httpGet.path=/health (manifest: startupProbe.httpGet), on a path that answers 503 while the database is down",
    look,
};

fn look(look: &Look<'_>) -> Vec<Found> {
    let service = look.service;
    let whole = match service.deploys_via {
        DeploysVia::GcloudRunDeploy | DeploysVia::DeployCloudrunAction | DeploysVia::Manifest => true,
        DeploysVia::ServicesReplace | DeploysVia::ServicesUpdate | DeploysVia::Native => false,
    };
    if !whole || service.database.is_none() {
        return Vec::new();
    }
    let message = match service.startup_probe {
        Some(StartupProbe::Http | StartupProbe::Grpc) => return Vec::new(),
        Some(StartupProbe::Tcp) => "the startup probe asks only whether the port is open",
        None => "the service has a database, and no startup probe is stated",
    };
    vec![look.found_here(message)]
}

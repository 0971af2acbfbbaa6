//! The health path is one that Google's front end keeps for itself.

use crate::catalogue::CauseCode;
use crate::findings::look::{Found, Look};
use crate::findings::{Rule, Severity};
use crate::model::is_reserved;

/// See the module.
pub(super) static RULE: Rule = Rule {
    code: CauseCode::HealthPathReserved.id(),
    severity: Severity::Error,
    what: "the health path is one that Google's front end keeps for itself",
    why: "requests to it from outside never reach the container: Google answers 404 itself, and logs nothing",
    fix: "serve it elsewhere, for example at /health",
    look,
};

fn look(look: &Look<'_>) -> Vec<Found> {
    let asked = look.service.health.path.iter().map(|path| (path, true));
    let stated = look.service.health_paths.iter().map(|path| (path, false));
    let mut found: Vec<Found> = Vec::new();
    let mut told: Vec<&str> = Vec::new();
    for (stated, asked) in asked.chain(stated) {
        let Some(path) = stated.as_known().filter(|path| !told.contains(path)) else { continue };
        let bare = path.split(['?', '#']).next().unwrap_or(path);
        let kept = is_reserved(bare);
        if !kept && !bare.ends_with('z') {
            continue;
        }
        told.push(path);
        let message = if kept {
            format!("Google's front end keeps `{bare}` for itself")
        } else {
            format!("`{bare}` ends in z: Google's front end keeps some such paths for itself")
        };
        // A probe asks the container directly and works; only callers from outside, and the gate, do not get there.
        found.push(look.found_at(stated, message).only_if(!asked || !kept, Severity::Warning));
    }
    found
}

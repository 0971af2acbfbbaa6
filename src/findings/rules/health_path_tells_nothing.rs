//! The health path of a service with a database is one at which services tell only that they run.

use crate::findings::look::{Found, Look};
use crate::findings::{Rule, Severity};
use crate::model::Stated;

/// See the module.
pub(super) static RULE: Rule = Rule {
    code: "health-path-tells-nothing",
    severity: Severity::Advice,
    what: "the health path is one at which services tell only that they run",
    why: "a liveness answer names no dependency: it stays healthy while the database is down, as the incident's did for days",
    fix: "let the gate ask a path whose answer names the database (rungate.yaml: health: path: /health), readiness for example",
    look,
};

/// The last part of such paths, by custom and by the documentation of Kubernetes, Spring Boot, MicroProfile and ASP.NET.
const LIVENESS: &[&str] = &["live", "livez", "liveness", "alive", "ping"];

fn look(look: &Look<'_>) -> Vec<Found> {
    let service = look.service;
    if service.database.is_none() {
        return Vec::new();
    }
    // The native file's path is the only one that is asked.
    let asked: Vec<&Stated> = match &service.health.path {
        Some(path) => vec![path],
        None => service.health_paths.iter().collect(),
    };
    let known: Vec<(&Stated, &str)> =
        asked.iter().filter_map(|stated| Some((*stated, stated.as_known()?))).collect();
    // With several, the gate takes the answer that tells the most.
    if known.len() < asked.len() || !known.iter().all(|(_, path)| is_liveness(path)) {
        return Vec::new();
    }
    let first = known.first().map(|(stated, path)| {
        look.found_at(stated, format!("by custom, `{path}` tells only that the process runs"))
    });
    first.into_iter().collect()
}

fn is_liveness(path: &str) -> bool {
    let bare = path.split(['?', '#']).next().unwrap_or(path).trim_end_matches('/');
    let last = bare.rsplit('/').next().unwrap_or(bare).to_ascii_lowercase();
    LIVENESS.contains(&last.as_str())
}

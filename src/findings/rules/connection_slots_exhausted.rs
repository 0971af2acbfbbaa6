//! A pool that is larger than what one instance may hold.

use crate::catalogue::CauseCode;
use crate::findings::database::option;
use crate::findings::look::{Found, Look};
use crate::findings::{Rule, Severity};
use crate::model::{POOL_OPTIONS, names_pool_size};

/// See the module.
pub(super) static RULE: Rule = Rule {
    code: CauseCode::ConnectionSlotsExhausted.id(),
    severity: Severity::Warning,
    what: "the pool is larger than one instance may hold",
    why: "Cloud Run takes 100 connections of one instance to one Cloud SQL instance; and every instance has a pool of its own",
    fix: "make it smaller: pool size x max instances must stay below max_connections",
    look,
};

fn look(look: &Look<'_>) -> Vec<Found> {
    let mut found = Vec::new();
    let mut tell = |variable, size: &str| {
        if size.trim().parse::<u32>().is_ok_and(|size| size > 100) {
            let message = format!("`{variable}` lets one instance hold {} connections", size.trim());
            found.push((variable, message));
        }
    };
    for variable in look.service.env.iter().filter(|variable| names_pool_size(&variable.name)) {
        if let Some(size) = variable.value.as_known() {
            tell(variable.name.as_str(), size);
        }
    }
    for dsn in look.ways.iter().filter_map(|way| way.dsn.as_ref()) {
        for key in POOL_OPTIONS {
            if let Some(size) = option(&dsn.text, key) {
                tell(dsn.from.name.as_str(), size);
            }
        }
    }
    let shown = found
        .into_iter()
        .filter_map(|(name, message)| Some(look.found(look.service.variable(name)?, message)));
    shown.collect()
}

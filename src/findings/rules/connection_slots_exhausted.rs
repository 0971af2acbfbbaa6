//! A pool that is larger than what one instance may hold.

use crate::findings::database::option;
use crate::findings::look::{Found, Look};
use crate::findings::{Rule, Severity};

/// See the module.
pub(super) static RULE: Rule = Rule {
    code: "connection-slots-exhausted",
    severity: Severity::Warning,
    what: "the pool is larger than one instance may hold",
    why: "Cloud Run takes 100 connections of one instance to one Cloud SQL instance; and every instance has a pool of its own",
    mend: "make it smaller: pool size x max instances must stay below max_connections",
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
    for variable in look.service.env.iter().filter(|variable| is_pool_size(&variable.name)) {
        if let Some(size) = variable.value.as_known() {
            tell(variable.name.as_str(), size);
        }
    }
    for dsn in look.ways.iter().filter_map(|way| way.dsn.as_ref()) {
        for key in ["connection_limit", "pool_size", "pool_max_conns", "maximumPoolSize"] {
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

/// Names under which users put the size of the pool.
fn is_pool_size(name: &str) -> bool {
    let names = [
        "POOL_SIZE",
        "POOL_MAX",
        "MAX_POOL_SIZE",
        "MAXIMUM_POOL_SIZE",
        "MAX_CONNECTIONS",
        "MAX_CONNS",
        "MAX_OPEN_CONNS",
        "POOL_MAX_SIZE",
    ];
    let of_database = ["DB", "DATABASE", "POSTGRES", "PG", "SQL", "HIKARI", "DATASOURCE", "POOL"];
    let words: Vec<&str> = name.split('_').collect();
    names.iter().any(|end| name.ends_with(end))
        && words.iter().any(|word| of_database.contains(word) || word.starts_with("PG"))
        && !words.iter().any(|word| matches!(*word, "REDIS" | "THREAD" | "HTTP" | "WORKER"))
}

//! Names under which users state how many connections one instance of a service may hold.

/// Options of a connection string that say it.
pub const POOL_OPTIONS: [&str; 4] = ["connection_limit", "pool_size", "pool_max_conns", "maximumPoolSize"];

/// Whether a variable of that name says it.
pub fn names_pool_size(name: &str) -> bool {
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

//! What a key of a health body announces: a closed list, without regard to the way in which it is written.

/// What stands under a key.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Key {
    /// A word of state, of what the body is about: `status`.
    State,
    /// A word of state of a dependency: `database_status`.
    StateOf(String),
    /// A boolean that is true when all is well: `healthy`.
    Flag,
    /// The same, of a dependency: `database_connected`.
    FlagOf(String),
    /// A boolean that is true when something is wrong: `unhealthy`.
    Alarm,
    /// An error, where there is one: `error`, `failures`.
    Complaint,
    /// An error of a dependency: `database_error`.
    ComplaintOf(String),
    /// A number that may be an HTTP status: `code`.
    Code,
    /// Dependencies by name, and nothing else: `checks`.
    Dependencies,
    /// Dependencies by name, among other things: `details`.
    Details,
    /// A wrapping that means nothing by itself: `data`.
    Envelope,
    /// Something about the service that is not its health: `version`.
    Aside,
    /// The same, with all that it holds: `config`.
    DeepAside,
    /// Details of a dependency: `database_details`.
    DetailsOf(String),
    /// Any other name.
    Other,
}

const STATES: &[&str] = &[
    "status",
    "state",
    "health",
    "health_status",
    "healthstatus",
    "overall",
    "overall_status",
    "overall_health",
    "overall_state",
    "availability",
    "outcome",
    "condition",
];
const FLAGS: &[&str] = &[
    "ok",
    "healthy",
    "up",
    "ready",
    "alive",
    "live",
    "connected",
    "passed",
    "pass",
    "available",
    "reachable",
    "online",
    "operational",
];
const ALARMS: &[&str] = &[
    "unhealthy",
    "failed",
    "failing",
    "down",
    "degraded",
    "unavailable",
    "disconnected",
    "failed_checks",
    "failing_checks",
    "failed_dependencies",
    "failed_services",
    "unhealthy_checks",
    "unhealthy_dependencies",
    "unhealthy_services",
];
const COMPLAINT_ENDS: &[&str] = &["_error", "_errors", "_failure", "_failures", "_failed", "_exception"];
const CODES: &[&str] = &["code", "status_code", "statuscode", "http_status", "http_code"];
const COMPLAINTS: &[&str] = &[
    "error",
    "errors",
    "exception",
    "exceptions",
    "failure",
    "failures",
    "err",
    "error_message",
    "error_details",
];
const DEPENDENCIES: &[&str] = &[
    "checks",
    "components",
    "dependencies",
    "services",
    "entries",
    "systems",
    "subsystems",
    "indicators",
    "health_checks",
    "healthchecks",
    "contributors",
    "backends",
    "databases",
    "datastores",
    "stores",
    "probes",
    "upstreams",
    "integrations",
];
const DETAILS: &[&str] = &["details", "detail", "info", "results", "resources", "connections", "modules"];
const ENVELOPES: &[&str] = &["data", "result", "response", "payload", "body", "report"];
const ASIDES: &[&str] = &[
    "message",
    "msg",
    "description",
    "reason",
    "version",
    "environment",
    "env",
    "name",
    "title",
    "id",
    "key",
    "service",
    "service_name",
    "service_id",
    "app",
    "app_name",
    "application",
    "component",
    "component_name",
    "component_id",
    "component_type",
    "host",
    "hostname",
    "url",
    "uri",
    "path",
    "endpoint",
    "timestamp",
    "time",
    "date",
    "uptime",
    "log_level",
    "loglevel",
    "level",
    "severity",
    "mode",
    "type",
    "kind",
    "region",
    "zone",
    "instance",
    "pid",
    "release",
    "release_id",
    "commit",
    "output",
    "notes",
    "note",
    "method",
    "action",
    "exit_status",
    "exit_code",
    "last_error",
    "duration",
    "total_duration",
    "request_id",
    "trace_id",
    "user",
    "role",
    "success",
    "maintenance",
    "driver",
    "engine",
    "dialect",
];
const DEEP_ASIDES: &[&str] = &[
    "config",
    "configuration",
    "settings",
    "metadata",
    "meta",
    "features",
    "feature_flags",
    "flags",
    "links",
    "tags",
    "build",
    "git",
    "groups",
    "affected_endpoints",
    "metrics",
    "stats",
    "statistics",
    "history",
    "log",
    "logs",
];
const STATE_ENDS: &[&str] = &["_status", "_state", "_health", "_health_status"];
const FLAG_ENDS: &[&str] = &[
    "_ok",
    "_healthy",
    "_up",
    "_ready",
    "_alive",
    "_live",
    "_connected",
    "_available",
    "_reachable",
    "_online",
    "_passed",
];
/// How something is set up, not how it is: `db_enabled` proves nothing, and `db_ssl: false` fails nothing.
const SETTING_ENDS: &[&str] = &[
    "_enabled",
    "_disabled",
    "_ssl",
    "_tls",
    "_initialized",
    "_configured",
    "_required",
    "_pool",
    "_pool_size",
    "_name",
    "_host",
    "_port",
    "_user",
    "_url",
    "_version",
    "_type",
    "_driver",
    "_id",
];
const SETTING_STARTS: &[&str] = &["use_", "uses_", "has_", "with_", "enable_"];
const DETAIL_ENDS: &[&str] =
    &["_details", "_detail", "_info", "_check", "_checks", "_health_check", "_connection"];

/// What the key announces.
pub(super) fn of(key: &str) -> Key {
    let snake = snake(key);
    let is = |list: &[&str]| list.contains(&snake.as_str());
    let bare = snake.strip_prefix("is_").unwrap_or(&snake);
    if is(STATES) {
        Key::State
    } else if FLAGS.contains(&bare) {
        Key::Flag
    } else if ALARMS.contains(&bare) {
        Key::Alarm
    } else if is(COMPLAINTS) {
        Key::Complaint
    } else if is(CODES) {
        Key::Code
    } else if is(DEPENDENCIES) {
        Key::Dependencies
    } else if is(DETAILS) {
        Key::Details
    } else if is(ENVELOPES) {
        Key::Envelope
    } else if is(ASIDES) {
        Key::Aside
    } else if is(DEEP_ASIDES) {
        Key::DeepAside
    } else if without(bare, SETTING_ENDS).is_some()
        || SETTING_STARTS.iter().any(|start| bare.starts_with(start))
    {
        Key::Aside
    } else if let Some(base) = without(bare, STATE_ENDS) {
        Key::StateOf(base)
    } else if let Some(base) = without(bare, FLAG_ENDS) {
        Key::FlagOf(base)
    } else if let Some(base) = without(bare, COMPLAINT_ENDS) {
        Key::ComplaintOf(base)
    } else if let Some(base) = without(bare, DETAIL_ENDS) {
        Key::DetailsOf(base)
    } else {
        Key::Other
    }
}

/// The key without the longest of these ends.
fn without(key: &str, ends: &[&str]) -> Option<String> {
    let bases = ends.iter().filter_map(|end| key.strip_suffix(end)).filter(|base| !base.is_empty());
    bases.min_by_key(|base| base.len()).map(str::to_owned)
}

/// `databaseStatus`, `Database-Status` and `database status` as `database_status`.
pub(super) fn snake(key: &str) -> String {
    let mut snake = String::with_capacity(key.len() + 4);
    let mut before = None;
    for character in key.trim().chars() {
        if character.is_alphanumeric() {
            let rises = before.is_some_and(|c: char| c.is_lowercase() || c.is_ascii_digit());
            if rises && character.is_uppercase() {
                snake.push('_');
            }
            snake.extend(character.to_lowercase());
        } else if !snake.is_empty() && !snake.ends_with('_') {
            snake.push('_');
        }
        before = Some(character);
    }
    snake.truncate(snake.trim_end_matches('_').len());
    snake
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keys_are_known_in_any_dress() {
        for (key, expected) in [
            ("status", Key::State),
            ("Status", Key::State),
            ("databaseStatus", Key::StateOf("database".to_owned())),
            ("database-status", Key::StateOf("database".to_owned())),
            ("db_health_status", Key::StateOf("db".to_owned())),
            ("isDatabaseConnected", Key::FlagOf("database".to_owned())),
            ("database_details", Key::DetailsOf("database".to_owned())),
            ("isHealthy", Key::Flag),
            ("HealthChecks", Key::Dependencies),
            ("uptime", Key::Aside),
            ("up", Key::Flag),
            ("statusCode", Key::Code),
            ("database_error", Key::ComplaintOf("database".to_owned())),
            ("dbEnabled", Key::Aside),
            ("_status", Key::State),
        ] {
            assert_eq!(of(key), expected, "{key}");
        }
    }

    #[test]
    fn no_key_announces_two_things() {
        let lists =
            [STATES, FLAGS, ALARMS, COMPLAINTS, DEPENDENCIES, DETAILS, ENVELOPES, ASIDES, DEEP_ASIDES]
                .concat();
        for (index, key) in lists.iter().enumerate() {
            assert!(!lists[index + 1..].contains(key), "{key}");
            assert_eq!(snake(key), **key, "is written as it is looked up");
        }
    }
}

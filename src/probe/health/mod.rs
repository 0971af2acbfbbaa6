//! What a service says of its own health, read from the answer's status and body. Pure.
//!
//! Status and body are two signals, and the worse one counts. The dialects (Spring Boot Actuator, MicroProfile,
//! health+json, ASP.NET, Terminus, health-go, django-health-check, fastapi, and what people write themselves) differ
//! in the names of their containers, not in their idea: a word for the whole, and a word for each dependency.

mod json;
mod words;

pub use words::Level;

use crate::run::finding::Dependency;

/// The longest excerpt of a body that is kept, in characters.
const EXCERPT: usize = 400;

/// What an answer says.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Judgement {
    /// How well the service is, or why that cannot be told.
    pub level: Result<Level, String>,
    /// What the body alone says, where it says something.
    pub body: Option<Level>,
    /// The word for the whole, as written; empty where there is none.
    pub word: String,
    /// The dependencies that it names as bad.
    pub failing: Vec<Dependency>,
    /// The dependencies that it names as good.
    pub working: Vec<Dependency>,
}

impl Judgement {
    fn unread(because: impl Into<String>) -> Self {
        let (failing, working) = (Vec::new(), Vec::new());
        Self { level: Err(because.into()), body: None, word: String::new(), failing, working }
    }
}

/// Reads health from an answer.
pub fn judge(status: u16, content_type: &str, body: &[u8]) -> Judgement {
    let mut judgement = read(content_type, body);
    judgement.body = judgement.level.as_ref().ok().copied();
    judgement.level = match (status, judgement.level) {
        (200..=299, level) => level,
        // A redirect leads to a login page, or to the real path; neither is health.
        (300..=399, _) => Err("it redirects".to_owned()),
        (503, _) => Ok(Level::Unhealthy),
        (_, Ok(level)) if level != Level::Healthy => Ok(level),
        (_, Ok(_)) => Ok(Level::Unhealthy),
        (_, Err(because)) => Err(because),
    };
    judgement
}

/// The beginning of a body, for people.
pub fn excerpt(body: &[u8]) -> String {
    String::from_utf8_lossy(&body[..body.len().min(EXCERPT * 4)]).chars().take(EXCERPT).collect()
}

fn read(content_type: &str, body: &[u8]) -> Judgement {
    let Ok(text) = std::str::from_utf8(body) else { return Judgement::unread("the body is not text") };
    let text = text.trim_start_matches('\u{feff}').trim();
    let markup = text.starts_with('<') || content_type == "text/html" || content_type.ends_with("xml");
    match serde_json::from_str(text) {
        Ok(value) => json::read(&value),
        // What is no JSON but begins like it was cut or is broken.
        Err(_) if text.starts_with(['{', '[']) => Judgement::unread("the body begins like JSON and is none"),
        Err(_) if markup => Judgement::unread("the body is a page (HTML or XML), not health"),
        Err(_) => plain(text),
    }
}

fn plain(text: &str) -> Judgement {
    let level = match words::level(text) {
        Some(level) => Ok(level),
        None if text.is_empty() => Ok(Level::Healthy),
        None => Err("the text holds no word of health that is known".to_owned()),
    };
    Judgement { word: text.chars().take(40).collect(), level, ..Judgement::unread("") }
}

#[cfg(test)]
mod tests {
    use super::*;

    const H: &str = "healthy";
    const D: &str = "degraded";
    const U: &str = "unhealthy";
    const N: &str = "not judgeable";

    /// Status, body, verdict, dependencies named as bad.
    const BODIES: &[(u16, &str, &str, &[&str])] = &[
        // The incident's own
        (
            200,
            r#"{"status":"healthy","database_status":"ok","database_details":{"connectivity_test":"passed","initialized":true}}"#,
            H,
            &[],
        ),
        (
            200,
            r#"{"status":"unhealthy","database_status":"error","database_details":{"connectivity_test":"failed","initialized":true}}"#,
            U,
            &["database"],
        ),
        (200, r#"{"status":"healthy","database_status":"error"}"#, U, &["database"]),
        // Spring Boot Actuator
        (
            200,
            r#"{"status":"UP","components":{"db":{"status":"UP","details":{"database":"PostgreSQL","validationQuery":"isValid()"}},"diskSpace":{"status":"UP"}}}"#,
            H,
            &[],
        ),
        (
            503,
            r#"{"status":"DOWN","components":{"db":{"status":"DOWN","details":{"error":"java.sql.SQLException"}},"ping":{"status":"UP"}}}"#,
            U,
            &["db"],
        ),
        (200, r#"{"status":"DOWN"}"#, U, &[]),
        (503, r#"{"status":"OUT_OF_SERVICE"}"#, U, &[]),
        (200, r#"{"status":"UNKNOWN"}"#, D, &[]),
        (
            503,
            r#"{"status":"DOWN","db":{"status":"DOWN","error":"x"},"diskSpace":{"status":"UP"}}"#,
            U,
            &["db"],
        ),
        // MicroProfile Health
        (
            200,
            r#"{"status":"UP","checks":[{"name":"Database connections health check","status":"UP"}]}"#,
            H,
            &[],
        ),
        (
            503,
            r#"{"status":"DOWN","checks":[{"name":"Database connections health check","status":"DOWN","data":{"rootCause":"x"}}]}"#,
            U,
            &["Database connections health check"],
        ),
        (503, r#"{"status":"DOWN","checks":[]}"#, U, &[]),
        // health+json
        (200, r#"{"status":"pass"}"#, H, &[]),
        (200, r#"{"status":"warn"}"#, D, &[]),
        (
            503,
            r#"{"status":"fail","checks":{"postgres:connections":[{"componentType":"datastore","status":"fail","output":"x"}]}}"#,
            U,
            &["postgres"],
        ),
        (
            200,
            r#"{"status":"pass","checks":{"postgres:connections":[{"status":"pass"}],"redis:latency":[{"status":"warn"}]}}"#,
            D,
            &["redis"],
        ),
        // ASP.NET, plain and with the UI client
        (200, "Healthy", H, &[]),
        (200, "Degraded", D, &[]),
        (503, "Unhealthy", U, &[]),
        (200, "Unhealthy", U, &[]),
        (
            200,
            r#"{"status":"Healthy","totalDuration":"00:00:00.05","entries":{"npgsql":{"status":"Healthy","data":{},"duration":"00:00:00.01","tags":[]}}}"#,
            H,
            &[],
        ),
        (
            503,
            r#"{"status":"Unhealthy","entries":{"npgsql":{"status":"Unhealthy","description":"x","exception":"y"}}}"#,
            U,
            &["npgsql"],
        ),
        (200, r#"{"status":"Healthy","checks":[{"key":"npgsql","status":"Unhealthy"}]}"#, U, &["npgsql"]),
        // Terminus, of NestJS and of GoDaddy
        (
            200,
            r#"{"status":"ok","info":{"database":{"status":"up"}},"error":{},"details":{"database":{"status":"up"}}}"#,
            H,
            &[],
        ),
        (
            503,
            r#"{"status":"error","info":{},"error":{"database":{"status":"down","message":"x"}},"details":{"database":{"status":"down"}}}"#,
            U,
            &["database"],
        ),
        (503, r#"{"status":"shutting_down","info":{},"error":{},"details":{}}"#, U, &[]),
        (
            503,
            r#"{"status":"error","error":[{"database":{"status":"down"}}],"details":[{"database":{"status":"down"}}]}"#,
            U,
            &["database"],
        ),
        // health-go
        (
            200,
            r#"{"status":"OK","timestamp":"2026-01-01T00:00:00Z","component":{"name":"app","version":"1"}}"#,
            H,
            &[],
        ),
        (
            200,
            r#"{"status":"Partially Available","failures":{"rabbitmq":"dial tcp: refused"}}"#,
            D,
            &["rabbitmq"],
        ),
        (503, r#"{"status":"Unavailable","failures":{"postgres":"connection refused"}}"#, U, &["postgres"]),
        // django-health-check
        (200, r#"{"Database(alias='default')":"OK","Cache(alias='default')":"OK"}"#, H, &[]),
        (
            500,
            r#"{"Database(alias='default')":"unavailable: connection failed","Cache(alias='default')":"OK"}"#,
            U,
            &["Database(alias='default')"],
        ),
        (200, r#"{"DatabaseBackend":"working","CacheBackend":"working"}"#, H, &[]),
        (500, r#"{"DatabaseBackend":"unavailable: no","CacheBackend":"working"}"#, U, &["DatabaseBackend"]),
        // fastapi
        (200, r#"{"healthy":true,"checks":[{"name":"PostgreSQL","passed":true,"details":null}]}"#, H, &[]),
        (
            503,
            r#"{"healthy":false,"checks":[{"name":"PostgreSQL","passed":false,"details":"x"}]}"#,
            U,
            &["PostgreSQL"],
        ),
        (200, r#"{"healthy":true,"checks":[{"name":"PostgreSQL","passed":false}]}"#, U, &["PostgreSQL"]),
        // What people write themselves
        (200, r#"{"status":"ok"}"#, H, &[]),
        (200, r#"{"ok":true}"#, H, &[]),
        (200, r#"{"ok":false}"#, U, &[]),
        (200, r#"{"status":"ok","database":"connected"}"#, H, &[]),
        (200, r#"{"status":"ok","database":"disconnected"}"#, U, &["database"]),
        (200, r#"{"status":"ok","db":false}"#, U, &["db"]),
        (200, r#"{"status":"ok","db":{"connected":false}}"#, U, &["db"]),
        (200, r#"{"status":"ok","services":{"redis":"down","db":"up"}}"#, D, &["redis"]),
        (200, r#"{"status":"degraded"}"#, D, &[]),
        (200, r#"{"status":"ok","dependencies":[{"name":"orders-db","healthy":false}]}"#, U, &["orders-db"]),
        (
            200,
            r#"{"status":"ok","checks":{"app":{"checks":{"database":{"status":"error"}}}}}"#,
            U,
            &["database"],
        ),
        (200, r#"{"status":true}"#, H, &[]),
        (200, r#""ok""#, H, &[]),
        (200, "true", H, &[]),
        (200, "false", U, &[]),
        (200, "OK", H, &[]),
        (200, "ok\n", H, &[]),
        (200, "pong", H, &[]),
        (200, "", H, &[]),
        (204, "", H, &[]),
        (200, "FAIL", U, &[]),
        (503, "OK", U, &[]),
        (500, r#"{"status":"ok"}"#, U, &[]),
        (503, "<html>busy</html>", U, &[]),
        // Traps
        (200, "<!doctype html><title>Sign in</title>", N, &[]),
        (200, "{}", N, &[]),
        (200, "[]", N, &[]),
        (200, "null", N, &[]),
        (200, "42", N, &[]),
        (200, r#"{"status":null}"#, N, &[]),
        (200, r#"{"status":"gesund"}"#, N, &[]),
        (200, r#"{"status":"ok","database":"kaputt"}"#, N, &[]),
        (200, r#"{"message":"hello"}"#, N, &[]),
        (200, r#"{"status":"ok""#, N, &[]),
        (200, "Welcome to our service", N, &[]),
        (302, r#"{"status":"ok"}"#, N, &[]),
        (404, r#"{"detail":"Not Found"}"#, N, &[]),
        // A word of health that is not about health
        (200, r#"{"status":"ok","log_level":"error","version":"1.0"}"#, H, &[]),
        (200, r#"{"status":"ok","cache":"disabled"}"#, H, &[]),
        (200, r#"{"status":"ok","error":null,"database":{"status":"up","error":null}}"#, H, &[]),
    ];

    #[test]
    fn bodies_of_every_dialect() {
        for (status, body, expected, failing) in BODIES {
            let judgement = judge(*status, "application/json", body.as_bytes());
            let found = match judgement.level {
                Ok(Level::Healthy) => H,
                Ok(Level::Degraded) => D,
                Ok(Level::Unhealthy) => U,
                Err(_) => N,
            };
            assert_eq!(found, *expected, "{status} {body}\n{judgement:?}");
            let names: Vec<&str> = judgement.failing.iter().map(|one| one.name.as_str()).collect();
            assert_eq!(names, *failing, "{status} {body}");
        }
    }

    #[test]
    fn databases_are_told_from_other_dependencies() {
        let working = |body: &str| judge(200, "", body.as_bytes()).working;
        for body in [
            r#"{"status":"healthy","database_status":"ok"}"#,
            r#"{"status":"UP","components":{"db":{"status":"UP"}}}"#,
            r#"{"healthy":true,"checks":[{"name":"PostgreSQL","passed":true}]}"#,
            r#"{"Database(alias='default')":"OK"}"#,
            r#"{"status":"ok","databaseStatus":"connected"}"#,
        ] {
            assert!(working(body).iter().any(|one| one.database), "{body}");
        }
        assert!(!working(r#"{"status":"ok","redis":"up"}"#).iter().any(|one| one.database));
        assert!(working(r#"{"status":"ok"}"#).is_empty());
    }

    #[test]
    fn hostile_bodies_are_read_in_bounded_depth_without_panic() {
        let deep = format!("{}{}", r#"{"checks":"#.repeat(100), "1");
        for body in [deep.as_bytes(), b"\xff\xfe", "[".repeat(10_000).as_bytes()] {
            assert!(judge(200, "", body).level.is_err());
        }
    }
}

use proptest::prelude::*;

use super::*;

/// `level`, then the failing dependencies as `-name`, the working ones as `+name`, databases with `*`.
fn line(judgement: &Judgement) -> String {
    let mut line = judgement.level.word().to_owned();
    for (sign, list) in [('-', &judgement.failing), ('+', &judgement.working)] {
        for one in list {
            line.push_str(&format!(" {sign}{}{}", one.name, if one.database { "*" } else { "" }));
        }
    }
    line
}

const JSON: Option<&str> = Some("application/json");

/// Bodies of every dialect, and of traps: status, body, and what is to be read from them.
pub(super) const BODIES: &[(u16, &str, &str)] = &[
    // The incident's own shape.
    (
        200,
        r#"{"status":"unhealthy","database_status":"error","database_details":{"connectivity_test":"failed","initialized":true}}"#,
        "unhealthy -database*",
    ),
    (
        200,
        r#"{"status":"healthy","database_status":"ok","database_details":{"connectivity_test":"passed","initialized":true}}"#,
        "healthy +database*",
    ),
    (200, r#"{"status":"healthy","database_status":"error"}"#, "unhealthy -database*"),
    (
        200,
        r#"{"status":"healthy","database_details":{"connectivity_test":"failed","initialized":true}}"#,
        "unhealthy -database*",
    ),
    (200, r#"{"status":"healthy","database_status":"initialized"}"#, "not-judgeable"),
    // Spring Boot Actuator.
    (
        200,
        r#"{"status":"UP","components":{"db":{"status":"UP","details":{"database":"PostgreSQL","validationQuery":"isValid()"}},"diskSpace":{"status":"UP","details":{"total":10,"free":5,"exists":true}},"ping":{"status":"UP"}}}"#,
        "healthy +db* +diskSpace +ping",
    ),
    (
        503,
        r#"{"status":"DOWN","components":{"db":{"status":"DOWN","details":{"error":"org.postgresql.util.PSQLException: refused"}},"ping":{"status":"UP"}}}"#,
        "unhealthy -db* +ping",
    ),
    (200, r#"{"status":"DOWN","components":{"db":{"status":"DOWN"}}}"#, "unhealthy -db*"),
    (
        200,
        r#"{"status":"UP","components":{"db":{"status":"UP","components":{"primary":{"status":"DOWN"},"replica":{"status":"UP"}}}}}"#,
        "unhealthy -primary* +db* +replica*",
    ),
    (200, r#"{"status":"UP","details":{"db":{"status":"DOWN","details":{"error":"x"}}}}"#, "unhealthy -db*"),
    (200, r#"{"status":"UP","db":{"status":"DOWN","database":"PostgreSQL"}}"#, "unhealthy -db*"),
    (
        200,
        r#"{"status":"UP","components":{"discoveryComposite":{"status":"UNKNOWN","description":"Discovery Client not initialized"}}}"#,
        "healthy",
    ),
    (200, r#"{"status":"UNKNOWN"}"#, "degraded"),
    (503, r#"{"status":"OUT_OF_SERVICE"}"#, "unhealthy"),
    (200, r#"{"status":"UP","groups":["liveness","readiness"]}"#, "healthy"),
    (200, r#"{"status":{"code":"DOWN","description":""}}"#, "unhealthy"),
    (200, r#"{"status":"MAINTENANCE"}"#, "not-judgeable"),
    // MicroProfile Health.
    (
        200,
        r#"{"status":"UP","checks":[{"name":"Database connections health check","status":"UP"}]}"#,
        "healthy +Database connections health check*",
    ),
    (
        503,
        r#"{"status":"DOWN","checks":[{"name":"Database connections health check","status":"DOWN","data":{"rootCause":"refused"}}]}"#,
        "unhealthy -Database connections health check*",
    ),
    (503, r#"{"status":"DOWN","checks":[]}"#, "unhealthy"),
    (200, r#"{"status":"UP","checks":[]}"#, "healthy"),
    // health+json.
    (
        200,
        r#"{"status":"pass","checks":{"postgres:connections":[{"componentType":"datastore","observedValue":7,"status":"pass"}],"uptime":[{"componentType":"system","observedValue":12,"observedUnit":"s","status":"pass"}]}}"#,
        "healthy +postgres* +uptime",
    ),
    (200, r#"{"status":"warn","checks":{"cpu:utilization":[{"status":"warn"}]}}"#, "degraded -cpu"),
    (
        503,
        r#"{"status":"fail","output":"no database","checks":{"postgres:connections":[{"componentType":"datastore","status":"fail","output":"timeout"}]}}"#,
        "unhealthy -postgres*",
    ),
    (
        200,
        r#"{"status":"PASS","notes":[""],"output":"","checks":{"postgres":[{"status":"FAIL"}]}}"#,
        "unhealthy -postgres*",
    ),
    // ASP.NET Core.
    (200, "Healthy", "healthy"),
    (200, "Degraded", "degraded"),
    (503, "Unhealthy", "unhealthy"),
    (
        200,
        r#"{"status":"Healthy","totalDuration":"00:00:00.05","entries":{"npgsql":{"status":"Healthy","data":{},"duration":"00:00:00.01","tags":[]}}}"#,
        "healthy +npgsql*",
    ),
    (
        503,
        r#"{"status":"Unhealthy","entries":{"npgsql":{"status":"Unhealthy","description":"refused","exception":"refused"}}}"#,
        "unhealthy -npgsql*",
    ),
    (
        200,
        r#"{"status":"Degraded","entries":{"redis":{"status":"Degraded"},"npgsql":{"status":"Healthy"}}}"#,
        "degraded -redis +npgsql*",
    ),
    (200, r#"{"status":"Healthy","results":{"npgsql":{"status":"Unhealthy"}}}"#, "unhealthy -npgsql*"),
    (200, r#"{"status":"Healthy","checks":[{"key":"npgsql","status":"Unhealthy"}]}"#, "unhealthy -npgsql*"),
    // NestJS Terminus.
    (
        200,
        r#"{"status":"ok","info":{"database":{"status":"up"}},"error":{},"details":{"database":{"status":"up"}}}"#,
        "healthy +database*",
    ),
    (
        503,
        r#"{"status":"error","info":{"redis":{"status":"up"}},"error":{"database":{"status":"down","message":"timeout"}},"details":{"redis":{"status":"up"},"database":{"status":"down","message":"timeout"}}}"#,
        "unhealthy -database* +redis",
    ),
    (200, r#"{"status":"degraded","info":{},"error":{},"details":{}}"#, "degraded"),
    (503, r#"{"status":"shutting_down"}"#, "unhealthy"),
    // @godaddy/terminus.
    (200, r#"{"status":"ok","info":{},"details":{}}"#, "healthy"),
    (
        503,
        r#"{"status":"error","error":[{"message":"no database"}],"details":[{"message":"no database"}]}"#,
        "unhealthy",
    ),
    // health-go.
    (
        200,
        r#"{"status":"OK","timestamp":"2026-01-01T00:00:00Z","system":{"version":"go1.25","goroutines_count":8},"component":{"name":"auth","version":"v1.0"}}"#,
        "healthy",
    ),
    (
        200,
        r#"{"status":"Partially Available","failures":{"rabbitmq":"Timeout during health check"},"component":{"name":"auth","version":"v1"}}"#,
        "degraded -rabbitmq",
    ),
    (
        503,
        r#"{"status":"Unavailable","failures":{"postgres":"connection refused"},"component":{"name":"auth","version":"v1"}}"#,
        "unhealthy -postgres*",
    ),
    (200, r#"{"status":"OK","failures":{"postgres":"timeout"}}"#, "unhealthy -postgres*"),
    // django-health-check.
    (
        200,
        r#"{"Database(alias='default')":"OK","Cache(alias='default')":"OK"}"#,
        "healthy +Database(alias='default')* +Cache(alias='default')",
    ),
    (
        500,
        r#"{"Database(alias='default')":"unavailable: connection failed","Cache(alias='default')":"OK"}"#,
        "unhealthy -Database(alias='default')* +Cache(alias='default')",
    ),
    (
        200,
        r#"{"DatabaseBackend":"working","Cache backend: default":"working"}"#,
        "healthy +DatabaseBackend* +Cache backend: default",
    ),
    // fastapi-health, fastapi-healthchecks.
    (
        200,
        r#"{"healthy":true,"checks":[{"name":"PostgreSQL","passed":true,"details":null}]}"#,
        "healthy +PostgreSQL*",
    ),
    (
        503,
        r#"{"healthy":false,"checks":[{"name":"PostgreSQL","passed":false,"details":"refused"}]}"#,
        "unhealthy -PostgreSQL*",
    ),
    (200, r#"{"database":"online","redis":"offline"}"#, "unhealthy -redis +database*"),
    // Generic JSON.
    (200, r#"{"status":"ok"}"#, "healthy"),
    (200, r#"{"ok":true}"#, "healthy"),
    (200, r#"{"healthy":true}"#, "healthy"),
    (200, r#"{"status":"success","database":"connected"}"#, "healthy +database*"),
    (200, r#"{"status":"alive"}"#, "healthy"),
    (200, r#"{"db":false}"#, "unhealthy -db*"),
    (200, r#"{"db":true}"#, "healthy +db*"),
    (200, r#"{"status":"ok","database":"disconnected"}"#, "unhealthy -database*"),
    (200, r#"{"status":"ok","cache":"unavailable"}"#, "degraded -cache"),
    (200, r#"{"status":"ok","services":{"database":"up","mailer":"down"}}"#, "degraded -mailer +database*"),
    (200, r#"{"status":"ok","dependencies":[{"name":"postgres","healthy":false}]}"#, "unhealthy -postgres*"),
    (200, r#"{"status":"degraded"}"#, "degraded"),
    (200, r#"{"isHealthy":false}"#, "unhealthy"),
    (200, r#"{"status":true}"#, "healthy"),
    (200, r#""ok""#, "healthy"),
    (200, r#""down""#, "unhealthy"),
    (200, r#"[{"name":"db","status":"up"},{"name":"redis","status":"down"}]"#, "unhealthy -redis +db*"),
    (200, r#"{"status":"ok","database":{"connection":"ok","latency_ms":3}}"#, "healthy +database*"),
    (200, r#"{"status":"ok","mongodb":"up"}"#, "healthy +mongodb"),
    (200, r#"{"status":"ok","cache":"disabled"}"#, "healthy"),
    (200, r#"{"status":"disabled"}"#, "not-judgeable"),
    (200, r#"{"status":"ok","db":{"connected":false}}"#, "unhealthy -db*"),
    (
        200,
        r#"{"status":"ok","checks":{"app":{"checks":{"database":{"status":"error"}}}}}"#,
        "unhealthy -database*",
    ),
    // Plain text and nothing.
    (200, "OK", "healthy"),
    (200, "pong\n", "healthy"),
    (204, "", "healthy"),
    (200, "", "healthy"),
    (202, "", "not-judgeable"),
    (200, "FAIL", "unhealthy"),
    (200, "error: no connection to database", "unhealthy"),
    (500, "Traceback (most recent call last):\n  File \"app.py\"", "not-judgeable"),
    (
        200,
        "[+]ping ok\n[-]postgres failed: reason withheld\nreadyz check failed",
        "unhealthy -postgres* +ping",
    ),
    (200, "[+]ping ok\n[+]postgres ok\nreadyz check passed", "healthy +ping +postgres*"),
    // Traps.
    (200, r#"{"status":"healthy","status":"unhealthy"}"#, "unhealthy"),
    (200, r#"{"status":"unhealthy","status":"healthy"}"#, "unhealthy"),
    (200, r#"{"status":"ok","healthy":false}"#, "unhealthy"),
    (200, r#"{"success":true,"data":{"status":"unhealthy"}}"#, "unhealthy"),
    (200, r#"{"success":true,"data":{"status":"healthy","database":"up"}}"#, "healthy +database*"),
    (200, r#"{"success":true}"#, "not-judgeable"),
    (200, r#"{"message":"ok"}"#, "not-judgeable"),
    (200, r#"{"status":"ok","log_level":"error","mode":"offline"}"#, "healthy"),
    (
        200,
        r#"{"status":"ok","debug":false,"maintenance":false,"error":null,"errors":[],"uptime":12}"#,
        "healthy",
    ),
    (200, r#"{"status":"ok","config":{"db":{"status":"down"}}}"#, "healthy"),
    (200, r#"{"status":"ok","database":"postgresql","version":"1.2.3"}"#, "healthy"),
    (200, r#"{"status":"ok","database":"wobbly"}"#, "not-judgeable"),
    (200, r#"{"status":"ok","database":null}"#, "not-judgeable"),
    (200, r#"{"status":"okidoki"}"#, "not-judgeable"),
    (200, r#"{"status":null}"#, "not-judgeable"),
    (200, r#"{"status":""}"#, "not-judgeable"),
    (200, r#"{"status":"not ok"}"#, "unhealthy"),
    (200, r#"{"status":"ok","error":"could not connect to the database"}"#, "degraded"),
    (200, r#"{"status":200}"#, "not-judgeable"),
    (200, r#"{"status":503}"#, "unhealthy"),
    (200, r#"{"unhealthy":true}"#, "unhealthy"),
    (200, r#"{"unhealthy":false,"status":"ok"}"#, "healthy"),
    (200, "{}", "not-judgeable"),
    (200, "[]", "not-judgeable"),
    (200, "null", "not-judgeable"),
    (200, "true", "healthy"),
    (200, "42", "not-judgeable"),
    (200, r#"{"status":"healthy""#, "not-judgeable"),
    (200, r#"{"status":"healthy"} {"status":"unhealthy"}"#, "not-judgeable"),
    (200, "<!doctype html><title>Sign in</title>", "not-judgeable"),
    (200, "<html><body>healthy</body></html>", "not-judgeable"),
    (200, "Everything is healthy except the database", "not-judgeable"),
    (200, "\u{feff}{\"status\":\"down\"}", "unhealthy"),
    (200, r#"{"STATUS":"Down"}"#, "unhealthy"),
    (200, r#"{"status":"ok","database":{"status":"wobbly"}}"#, "not-judgeable"),
    (200, r#"{"status":"ok","checks":{"turbo":{"status":"wobbly"}}}"#, "not-judgeable"),
    (200, r#"{"status":"ok","plan":{"status":"trial"}}"#, "healthy"),
    (200, r#"{"result":{"health":{"postgres":{"ok":false}}}}"#, "unhealthy -postgres*"),
    // Body and status code together.
    (503, r#"{"status":"healthy"}"#, "unhealthy"),
    (500, r#"{"status":"degraded"}"#, "unhealthy"),
    (500, "OK", "unhealthy"),
    (503, "", "not-judgeable"),
    (404, r#"{"status":"error","message":"not found"}"#, "not-judgeable"),
    (404, r#"{"status":"ok"}"#, "not-judgeable"),
    (401, r#"{"status":"healthy"}"#, "not-judgeable"),
    (302, "", "not-judgeable"),
    (403, "<html>Your client does not have permission</html>", "not-judgeable"),
];

#[test]
fn every_dialect_and_trap_is_read() {
    let wrong: Vec<String> = BODIES
        .iter()
        .map(|(status, body, expected)| (body, expected, line(&judge(*status, JSON, body.as_bytes()))))
        .filter(|(_, expected, found)| *expected != found)
        .map(|(body, expected, found)| format!("{body}\n  expected {expected}\n  found    {found}"))
        .collect();
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn the_content_type_is_a_hint_only() {
    for (status, body, expected) in BODIES {
        for kind in [None, Some("text/html"), Some("application/health+json")] {
            assert_eq!(line(&judge(*status, kind, body.as_bytes())), *expected, "{kind:?} {body}");
        }
    }
}

#[test]
fn disagreement_of_status_and_body_is_noted() {
    let disagrees = |status, body: &str| judge(status, JSON, body.as_bytes()).disagrees;
    assert_eq!(disagrees(200, r#"{"status":"unhealthy"}"#), Some("unhealthy"));
    assert_eq!(disagrees(503, r#"{"status":"healthy"}"#), Some("healthy"));
    assert_eq!(disagrees(503, r#"{"status":"unhealthy"}"#), None);
    assert_eq!(disagrees(200, r#"{"status":"degraded"}"#), None);
}

#[test]
fn the_word_of_a_dependency_is_the_service_s_own() {
    let judgement = judge(200, JSON, BODIES[0].1.as_bytes());
    assert_eq!(judgement.word.as_deref(), Some("unhealthy"));
    assert_eq!(judgement.failing[0].word, "error");
}

#[test]
fn depth_without_end_is_not_judged() {
    let body = format!("{}{}", "[".repeat(100_000), "]".repeat(100_000));
    assert_eq!(judge(200, JSON, body.as_bytes()).level.word(), "not-judgeable");
    assert_eq!(judge(200, JSON, &[0xff, 0xfd]).level.word(), "not-judgeable");
}

#[test]
fn dialects_are_named() {
    for (body, expected) in [
        (r#"{"status":"UP","checks":[]}"#, Dialect::MicroProfile),
        (r#"{"status":"DOWN"}"#, Dialect::SpringBoot),
        (r#"{"status":"pass"}"#, Dialect::HealthJson),
        (r#"{"status":"Healthy","entries":{}}"#, Dialect::AspNet),
        (r#"{"status":"ok","info":{},"error":{},"details":{}}"#, Dialect::NestTerminus),
        (r#"{"healthy":true,"checks":[]}"#, Dialect::FastApi),
        (r#"{"Database(alias='default')":"OK"}"#, Dialect::Django),
        (r#"{"status":"ok"}"#, Dialect::Json),
        ("OK", Dialect::PlainText),
        ("", Dialect::Empty),
    ] {
        assert_eq!(judge(200, JSON, body.as_bytes()).dialect, expected, "{body}");
    }
}

proptest! {
    /// Whatever else a body holds, one bad word about the service or its database is never overheard.
    #[test]
    fn a_bad_word_is_never_overheard(
        bad in prop::sample::select(vec!["unhealthy", "DOWN", "error", "Failed", "out_of_service", "not ready"]),
        key in prop::sample::select(vec!["status", "database", "databaseStatus", "db_state", "postgres"]),
        noise in prop::collection::btree_map("[a-z]{1,8}", prop::sample::select(vec!["ok", "up", "healthy", "12"]), 0..5),
        first in any::<bool>(),
        wraps in 0_usize..4,
    ) {
        let noise: Vec<String> = noise.iter().map(|(key, word)| format!("{key:?}:{word:?}")).collect();
        let mut members = noise;
        members.insert(if first { 0 } else { members.len() }, format!("{key:?}:{bad:?}"));
        let body = (0..wraps).fold(format!("{{{}}}", members.join(",")), |body, _| format!("{{\"data\":{body}}}"));
        prop_assert_eq!(judge(200, None, body.as_bytes()).level, Level::Unhealthy, "{}", body);
    }

    /// A status that is no success is never healthy, and no body makes the reader panic.
    #[test]
    fn no_body_makes_a_failure_healthy(status in 300_u16..600, body in any::<Vec<u8>>()) {
        prop_assert_ne!(judge(status, None, &body).level, Level::Healthy);
    }

    /// No text makes the reader panic.
    #[test]
    fn no_text_makes_it_panic(body in r#"[\[\]{}":,a-z0-9 +-]{0,60}"#) {
        drop(judge(200, None, body.as_bytes()));
    }
}

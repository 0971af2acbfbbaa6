//! A second table of bodies, written without knowledge of the first.

use super::*;

const H: &str = "healthy";
const D: &str = "degraded";
const U: &str = "unhealthy";
const N: &str = "not judgeable";

/// Status, body, verdict.
const BODIES: &[(u16, &str, &str)] = &[
    // The incident's own
    (
        200,
        r#"{"status":"healthy","database_status":"ok","database_details":{"connectivity_test":"passed","initialized":true}}"#,
        H,
    ),
    (
        200,
        r#"{"status":"unhealthy","database_status":"error","database_details":{"connectivity_test":"failed","initialized":true}}"#,
        U,
    ),
    (200, r#"{"status":"healthy","database_status":"error"}"#, U),
    // Spring Boot Actuator
    (
        200,
        r#"{"status":"UP","components":{"db":{"status":"UP","details":{"database":"PostgreSQL","validationQuery":"isValid()"}},"diskSpace":{"status":"UP"}}}"#,
        H,
    ),
    (
        503,
        r#"{"status":"DOWN","components":{"db":{"status":"DOWN","details":{"error":"java.sql.SQLException"}},"ping":{"status":"UP"}}}"#,
        U,
    ),
    (200, r#"{"status":"DOWN"}"#, U),
    (503, r#"{"status":"OUT_OF_SERVICE"}"#, U),
    (200, r#"{"status":"UNKNOWN"}"#, D),
    (503, r#"{"status":"DOWN","db":{"status":"DOWN","error":"x"},"diskSpace":{"status":"UP"}}"#, U),
    // MicroProfile Health
    (200, r#"{"status":"UP","checks":[{"name":"Database connections health check","status":"UP"}]}"#, H),
    (
        503,
        r#"{"status":"DOWN","checks":[{"name":"Database connections health check","status":"DOWN","data":{"rootCause":"x"}}]}"#,
        U,
    ),
    (503, r#"{"status":"DOWN","checks":[]}"#, U),
    // health+json
    (200, r#"{"status":"pass"}"#, H),
    (200, r#"{"status":"warn"}"#, D),
    (
        503,
        r#"{"status":"fail","checks":{"postgres:connections":[{"componentType":"datastore","status":"fail","output":"x"}]}}"#,
        U,
    ),
    (
        200,
        r#"{"status":"pass","checks":{"postgres:connections":[{"status":"pass"}],"redis:latency":[{"status":"warn"}]}}"#,
        D,
    ),
    // ASP.NET, plain and with the UI client
    (200, "Healthy", H),
    (200, "Degraded", D),
    (503, "Unhealthy", U),
    (200, "Unhealthy", U),
    (
        200,
        r#"{"status":"Healthy","totalDuration":"00:00:00.05","entries":{"npgsql":{"status":"Healthy","data":{},"duration":"00:00:00.01","tags":[]}}}"#,
        H,
    ),
    (
        503,
        r#"{"status":"Unhealthy","entries":{"npgsql":{"status":"Unhealthy","description":"x","exception":"y"}}}"#,
        U,
    ),
    (200, r#"{"status":"Healthy","checks":[{"key":"npgsql","status":"Unhealthy"}]}"#, U),
    // Terminus, of NestJS and of GoDaddy
    (
        200,
        r#"{"status":"ok","info":{"database":{"status":"up"}},"error":{},"details":{"database":{"status":"up"}}}"#,
        H,
    ),
    (
        503,
        r#"{"status":"error","info":{},"error":{"database":{"status":"down","message":"x"}},"details":{"database":{"status":"down"}}}"#,
        U,
    ),
    (503, r#"{"status":"shutting_down","info":{},"error":{},"details":{}}"#, U),
    (
        503,
        r#"{"status":"error","error":[{"database":{"status":"down"}}],"details":[{"database":{"status":"down"}}]}"#,
        U,
    ),
    // health-go
    (
        200,
        r#"{"status":"OK","timestamp":"2026-01-01T00:00:00Z","component":{"name":"app","version":"1"}}"#,
        H,
    ),
    (200, r#"{"status":"Partially Available","failures":{"rabbitmq":"dial tcp: refused"}}"#, D),
    (503, r#"{"status":"Unavailable","failures":{"postgres":"connection refused"}}"#, U),
    // django-health-check
    (200, r#"{"Database(alias='default')":"OK","Cache(alias='default')":"OK"}"#, H),
    (
        500,
        r#"{"Database(alias='default')":"unavailable: connection failed","Cache(alias='default')":"OK"}"#,
        U,
    ),
    (200, r#"{"DatabaseBackend":"working","CacheBackend":"working"}"#, H),
    (500, r#"{"DatabaseBackend":"unavailable: no","CacheBackend":"working"}"#, U),
    // fastapi
    (200, r#"{"healthy":true,"checks":[{"name":"PostgreSQL","passed":true,"details":null}]}"#, H),
    (503, r#"{"healthy":false,"checks":[{"name":"PostgreSQL","passed":false,"details":"x"}]}"#, U),
    (200, r#"{"healthy":true,"checks":[{"name":"PostgreSQL","passed":false}]}"#, U),
    // What people write themselves
    (200, r#"{"status":"ok"}"#, H),
    (200, r#"{"ok":true}"#, H),
    (200, r#"{"ok":false}"#, U),
    (200, r#"{"status":"ok","database":"connected"}"#, H),
    (200, r#"{"status":"ok","database":"disconnected"}"#, U),
    (200, r#"{"status":"ok","db":false}"#, U),
    (200, r#"{"status":"ok","db":{"connected":false}}"#, U),
    (200, r#"{"status":"ok","services":{"redis":"down","db":"up"}}"#, D),
    (200, r#"{"status":"degraded"}"#, D),
    (200, r#"{"status":"ok","dependencies":[{"name":"orders-db","healthy":false}]}"#, U),
    (200, r#"{"status":"ok","checks":{"app":{"checks":{"database":{"status":"error"}}}}}"#, U),
    (200, r#"{"status":true}"#, H),
    (200, r#""ok""#, H),
    (200, "true", H),
    (200, "false", U),
    (200, "OK", H),
    (200, "ok\n", H),
    (200, "pong", H),
    (200, "", H),
    (204, "", H),
    (200, "FAIL", U),
    (503, "OK", U),
    (500, r#"{"status":"ok"}"#, U),
    (503, "<html>busy</html>", U),
    // Traps
    (200, "<!doctype html><title>Sign in</title>", N),
    (200, "{}", N),
    (200, "[]", N),
    (200, "null", N),
    (200, "42", N),
    (200, r#"{"status":null}"#, N),
    (200, r#"{"status":"gesund"}"#, N),
    (200, r#"{"status":"ok","database":"kaputt"}"#, N),
    (200, r#"{"message":"hello"}"#, N),
    (200, r#"{"status":"ok""#, N),
    (200, "Welcome to our service", N),
    (302, r#"{"status":"ok"}"#, N),
    (404, r#"{"detail":"Not Found"}"#, N),
    // Incident's shape, varied
    (200, r#"{"status":"healthy","database_details":{"connectivity_test":"failed","initialized":true}}"#, U),
    (200, r#"{"status":"healthy","database":{"connection":"failed"}}"#, U),
    (200, r#"{"status":"healthy","database":{"connection_status":"error"}}"#, U),
    (200, r#"{"status":"healthy","DATABASE_STATUS":"ERROR"}"#, U),
    (200, r#"{"status":"HEALTHY","databaseStatus":"Error"}"#, U),
    (200, r#"{"status":"healthy","database_status":"error: connection refused"}"#, U),
    // Good words for the whole, bad news below
    (200, r#"{"status":"ok","database_error":true}"#, U),
    (200, r#"{"status":"ok","database_error":"timeout expired"}"#, U),
    (200, r#"{"status":"ok","database_connected":false}"#, U),
    (200, r#"{"status":"ok","health":{"database":"down"}}"#, U),
    (200, r#"{"status":"ok","system":{"database":"down"}}"#, U),
    (200, r#"{"status":"ok","app":{"parts":{"db":{"connected":false}}}}"#, U),
    (200, r#"{"status":"ok","services":{"auth":{"status":"up","database":"down"}}}"#, U),
    (200, r#"{"status":"ok","error":"database connection failed"}"#, U),
    (200, r#"{"status":"ok","errors":["db: connection refused"]}"#, U),
    (200, r#"{"status":"ok","errors":["boom"]}"#, U),
    (200, r#"{"status":"ok","errors":[{"message":"boom"}]}"#, U),
    (200, r#"{"status":"ok","error":{"code":"E1","message":"boom"}}"#, U),
    (200, r#"{"status":"ok","failed_checks":["database"]}"#, U),
    (200, r#"{"status":"ok","unhealthy":["db"]}"#, U),
    (200, r#"{"status":"ok","down":["redis"]}"#, D),
    (200, r#"{"status":"ok","failing":true}"#, U),
    (200, r#"{"healthy":true,"degraded":true}"#, D),
    (200, r#"{"status":"ok","isHealthy":false}"#, U),
    (200, r#"{"status":"ok","is_ready":false}"#, U),
    (200, r#"{"success":true,"data":{"healthy":false}}"#, U),
    (200, r#"{"success":true,"data":{"status":"down"}}"#, U),
    (200, r#"{"status":"success","data":{"database":"down"}}"#, U),
    (200, r#"{"ok":true,"result":{"db":"disconnected"}}"#, U),
    (200, r#"{"status":"ok","checks":{"tenant-sync":false}}"#, D),
    (200, r#"{"status":"ok","checks":{"db":false}}"#, U),
    (200, r#"{"status":"ok","code":500,"message":"boom"}"#, U),
    (200, r#"{"code":503,"message":"boom","data":{"db":"ok"}}"#, U),
    (200, r#"{"status":500,"db":"up"}"#, U),
    (200, r#"{"status":503}"#, U),
    (200, r#"{"statusCode":500,"error":"Internal Server Error"}"#, U),
    (200, r#"{"status":"ok","db":{"status":"up","error":"too many connections"}}"#, U),
    (
        200,
        r#"{"status":"UP","components":{"db":{"status":"UP","components":{"primary":{"status":"DOWN"}}}}}"#,
        D,
    ),
    (200, r#"{"status":"UP","details":{"db":{"status":"DOWN"}}}"#, U),
    (200, r#"{"status":"pass","checks":{"postgres:connections":[{"status":"pass"},{"status":"fail"}]}}"#, U),
    (200, r#"{"status":"ok","info":{"database":{"status":"up"}},"error":{"redis":{"status":"down"}}}"#, D),
    (200, r#"{"status":"OK","failures":{"postgres":"connection refused"}}"#, U),
    (200, r#"[{"name":"db","status":"down"}]"#, U),
    (200, r#"[{"name":"web","status":"up"},{"name":"db","status":"up"}]"#, H),
    (200, r#"{"overall_status":"down"}"#, U),
    (200, r#"{"Status":"Unhealthy","Results":{"npgsql":{"Status":"Unhealthy"}}}"#, U),
    (200, r#"{"status":"ok","db_primary":"down"}"#, U),
    (200, r#"{"status":"ok","db2":"down"}"#, U),
    (200, r#"{"DatabaseHealthCheck":"unavailable: no"}"#, U),
    // Words for the whole
    (200, r#"{"status":"Healthy."}"#, H),
    (200, r#"{"status":"  ok  "}"#, H),
    (200, r#"{"status":"NOT_READY"}"#, U),
    (200, r#"{"status":"not ok"}"#, U),
    (200, r#"{"status":"failed: migrations"}"#, U),
    (200, r#"{"status":"unhealthy","database_status":"ok"}"#, U),
    (200, r#"{"healthy":"false"}"#, U),
    (200, r#"{"code":0,"status":"ok"}"#, H),
    (200, r#"{"status":"ok","ready":true,"alive":true}"#, H),
    (200, r#"{"status":"ok","ready":false}"#, U),
    (200, "Error establishing a database connection", U),
    (200, "down for maintenance", U),
    (200, "\u{feff}{\"status\":\"down\"}", U),
    (500, "", U),
    (503, "", U),
    (503, r#"{"status":"healthy","database_status":"ok"}"#, U),
    (429, r#"{"status":"ok"}"#, U),
    // Not to be read
    (200, r#"{"status":"kaputt","ok":true}"#, N),
    (200, r#"{"status":"degraded","database":"kaputt"}"#, N),
    (200, r#"{"status":"down","status":"ok"}"#, N),
    (200, r#"{"status":"ok","checks":{"db":"up","db":"down"}}"#, N),
    (200, r#"{"status":"ok","checks":{"database":"kaputt"}}"#, N),
    (200, r#"{"status":"ok","db":0}"#, N),
    (200, r#"{"status":1}"#, N),
    (200, r#"{"status":"starting"}"#, N),
    (200, r#"{"status":["ok"]}"#, N),
    (200, r#"{"status":{"code":"ok"}}"#, H),
    (200, r#"{"status":"ok"}{"status":"down"}"#, N),
    (200, "ok\ndatabase: down", N),
    (200, "healthy but the database is down", N),
    (200, "no errors", N),
    (200, "<health>ok</health>", N),
    (200, r#"{"status":""}"#, N),
    (200, r#"{"database_error":false}"#, N),
    (200, r#"{"db_enabled":true}"#, N),
    (401, r#"{"status":"error","message":"no token"}"#, N),
    (403, "<html><title>403 Forbidden</title></html>", N),
    (301, "", N),
    (307, r#"{"status":"down"}"#, N),
    // What only sounds bad
    (200, r#"{"status":"ok","database_error":false}"#, H),
    (200, r#"{"status":"ok","database_error":""}"#, H),
    (200, r#"{"status":"ok","database_error":"none"}"#, H),
    (200, r#"{"status":"ok","error":""}"#, H),
    (200, r#"{"status":"ok","error":false,"errors":[]}"#, H),
    (200, r#"{"status":"ok","errors":0}"#, H),
    (200, r#"{"status":"ok","db_version":"15.2","redis_latency_ms":3}"#, H),
    (200, r#"{"status":"ok","memory":12345,"disk_free":99}"#, H),
    (200, r#"{"status":"ok","db_ssl":false,"cache_enabled":false}"#, H),
    (200, r#"{"status":"ok","config":{"database":"auth_prod"}}"#, H),
    (200, r#"{"status":"ok","database":{"status":"up","initialized":false,"pool":{"idle":0}}}"#, H),
    (200, r#"{"status":"ok","last_check":"2026-01-01T00:00:00Z"}"#, H),
    (200, r#"{"status":"ok","info":{"debug":false,"started":"2026-01-01"}}"#, H),
    // A word of health that is not about health
    (200, r#"{"status":"ok","log_level":"error","version":"1.0"}"#, H),
    (200, r#"{"status":"ok","cache":"disabled"}"#, H),
    (200, r#"{"status":"ok","error":null,"database":{"status":"up","error":null}}"#, H),
];

#[test]
fn what_is_not_healthy_is_never_called_healthy() {
    let mut wrong = Vec::new();
    for (status, body, expected) in BODIES {
        let judgement = judge(*status, Some("application/json"), body.as_bytes());
        // How bad a bad answer is, two readers may see differently.
        if (judgement.level == Level::Healthy) != (*expected == H) {
            wrong.push(format!("{status} {body}: not {expected}\n{judgement:?}"));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
    assert!(BODIES.len() >= 120);
}

//! The health endpoint: tries what the service needs, and answers 200 whatever it finds, as the incident's did.

use std::net::SocketAddr;
use std::sync::atomic::Ordering;

use axum::Json;
use axum::http::{HeaderMap, HeaderName, HeaderValue};
use axum::response::{IntoResponse as _, Response};
use serde_json::{Map, Value, json};

use super::calls;
use super::database;
use super::instance::Instance;
use crate::model::{CommitExpectation, ToldBy};
use crate::sandbox::network::route;
use crate::sandbox::world::HealthRoute;

/// Tries everything, and reports.
pub(super) async fn report(instance: &Instance) -> Response {
    let code = &instance.revision().code;
    tokio::time::sleep(code.thinks).await;
    let asked = instance.asked.fetch_add(1, Ordering::Relaxed);
    let lost = code.health == HealthRoute::Flaps && asked % 2 == 1;
    let configured = !lost && code.requires.iter().all(|name| instance.variables.get(name).is_some());
    let needs_database = instance.service().database.is_some();
    let database = if needs_database { Some(try_database(instance).await && !lost) } else { None };
    let redis = match code.redis {
        Some(address) => Some(answers(instance, address).await),
        None => None,
    };

    let others = calls::states(instance).await;

    let parts = [Some(configured), database, redis];
    let healthy = parts.into_iter().flatten().all(|part| part) && others.iter().all(|(_, works)| *works);
    let mut body = Map::new();
    body.insert("status".to_owned(), if healthy { "healthy" } else { "unhealthy" }.into());
    if let Some(works) = database {
        body.insert("database_status".to_owned(), word(works));
        let test = if works { "passed" } else { "failed" };
        body.insert("database_details".to_owned(), json!({"connectivity_test": test, "initialized": true}));
    }
    if !configured && !lost {
        body.insert("configuration_status".to_owned(), word(false));
    }
    if let Some(works) = redis {
        body.insert("redis_status".to_owned(), word(works));
    }
    for (name, works) in others {
        body.insert(format!("{name}_status"), word(works));
    }
    tell_build(instance, body)
}

/// The answer, with what the files expect it to tell of its build.
fn tell_build(instance: &Instance, mut body: Map<String, Value>) -> Response {
    let other = instance.revision().code.other_build;
    let expects = &instance.service().expects;
    let revision = if other { "another-00001-old" } else { instance.revision().name.as_str() };
    let mut told: Vec<(&ToldBy, &str)> = expects.revision.iter().map(|told_by| (told_by, revision)).collect();
    if let Some(CommitExpectation { told_by, commit }) = &expects.commit {
        told.push((told_by, if other { "0000000" } else { commit.raw() }));
    }
    let mut headers = HeaderMap::new();
    for (told_by, value) in told {
        match told_by {
            ToldBy::Header(name) => {
                let pair = (HeaderName::from_bytes(name.raw().as_bytes()), HeaderValue::from_str(value));
                if let (Ok(name), Ok(value)) = pair {
                    headers.insert(name, value);
                }
            }
            // A member of the body itself; deeper places are not made up.
            ToldBy::Json(path) => {
                if let Some(key) = path.raw().strip_prefix("$.") {
                    body.insert(key.to_owned(), value.into());
                }
            }
        }
    }
    (headers, Json(Value::Object(body))).into_response()
}

/// Tries the database, and logs what is wrong with it.
async fn try_database(instance: &Instance) -> bool {
    match database::works(instance).await {
        Ok(()) => true,
        Err(line) => {
            instance.cloud.log(&instance.service().name, &instance.revision().name, line);
            false
        }
    }
}

fn word(works: bool) -> Value {
    if works { "ok" } else { "error" }.into()
}

/// Whether a connection to that address comes about.
async fn answers(instance: &Instance, address: SocketAddr) -> bool {
    let delivery = route(&instance.cloud.world, instance.service(), instance.revision(), address);
    matches!(database::reach(instance, delivery).await, Some(Ok(_)))
}

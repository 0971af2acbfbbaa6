//! The health endpoint: tries what the service needs, and answers 200 whatever it finds, as the incident's did.

use std::net::SocketAddr;
use std::sync::atomic::Ordering;

use axum::Json;
use axum::response::{IntoResponse as _, Response};
use serde_json::{Map, Value, json};
use tokio::time::timeout;

use super::calls;
use super::database;
use super::instance::Instance;
use crate::sandbox::network::route;
use crate::sandbox::world::HealthRoute;

/// Tries everything, and reports.
pub(super) async fn report(instance: &Instance) -> Response {
    let code = &instance.revision().code;
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
    Json(Value::Object(body)).into_response()
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
    let connection = timeout(database::CONNECT_TIMEOUT, instance.cloud.deliver(delivery)).await;
    matches!(connection, Ok(Ok(_)))
}

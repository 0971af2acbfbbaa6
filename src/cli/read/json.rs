//! `rungate read --json`.

use serde_json::{Map, Value as Json, json};

use super::secret_text;
use crate::model::{Journey, SecretAlias, SecretReference, Service, Sidecar, Stated, Variable};
use crate::pipeline::{Loaded, ReadFile};

/// What was understood, as JSON: an object for one file, a list of such objects, each with `file`, for several. A key
/// that the files do not state is absent. Values are those of the files, also where the text for people masks them.
pub fn json(loaded: &Loaded) -> Json {
    match loaded.files.as_slice() {
        [file] => Json::Object(file_json(loaded, file)),
        files => files
            .iter()
            .map(|file| {
                let mut object = Map::new();
                object.insert("file".to_owned(), json!(*file.name));
                object.extend(file_json(loaded, file));
                Json::Object(object)
            })
            .collect(),
    }
}

fn file_json(loaded: &Loaded, file: &ReadFile) -> Map<String, Json> {
    let services = loaded.pipeline.services.iter().filter(|service| service.place.file == file.name);
    let mut object = Map::new();
    object.insert("kind".to_owned(), json!(file.format.id));
    object.insert("services".to_owned(), services.map(service_json).collect());
    if !file.jobs.is_empty() {
        object.insert("jobs".to_owned(), file.jobs.iter().map(|job| json!(job.raw())).collect());
    }
    object
}

fn service_json(service: &Service) -> Json {
    let mut object = Map::new();
    let mut put = |key: &str, value: Option<Json>| {
        if let Some(value) = value {
            object.insert(key.to_owned(), value);
        }
    };
    let raw = |stated: &Option<Stated>| stated.as_ref().map(|stated| json!(stated.raw()));
    put("name", raw(&service.name));
    put("deploys_via", Some(json!(service.deploys_via)));
    put("line", Some(json!(service.place.line)));
    put("region", raw(&service.region));
    put("project", raw(&service.project));
    put("manifest", raw(&service.manifest));
    put("image", raw(&service.image));
    put("service_account", raw(&service.service_account));
    put("vpc_connector", raw(&service.vpc.connector));
    put("vpc_egress", raw(&service.vpc.egress));
    put("network", raw(&service.vpc.network));
    put("subnet", raw(&service.vpc.subnet));
    put("cloudsql_instances", some(texts(&service.cloudsql_instances)));
    put("env", some(env_json(&service.env)));
    put("secrets", some(secrets_json(&service.secrets, &service.secret_aliases)));
    let port =
        |port: &Stated| port.raw().parse::<u16>().map_or_else(|_| json!(port.raw()), |number| json!(number));
    put("port", service.port.as_ref().map(port));
    put("allow_unauthenticated", service.allow_unauthenticated.map(Json::Bool));
    put("no_traffic", service.no_traffic.map(Json::Bool));
    put("tag", raw(&service.tag));
    put("url", raw(&service.url));
    let mut paths: Vec<_> =
        service.health.path.iter().chain(&service.health_paths).map(Stated::raw).collect();
    paths.dedup();
    put("health_path", paths.first().map(|path| json!(path)));
    put("health_path_alternatives", some(paths.iter().skip(1).map(|path| json!(path)).collect()));
    put("depends_on", some(texts(&service.depends_on)));
    put("journeys", some(service.journeys.iter().map(journey_json).collect()));
    put(
        "sidecars",
        some(service.sidecars.iter().map(|sidecar| sidecar_json(sidecar, &service.secret_aliases)).collect()),
    );
    Json::Object(object)
}

/// Names alone: what the steps send may hold what nobody should see.
fn journey_json(journey: &Journey) -> Json {
    let mut object = Map::new();
    let steps: Json = journey.steps.iter().map(|step| json!(step.name.raw())).collect();
    object.insert("name".to_owned(), json!(journey.name.raw()));
    if !journey.needs.is_empty() {
        object.insert("needs".to_owned(), texts(&journey.needs));
    }
    object.insert("steps".to_owned(), steps);
    Json::Object(object)
}

fn sidecar_json(sidecar: &Sidecar, aliases: &[SecretAlias]) -> Json {
    let mut object = Map::new();
    let fields = [
        ("name", sidecar.name.as_ref().map(|name| json!(name.raw()))),
        ("image", sidecar.image.as_ref().map(|image| json!(image.raw()))),
        ("env", some(env_json(&sidecar.env))),
        ("secrets", some(secrets_json(&sidecar.secrets, aliases))),
    ];
    for (key, value) in fields {
        object.extend(value.map(|value| (key.to_owned(), value)));
    }
    Json::Object(object)
}

fn texts(stated: &[Stated]) -> Json {
    stated.iter().map(|stated| json!(stated.raw())).collect()
}

fn env_json(env: &[Variable]) -> Json {
    Json::Object(env.iter().map(|variable| (variable.name.clone(), json!(variable.value.raw()))).collect())
}

/// Secrets as the file writes them: by their alias, where it has one.
fn secrets_json(secrets: &[SecretReference], aliases: &[SecretAlias]) -> Json {
    let written = |secret: &SecretReference| {
        let alias = aliases.iter().find(|alias| alias.secret.value == secret.secret.value);
        match alias {
            Some(alias) => format!("{}:{}", alias.alias, secret.version.raw()),
            None => secret_text(secret),
        }
    };
    Json::Object(secrets.iter().map(|secret| (secret.target.clone(), json!(written(secret)))).collect())
}

/// A list or object with something in it.
fn some(json: Json) -> Option<Json> {
    let filled = json.as_array().is_some_and(|list| !list.is_empty())
        || json.as_object().is_some_and(|object| !object.is_empty());
    filled.then_some(json)
}

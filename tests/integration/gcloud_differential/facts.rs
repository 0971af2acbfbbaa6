//! The same facts of a service, once as gcloud sent it and once as the reader understood it.

use std::collections::BTreeMap;

use rungate::model::{SecretReference, Service, Stated, Variable};
use serde_json::Value as Json;

use super::cloud::{PROJECT, REGION};

/// Name of a fact, and what it is. What is not stated has no entry.
pub(crate) type Facts = BTreeMap<String, String>;

/// As gcloud sent it.
pub(crate) fn sent(service: &Json, open: bool) -> Facts {
    let mut facts = Facts::new();
    let mut put = |name: &str, value: Option<String>| {
        facts.extend(value.filter(|value| !value.is_empty()).map(|value| (name.to_owned(), value)));
    };
    let text = |json: &Json| json.as_str().map(str::to_owned);
    let template = &service["spec"]["template"];
    let (own, of_revision) = (&service["metadata"]["annotations"], &template["metadata"]["annotations"]);
    put("ingress", text(&own["run.googleapis.com/ingress"]));
    put("service min", text(&own["run.googleapis.com/minScale"]));
    put("service max", text(&own["run.googleapis.com/maxScale"]));
    put("min", text(&of_revision["autoscaling.knative.dev/minScale"]));
    put("max", text(&of_revision["autoscaling.knative.dev/maxScale"]));
    put("connector", text(&of_revision["run.googleapis.com/vpc-access-connector"]));
    put("egress", text(&of_revision["run.googleapis.com/vpc-access-egress"]));
    put("instances", text(&of_revision["run.googleapis.com/cloudsql-instances"]));
    let interfaces = of_revision["run.googleapis.com/network-interfaces"].as_str().unwrap_or("[]");
    let interface: Json = serde_json::from_str(interfaces).unwrap();
    put("network", text(&interface[0]["network"]));
    put("subnet", text(&interface[0]["subnetwork"]));
    let tags = interface[0]["tags"].as_array().into_iter().flatten();
    put("network tags", Some(tags.filter_map(Json::as_str).collect::<Vec<_>>().join(",")));
    put("account", text(&template["spec"]["serviceAccountName"]));
    let name = service["metadata"]["name"].as_str().unwrap();
    let traffic = || service["spec"]["traffic"].as_array().into_iter().flatten();
    let tagged = traffic().find(|part| part["tag"].is_string());
    put("tag", tagged.and_then(|part| text(&part["tag"])));
    // With a tag gcloud invents a name for the revision, of five digits and three letters.
    let revision = template["metadata"]["name"].as_str().and_then(|revision| revision.strip_prefix(name));
    let suffix = revision.map(|suffix| suffix.trim_start_matches('-'));
    let invented = |suffix: &&str| suffix.len() == 9 && suffix.starts_with("000");
    put("suffix", suffix.filter(|suffix| !invented(suffix)).map(str::to_owned));
    let latest = traffic().any(|part| part["latestRevision"] == true && part["percent"] == 100);
    put("traffic", (traffic().count() > 0 && !latest).then(|| "none".to_owned()));
    put("callers", open.then(|| "everybody".to_owned()));
    let containers = template["spec"]["containers"].as_array().unwrap();
    let ingress = containers.iter().position(|one| one["ports"].is_array()).unwrap_or(0);
    for (index, container) in containers.iter().enumerate() {
        let before = match container["name"].as_str() {
            Some(name) if index != ingress => format!("{name}: "),
            _ => String::new(),
        };
        put(&format!("{before}image"), text(&container["image"]));
        let port = &container["ports"][0];
        // `--use-http2` states the port that it would be anyway.
        let by_itself = port["name"] == "h2c" && port["containerPort"] == 8080;
        let stated = port["containerPort"].as_u64().filter(|_| !by_itself);
        put("port", stated.map(|port| port.to_string()));
        for (target, value) in variables(container, template) {
            facts_put(&mut put, &format!("{before}{target}"), value);
        }
    }
    facts
}

/// A variable may be empty, and is one all the same.
fn facts_put(put: &mut impl FnMut(&str, Option<String>), name: &str, value: String) {
    put(name, Some(format!("`{value}`")));
}

/// Variables, secrets as variables, and mounted secrets.
fn variables(container: &Json, template: &Json) -> Vec<(String, String)> {
    let aliases =
        template["metadata"]["annotations"]["run.googleapis.com/secrets"].as_str().unwrap_or_default();
    let full = |name: &str| {
        let alias =
            aliases.split(',').filter_map(|pair| pair.split_once(':')).find(|(alias, _)| *alias == name);
        alias.map_or(name, |(_, full)| full).to_owned()
    };
    let mut all = Vec::new();
    for one in container["env"].as_array().into_iter().flatten() {
        let name = one["name"].as_str().unwrap();
        let secret = &one["valueFrom"]["secretKeyRef"];
        all.push(match secret["name"].as_str() {
            Some(of) => {
                (format!("secret {name}"), format!("{}:{}", full(of), secret["key"].as_str().unwrap()))
            }
            None => (format!("env {name}"), one["value"].as_str().unwrap_or_default().to_owned()),
        });
    }
    for mount in container["volumeMounts"].as_array().into_iter().flatten() {
        let mut volumes = template["spec"]["volumes"].as_array().unwrap().iter();
        let volume = &volumes.find(|volume| volume["name"] == mount["name"]).unwrap()["secret"];
        let of = full(volume["secretName"].as_str().unwrap());
        for item in volume["items"].as_array().unwrap() {
            let path = format!("{}/{}", mount["mountPath"].as_str().unwrap(), item["path"].as_str().unwrap());
            all.push((format!("secret {path}"), format!("{of}:{}", item["key"].as_str().unwrap())));
        }
    }
    all
}

/// As the reader understood it.
pub(crate) fn read(service: &Service) -> Facts {
    let mut facts = Facts::new();
    let mut put = |name: &str, value: Option<String>| {
        facts.extend(value.filter(|value| !value.is_empty()).map(|value| (name.to_owned(), value)));
    };
    let text = |stated: &Option<Stated>| stated.as_ref().map(|stated| stated.as_known().unwrap().to_owned());
    let list = |list: &[Stated]| {
        Some(list.iter().map(|stated| stated.as_known().unwrap()).collect::<Vec<_>>().join(","))
    };
    // What Cloud Run does by itself is not stated to it.
    let scale = |stated: &Option<Stated>| text(stated).filter(|text| !matches!(text.as_str(), "default"));
    let fewest = |stated: &Option<Stated>| scale(stated).filter(|text| text != "0");
    put("ingress", text(&service.ingress));
    put("service min", fewest(&service.scaling.service_min));
    put("service max", scale(&service.scaling.service_max));
    put("min", fewest(&service.scaling.min_instances));
    put("max", scale(&service.scaling.max_instances));
    put("connector", text(&service.vpc.connector));
    put("egress", text(&service.vpc.egress));
    put("network", text(&service.vpc.network));
    put("subnet", text(&service.vpc.subnet));
    put("network tags", list(&service.vpc.network_tags));
    put("account", text(&service.service_account));
    put("tag", text(&service.tag));
    put("suffix", text(&service.revision_suffix));
    put("traffic", (service.no_traffic == Some(true)).then(|| "none".to_owned()));
    put("callers", (service.allow_unauthenticated == Some(true)).then(|| "everybody".to_owned()));
    put("port", scale(&service.port));
    put("image", text(&service.image));
    // The checks complete a bare name by the service's project themselves.
    let instances = service.cloudsql_instances.iter().map(|instance| match instance.as_known().unwrap() {
        bare if !bare.contains(':') => format!("{PROJECT}:{REGION}:{bare}"),
        full => full.to_owned(),
    });
    put("instances", Some(instances.collect::<Vec<_>>().join(",")));
    let mut container = |before: &str, env: &[Variable], secrets: &[SecretReference]| {
        for variable in env {
            let value = variable.value.as_known().unwrap().to_owned();
            facts_put(&mut put, &format!("{before}env {}", variable.name), value);
        }
        for secret in secrets {
            let value =
                format!("{}:{}", secret.secret.as_known().unwrap(), secret.version.as_known().unwrap());
            facts_put(&mut put, &format!("{before}secret {}", secret.target), value);
        }
    };
    container("", &service.env, &service.secrets);
    for sidecar in &service.sidecars {
        let before = format!("{}: ", text(&sidecar.name).unwrap());
        container(&before, &sidecar.env, &sidecar.secrets);
    }
    for sidecar in &service.sidecars {
        let before = format!("{}: ", text(&sidecar.name).unwrap());
        put(&format!("{before}image"), text(&sidecar.image));
    }
    facts
}

/// What differs, a line each.
pub(crate) fn differences(sent: &Facts, read: &Facts) -> Vec<String> {
    let names: std::collections::BTreeSet<&String> = sent.keys().chain(read.keys()).collect();
    names
        .into_iter()
        .filter(|name| sent.get(*name) != read.get(*name))
        .map(|name| format!("{name}: gcloud {:?}, rungate {:?}", sent.get(name), read.get(name)))
        .collect()
}

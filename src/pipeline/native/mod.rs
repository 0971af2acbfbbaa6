//! The native format, `rungate.yaml`: what the gate should know and other files cannot say.
//!
//! It is strict. Nothing in it is ignored: an unknown key, a value of the wrong kind or an unknown check id is an
//! error at its place, and all of them are told at once.

mod database;
mod expect;
mod expectation;
mod fields;
mod health;
mod journey;
mod migrations;
mod patterns;
mod text;

use std::path::Path;

use super::problem::{Problem, Problems};
use super::value::{Dialect, Values};
use super::yaml::{Kind, Node};
use super::{File, Format, Reading, secret};
use crate::model::{DeploysVia, SecretReference, Service, Stated, Variable};
use crate::text::nearest;
use fields::Fields;

/// rungate's own format.
pub(super) static FORMAT: Format = Format {
    id: "native",
    title: "rungate file",
    recognises,
    read,
    usual_places: &["rungate.yaml", "rungate.yml"],
};

const TOP: &[&str] = &["version", "pipeline", "deadline", "services"];
const SERVICE: &[&str] = &[
    "name",
    "project",
    "region",
    "url",
    "service_account",
    "vpc",
    "cloudsql_instances",
    "env",
    "secrets",
    "tag",
    "no_traffic",
    "ingress",
    "health",
    "database",
    "journeys",
    "depends_on",
    "require",
    "advisory",
];
const VPC: &[&str] = &["connector", "egress", "network", "subnet", "network_tags"];
const EGRESS: &[&str] = &["private-ranges-only", "all-traffic", "all"];
const INGRESS: &[&str] = &["all", "internal", "internal-and-cloud-load-balancing"];

/// Every mapping of the format with its keys, by the name that the published schema has for it.
#[cfg(test)]
const SHAPES: &[(&str, &[&str])] = &[
    ("file", TOP),
    ("service", SERVICE),
    ("vpc", VPC),
    ("health", health::KEYS),
    ("revision", expect::REVISION),
    ("commit", expect::COMMIT),
    ("database", database::KEYS),
    ("database-expect", expectation::KEYS),
    ("database-privileges", expectation::PRIVILEGES),
    ("database-query", expectation::QUERY),
    ("database-migrations", migrations::KEYS),
];

fn recognises(path: &Path, document: &Node) -> bool {
    let named = path.file_stem().is_some_and(|stem| stem == "rungate");
    let foreign = ["steps", "jobs", "apiVersion"].iter().any(|key| document.get(key).is_some());
    let own = TOP.iter().any(|key| document.get(key).is_some());
    matches!(document.kind, Kind::Map(_)) && (named || own) && !foreign
}

fn read(file: &File<'_>, problems: &mut Problems) -> Reading {
    let mut reading = Reading::default();
    if let [_, second, ..] = file.documents {
        problems.push(
            Problem::error("several-documents", "a rungate file is one YAML document")
                .at(second.place.clone())
                .fix("put all services under one `services:`"),
        );
    }
    let Some(document) = file.documents.first() else { return reading };
    let Some(top) = Fields::open(document, "the file", TOP, problems) else { return reading };
    version(&top, document, problems);
    reading.pipelines = text::one_or_more(top.get("pipeline"), problems);
    if let Some(node) = top.get("deadline") {
        reading.deadline = text::duration(node, problems).map(|deadline| (deadline, node.place.clone()));
    }
    match top.get("services") {
        Some(list) => match &list.kind {
            Kind::Seq(items) => {
                reading.services = items.iter().filter_map(|item| service(item, file, problems)).collect();
                journey::check(&mut reading.services, problems);
            }
            Kind::Scalar { .. } | Kind::Map(_) => {
                problems.push(fields::wrong_kind(list, "`services`", "a list, each item with a `name`"));
            }
        },
        None if reading.pipelines.is_empty() => problems.push(
            Problem::error("missing-key", "this file has neither `services` nor `pipeline`")
                .at(document.place.clone())
                .fix(
                    "`pipeline: cloudbuild.yaml` takes the services from there; `services:` lists them here",
                ),
        ),
        None => {}
    }
    reading
}

fn version(top: &Fields<'_>, document: &Node, problems: &mut Problems) {
    match top.get("version") {
        Some(node) if node.text() == Some("1") => {}
        Some(node) => problems.push(
            Problem::error("unknown-version", "this version of the format is not known")
                .at(node.place.clone())
                .length(node.length)
                .fix("this rungate reads `version: 1`"),
        ),
        None => problems.push(
            Problem::error("missing-key", "the file has no `version`")
                .at(document.place.clone())
                .fix("begin it with `version: 1`"),
        ),
    }
}

fn service(node: &Node, file: &File<'_>, problems: &mut Problems) -> Option<Service> {
    let fields = Fields::open(node, "a service", SERVICE, problems)?;
    let mut service = Service::new(DeploysVia::Native, node.place.clone());
    service.name = text::text(fields.get("name"), problems);
    if fields.get("name").is_none() {
        problems.push(
            Problem::error("missing-key", "this service has no `name`")
                .at(node.place.clone())
                .fix("`name` is the service's name in Cloud Run"),
        );
    }
    service.project = text::text(fields.get("project"), problems);
    service.region = text::text(fields.get("region"), problems);
    service.url = text::url(fields.get("url"), problems);
    service.service_account = text::text(fields.get("service_account"), problems);
    if let Some(vpc) = fields.get("vpc").and_then(|node| Fields::open(node, "`vpc`", VPC, problems)) {
        service.vpc.connector = text::text(vpc.get("connector"), problems);
        service.vpc.egress = text::one_of(vpc.get("egress"), EGRESS, problems);
        service.vpc.network = text::text(vpc.get("network"), problems);
        service.vpc.subnet = text::text(vpc.get("subnet"), problems);
        service.vpc.network_tags = text::list(vpc.get("network_tags"), problems);
    }
    service.cloudsql_instances = text::list(fields.get("cloudsql_instances"), problems);
    for instance in &service.cloudsql_instances {
        text::check_instance(instance, problems);
    }
    service.env = env(fields.get("env"), problems);
    service.secrets = secrets(fields.get("secrets"), problems);
    service.tag = text::text(fields.get("tag"), problems);
    service.ingress = text::one_of(fields.get("ingress"), INGRESS, problems);
    service.no_traffic = fields.get("no_traffic").and_then(|node| text::boolean(node, problems));
    if let Some(node) = fields.get("health") {
        service.health = health::read(node, problems);
    }
    service.database = fields.get("database").and_then(|node| database::read(node, file, problems));
    service.journeys = journey::read(fields.get("journeys"), problems);
    service.depends_on = text::one_or_more(fields.get("depends_on"), problems);
    service.require = checks(fields.get("require"), file, problems);
    service.advisory = checks(fields.get("advisory"), file, problems);
    contradictions(&service, problems);
    Some(service)
}

/// Plain variables. The texts are taken as they are written: `1.10` stays `1.10`.
fn env(node: Option<&Node>, problems: &mut Problems) -> Vec<Variable> {
    let entries = text::mapping(node, "`env`", "NAME: value", problems);
    let variable = |entry: &super::yaml::Entry| {
        let Some(text) = entry.value.text() else {
            problems.push(fields::wrong_kind(&entry.value, &format!("`{}`", entry.key), "a text"));
            return None;
        };
        let text = if entry.value.is_null() { "" } else { text };
        Some(Variable { name: entry.key.clone(), value: Stated::known(text, entry.value.place.clone()) })
    };
    entries.iter().filter_map(variable).collect()
}

/// `TARGET: secret:version`.
fn secrets(node: Option<&Node>, problems: &mut Problems) -> Vec<SecretReference> {
    let mut references = Vec::new();
    for entry in text::mapping(node, "`secrets`", "NAME: secret:version", problems) {
        let Some(text) = text::text(Some(&entry.value), problems) else { continue };
        match text.raw().rsplit_once(':') {
            Some((secret, version)) if !secret.is_empty() && !version.is_empty() => {
                let values = Values::new(Dialect::Plain);
                references.push(secret::reference(&entry.key, text.raw(), &text.place, &values, problems));
            }
            Some(_) | None => problems.push(
                Problem::error(
                    "secret-without-version",
                    format!("the secret of `{}` has no version", entry.key),
                )
                .at(text.place.clone())
                .length(entry.value.length)
                .fix(format!(
                    "write `{}: {}:1`, or `:latest`",
                    entry.key,
                    text.raw().trim_end_matches(':')
                )),
            ),
        }
    }
    references
}

fn checks(node: Option<&Node>, file: &File<'_>, problems: &mut Problems) -> Vec<Stated> {
    let ids = text::list(node, problems);
    for id in ids.iter().filter(|id| !file.known_checks.contains(&id.raw())) {
        problems.push(
            Problem::error("unknown-check", format!("there is no check `{}`", id.raw()))
                .at(id.place.clone())
                .length(id.raw().chars().count())
                .fix(nearest::did_you_mean(id.raw(), file.known_checks.iter().copied())),
        );
    }
    ids
}

/// What one service may not say twice.
fn contradictions(service: &Service, problems: &mut Problems) {
    for advisory in &service.advisory {
        if let Some(required) = service.require.iter().find(|required| required.value == advisory.value) {
            problems.push(
                Problem::error(
                    "contradiction",
                    format!("`{}` cannot be required and advisory", advisory.raw()),
                )
                .at(advisory.place.clone())
                .length(advisory.raw().chars().count())
                .related(required.place.clone(), "required here"),
            );
        }
    }
    for secret in &service.secrets {
        if let Some(variable) = service.variable(&secret.target) {
            problems.push(
                Problem::error("contradiction", format!("`{}` is a variable and a secret", secret.target))
                    .at(secret.secret.place.clone())
                    .related(variable.value.place.clone(), "a plain variable here")
                    .fix("Cloud Run takes one of the two"),
            );
        }
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;
    use crate::pipeline::tests::{read_text, shown};

    fn codes(text: &str) -> Vec<String> {
        let (_, problems) = read_text(&FORMAT, text);
        problems
            .iter()
            .map(|problem| {
                format!("{}:{}", problem.place.as_ref().map_or(0, |place| place.line), problem.code)
            })
            .collect()
    }

    #[test]
    fn reads_every_key() {
        let (reading, problems) = read_text(
            &FORMAT,
            "version: 1\npipeline: [a.yaml, b.yaml]\ndeadline: 2m\nservices:\n- name: auth\n  project: p\n  region: r\n  url: https://auth.example.com\n  service_account: a@b\n  vpc: {connector: c, egress: all-traffic, network: n, subnet: s, network_tags: [t, u]}\n  ingress: internal\n  cloudsql_instances: ['p:r:i']\n  env: {A: 1.10, B: ~, C: 'x'}\n  secrets: {P: 'pw:3', /etc/k: 'projects/x/secrets/k:latest'}\n  tag: t\n  no_traffic: true\n  require: [database-login]\n  advisory: [health]\n",
        );
        assert!(problems.is_empty(), "{problems}");
        assert_eq!(
            shown(&reading),
            [
                "5 auth project=p region=r url=https://auth.example.com account=a@b connector=c egress=all-traffic network=n subnet=s tag=t sql=p:r:i A=1.10 B= C=x P<-pw:3 /etc/k<-projects/x/secrets/k:latest no_traffic=true"
            ]
        );
        assert_eq!(reading.pipelines.iter().map(Stated::raw).collect::<Vec<_>>(), ["a.yaml", "b.yaml"]);
        assert_eq!(reading.deadline.unwrap().0, Duration::from_secs(120));
        let service = &reading.services[0];
        assert_eq!(service.require[0].raw(), "database-login");
        assert_eq!(service.ingress.as_ref().map(Stated::raw), Some("internal"));
        assert_eq!(service.vpc.network_tags.iter().map(Stated::raw).collect::<Vec<_>>(), ["t", "u"]);
    }

    /// Editors check files by the schema: it knows the keys that the reader knows, and no others.
    #[test]
    fn the_published_schema_has_the_same_keys() {
        let schema: serde_json::Value =
            serde_json::from_str(include_str!("../../../docs/schemas/rungate.schema.json")).unwrap();
        for (shape, keys) in SHAPES.iter().chain(journey::SHAPES) {
            let definition = &schema["$defs"][shape];
            assert_eq!(definition["additionalProperties"], false, "{shape}");
            let mut told: Vec<&str> =
                definition["properties"].as_object().unwrap().keys().map(String::as_str).collect();
            let mut known = keys.to_vec();
            told.sort_unstable();
            known.sort_unstable();
            assert_eq!(told, known, "{shape}: docs/schemas/rungate.schema.json and the reader disagree");
        }
        let closed = schema["$defs"].as_object().unwrap().values();
        let closed = closed.filter(|definition| definition["additionalProperties"] == false).count();
        assert_eq!(
            closed,
            SHAPES.len() + journey::SHAPES.len(),
            "every mapping of the schema stands in SHAPES"
        );
    }

    #[test]
    fn every_problem_is_told_at_once() {
        assert_eq!(
            codes(
                "version: 2\ndeadlin: 1m\nservices:\n- nam: x\n  vpc: c\n  secrets: {A: b, C: 'd:'}\n  env: [A]\n  require: [helth]\n- name: y\n  require: [health]\n  advisory: [health]\n  no_traffic: maybe\n  url: ftp://x\n"
            ),
            [
                "2:unknown-key",
                "1:unknown-version",
                "4:unknown-key",
                "4:missing-key",
                "5:wrong-kind",
                "7:wrong-kind",
                "6:secret-without-version",
                "6:secret-without-version",
                "8:unknown-check",
                "13:bad-url",
                "12:wrong-kind",
                "11:contradiction",
            ]
        );
    }

    #[test]
    fn an_unknown_key_names_what_was_meant() {
        let (_, problems) = read_text(&FORMAT, "version: 1\nservices:\n- name: x\n  regoin: r\n");
        let problem = problems.iter().next().unwrap();
        assert_eq!(problem.fix.as_deref(), Some("did you mean `region`?"));
        assert_eq!(problem.place.as_ref().unwrap().to_string(), "a.yaml:4:3");
    }

    #[test]
    fn a_file_must_say_something() {
        assert_eq!(codes("version: 1\n"), ["1:missing-key"]);
        assert_eq!(codes("services: x\n"), ["1:missing-key", "1:wrong-kind"]);
        assert_eq!(codes("version: 1\nservices: []\n---\na: 1\n"), ["4:several-documents"]);
    }
}

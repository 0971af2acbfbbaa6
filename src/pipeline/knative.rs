//! Cloud Run manifests (Knative's Service, Cloud Run's Job), as `gcloud run services replace` takes them.

mod container;

use std::path::Path;

use super::job;
use super::problem::{Problem, Problems};
use super::value::{Dialect, Values};
use super::yaml::Node;
use super::{File, Format, Reading};
use crate::model::{DeploysVia, Service, Stated};
use container::{Aliases, Pod};

/// Cloud Run manifests.
pub(super) static FORMAT: Format = Format {
    id: "cloud-run-manifest",
    title: "Cloud Run manifest",
    recognises,
    read,
    usual_places: &[
        "service.yaml",
        "service.yml",
        "cloudrun.yaml",
        "cloud-run.yaml",
        "cloudrun/service.yaml",
        "cloud-run/service.yaml",
        "deploy/service.yaml",
    ],
};

fn recognises(_: &Path, document: &Node) -> bool {
    let version = document.get("apiVersion").and_then(Node::text).unwrap_or_default();
    version.starts_with("serving.knative.dev/") || version.starts_with("run.googleapis.com/")
}

fn read(file: &File<'_>, problems: &mut Problems) -> Reading {
    read_documents(file.documents, problems)
}

/// Reads the services and jobs among documents.
pub(super) fn read_documents(documents: &[Node], problems: &mut Problems) -> Reading {
    let mut reading = Reading::default();
    let values = Values::new(Dialect::Manifest);
    for document in documents.iter().filter(|document| recognises(Path::new(""), document)) {
        match document.get("kind").and_then(Node::text) {
            Some("Service") => reading.add_service(service(document, &values, problems)),
            Some("Job") => {
                problems.extend(job_without_socket(document));
                if let Some(name) = stated(document.at(&["metadata", "name"]), &values) {
                    reading.add_job(name);
                }
            }
            Some(_) | None => {}
        }
    }
    reading
}

/// What is wrong with a job of several containers that connects to Cloud SQL.
fn job_without_socket(document: &Node) -> Option<Problem> {
    let execution = document.at(&["spec", "template"])?;
    let attached = execution.at(&["metadata", "annotations", "run.googleapis.com/cloudsql-instances"])?;
    let containers = execution.at(&["spec", "template", "spec", "containers"])?.items().len();
    attached.text().filter(|text| !text.trim().is_empty())?;
    job::socket_missing(containers, &attached.place, attached.length)
}

/// The text of a node as a statement; nothing for null.
fn stated(node: Option<&Node>, values: &Values) -> Option<Stated> {
    let node = node.filter(|node| !node.is_null())?;
    Some(values.state(node.text()?, node.place.clone()))
}

fn service(document: &Node, values: &Values, problems: &mut Problems) -> Service {
    let mut service = Service::new(DeploysVia::Manifest, document.place.clone());
    let of = |path: &[&str]| stated(document.at(path), values);
    service.name = of(&["metadata", "name"]);
    service.project = of(&["metadata", "namespace"]);
    service.region = of(&["metadata", "labels", "cloud.googleapis.com/location"]);
    service.service_account = of(&["spec", "template", "spec", "serviceAccountName"]);
    let open = of(&["metadata", "annotations", "run.googleapis.com/invoker-iam-disabled"]);
    service.allow_unauthenticated = open.and_then(|open| open.as_known().map(|open| open == "true"));

    service.url = url(document, values);

    let annotations = document.at(&["spec", "template", "metadata", "annotations"]);
    let annotation =
        |name: &str| annotations.and_then(|node| node.get(&format!("run.googleapis.com/{name}")));
    service.vpc.connector = stated(annotation("vpc-access-connector"), values);
    service.vpc.egress = stated(annotation("vpc-access-egress"), values);
    if let Some(interfaces) = annotation("network-interfaces") {
        network_interfaces(&mut service, interfaces, values, problems);
    }
    service.cloudsql_instances = list(annotation("cloudsql-instances"), values);

    let aliases = Aliases::read(annotation("secrets"), values);
    let pod = Pod { spec: document.at(&["spec", "template", "spec"]), aliases, values };
    pod.give_to(&mut service, problems);
    service
}

/// The URL that an exported manifest carries: `run.googleapis.com/urls`, a JSON list.
fn url(document: &Node, values: &Values) -> Option<Stated> {
    let node = document.at(&["metadata", "annotations", "run.googleapis.com/urls"])?;
    let urls: Vec<String> = serde_json::from_str(node.text()?).ok()?;
    let first = urls.iter().find(|url| url.starts_with("https://"))?;
    Some(values.state(first, node.place.clone()))
}

/// The items of an annotation that is a list in one text.
fn list(node: Option<&Node>, values: &Values) -> Vec<Stated> {
    let Some((node, text)) = node.and_then(|node| Some((node, node.text()?))) else { return Vec::new() };
    values
        .split(text, ",")
        .into_iter()
        .map(str::trim)
        .filter(|item| !item.is_empty())
        .map(|item| values.state(item, node.place.clone()))
        .collect()
}

/// Direct VPC egress: a JSON list in a text.
fn network_interfaces(service: &mut Service, node: &Node, values: &Values, problems: &mut Problems) {
    let Some(text) = node.text() else { return };
    let parsed: Result<Vec<serde_json::Value>, _> = serde_json::from_str(text);
    let interface = match parsed {
        Ok(interfaces) => interfaces.into_iter().next().unwrap_or_default(),
        Err(error) => {
            problems.push(
                Problem::error("annotation-broken", format!("this annotation is not a JSON list: {error}"))
                    .at(node.place.clone())
                    .length(node.length)
                    .hint(r#"write it as '[{"network":"N","subnetwork":"S"}]'"#),
            );
            return;
        }
    };
    let of = |key: &str| interface.get(key)?.as_str().map(|text| values.state(text, node.place.clone()));
    service.vpc.network = of("network");
    service.vpc.subnet = of("subnetwork");
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::pipeline::tests::{read_text, shown};

    const HEAD: &str = "apiVersion: serving.knative.dev/v1\nkind: Service\nmetadata:\n  name: auth\n";

    fn read_spec(annotations: &str, spec: &str) -> (Vec<String>, Vec<&'static str>) {
        let indent = |text: &str, by: usize| -> String {
            text.lines().map(|line| format!("{:by$}{line}\n", "")).collect()
        };
        let text = format!(
            "{HEAD}spec:\n  template:\n    metadata:\n      annotations:\n{}    spec:\n{}",
            indent(annotations, 8),
            indent(spec, 6)
        );
        let (reading, problems) = read_text(&FORMAT, &text);
        (shown(&reading), problems.iter().map(|problem| problem.code).collect())
    }

    #[test]
    fn reads_the_service_and_its_ways() {
        let text = "# why\n---\napiVersion: serving.knative.dev/v1\nkind: Service\nmetadata:\n  name: auth\n  namespace: '123'\n  labels: {cloud.googleapis.com/location: europe-west1}\n  annotations: {run.googleapis.com/invoker-iam-disabled: 'true'}\n---\napiVersion: run.googleapis.com/v1\nkind: Job\nmetadata: {name: migrate}\n";
        let (reading, _) = read_text(&FORMAT, text);
        assert_eq!(shown(&reading), ["3 auth project=123 region=europe-west1 open=true"]);
        assert_eq!(reading.jobs[0].raw(), "migrate");

        let (services, problems) = read_spec(
            "run.googleapis.com/vpc-access-connector: c\nrun.googleapis.com/vpc-access-egress: all-traffic\nrun.googleapis.com/network-interfaces: '[{\"network\":\"n\",\"subnetwork\":\"s\"}]'\nrun.googleapis.com/cloudsql-instances: p:r:a, ${P}:r:b",
            "serviceAccountName: a@b",
        );
        assert_eq!(
            services,
            ["1 auth account=a@b connector=c egress=all-traffic network=n subnet=s sql=p:r:a sql=${P}:r:b"]
        );
        assert!(problems.is_empty());
    }

    #[test]
    fn reads_the_ingress_container_wherever_it_stands() {
        let (services, _) = read_spec(
            "x: y",
            "containers:\n- name: proxy\n  env: [{name: P, value: '1'}]\n- image: i\n  ports: [{containerPort: 8080}]\n  env:\n  - {name: A, value: 0755}\n  - {name: EMPTY}\n  - {name: PW, valueFrom: {secretKeyRef: {name: pw, key: '3'}}}\n  livenessProbe: {httpGet: {path: /live}}\n  startupProbe: {httpGet: {path: /start}}\n  readinessProbe: {httpGet: {path: /ready}}\ninitContainers:\n- name: first",
        );
        assert_eq!(
            services,
            [
                "1 auth image=i port=8080 A=0755 EMPTY= PW<-pw:3 GET/ready GET/start GET/live [proxy 1] [first 0]"
            ]
        );
    }

    #[test]
    fn secrets_are_mounted_and_have_aliases() {
        let (services, _) = read_spec(
            "run.googleapis.com/secrets: 'other:projects/9/secrets/pw'",
            "containers:\n- env:\n  - {name: PW, valueFrom: {secretKeyRef: {name: other, key: latest}}}\n  volumeMounts: [{name: v, mountPath: /etc/k/}, {name: w, mountPath: /w}]\nvolumes:\n- {name: v, secret: {secretName: k, items: [{key: '2', path: key.pem}]}}\n- {name: w, secret: {secretName: whole}}\n- {name: x, emptyDir: {}}",
        );
        assert_eq!(
            services,
            ["1 auth PW<-projects/9/secrets/pw:latest /etc/k/key.pem<-k:2 /w/whole<-whole:latest"]
        );
    }

    #[test]
    fn what_cannot_be_read_is_told() {
        assert_eq!(read_spec("run.googleapis.com/network-interfaces: n", "{}").1, ["annotation-broken"]);
        assert_eq!(
            read_spec("x: y", "containers:\n- env: [{name: A, valueFrom: {secretKeyRef: {name: s}}}]").1,
            ["secret-without-version"]
        );
        assert_eq!(
            read_spec("x: y", "containers:\n- env: [{name: A, valueFrom: {fieldRef: {fieldPath: x}}}]").1,
            ["variable-not-read"]
        );
    }
}

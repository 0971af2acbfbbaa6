//! Cloud Run manifests (Knative's Service, Cloud Run's Job), as `gcloud run services replace` takes them.

mod container;
mod kinds;
mod misplaced;
mod shape;

use std::path::Path;

use super::problem::{Problem, Problems, Severity};
use super::value::{Dialect, Values};
use super::yaml::Node;
use super::{File, Format, Reading, job};
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
    kinds::members(document).iter().any(kinds::is_cloud_run)
}

fn read(file: &File<'_>, problems: &mut Problems) -> Reading {
    read_documents(file.documents, problems)
}

/// Reads the services and jobs among documents.
pub(super) fn read_documents(documents: &[Node], problems: &mut Problems) -> Reading {
    let mut reading = Reading::default();
    let values = Values::new(Dialect::Manifest);
    for document in documents.iter().flat_map(kinds::members).filter(|document| kinds::is_cloud_run(document))
    {
        match document.get("kind").and_then(Node::text) {
            Some("Service") => {
                shape::check(document, problems);
                misplaced::check(document, problems);
                let service = service(document, &values, problems);
                tell_nameless(service.name.as_ref(), document, problems);
                reading.add_service(service);
            }
            Some("Job") => {
                problems.extend(job_without_socket(document));
                let name = stated(document.at(&["metadata", "name"]), &values);
                tell_nameless(name.as_ref(), document, problems);
                name.into_iter().for_each(|name| reading.add_job(name));
            }
            Some(_) | None => kinds::not_read(document, problems),
        }
    }
    reading
}

fn tell_nameless(name: Option<&Stated>, document: &Node, problems: &mut Problems) {
    if name.is_none_or(|name| name.raw().is_empty()) {
        problems.push(
            Problem::warning("name-missing", "this document has no `metadata.name`")
                .at(document.place.clone())
                .fix("gcloud takes the name from there"),
        );
    }
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

    service.ingress = of(&["metadata", "annotations", "run.googleapis.com/ingress"]);
    service.scaling.service_min = of(&["metadata", "annotations", "run.googleapis.com/minScale"]);
    service.scaling.service_max = of(&["metadata", "annotations", "run.googleapis.com/maxScale"]);
    let template = |name: &str| of(&["spec", "template", "metadata", "annotations", name]);
    service.scaling.min_instances = template("autoscaling.knative.dev/minScale");
    service.scaling.max_instances = template("autoscaling.knative.dev/maxScale");
    service.revision_suffix = revision_suffix(of(&["spec", "template", "metadata", "name"]), &service);

    let annotations = document.at(&["spec", "template", "metadata", "annotations"]);
    let annotation =
        |name: &str| annotations.and_then(|node| node.get(&format!("run.googleapis.com/{name}")));
    service.vpc.connector = stated(annotation("vpc-access-connector"), values);
    service.vpc.egress = stated(annotation("vpc-access-egress"), values);
    if let Some(interfaces) = annotation("network-interfaces") {
        network_interfaces(&mut service, interfaces, values, problems);
    }
    service.cloudsql_instances = list(annotation("cloudsql-instances"), values);

    let aliases = Aliases::read(annotation("secrets"), values, problems);
    let pod = Pod { spec: document.at(&["spec", "template", "spec"]), aliases, values };
    pod.give_to(&mut service, problems);
    service
}

/// What a revision's name says after the service's.
fn revision_suffix(revision: Option<Stated>, service: &Service) -> Option<Stated> {
    let revision = revision?;
    let name = service.name.as_ref()?.as_known()?;
    let suffix = revision.as_known()?.strip_prefix(name)?.strip_prefix('-')?;
    Some(Stated::known(suffix, revision.place.clone()))
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
    let broken = |message: String| {
        Problem::error("annotation-broken", message)
            .at(node.place.clone())
            .length(node.length)
            .fix(r#"write it as '[{"network":"N","subnetwork":"S"}]'"#)
    };
    let parsed: Result<Vec<serde_json::Map<String, serde_json::Value>>, _> = serde_json::from_str(text);
    let interface = match parsed {
        Ok(interfaces) => {
            if interfaces.len() > 1 {
                let message = "Cloud Run takes one network interface: the first of these is read".to_owned();
                problems.push(Problem { severity: Severity::Warning, ..broken(message) });
            }
            interfaces.into_iter().next().unwrap_or_default()
        }
        Err(error) => {
            let problem = broken(format!("this annotation is not a JSON list of mappings: {error}"));
            // What a template puts in may make it one.
            let severity = if shape::is_template(node) { Severity::Warning } else { problem.severity };
            problems.push(Problem { severity, ..problem });
            return;
        }
    };
    let of = |key: &str| interface.get(key)?.as_str().map(|text| values.state(text, node.place.clone()));
    service.vpc.network = of("network");
    service.vpc.subnet = of("subnetwork");
    let tags = interface.get("tags").and_then(serde_json::Value::as_array).into_iter().flatten();
    let tags = tags.filter_map(serde_json::Value::as_str);
    service.vpc.network_tags = tags.map(|tag| values.state(tag, node.place.clone())).collect();
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
            "serviceAccountName: a@b\ncontainers: [{}]",
        );
        assert_eq!(
            services,
            ["1 auth account=a@b connector=c egress=all-traffic network=n subnet=s sql=p:r:a sql=${P}:r:b"]
        );
        assert!(problems.is_empty());
    }

    #[test]
    fn reads_ingress_scaling_and_tags() {
        let text = "apiVersion: serving.knative.dev/v1\nkind: Service\nmetadata:\n  name: auth\n  annotations: {run.googleapis.com/ingress: internal, run.googleapis.com/minScale: '1', run.googleapis.com/maxScale: '9'}\nspec:\n  template:\n    metadata:\n      name: auth-x1\n      annotations:\n        autoscaling.knative.dev/minScale: '2'\n        autoscaling.knative.dev/maxScale: '3'\n        run.googleapis.com/network-interfaces: '[{\"network\":\"n\",\"tags\":[\"a\",\"b\"]}]'\n";
        let (reading, problems) = read_text(&FORMAT, text);
        assert!(problems.is_empty(), "{problems}");
        let service = &reading.services[0];
        let scaling = &service.scaling;
        let stated = [
            &service.ingress,
            &scaling.service_min,
            &scaling.service_max,
            &scaling.min_instances,
            &scaling.max_instances,
            &service.revision_suffix,
        ];
        let raw: Vec<_> =
            stated.into_iter().flatten().chain(&service.vpc.network_tags).map(Stated::raw).collect();
        assert_eq!(raw, ["internal", "1", "9", "2", "3", "x1", "a", "b"]);
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
        assert_eq!(
            read_spec("run.googleapis.com/network-interfaces: n", "containers: [{}]").1,
            ["annotation-broken"]
        );
        assert_eq!(
            read_spec("x: y", "containers:\n- env: [{name: A, valueFrom: {secretKeyRef: {name: s}}}]").1,
            ["secret-without-version"]
        );
        assert_eq!(
            read_spec("x: y", "containers:\n- env: [{name: A, valueFrom: {fieldRef: {fieldPath: x}}}]").1,
            ["variable-not-read"]
        );
    }

    fn codes(text: &str) -> Vec<&'static str> {
        read_text(&FORMAT, text).1.iter().map(|problem| problem.code).collect()
    }

    #[test]
    fn lists_and_other_kinds_are_told_apart() {
        let list = "apiVersion: v1\nkind: List\nitems:\n- apiVersion: serving.knative.dev/v1\n  kind: Service\n  metadata: {name: a}\n- apiVersion: run.googleapis.com/v1\n  kind: Job\n  metadata: {name: j}\n- apiVersion: v1\n  kind: Service\n  metadata: {name: core}\n";
        let (reading, problems) = read_text(&FORMAT, list);
        assert_eq!(shown(&reading), ["4 a"]);
        assert_eq!(reading.jobs.len(), 1);
        assert!(problems.is_empty(), "{problems}");
        let core = crate::pipeline::yaml::parse(&crate::pipeline::source::Source::new(
            "a",
            "apiVersion: v1\nkind: Service\nmetadata: {name: core}\n",
        ));
        assert!(!recognises(Path::new("a"), &core.unwrap()[0]));
        let run = |kind: &str| {
            codes(&format!("apiVersion: run.googleapis.com/v1\n{kind}\nmetadata: {{name: w}}\n"))
        };
        assert_eq!(run("kind: WorkerPool"), ["kind-not-read"]);
        assert_eq!(run("kind: Execution"), ["kind-not-read"]);
        assert_eq!(run("x: y"), ["kind-not-read"]);
        assert_eq!(codes("apiVersion: run.googleapis.com/v1\nkind: Job\n"), ["name-missing"]);
    }

    #[test]
    fn annotations_in_the_wrong_place_are_told_and_not_read() {
        let text = format!(
            "{HEAD}  annotations:\n    run.googleapis.com/vpc-access-connector: c\n    run.googleapis.com/cloudsql-instances: p:r:i\nspec:\n  template:\n    metadata: {{annotations: {{run.googleapis.com/invoker-iam-disabled: 'true'}}}}\n"
        );
        let (reading, _) = read_text(&FORMAT, &text);
        assert_eq!(shown(&reading), ["1 auth"]);
        assert_eq!(codes(&text), ["annotation-misplaced"; 3]);
    }

    #[test]
    fn interfaces_and_aliases_are_looked_at() {
        let interfaces = |list: &str| {
            read_spec(&format!("run.googleapis.com/network-interfaces: '{list}'"), "containers: [{}]")
        };
        assert_eq!(
            interfaces("[{\"network\":\"n\"},{\"network\":\"m\"}]"),
            (vec!["1 auth network=n".to_owned()], vec!["annotation-broken"])
        );
        assert_eq!(interfaces("{\"network\":\"n\"}").1, ["annotation-broken"]);
        assert_eq!(interfaces("[]"), (vec!["1 auth".to_owned()], vec![]));
        let text = format!(
            "{HEAD}spec: {{template: {{metadata: {{annotations: {{run.googleapis.com/network-interfaces: '${{NETS}}'}}}}}}}}\n"
        );
        assert!(!read_text(&FORMAT, &text).1.has_errors());
        assert_eq!(
            read_spec("run.googleapis.com/secrets: 'A=a:latest,B=b:latest'", "containers: [{}]").1,
            ["annotation-broken"]
        );
        assert!(read_spec("run.googleapis.com/secrets: $ALIASES", "containers: [{}]").1.is_empty());
    }

    #[test]
    fn containers_that_cloud_run_refuses_are_told() {
        for (spec, expected) in [
            ("serviceAccountName: a", "container-missing"),
            ("containers: []", "container-missing"),
            (
                "containers:\n- {image: a, ports: [{containerPort: 1}]}\n- {image: b, ports: [{containerPort: 2}]}",
                "several-ports",
            ),
            ("containers:\n- envFrom: [{configMapRef: {name: x}}]", "variables-not-read"),
            ("containers:\n- volumeMounts: [{name: v, mountPath: /v}]", "volume-missing"),
            ("containers: x", "wrong-type"),
            ("containers: [x]", "wrong-type"),
            ("containers:\n- env: {A: b}", "wrong-type"),
            ("containers:\n- env: [{name: A, value: {b: c}}]", "wrong-type"),
            ("containers:\n- env: [{name: A, valueFrom: {secretKeyRef: s}}]", "wrong-type"),
            ("containers:\n- startupProbe: {httpGet: {path: [a]}}", "wrong-type"),
            ("containers:\n- env: ${VARIABLES}", "template-not-filled-in"),
        ] {
            assert_eq!(read_spec("x: y", spec).1, [expected], "{spec}");
        }
        assert_eq!(
            read_spec("x: [y]", "containers: [{}]\nvolumes:\n- secret: {items: x}").1,
            ["wrong-type"; 2]
        );
        assert!(read_spec("x:", "containers:\n- {env: , ports: , image: }").1.is_empty());
    }
}

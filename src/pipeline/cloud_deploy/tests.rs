//! Which services the stages of a delivery pipeline deploy, and where.

use crate::pipeline::skaffold::tests::{manifest, read_first};
use crate::pipeline::tests::shown;

const SKAFFOLD: &str = "apiVersion: skaffold/v4beta7\nprofiles:\n- name: dev\n  manifests: {rawYaml: [dev.yaml]}\n- name: prod\n  manifests: {rawYaml: [prod.yaml]}\ndeploy: {cloudrun: {}}\n";

fn read(text: &str, skaffold: Option<&str>) -> (Vec<String>, Vec<String>) {
    let (dev, prod) = (manifest("api-dev"), manifest("api"));
    let mut all = vec![("clouddeploy.yaml", text), ("dev.yaml", &dev), ("prod.yaml", &prod)];
    all.extend(skaffold.map(|skaffold| ("skaffold.yaml", skaffold)));
    let (reading, problems) = read_first(&super::FORMAT, &all);
    let told = problems
        .iter()
        .map(|problem| format!("{}:{}", problem.place.as_ref().map_or(0, |place| place.line), problem.code));
    (shown(&reading), told.collect())
}

fn pipeline(stages: &str) -> String {
    format!(
        "apiVersion: deploy.cloud.google.com/v1\nkind: DeliveryPipeline\nmetadata: {{name: p}}\nserialPipeline: {{stages: {stages}}}\n"
    )
}

fn target(name: &str, rest: &str) -> String {
    format!("---\napiVersion: deploy.cloud.google.com/v1\nkind: Target\nmetadata: {{name: {name}}}\n{rest}\n")
}

#[test]
fn each_stage_carries_its_target_to_the_services() {
    let text = pipeline("[{targetId: d, profiles: [dev]}, {targetId: all, profiles: [prod]}, {targetId: k}]")
        + &target("d", "run: {location: projects/acme-dev/locations/europe-west1}")
        + &target("eu", "run: {location: projects/acme/locations/europe-west1}")
        + &target("us", "run: {location: projects/acme/locations/us-east1}")
        + &target("all", "multiTarget: {targetIds: [eu, us]}")
        + &target("k", "gke: {cluster: projects/acme/locations/x/clusters/y}");
    let (services, told) = read(&text, Some(SKAFFOLD));
    assert_eq!(
        services,
        [
            "4 api-dev project=acme-dev region=europe-west1 manifest=dev.yaml image=i",
            "4 api project=acme region=europe-west1 manifest=prod.yaml image=i",
            "4 api project=acme region=us-east1 manifest=prod.yaml image=i",
        ]
    );
    assert!(told.is_empty(), "{told:?}");
}

#[test]
fn what_is_not_known_is_told() {
    let run = "run: {location: projects/p/locations/r}";
    let one = pipeline("[{targetId: d, profiles: [dev]}]");
    assert_eq!(read(&(one.clone() + &target("d", run)), None).1, ["4:file-not-followed"]);
    assert_eq!(read(&one, Some(SKAFFOLD)).1, ["4:target-missing"]);
    assert_eq!(
        read(&(one.clone() + &target("d", "run: {location: us-east1}")), Some(SKAFFOLD)).1,
        ["9:location-not-understood"]
    );
    assert_eq!(
        read(&(one.clone() + &target("d", "run: {location: []}")), Some(SKAFFOLD)).1,
        ["9:wrong-type"]
    );
    let other = pipeline("[{targetId: d, profiles: [none]}]") + &target("d", run);
    assert_eq!(read(&other, Some(SKAFFOLD)).1, ["4:profile-missing"]);
    let misplaced = one + &target("d", "spec: {run: {location: projects/p/locations/r}}");
    assert_eq!(read(&misplaced, Some(SKAFFOLD)), (vec![], vec!["9:key-misplaced".to_owned()]));
    let broken = pipeline("[{targetId: d}]") + &target("d", run);
    assert_eq!(read(&broken, Some("a: [")).1.len(), 1);
    assert_eq!(read(&pipeline("x"), Some(SKAFFOLD)).1, ["4:wrong-type"]);
}

#[test]
fn pipelines_of_kubernetes_need_no_skaffold_file() {
    let text = pipeline("[{targetId: k}]") + &target("k", "gke: {cluster: c}");
    assert_eq!(read(&text, None), (vec![], vec![]));
}

//! Which manifests a skaffold file deploys, and where.

use crate::pipeline::tests::shown;
use crate::pipeline::{File, Problems, Reading, files, source::Source, yaml};

/// A service's manifest, in two lines of which the first counts.
pub(in crate::pipeline) fn manifest(name: &str) -> String {
    format!(
        "apiVersion: serving.knative.dev/v1\nkind: Service\nmetadata: {{name: {name}}}\nspec: {{template: {{spec: {{containers: [{{image: i}}]}}}}}}\n"
    )
}

/// Reads the first of some files in the format that is given.
pub(in crate::pipeline) fn read_first(
    format: &crate::pipeline::Format,
    all: &[(&str, &str)],
) -> (Reading, Problems) {
    let folder = tempfile::tempdir().unwrap();
    for (name, text) in all {
        let path = folder.path().join(name);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(path, text).unwrap();
    }
    let (name, text) = all[0];
    let path = folder.path().join(name);
    let source = Source::new(name, text);
    let documents = yaml::parse(&source).unwrap();
    assert!(documents.iter().any(|document| (format.recognises)(&path, document)));
    let folders = files::Folders::default();
    let file = File {
        source: &source,
        path: &path,
        documents: &documents,
        known_checks: &[],
        folders: &folders,
        substitutions: &[],
    };
    let mut problems = Problems::default();
    let reading = (format.read)(&file, &mut problems);
    (reading, problems)
}

fn read(skaffold: &str, manifests: &[&str]) -> (Vec<String>, Vec<String>) {
    let text = format!("apiVersion: skaffold/v4beta7\nkind: Config\n{skaffold}");
    let bodies: Vec<_> = manifests
        .iter()
        .map(|path| (*path, manifest(path.rsplit('/').next().unwrap().split('.').next().unwrap())))
        .collect();
    let mut all = vec![("skaffold.yaml", text.as_str())];
    all.extend(bodies.iter().map(|(path, body)| (*path, body.as_str())));
    let (reading, problems) = read_first(&super::FORMAT, &all);
    let told = problems
        .iter()
        .map(|problem| format!("{}:{}", problem.place.as_ref().map_or(0, |place| place.line), problem.code));
    (shown(&reading), told.collect())
}

#[test]
fn the_manifests_get_project_and_region_of_the_deployer() {
    let (services, told) = read(
        "manifests: {rawYaml: [run/*.yaml]}\ndeploy: {cloudrun: {projectid: p, region: $REGION}}\n",
        &["run/api.yaml", "run/web.yaml", "other.yaml"],
    );
    assert_eq!(
        services,
        [
            "3 api project=p region=$REGION manifest=run/api.yaml image=i",
            "3 web project=p region=$REGION manifest=run/web.yaml image=i"
        ]
    );
    assert!(told.is_empty(), "{told:?}");
}

#[test]
fn each_profile_is_read_with_what_it_changes() {
    let (services, told) = read(
        "deploy: {cloudrun: {region: r}}\nprofiles:\n- name: dev\n  manifests: {rawYaml: [dev.yaml]}\n- name: prod\n  manifests: {rawYaml: [prod.yaml]}\n  deploy: {cloudrun: {projectid: p}}\n- name: local\n  manifests: {rawYaml: [kube.yaml]}\n  deploy: {kubectl: {}}\n- name: build-only\n  build: {}\n",
        &["dev.yaml", "prod.yaml", "kube.yaml"],
    );
    assert_eq!(
        services,
        ["6 dev region=r manifest=dev.yaml image=i", "8 prod project=p region=r manifest=prod.yaml image=i"]
    );
    assert!(told.is_empty(), "{told:?}");
}

#[test]
fn a_profile_that_deploys_the_same_adds_nothing() {
    let base = "manifests: {rawYaml: [a.yaml]}\ndeploy: {cloudrun: {region: r}}\n";
    let (services, told) =
        read(&format!("{base}profiles: [{{name: x, deploy: {{cloudrun: {{}}}}}}]\n"), &["a.yaml"]);
    assert_eq!((services.len(), told.len()), (1, 0));
    let (services, told) = read(
        &format!("{base}profiles: [{{name: x, manifests: {{rawYaml: [b/a.yaml]}}}}]\n"),
        &["a.yaml", "b/a.yaml"],
    );
    assert_eq!((services.len(), told), (1, vec!["5:profiles-overlap".to_owned()]));
}

#[test]
fn what_is_not_followed_is_told() {
    for (skaffold, code) in [
        ("manifests: {rawYaml: [../a.yaml]}\n", "3:file-not-followed"),
        ("manifests: {rawYaml: [none.yaml]}\n", "3:file-not-followed"),
        ("manifests: {rawYaml: ['https://example.com/a.yaml']}\n", "3:file-not-followed"),
        ("manifests: {rawYaml: ['{{.ENV}}.yaml']}\n", "3:file-not-followed"),
        ("manifests: {kustomize: {paths: [a]}}\n", "3:manifests-not-read"),
        ("manifests: {rawYaml: a.yaml}\n", "3:wrong-type"),
        ("manifests: {rawYaml: [[a]]}\n", "3:wrong-type"),
        ("manifests: x\n", "3:wrong-type"),
        ("profiles: x\n", "3:wrong-type"),
        ("deploy: {cloudrun: {projectId: p}}\n", "3:unknown-key"),
    ] {
        assert_eq!(read(skaffold, &["a.yaml"]), (vec![], vec![code.to_owned()]), "{skaffold}");
    }
    // What two profiles share is told once.
    let shared = "manifests: {rawYaml: [none.yaml]}\ndeploy: {cloudrun: {x: y}}\nprofiles: [{name: a, deploy: {}}, {name: b, deploy: {}}]\n";
    assert_eq!(read(shared, &[]).1, ["4:unknown-key", "3:file-not-followed"]);
    let (_, problems) = read_first(
        &super::FORMAT,
        &[("skaffold.yaml", "apiVersion: skaffold/v3\nmanifests: {rawYaml: [a.yaml]}\n"), ("a.yaml", "a: [")],
    );
    assert!(!problems.is_empty() && !problems.has_errors(), "{problems}");
}

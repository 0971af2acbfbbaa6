//! Several files as one pipeline: a folder, or all of them named. What they say together, and what they contradict
//! each other in.

use std::path::Path;

use rungate::model::{Service, Stated};
use rungate::pipeline::{Loaded, Problems, Request, load};

use crate::common::{Rungate, root};

const BUILD: &str = "steps:\n- name: gcr.io/cloud-builders/gcloud\n  args: [run, services, replace, service.yaml, --region=europe-west1, --project=acme]\n";
const MANIFEST: &str = "apiVersion: serving.knative.dev/v1\nkind: Service\nmetadata: {name: auth}\nspec:\n  template:\n    spec:\n      containers:\n      - image: auth:1\n        env:\n        - {name: DB_HOST, value: 10.0.0.3}\n";
const NATIVE: &str =
    "version: 1\npipeline: cloudbuild.yaml\nservices:\n- {name: auth, health: {path: /auth/health}}\n";
const TESTS: &str = "on: push\njobs: {test: {steps: [{run: make}]}}\n";

fn load_in(folder: &Path, files: &[&str]) -> Result<Loaded, Problems> {
    let files = files.iter().map(Into::into).collect();
    load(&Request { files, directory: folder.to_owned(), strict: true, ..Request::default() })
}

fn folder(files: &[(&str, &str)]) -> tempfile::TempDir {
    let folder = tempfile::tempdir().unwrap();
    for (name, text) in files {
        let path = folder.path().join(name);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(path, text).unwrap();
    }
    folder
}

fn text(stated: &Option<Stated>) -> &str {
    stated.as_ref().map_or("", Stated::raw)
}

/// A service of a workflow, with these lines as further inputs.
fn workflow(region: &str, inputs: &str) -> String {
    format!(
        "on: push\njobs:\n  d:\n    steps:\n    - uses: google-github-actions/deploy-cloudrun@v2\n      with:\n        service: auth\n        image: auth:1\n        project_id: acme\n        region: {region}\n{inputs}"
    )
}

/// A deploy of a Cloud Build file, with these flags.
fn build(region: &str, flags: &str) -> String {
    format!(
        "steps:\n- name: gcr.io/cloud-builders/gcloud\n  args: [run, deploy, auth, --project=acme, --region={region}, {flags}]\n"
    )
}

fn one(loaded: &Loaded) -> &Service {
    let [service] = loaded.pipeline.services.as_slice() else {
        panic!("one service: {:#?}", loaded.pipeline.services)
    };
    service
}

#[test]
fn the_files_of_a_folder_are_one_pipeline() {
    let folder = folder(&[
        ("deploy/cloudbuild.yaml", BUILD),
        ("deploy/service.yaml", MANIFEST),
        ("deploy/rungate.yaml", NATIVE),
        ("deploy/.github/workflows/test.yaml", TESTS),
        ("deploy/values.yaml", "replicas: 2\n"),
        ("deploy/broken.yaml", "a: [\n"),
    ]);
    for files in [
        &["deploy"][..],
        &["deploy/"],
        &["deploy/rungate.yaml", "deploy/cloudbuild.yaml", "deploy/service.yaml"],
        &["deploy/service.yaml", "deploy/cloudbuild.yaml", "deploy/rungate.yaml"],
    ] {
        let loaded = load_in(folder.path(), files).unwrap_or_else(|problems| panic!("{problems}"));
        let service = one(&loaded);
        assert_eq!(text(&service.region), "europe-west1", "{files:?}");
        assert_eq!(text(&service.health.path), "/auth/health", "{files:?}");
        assert_eq!(service.env.len(), 1, "{files:?}");
        let mut read: Vec<_> = loaded.files.iter().map(|file| file.name.to_string()).collect();
        read.sort();
        assert_eq!(read, ["deploy/cloudbuild.yaml", "deploy/rungate.yaml", "deploy/service.yaml"]);
        // A file of another kind is passed over; one that nobody can read might be a pipeline's.
        let told: Vec<_> = loaded.warnings.iter().map(|problem| problem.code).collect();
        let expected = if files[0].ends_with("yaml") { &[][..] } else { &["yaml-broken"] };
        assert_eq!(told, expected, "{}", loaded.warnings);
    }
}

#[test]
fn a_folder_without_a_pipeline_is_refused() {
    let folder =
        folder(&[("deploy/values.yaml", "replicas: 2\n"), ("ci/.github/workflows/test.yaml", TESTS)]);
    std::fs::create_dir(folder.path().join("empty")).unwrap();
    for (name, code) in
        [("deploy", "no-pipeline-file"), ("empty", "no-pipeline-file"), ("ci", "nothing-deployed")]
    {
        let problems = load_in(folder.path(), &[name]).unwrap_err();
        assert_eq!(problems.iter().map(|problem| problem.code).collect::<Vec<_>>(), [code], "{problems}");
        assert!(problems.render(false).contains(name), "{problems}");
    }
}

#[test]
fn the_samples_are_one_system() {
    let loaded = load_in(root(), &["pipelines"]).unwrap_or_else(|problems| panic!("{problems}"));
    assert_eq!(text(&one(&loaded).name), "auth-staging");
    assert_eq!(loaded.files.len(), 4);
}

#[test]
fn files_that_agree_deploy_one_service() {
    let (a, b) = (
        build("r", "'--set-env-vars=A=1,B=2'"),
        workflow("r", "        env_vars: B=2\n        flags: --vpc-connector=c\n"),
    );
    let folder = folder(&[("a.yaml", &a), ("b.yaml", &b)]);
    let loaded =
        load_in(folder.path(), &["a.yaml", "b.yaml"]).unwrap_or_else(|problems| panic!("{problems}"));
    assert_eq!((one(&loaded).env.len(), text(&one(&loaded).vpc.connector)), (2, "c"));
}

#[test]
fn two_regions_of_one_service_are_two_services() {
    let (a, b) = (build("one", "'--set-env-vars=A=1'"), workflow("two", "        env_vars: A=2\n"));
    let folder = folder(&[("a.yaml", &a), ("b.yaml", &b)]);
    for files in [&["a.yaml", "b.yaml"][..], &["."]] {
        let loaded = load_in(folder.path(), files).unwrap_or_else(|problems| panic!("{problems}"));
        let mut regions: Vec<_> = loaded.pipeline.services.iter().map(|one| text(&one.region)).collect();
        regions.sort_unstable();
        assert_eq!(regions, ["one", "two"]);
    }
}

#[test]
fn contradictions_are_told_with_both_places() {
    let base = "'--set-env-vars=A=1,DB_PASSWORD=hunter2', --vpc-connector=c, '--set-secrets=S=s:1'";
    for (other, whats) in [
        (workflow("r", "        env_vars: A=2\n"), &["each with another `A`"][..]),
        (
            workflow("r", "        env_vars: |-\n          A=1\n          DB_PASSWORD=tiger\n"),
            &["each with another `DB_PASSWORD`"],
        ),
        (
            workflow("r", "        flags: --vpc-connector=d\n        secrets: S=s:2\n"),
            &["another `VPC connector`", "another `S`"],
        ),
        (
            workflow("r", "        env_vars_update_strategy: overwrite\n        env_vars: A=1\n"),
            &["only one of them with `DB_PASSWORD`"],
        ),
        (
            MANIFEST.replace("{name: auth}", "{name: auth, namespace: acme}"),
            &[
                "only one of them with `VPC connector`",
                "only one of them with `A`",
                "only one of them with `DB_PASSWORD`",
                "only one of them with `DB_HOST`",
                "only one of them with `S`",
            ],
        ),
    ] {
        let folder = folder(&[("a.yaml", &build("r", base)), ("b.yaml", &other)]);
        let problems = load_in(folder.path(), &["a.yaml", "b.yaml"]).unwrap_err();
        assert!(problems.iter().all(|problem| problem.code == "conflict"), "{problems}");
        assert_eq!(problems.iter().count(), whats.len(), "{problems}");
        let shown = problems.render(false);
        for what in whats {
            assert!(shown.contains(what), "{what}: {shown}");
        }
        assert!(shown.contains("--> a.yaml:") || shown.contains("::: a.yaml:"), "{shown}");
        assert!(shown.contains("--> b.yaml:") || shown.contains("::: b.yaml:"), "{shown}");
        assert!(!shown.contains("hunter2") && !shown.contains("tiger"), "{shown}");
    }
}

#[test]
fn a_folder_is_an_argument_of_every_command() {
    let rungate = Rungate::new();
    rungate.file("deploy/cloudbuild.yaml", BUILD);
    rungate.file("deploy/service.yaml", MANIFEST);
    for words in
        [&["read", "deploy"][..], &["check", "--dry-run", "deploy"], &["check", "--sandbox", "deploy"]]
    {
        let ran = rungate.run(words);
        assert_ne!(ran.status, 2, "{words:?}: {}", ran.all());
        assert!(ran.stdout.contains("auth"), "{words:?}: {}", ran.all());
    }
}

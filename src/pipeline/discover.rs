//! Finds the pipeline files where users usually keep them, and those of a folder.

use std::path::{Path, PathBuf};

use super::load::{Found, Loading, Read};
use super::problem::Problem;
use super::{FORMATS, Format, native};

/// The most files of one folder that are looked at.
const MOST_FILES: usize = 200;

/// Reads the files of the first format of which one deploys something; a native file counts as such. What lies in
/// other usual places is named, not read: two formats of one repository mostly deploy the same service.
pub(super) fn discover(loading: &mut Loading<'_>) -> Found {
    let directory = loading.request.directory.clone();
    let mut found = Found::default();
    let mut idle: Vec<(PathBuf, Read)> = Vec::new();
    let mut asked = false;
    for format in FORMATS {
        let mut candidates = candidates(&directory, format);
        // What a native file says was written for the gate, and comes first.
        if format.id != native::FORMAT.id && !std::mem::replace(&mut asked, true) {
            running(loading, &mut found, &mut idle);
        }
        candidates.retain(|name| !found.taken.iter().any(|taken| same(&directory, name, Path::new(taken))));
        if !found.taken.is_empty() || loading.problems.has_errors() {
            found.left.extend(candidates.iter().map(|name| name.to_string_lossy().into_owned()));
            continue;
        }
        for name in candidates {
            let Some(read) = loading.read_one(&name, None) else { continue };
            let deploys = !read.reading.services.is_empty() || !read.reading.pipelines.is_empty();
            if deploys {
                found.taken.push(name.to_string_lossy().into_owned());
                loading.keep(&name, read);
            } else {
                idle.push((name, read));
            }
        }
    }
    if found.taken.is_empty() && !loading.problems.has_errors() {
        if idle.is_empty() {
            loading.problems.push(no_file());
        }
        for (name, read) in idle {
            loading.keep(&name, read);
        }
    }
    // A file that the native one names, or that was read as a part of another one, is not left out.
    let followed: Vec<_> = loading.read.iter().flat_map(|read| &read.reading.followed).collect();
    found.left.retain(|left| {
        let real = directory.join(left).canonicalize().ok();
        loading.read.iter().all(|read| *read.name != **left)
            && real.is_none_or(|real| !followed.contains(&&real))
    });
    found
}

/// Takes the pipeline that runs the gate, if it deploys something: of several workflows, this one is meant.
fn running(loading: &mut Loading<'_>, found: &mut Found, idle: &mut Vec<(PathBuf, Read)>) {
    let Some(name) = loading.request.running.clone() else { return };
    if !found.taken.is_empty() || loading.problems.has_errors() {
        return;
    }
    let Some(read) = loading.read_one(&name, None) else { return };
    if read.reading.services.is_empty() {
        idle.push((name, read));
    } else {
        found.taken.push(name.to_string_lossy().into_owned());
        loading.keep(&name, read);
    }
}

/// Whether two names are those of one file.
fn same(directory: &Path, one: &Path, other: &Path) -> bool {
    let real = |name: &Path| directory.join(name).canonicalize().ok();
    one == other || real(one).is_some_and(|path| real(other) == Some(path))
}

/// Reads all pipeline files of a folder that the user named: those in the usual places within it, and whatever else of
/// a known format lies directly in it. All of them together are one pipeline.
pub(super) fn folder(loading: &mut Loading<'_>, folder: &Path) {
    let directory = loading.request.directory.join(folder);
    let mut names: Vec<PathBuf> = FORMATS.iter().flat_map(|format| candidates(&directory, format)).collect();
    let usual = names.len();
    for name in [".yaml", ".yml"].iter().flat_map(|ending| in_folder(&directory, "", ending)) {
        if !names.contains(&name) {
            names.push(name);
        }
    }
    let mut idle = Vec::new();
    let mut found = false;
    for (index, name) in names.into_iter().enumerate() {
        let name = folder.join(name);
        let read = if index < usual {
            loading.read_one(&name, None)
        } else {
            // Any file may lie there: only those that are a pipeline's are spoken of.
            loading.try_one(&name)
        };
        let Some(read) = read else { continue };
        let reading = &read.reading;
        if reading.services.is_empty() && reading.pipelines.is_empty() && reading.jobs.is_empty() {
            idle.push((name, read));
        } else {
            found = true;
            loading.keep(&name, read);
        }
    }
    if found || loading.problems.has_errors() {
        return;
    }
    if idle.is_empty() && loading.read.is_empty() {
        let shown = folder.display();
        loading.problems.push(
            Problem::error("no-pipeline-file", format!("there is no pipeline file in `{shown}`"))
                .fix("name the file itself, or another folder"),
        );
    }
    for (name, read) in idle {
        loading.keep(&name, read);
    }
}

fn no_file() -> Problem {
    let places: Vec<_> = FORMATS.iter().flat_map(|format| format.usual_places.iter().copied()).collect();
    Problem::error("no-pipeline-file", "there is no pipeline file here")
        .fix(format!("name one, or put it where it is looked for: {}", places.join(", ")))
}

/// The files of a format that exist, in the order of its usual places.
fn candidates(directory: &Path, format: &Format) -> Vec<PathBuf> {
    let mut names = Vec::new();
    for place in format.usual_places {
        match place.split_once('*') {
            Some((folder, ending)) => names.extend(in_folder(directory, folder, ending)),
            None if directory.join(place).is_file() => names.push(PathBuf::from(place)),
            None => {}
        }
    }
    names
}

fn in_folder(directory: &Path, folder: &str, ending: &str) -> Vec<PathBuf> {
    let Ok(entries) = directory.join(folder).read_dir() else { return Vec::new() };
    let mut names: Vec<_> = entries
        .take(MOST_FILES)
        .filter_map(|entry| entry.ok()?.file_name().into_string().ok())
        .filter(|name| name.ends_with(ending))
        .map(|name| Path::new(folder).join(name))
        .filter(|name| directory.join(name).is_file())
        .collect();
    names.sort();
    names
}

#[cfg(test)]
mod tests {
    use std::path::PathBuf;

    use crate::pipeline::{Loaded, Problems, Request, load};

    const BUILD: &str = "steps:\n- name: gcr.io/cloud-builders/gcloud\n  args: [run, deploy, a]\n";
    const IDLE: &str = "on: push\njobs: {test: {steps: [{run: make}]}}\n";

    fn load_from(files: &[(&str, &str)]) -> Result<Loaded, Problems> {
        load_run_by(None, files)
    }

    fn load_run_by(running: Option<&str>, files: &[(&str, &str)]) -> Result<Loaded, Problems> {
        let folder = tempfile::tempdir().unwrap();
        for (name, text) in files {
            let path = folder.path().join(name);
            std::fs::create_dir_all(path.parent().unwrap()).unwrap();
            std::fs::write(path, text).unwrap();
        }
        load(&Request {
            files: Vec::new(),
            directory: folder.path().to_owned(),
            known_checks: Vec::new(),
            running: running.map(PathBuf::from),
            substitutions: Vec::new(),
            strict: true,
        })
    }

    fn codes(result: Result<Loaded, Problems>) -> Vec<&'static str> {
        result.unwrap_err().iter().map(|problem| problem.code).collect()
    }

    #[test]
    fn takes_the_native_file_before_all_others() {
        let native = "version: 1\npipeline: cloudbuild.yaml\n";
        let loaded =
            load_from(&[("rungate.yaml", native), ("cloudbuild.yaml", BUILD), ("service.yaml", IDLE)])
                .unwrap();
        let found = loaded.found.unwrap();
        assert_eq!((found.taken, found.left), (vec!["rungate.yaml".into()], vec!["service.yaml".into()]));
        assert_eq!(loaded.pipeline.services.len(), 1);
    }

    #[test]
    fn takes_the_workflows_that_deploy() {
        let deploy = "on: push\njobs: {d: {steps: [{uses: google-github-actions/deploy-cloudrun@v2, with: {service: a, image: i}}]}}\n";
        let loaded =
            load_from(&[(".github/workflows/b.yml", deploy), (".github/workflows/a.yaml", IDLE)]).unwrap();
        assert_eq!(loaded.found.unwrap().taken, [".github/workflows/b.yml"]);
    }

    #[test]
    fn takes_the_workflow_that_runs_the_gate_before_others_and_after_the_native_file() {
        let deploys = |name: &str| {
            format!(
                "on: push\njobs: {{d: {{steps: [{{uses: google-github-actions/deploy-cloudrun@v2, with: {{service: {name}, image: i}}}}]}}}}\n"
            )
        };
        let (a, b, native) = (deploys("a"), deploys("b"), "version: 1\nservices: [{name: n}]\n");
        let workflows = [
            (".github/workflows/a.yml", a.as_str()),
            (".github/workflows/b.yml", b.as_str()),
            (".github/workflows/idle.yml", IDLE),
        ];
        let taken = |running: &str, more: &[(&str, &str)]| {
            let files: Vec<_> = workflows.iter().chain(more).copied().collect();
            load_run_by(Some(running), &files).unwrap().found.unwrap()
        };
        let found = taken(".github/workflows/b.yml", &[]);
        assert_eq!(found.taken, [".github/workflows/b.yml"]);
        assert_eq!(found.left, [".github/workflows/a.yml", ".github/workflows/idle.yml"]);
        let found = taken(".github/workflows/b.yml", &[("rungate.yaml", native)]);
        assert_eq!(found.taken, ["rungate.yaml"]);
        // One that deploys nothing (it runs after the deploy, say) tells nothing: the others do.
        let found = taken(".github/workflows/idle.yml", &[]);
        assert_eq!(found.taken, [".github/workflows/a.yml", ".github/workflows/b.yml"]);
    }

    #[test]
    fn says_what_was_looked_for() {
        let problems = load_from(&[("other.yaml", BUILD)]).unwrap_err();
        let problem = problems.iter().next().unwrap();
        assert_eq!(problem.code, "no-pipeline-file");
        assert!(problem.fix.as_ref().unwrap().contains(".github/workflows/*.yml"));
    }

    #[test]
    fn a_file_that_deploys_nothing_is_no_success() {
        assert_eq!(codes(load_from(&[(".github/workflows/a.yaml", IDLE)])), ["nothing-deployed"]);
        assert_eq!(codes(load_from(&[("cloudbuild.yaml", "steps: [")])), ["yaml-broken"]);
    }

    #[test]
    fn what_a_delivery_pipeline_names_is_not_left_out() {
        let delivery = "apiVersion: deploy.cloud.google.com/v1\nkind: DeliveryPipeline\nserialPipeline: {stages: [{targetId: t}]}\n---\napiVersion: deploy.cloud.google.com/v1\nkind: Target\nmetadata: {name: t}\nrun: {location: projects/p/locations/r}\n";
        let skaffold =
            "apiVersion: skaffold/v4beta7\nmanifests: {rawYaml: [service.yaml]}\ndeploy: {cloudrun: {}}\n";
        let manifest = "apiVersion: serving.knative.dev/v1\nkind: Service\nmetadata: {name: a}\n";
        let files = [("clouddeploy.yaml", delivery), ("skaffold.yaml", skaffold), ("service.yaml", manifest)];
        let loaded = load_from(&files).unwrap();
        let found = loaded.found.unwrap();
        assert_eq!((found.taken, found.left), (vec!["clouddeploy.yaml".into()], vec![]));
        let [service] = loaded.pipeline.services.as_slice() else { panic!("one service") };
        assert_eq!(service.region.as_ref().map(crate::model::Stated::raw), Some("r"));
    }
}

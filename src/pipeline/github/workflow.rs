//! A workflow: `env`, `defaults` and jobs, each with its matrix, its steps, or the workflow that it calls.

use super::called::Repository;
use super::expression;
use super::run::Defaults;
use super::scope::{Contexts, Scope};
use super::steps::{Found, Reader};
use super::{inputs, matrix, shape};
use crate::model::{DeploysVia, Place, Service, Stated};
use crate::pipeline::files::Folders;
use crate::pipeline::problem::Problems;
use crate::pipeline::shell::{Invocation, Workspace};
use crate::pipeline::text::{Part, Text};
use crate::pipeline::yaml::{Entry, Node};

/// What a workflow deploys, in file order.
#[derive(Debug, Default)]
pub(super) struct Deploys {
    pub(super) services: Vec<Service>,
    pub(super) jobs: Vec<Stated>,
    pub(super) requests: Vec<Invocation>,
    pub(super) mapped: Vec<(Stated, Stated)>,
}

/// Reads a workflow. `origin`: the job of the file that the user named, where that one calls this.
pub(super) fn read(
    workflow: &Node,
    contexts: Contexts,
    origin: Option<&Place>,
    repository: &mut Repository,
    folders: &Folders,
    problems: &mut Problems,
) -> Deploys {
    shape::entries(workflow.get("env"), "`env`", problems);
    let jobs = shape::entries(workflow.get("jobs"), "`jobs`", problems);
    let mut scope = Scope::new(contexts).within(workflow.get("env"));
    let defaults = Defaults::default().within(workflow);
    let mut deploys = Deploys::default();
    for entry in jobs {
        if entry.value.entries().is_empty() {
            problems.push(shape::wrong(&entry.value, &format!("the job `{}`", entry.key), "a mapping"));
            continue;
        }
        let mut job = Job {
            entry,
            scope: &scope,
            defaults: defaults.within(&entry.value),
            origin,
            repository,
            folders,
        };
        let urls = job.read(&mut deploys, problems);
        if !urls.is_empty() {
            scope = scope.changed(|contexts| {
                urls.into_iter().for_each(|(path, service)| contexts.set_deployed(&path, service));
            });
        }
    }
    deploys
}

/// A job, being read.
struct Job<'a, 'r> {
    entry: &'a Entry,
    scope: &'a Scope,
    defaults: Defaults<'a>,
    origin: Option<&'a Place>,
    repository: &'r mut Repository,
    folders: &'r Folders,
}

impl Job<'_, '_> {
    /// Adds what the job deploys: for each combination of its matrix, where what is deployed depends on it. Gives back
    /// the outputs that are a service's URL.
    fn read(&mut self, deploys: &mut Deploys, problems: &mut Problems) -> Vec<(String, String)> {
        if !self.scope.may_run(&self.entry.value) {
            return Vec::new();
        }
        let found = self.read_once(self.scope, problems);
        deploys.mapped.extend(found.mapped.iter().cloned());
        let by_matrix = |stated: &Stated| expression::refers_to(stated.raw(), "matrix");
        let depends = found.services.iter().any(|(_, service)| service.name.as_ref().is_some_and(by_matrix))
            || found.jobs.iter().any(|(_, job)| by_matrix(job));
        let asks = found.requests.iter().any(|request| request.words.iter().any(asks_by_matrix));
        let combinations =
            (depends || asks).then(|| matrix::combinations(&self.entry.value, self.scope)).flatten();
        let expanded: Vec<_> = combinations
            .unwrap_or_default()
            .into_iter()
            .map(|combination| {
                let scope = self.scope.changed(|contexts| contexts.set_matrix(combination));
                // The first reading has told all problems.
                self.read_once(&scope, &mut Problems::default())
            })
            .collect();
        let runs =
            if asks && !expanded.is_empty() { expanded.as_slice() } else { std::slice::from_ref(&found) };
        deploys.requests.extend(runs.iter().flat_map(|found| found.requests.iter().cloned()));
        let services = |found: &Found| found.services.clone();
        let named = |service: &Service| service.name.as_ref().is_some_and(by_matrix);
        add(&mut deploys.services, &found, &expanded, services, named);
        add(&mut deploys.jobs, &found, &expanded, |found| found.jobs.clone(), by_matrix);
        urls(self.entry, &found)
    }

    fn read_once(&mut self, scope: &Scope, problems: &mut Problems) -> Found {
        let job = &self.entry.value;
        let scope = scope.within(job.get("env"));
        if let Some(uses) = job.get("uses").filter(|uses| !uses.is_null()) {
            return self.call(uses, &scope, problems);
        }
        shape::entries(job.get("env"), "`env`", problems);
        let steps = shape::items(job.get("steps"), "`steps`", problems);
        let mut reader = Reader {
            repository: self.repository,
            problems,
            folders: self.folders,
            workspace: Workspace::default(),
            found: Found::default(),
            origin: self.origin.cloned(),
            number: 0,
            outputs: 0,
        };
        reader.job(steps, &scope, self.defaults);
        let mut found = reader.found;
        let project = found.gcloud_project.take().or(found.action_project.take().map(|(_, project)| project));
        for (_, service) in &mut found.services {
            service.project = service.project.take().or_else(|| project.clone());
            // The action has a region of its own where none is given.
            if service.deploys_via != DeploysVia::DeployCloudrunAction {
                service.region = service.region.take().or_else(|| found.gcloud_region.clone());
            }
        }
        found
    }

    /// Reads the workflow of the repository that the job calls.
    fn call(&mut self, uses: &Node, scope: &Scope, problems: &mut Problems) -> Found {
        let mut found = Found::default();
        let Some(called) = self.repository.enter(uses, problems) else { return found };
        let declared = called.at(&["on", "workflow_call", "inputs"]);
        let given = inputs::given(declared, self.entry.value.get("with"), scope);
        let place = self.origin.unwrap_or(&self.entry.place);
        let deploys = read(&called, given, Some(place), self.repository, self.folders, problems);
        self.repository.leave();
        found.services = deploys.services.into_iter().map(|service| (0, service)).collect();
        found.requests = deploys.requests;
        found.mapped = deploys.mapped;
        found.jobs = deploys.jobs.into_iter().map(|job| (0, job)).collect();
        found
    }
}

/// Whether a word of a request depends on the matrix: its text, or the service whose URL it begins with.
fn asks_by_matrix(word: &Text) -> bool {
    word.parts().any(|part| match part {
        Part::Known(_) => false,
        Part::Open(written, open) => {
            let service = open.url_of.as_deref().unwrap_or_default();
            [written, service].iter().any(|text| expression::refers_to(text, "matrix"))
        }
    })
}

/// Adds what the steps of a job deploy: of a step of which something depends on the matrix what each combination
/// deploys, once; of another one what it deploys without regard to the matrix.
fn add<T: Clone + PartialEq>(
    list: &mut Vec<T>,
    found: &Found,
    expanded: &[Found],
    of: impl Fn(&Found) -> Vec<(usize, T)>,
    depends: impl Fn(&T) -> bool,
) {
    let plain = of(found);
    let expanded: Vec<_> = expanded.iter().flat_map(&of).collect();
    let dependent: Vec<_> =
        plain.iter().filter(|(_, item)| depends(item)).map(|(number, _)| *number).collect();
    let mut done = None;
    for (number, item) in plain {
        if expanded.is_empty() || !dependent.contains(&number) {
            list.push(item);
        } else if done != Some(number) {
            done = Some(number);
            let from = list.len();
            for (_, item) in expanded.iter().filter(|(other, _)| *other == number) {
                if !list.iter().skip(from).any(|known| known == item) {
                    list.push(item.clone());
                }
            }
        }
    }
}

/// The outputs of a job that are a service's URL: `needs.JOB.outputs.NAME`, and the service.
fn urls(entry: &Entry, found: &Found) -> Vec<(String, String)> {
    let outputs = entry.value.get("outputs").map(Node::entries).unwrap_or_default();
    outputs
        .iter()
        .filter_map(|output| {
            let text = output.value.text()?;
            let (_, service) = found.urls.iter().find(|(path, _)| expression::reads(text, path))?;
            Some((format!("needs.{}.outputs.{}", entry.key, output.key), service.clone()))
        })
        .collect()
}

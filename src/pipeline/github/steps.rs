//! The steps of a job or of a composite action.

use super::called::{self, Repository};
use super::deploy::{self, Deployed};
use super::run::{self, Defaults};
use super::scope::Scope;
use super::{gate, inputs, shape};
use crate::model::{Place, Service, Stated};
use crate::pipeline::files::{Files, Folders};
use crate::pipeline::gcloud::Command;
use crate::pipeline::problem::Problems;
use crate::pipeline::shell::{Invocation, Workspace};
use crate::pipeline::yaml::Node;

/// What the steps of a job deploy, each with the number of the job's step that does.
#[derive(Debug, Default)]
pub(super) struct Found {
    pub(super) services: Vec<(usize, Service)>,
    pub(super) jobs: Vec<(usize, Stated)>,
    /// The project that a setup or auth action sets, and how much its word counts.
    pub(super) action_project: Option<(usize, Stated)>,
    /// The project that `gcloud config set project` sets.
    pub(super) gcloud_project: Option<Stated>,
    /// The region that `gcloud config set run/region` sets.
    pub(super) gcloud_region: Option<Stated>,
    /// Requests over HTTP.
    pub(super) requests: Vec<Invocation>,
    /// Services, and the URLs of the domains that are mapped to them.
    pub(super) mapped: Vec<(Stated, Stated)>,
    /// Outputs of steps that are a service's URL: `steps.ID.outputs.NAME`, and the service.
    pub(super) urls: Vec<(String, String)>,
}

impl Found {
    /// Adds what a command of gcloud does.
    pub(super) fn add(&mut self, command: Command, step: usize) {
        match command {
            Command::Service(service) => self.services.push((step, *service)),
            Command::Job(job) => self.jobs.push((step, job)),
            Command::Project(project) => {
                self.gcloud_project.get_or_insert(project);
            }
            Command::Region(region) => {
                self.gcloud_region.get_or_insert(region);
            }
            Command::Url { service, url } => self.mapped.push((service, url)),
        }
    }
}

/// Reads steps.
pub(super) struct Reader<'a> {
    pub(super) repository: &'a mut Repository,
    pub(super) problems: &'a mut Problems,
    /// Where the files of the repository lie.
    pub(super) folders: &'a Folders,
    /// Files that scripts of the job have written.
    pub(super) workspace: Workspace,
    pub(super) found: Found,
    /// The step of the file that the user named, while one that it calls is read.
    pub(super) origin: Option<Place>,
    /// The number of the job's step that is read.
    pub(super) number: usize,
    /// How many `run` steps were read.
    pub(super) outputs: usize,
}

impl Reader<'_> {
    /// Reads the steps of a job.
    pub(super) fn job(&mut self, steps: &[Node], scope: &Scope, defaults: Defaults<'_>) {
        let mut scope = scope.clone();
        for (number, step) in steps.iter().enumerate() {
            self.number = number;
            self.step(step, &scope, defaults);
            scope = self.with_urls(&scope);
        }
    }

    /// The scope with the outputs of the steps so far that are a service's URL.
    fn with_urls(&self, scope: &Scope) -> Scope {
        if self.found.urls.is_empty() {
            return scope.clone();
        }
        scope.changed(|contexts| {
            for (path, service) in &self.found.urls {
                contexts.set_deployed(path, service.clone());
            }
        })
    }

    fn step(&mut self, step: &Node, scope: &Scope, defaults: Defaults<'_>) {
        if !self.repository.may_read_step() {
            return;
        }
        if step.entries().is_empty() {
            let what = if step.is_null() { "an empty step" } else { "this step" };
            self.problems.push(shape::wrong(step, what, "a mapping with `run` or `uses`"));
            return;
        }
        shape::entries(step.get("env"), "`env`", self.problems);
        let scope = scope.within(step.get("env"));
        if !scope.may_run(step) {
            return;
        }
        if let Some((rank, project)) = deploy::project(step, &scope) {
            let better = self.found.action_project.as_ref().is_none_or(|(known, _)| rank < *known);
            if better {
                self.found.action_project = Some((rank, project));
            }
        }
        if let Some(run) = shape::text(step.get("run"), "`run`", self.problems) {
            run::read(run, step, &scope, defaults, self);
        } else if let Some(uses) = shape::text(step.get("uses"), "`uses`", self.problems) {
            if deploy::is_deploy(step) {
                self.found.urls.extend(deploy::url(step, &scope));
                self.deploy(step, &scope);
            } else if uses.text().is_some_and(gate::is_gate) {
                gate::tell_unknown_inputs(step, self.problems);
            } else if uses.text().is_some_and(|name| called::local(name).is_some()) {
                self.composite(step, uses, &scope);
            }
        }
    }

    /// Where a step begins, in the file that the user named.
    pub(super) fn place_of(&self, step: &Node) -> Place {
        self.origin.clone().unwrap_or_else(|| Place { line: step.item_line, ..step.place.clone() })
    }

    fn deploy(&mut self, step: &Node, scope: &Scope) {
        let place = self.place_of(step);
        let files = Files { folders: self.folders, workspace: &self.workspace, folder: "", input: None };
        match deploy::read(step, scope, &files, place, self.problems) {
            Some(Deployed::Services(mut services)) => {
                if let ([service], None) = (&mut services[..], &self.origin) {
                    service.deployed_as = step.get("id").and_then(Node::text).map(str::to_owned);
                }
                self.found.services.extend(services.into_iter().map(|service| (self.number, service)));
            }
            Some(Deployed::Job(job)) => self.found.jobs.push((self.number, job)),
            None => {}
        }
    }

    /// Reads the steps of an action of the repository, if it is made of steps.
    fn composite(&mut self, step: &Node, uses: &Node, scope: &Scope) {
        let Some(action) = self.repository.enter(uses, self.problems) else { return };
        if action.at(&["runs", "using"]).and_then(Node::text) == Some("composite") {
            let given = inputs::given(action.get("inputs"), step.get("with"), scope);
            let origin = self.origin.clone();
            self.origin = Some(self.place_of(step));
            let steps = shape::items(action.at(&["runs", "steps"]), "`steps`", self.problems);
            // Outputs of its own steps are its own; nothing outside sees them.
            let outer = std::mem::take(&mut self.found.urls);
            let mut scope = scope.with(given);
            for step in steps {
                self.step(step, &scope, Defaults::default());
                scope = self.with_urls(&scope);
            }
            self.found.urls = outer;
            self.origin = origin;
        }
        self.repository.leave();
    }
}

//! From pipeline files to the model: one reader a format, each in its own file and one line in [`FORMATS`].
//!
//! Everything here is synchronous and, apart from reading the files, pure. All problems of all files are collected
//! and told at once; values that the files cannot tell stay unresolved.

mod cloud_build;
mod cloud_deploy;
mod combine;
mod cover;
mod discover;
mod duration;
mod excerpt;
pub mod files;
pub mod gcloud;
mod github;
mod globbed_files;
mod job;
mod knative;
pub mod list;
mod load;
mod migrations;
mod native;
mod problem;
mod script;
mod secret;
mod service_links;
mod shape;
pub mod shell;
mod skaffold;
pub mod source;
mod stated_urls;
pub mod text;
pub mod value;
pub mod yaml;

use std::path::{Path, PathBuf};
use std::time::Duration;

use crate::model::{DeploysVia, Place, Service, Stated};
pub(crate) use cloud_build::BUILT_IN as SUBSTITUTIONS_OF_CLOUD_BUILD;
use combine::overlay;
pub use duration::duration;
pub(crate) use excerpt::render as render_problem;
pub use github::INPUTS_OF_THE_ACTION;
pub use job::SOCKET_MISSING as JOB_SOCKET_MISSING;
pub use load::{Found, Loaded, ReadFile, Request, load};
pub use problem::{Problem, Problems, Severity};
use source::Source;
use yaml::Node;

/// A format of pipeline files, as data.
pub struct Format {
    /// Stable id, the `kind` of `rungate read --json`.
    pub id: &'static str,
    /// What it is called in messages.
    pub title: &'static str,
    /// Whether a file is of this format, by its first document's content (and, where that is not enough, its path).
    pub recognises: fn(&Path, &Node) -> bool,
    /// Reads a file that was recognised.
    pub read: fn(&File<'_>, &mut Problems) -> Reading,
    /// Where such files usually lie; `*` stands for any name within a folder.
    pub usual_places: &'static [&'static str],
}

impl std::fmt::Debug for Format {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_tuple("Format").field(&self.id).finish()
    }
}

/// A file that was parsed.
#[derive(Clone, Copy, Debug)]
pub struct File<'a> {
    /// Its name and text.
    pub source: &'a Source,
    /// Where it lies.
    pub path: &'a Path,
    /// Its documents.
    pub documents: &'a [Node],
    /// Ids of the checks that exist, for `require:` and `advisory:`.
    pub known_checks: &'a [&'static str],
    /// Where the files lie that it names.
    pub folders: &'a files::Folders,
    /// Substitutions that the user gives (`--substitution`).
    pub substitutions: &'a [(String, String)],
}

/// What one file says.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Reading {
    /// The services it deploys, in file order.
    pub services: Vec<Service>,
    /// The Cloud Run jobs it deploys.
    pub jobs: Vec<Stated>,
    /// The deadline it states for the whole run.
    pub deadline: Option<(Duration, Place)>,
    /// The pipeline files that it names, relative to its own folder.
    pub pipelines: Vec<Stated>,
    /// The files that were read as parts of it, as they really lie.
    pub followed: Vec<PathBuf>,
    /// Whether it deploys only as a part of another file that names it.
    pub only_called: bool,
}

impl Reading {
    /// Adds a service. An update of one that the same file has deployed before is put into that one.
    fn add_service(&mut self, service: Service) {
        let before = (service.deploys_via == DeploysVia::ServicesUpdate)
            .then(|| self.services.iter_mut().find(|known| overlay::updates(known, &service)))
            .flatten();
        match before {
            Some(known) => overlay::update(known, service),
            None => self.services.push(service),
        }
    }

    /// Puts an update into the service that it is of; gives it back where no such service was deployed before.
    fn update_known(&mut self, update: Service) -> Option<Service> {
        match self.services.iter_mut().find(|known| overlay::updates(known, &update)) {
            Some(known) => {
                overlay::update(known, update);
                None
            }
            None => Some(update),
        }
    }

    /// Adds a service that a step deploys. The step's services begin at an index: a second deploy of one of them is
    /// another branch of the step's script, or another try.
    fn add_alternative(&mut self, service: Service, begin: usize) {
        let same = self
            .services
            .iter_mut()
            .skip(begin)
            .find(|known| known.name.is_some() && overlay::updates(known, &service));
        match same {
            // "Create it, or update it": the update says less.
            Some(known)
                if known.deploys_via == DeploysVia::ServicesUpdate
                    && service.deploys_via == DeploysVia::GcloudRunDeploy =>
            {
                *known = service;
            }
            Some(known) if service.deploys_via == DeploysVia::ServicesUpdate => {
                overlay::update(known, service);
            }
            Some(_) => {}
            None => self.add_service(service),
        }
    }

    /// Adds a job, once.
    fn add_job(&mut self, name: Stated) {
        if !self.jobs.iter().any(|job| job.value == name.value) {
            self.jobs.push(name);
        }
    }
}

/// All formats, in the order in which a file is tried against them and the usual places are searched.
pub static FORMATS: &[&Format] = &[
    &native::FORMAT,
    &cloud_build::FORMAT,
    &github::FORMAT,
    &cloud_deploy::FORMAT,
    &skaffold::FORMAT,
    &knative::FORMAT,
];

#[cfg(test)]
mod tests {
    use super::*;

    /// Reads a text in a format that must recognise it.
    pub(super) fn read_text(format: &Format, text: &str) -> (Reading, Problems) {
        let source = Source::new("a.yaml", text);
        let documents = yaml::parse(&source).expect("the text of a test is YAML");
        assert!(
            (format.recognises)(Path::new("a.yaml"), &documents[0]),
            "{} does not recognise it",
            format.id
        );
        let mut problems = Problems::default();
        let path = Path::new("a.yaml");
        let known_checks = &["revision-ready", "health", "database-login"];
        let reading = {
            let folders = files::Folders::default();
            let file = File {
                source: &source,
                path,
                documents: &documents,
                known_checks,
                folders: &folders,
                substitutions: &[],
            };
            (format.read)(&file, &mut problems)
        };
        (reading, problems)
    }

    /// Services in one line each: line, name, then what is stated.
    pub(super) fn shown(reading: &Reading) -> Vec<String> {
        reading.services.iter().map(one_line).collect()
    }

    fn one_line(service: &Service) -> String {
        let mut words = vec![service.place.line.to_string()];
        let raw = |stated: &Option<Stated>| stated.as_ref().map(|stated| stated.raw().to_owned());
        words.extend(raw(&service.name));
        for (key, value) in [
            ("project", &service.project),
            ("region", &service.region),
            ("url", &service.url),
            ("manifest", &service.manifest),
            ("image", &service.image),
            ("account", &service.service_account),
            ("connector", &service.vpc.connector),
            ("egress", &service.vpc.egress),
            ("network", &service.vpc.network),
            ("subnet", &service.vpc.subnet),
            ("port", &service.port),
            ("tag", &service.tag),
        ] {
            words.extend(raw(value).map(|value| format!("{key}={value}")));
        }
        words.extend(service.cloudsql_instances.iter().map(|instance| format!("sql={}", instance.raw())));
        words
            .extend(service.env.iter().map(|variable| format!("{}={}", variable.name, variable.value.raw())));
        words.extend(
            service.secrets.iter().map(|s| format!("{}<-{}:{}", s.target, s.secret.raw(), s.version.raw())),
        );
        words.extend(service.health_paths.iter().map(|path| format!("GET{}", path.raw())));
        words.extend(service.allow_unauthenticated.map(|open| format!("open={open}")));
        words.extend(service.no_traffic.map(|no| format!("no_traffic={no}")));
        words.extend(service.sidecars.iter().map(|sidecar| {
            format!(
                "[{} {}]",
                raw(&sidecar.name).unwrap_or_default(),
                sidecar.env.len() + sidecar.secrets.len()
            )
        }));
        words.join(" ")
    }
}

//! What a `gcloud run …` command line deploys. Whoever has the words (a Cloud Build step, the flags of an action,
//! a shell script) hands them over; this reads the flags as gcloud does.

mod apply;
mod containers;
mod dictionary;
mod file;
mod flags;
mod manifest;
mod probes;
mod refused;

use super::files::Files;
use super::job;
use super::problem::{Problem, Problems};
use super::shell::program;
use super::text::Text;
use crate::model::{DeploysVia, Place, Service, Stated};
pub(super) use dictionary::put;
pub(super) use file::variables as variables_of;
use flags::Words;
pub use manifest::services_of;

/// What a command line does, as far as the gate cares.
#[derive(Clone, Debug, PartialEq)]
pub enum Command {
    /// Deploys a service.
    Service(Box<Service>),
    /// Deploys a job; its name.
    Job(Stated),
    /// `gcloud config set project`: the project of the commands after it.
    Project(Stated),
    /// `gcloud config set run/region`: the region of the commands after it.
    Region(Stated),
    /// `gcloud run domain-mappings create`: a service answers under a URL.
    Url {
        /// The service.
        service: Stated,
        /// The URL of the mapped domain.
        url: Stated,
    },
}

/// Reads a command line, with or without `gcloud` in front; nothing where it deploys nothing, several services
/// where it replaces them by a manifest of several.
pub fn commands(words: &[Text], files: &Files<'_>, place: Place, problems: &mut Problems) -> Vec<Command> {
    let words = match words {
        [first, rest @ ..] if is_gcloud(&first.raw()) => rest,
        all => all,
    };
    let Words { positionals, flags } = flags::sort(words, files, problems);
    // In front of the group, flags may hide in a variable.
    let group = positionals
        .iter()
        .position(|word| word.is_known() && !matches!(word.raw().as_str(), "alpha" | "beta" | "preview"));
    let command = group.and_then(|group| positionals.get(group..)).unwrap_or_default();
    let verbs: Vec<String> = command.iter().take(3).map(Text::raw).collect();
    let verbs: Vec<&str> = verbs.iter().map(String::as_str).collect();
    let argument = |index: usize| command.get(index);
    let stated = |index: usize| argument(index).map(Text::stated);
    let deployed = |via: DeploysVia, name: Option<Stated>, problems: &mut Problems| {
        let mut service = Service::new(via, place.clone());
        service.name = name;
        apply::apply(&mut service, &flags, files, problems);
        service
    };
    let service = |service: Service| vec![Command::Service(Box::new(service))];
    match verbs.as_slice() {
        ["config", "set", "project" | "core/project"] => {
            stated(3).map(Command::Project).into_iter().collect()
        }
        ["config", "set", "run/region"] => stated(3).map(Command::Region).into_iter().collect(),
        ["run", "jobs", "deploy" | "create" | "update"] => {
            problems.extend(job_without_socket(&flags));
            stated(3).map(Command::Job).into_iter().collect()
        }
        ["run", "jobs", "replace"] => {
            let manifest = argument(3).map(|path| manifest::read(path, files, problems)).unwrap_or_default();
            manifest.jobs.into_iter().map(Command::Job).collect()
        }
        ["run", "domain-mappings", "create"] => mapped(&flags).into_iter().collect(),
        ["deploy", "releases", "create"] => {
            problems.push(release(&flags, &place));
            Vec::new()
        }
        ["run", "deploy", ..] => service(deployed(DeploysVia::GcloudRunDeploy, stated(2), problems)),
        ["run", "services", "update"] if argument(3).is_some() => {
            service(deployed(DeploysVia::ServicesUpdate, stated(3), problems))
        }
        ["run", "services", "replace"] if argument(3).is_some() => {
            let flags = deployed(DeploysVia::ServicesReplace, None, problems);
            let found =
                argument(3).map(|path| services_of(path, &flags, files, problems)).unwrap_or_default();
            found.into_iter().map(|service| Command::Service(Box::new(service))).collect()
        }
        _ => Vec::new(),
    }
}

/// A release of Cloud Deploy: what it deploys stands in other files.
fn release(flags: &[flags::Flag], place: &Place) -> Problem {
    let file = flags.iter().rev().find(|flag| flag.name == "--skaffold-file");
    let file = file.and_then(|flag| flag.value.as_ref()).and_then(Text::as_known);
    let file = file.unwrap_or_else(|| "skaffold.yaml".to_owned());
    Problem::warning(
        "release-not-followed",
        "this step makes a release of Cloud Deploy, which is not read here",
    )
    .at(place.clone())
    .fix(format!("check the file of the delivery pipeline (`clouddeploy.yaml`) or `{file}`"))
}

/// What is wrong with a job of several containers that connects to Cloud SQL.
fn job_without_socket(flags: &[flags::Flag]) -> Option<Problem> {
    let attaches = |flag: &&flags::Flag| {
        matches!(flag.name.as_str(), "--set-cloudsql-instances" | "--add-cloudsql-instances")
    };
    let attached = flags.iter().find(attaches)?.value.as_ref()?;
    let containers = flags.iter().filter(|flag| flag.name == "--container").count();
    job::socket_missing(containers, attached.place(), attached.raw().chars().count())
}

/// The URL of a mapped domain.
fn mapped(flags: &[flags::Flag]) -> Option<Command> {
    let value = |name: &str| flags.iter().rev().find(|flag| flag.name == name)?.value.as_ref();
    let domain = value("--domain")?;
    let mut url = Text::known("https://", domain.place().clone());
    url.push(domain);
    Some(Command::Url { service: value("--service")?.stated(), url: url.stated() })
}

/// Whether a word is the program: `gcloud`, `/usr/bin/gcloud`, `gcloud.cmd`.
pub fn is_gcloud(word: &str) -> bool {
    matches!(program(word), "gcloud" | "gcloud.cmd")
}

/// Adds what flags alone say to a service.
pub fn add_flag_texts(service: &mut Service, words: &[Text], files: &Files<'_>, problems: &mut Problems) {
    let flags = flags::sort(words, files, problems).flags;
    apply::apply(service, &flags, files, problems);
}

#[cfg(test)]
mod tests;

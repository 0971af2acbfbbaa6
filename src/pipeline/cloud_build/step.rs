//! The steps of a build, in order.

use std::collections::HashMap;

use super::substitutions::{Reader, Substitutions};
use crate::model::{DeploysVia, Place, Service, Stated};
use crate::pipeline::files::Files;
use crate::pipeline::gcloud::{self, Command, is_gcloud};
use crate::pipeline::problem::{Problem, Problems};
use crate::pipeline::shell::{self, Invocation, Workspace};
use crate::pipeline::text::Text;
use crate::pipeline::yaml::{Kind, Node, Style};
use crate::pipeline::{File, Reading, stated_urls};

/// A build while its steps are read: what one step leaves for the next.
pub(super) struct Build<'a> {
    file: &'a File<'a>,
    substitutions: &'a Substitutions,
    /// `options.env`.
    environment: HashMap<String, Text>,
    workspace: Workspace,
    project: Option<Stated>,
    region: Option<Stated>,
    /// Updates of services that no step before has deployed, and that bring no image.
    updates: Vec<Service>,
    /// Requests over HTTP.
    requests: Vec<Invocation>,
}

impl<'a> Build<'a> {
    pub(super) fn new(file: &'a File<'a>, document: &Node, substitutions: &'a Substitutions) -> Self {
        let mut build = Self {
            file,
            substitutions,
            environment: HashMap::new(),
            workspace: Workspace::default(),
            project: None,
            region: None,
            updates: Vec::new(),
            requests: Vec::new(),
        };
        build.environment = build.variables(document.at(&["options", "env"]));
        build
    }

    /// The variables of an `env` list: `NAME=value`.
    fn variables(&self, list: Option<&Node>) -> HashMap<String, Text> {
        let items = list.map(Node::items).unwrap_or_default().iter();
        items
            .filter_map(|item| self.substitutions.text(item, Reader::Program).split_once("="))
            .map(|(name, value)| (name.raw(), value))
            .collect()
    }

    pub(super) fn step(&mut self, step: &Node, reading: &mut Reading, problems: &mut Problems) {
        let mut environment = self.environment.clone();
        environment.extend(self.variables(step.get("env")));
        let substitutions = self.substitutions;
        let outside = |name: &str| {
            // A script takes substitutions from its environment, if they are mapped into it.
            environment.get(name).cloned().or_else(|| substitutions.value(name))
        };
        let invocations = match step.get("script") {
            Some(script) => shell::commands(&Text::of_node(script), &outside, &mut self.workspace, problems),
            None => {
                let words = self.words(step);
                warn_line_feeds(step, &words, problems);
                shell::run(words, &outside, &mut self.workspace, problems)
            }
        };
        self.take(step, invocations, reading, problems);
    }

    /// The step's command line: its entrypoint, then its args; gcloud in front where the image runs it.
    fn words(&self, step: &Node) -> Vec<Text> {
        let entrypoint = step.get("entrypoint").filter(|entrypoint| !entrypoint.is_null());
        let arguments = match step.get("args") {
            Some(args) if args.text().is_some() && !args.is_null() => std::slice::from_ref(args),
            Some(args) => args.items(),
            None => &[],
        };
        let nodes: Vec<&Node> = entrypoint.into_iter().chain(arguments).collect();
        let first = nodes.first().and_then(|node| node.text()).unwrap_or_default();
        let image = image_name(step);
        let shell = shell::is_shell(first.trim()) || (entrypoint.is_none() && shell::is_shell(image));
        let reader = if shell { Reader::Shell } else { Reader::Program };
        let mut words: Vec<Text> = nodes
            .iter()
            .filter(|node| node.text().is_some())
            .map(|node| {
                let text = self.substitutions.text(node, reader);
                if is_block(node) { text.trim_end_matches(|c| c == '\n') } else { text }
            })
            .collect();
        // `gcr.io/cloud-builders/gcloud`; the images of the SDK have no entrypoint, but are named for the same.
        let runs = |program: &str, words: &mut Vec<Text>| {
            words.insert(0, Text::known(program, step.place.clone()));
        };
        let is_command = |word: &Text| {
            matches!(word.raw().as_str(), "run" | "config" | "alpha" | "beta") || word.starts_with("--")
        };
        if entrypoint.is_none() && words.first().is_some_and(is_command) && is_sdk(image) {
            runs("gcloud", &mut words);
        } else if entrypoint.is_none() && shell && !shell::is_shell(first.trim()) {
            runs("bash", &mut words);
        }
        words
    }

    fn take(
        &mut self,
        step: &Node,
        invocations: Vec<Invocation>,
        reading: &mut Reading,
        problems: &mut Problems,
    ) {
        let place = Place { line: step.item_line, ..step.place.clone() };
        let folder = step.get("dir").map(|dir| self.substitutions.text(dir, Reader::Program).raw());
        let folder = folder.unwrap_or_default();
        let before = reading.services.len();
        for invocation in invocations {
            if !invocation.words.first().is_some_and(|word| is_gcloud(&word.raw())) {
                self.requests.push(invocation);
                continue;
            }
            let files = Files {
                folders: self.file.folders,
                workspace: &self.workspace,
                folder: &folder,
                input: invocation.input.as_ref(),
            };
            for command in gcloud::commands(&invocation.words, &files, place.clone(), problems) {
                match command {
                    Command::Service(service) => {
                        let mut service = *service;
                        service.project = service.project.take().or_else(|| self.project.clone());
                        service.region = service.region.take().or_else(|| self.region.clone());
                        if service.deploys_via == DeploysVia::ServicesUpdate && service.image.is_none() {
                            self.updates.extend(reading.update_known(service));
                        } else {
                            reading.add_alternative(service, before);
                        }
                    }
                    Command::Job(name) => reading.add_job(name),
                    Command::Project(project) => self.project = Some(project),
                    Command::Region(region) => self.region = Some(region),
                    Command::Url { service, url } => stated_urls::map(&mut reading.services, &service, url),
                }
            }
        }
    }

    /// The requests of all steps, after the last one. Updates count where the build deploys nothing else.
    pub(super) fn finish(self, reading: &mut Reading) -> Vec<Invocation> {
        if reading.services.is_empty() {
            for update in self.updates {
                reading.add_service(update);
            }
        }
        self.requests
    }
}

/// The last part of a step's image, without tag and digest.
fn image_name(step: &Node) -> &str {
    let image = step.get("name").and_then(Node::text).unwrap_or_default();
    let image = image.split('@').next().unwrap_or_default();
    let last = image.rsplit('/').next().unwrap_or_default();
    last.split(':').next().unwrap_or_default()
}

/// Whether an image is one of gcloud's.
fn is_sdk(image: &str) -> bool {
    image.contains("gcloud") || image.contains("cloud-sdk") || image.contains("google-cloud-cli")
}

fn is_block(node: &Node) -> bool {
    matches!(node.kind, Kind::Scalar { style: Style::Literal | Style::Folded, .. })
}

/// A block after `|` ends in a line feed, which gcloud gets as part of the last value.
fn warn_line_feeds(step: &Node, words: &[Text], problems: &mut Problems) {
    let deploys =
        words.iter().any(|word| word.is("run")) && words.first().is_some_and(|word| is_gcloud(&word.raw()));
    if !deploys {
        return;
    }
    for argument in step.get("args").map(Node::items).unwrap_or_default() {
        if is_block(argument) && argument.text().is_some_and(|text| text.ends_with('\n')) {
            problems.push(
                Problem::warning("argument-ends-in-line-feed", "this argument ends in a line feed")
                    .at(argument.place.clone())
                    .length(argument.length)
                    .fix("gcloud takes it as part of the last value; `|-` or `>-` in the place of `|` or `>` leaves it out"),
            );
        }
    }
}

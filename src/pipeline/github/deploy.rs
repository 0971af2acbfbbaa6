//! The action `google-github-actions/deploy-cloudrun`, whatever its version: its inputs become the flags of
//! `gcloud run deploy`.

use super::marks::Marks;
use super::scope::Scope;
use super::shape;
use crate::model::{DeploysVia, Place, Service, Stated, Value, Variable};
use crate::pipeline::gcloud::{self, Word, put};
use crate::pipeline::list::{self, Pair};
use crate::pipeline::problem::{Problem, Problems};
use crate::pipeline::secret;
use crate::pipeline::text::Text;
use crate::pipeline::value::{Dialect, Values};
use crate::pipeline::yaml::Node;

/// The action that deploys.
const DEPLOY: &str = "google-github-actions/deploy-cloudrun";
/// Actions whose `project_id` becomes the project of the steps after them, best first.
const SET_PROJECT: &[&str] = &["google-github-actions/setup-gcloud", "google-github-actions/auth"];

/// What the action deploys.
pub(super) enum Deployed {
    Service(Box<Service>),
    Job(Stated),
}

/// Whether a step deploys by the action.
pub(super) fn is_deploy(step: &Node) -> bool {
    uses(step, DEPLOY)
}

/// Whether a step uses an action, of whatever version.
fn uses(step: &Node, action: &str) -> bool {
    let used = step.get("uses").and_then(Node::text).unwrap_or_default().trim();
    used.split('@').next().is_some_and(|name| name.eq_ignore_ascii_case(action))
}

/// The project that one of a job's steps sets for those after it.
pub(super) fn project(step: &Node, scope: &Scope) -> Option<(usize, Stated)> {
    let rank = SET_PROJECT.iter().position(|action| uses(step, action))?;
    Some((rank, Inputs { step, scope }.stated("project_id")?))
}

/// The output that is the URL of the service that a step deploys, and the service.
pub(super) fn url(step: &Node, scope: &Scope) -> Option<(String, String)> {
    let id = step.get("id").and_then(Node::text)?;
    let name = Inputs { step, scope }.stated("service")?;
    Some((format!("steps.{id}.outputs.url"), name.raw().to_owned()))
}

/// Reads a step that deploys by the action. `None`: it only moves traffic.
pub(super) fn read(step: &Node, scope: &Scope, place: Place, problems: &mut Problems) -> Option<Deployed> {
    let inputs = Inputs { step, scope };
    inputs.tell_broken(problems);
    if let Some(job) = inputs.stated("job") {
        return Some(Deployed::Job(job));
    }
    let moves_traffic = inputs.node("revision_traffic").or_else(|| inputs.node("tag_traffic")).is_some();
    if moves_traffic && ["image", "source", "metadata"].iter().all(|name| inputs.node(name).is_none()) {
        return None;
    }
    let mut marks = Marks::default();
    let mut service = Service::new(DeploysVia::DeployCloudrunAction, place);
    service.region = inputs.marked("region", &mut marks);
    service.manifest = inputs.marked("metadata", &mut marks);
    if service.manifest.is_none() {
        // With a manifest, the action leaves out every input that the manifest says.
        service.name = inputs.marked("service", &mut marks);
        service.image = inputs.marked("image", &mut marks);
        service.tag = inputs.marked("tag", &mut marks);
        service.no_traffic = inputs
            .stated("no_traffic")
            .and_then(|no| no.as_known().map(|no| no.eq_ignore_ascii_case("true")));
        inputs.lists(&mut service, &mut marks, problems);
    }
    inputs.flags(&mut service, &mut marks, problems);
    marks.show_service(&mut service);
    // The action adds `--project` after all flags: gcloud takes the last one.
    service.project = inputs.stated("project_id").or(service.project);
    Some(Deployed::Service(Box::new(service)))
}

/// A step's inputs.
struct Inputs<'a> {
    step: &'a Node,
    scope: &'a Scope,
}

impl Inputs<'_> {
    /// An input that is given. GitHub takes the names in either case; an empty one counts as not given.
    fn node(&self, name: &str) -> Option<&Node> {
        let inputs = self.step.get("with").map(Node::entries).unwrap_or_default();
        let node = &inputs.iter().find(|entry| entry.key.eq_ignore_ascii_case(name))?.value;
        let text = node.text()?;
        (!text.trim().is_empty() && !node.is_null()).then_some(node)
    }

    fn text(&self, name: &str) -> Option<Text> {
        self.scope.text(self.node(name)?)
    }

    /// An input with its open parts hidden.
    fn marked(&self, name: &str, marks: &mut Marks) -> Option<Stated> {
        let mut stated = self.stated(name)?;
        let hidden = marks.hide(&self.text(name)?.trim());
        stated.value = Value::Known(hidden);
        Some(stated)
    }

    fn stated(&self, name: &str) -> Option<Stated> {
        let text = self.text(name)?.trim();
        // An expression may be known to be empty: then the input is not given either.
        (!text.is_empty()).then(|| text.stated())
    }

    fn tell_broken(&self, problems: &mut Problems) {
        for entry in shape::entries(self.step.get("with"), "`with`", problems) {
            match entry.value.text() {
                Some(text) => super::tell_broken(&entry.value, text, problems),
                None => problems.push(shape::wrong(&entry.value, &format!("`{}`", entry.key), "a text")),
            }
        }
    }

    fn lists(&self, service: &mut Service, marks: &mut Marks, problems: &mut Problems) {
        if let Some(file) = self.node("env_vars_file") {
            problems.push(
                Problem::warning("file-not-followed", "what `env_vars_file` names is not read")
                    .at(file.place.clone())
                    .length(file.length)
                    .hint("say in rungate.yaml which variables of it matter"),
            );
        }
        let values = Values::new(Dialect::GitHub);
        for (pair, place) in self.pairs("env_vars", marks, problems) {
            let value = values.state(&pair.value, place);
            put(&mut service.env, Variable { name: pair.key, value }, |variable| &variable.name);
        }
        for (pair, place) in self.pairs("secrets", marks, problems) {
            let reference = secret::reference(&pair.key, &pair.value, &place, &values, problems);
            put(&mut service.secrets, reference, |reference| &reference.target);
        }
    }

    /// The pairs of an input, each with its place.
    fn pairs(&self, name: &str, marks: &mut Marks, problems: &mut Problems) -> Vec<(Pair, Place)> {
        let Some((node, text)) = self.node(name).and_then(|node| Some((node, self.scope.text(node)?))) else {
            return Vec::new();
        };
        match list::action_pairs(&marks.hide(&text), &Values::new(Dialect::GitHub)) {
            Ok(pairs) => pairs
                .into_iter()
                .map(|pair| {
                    let place = node.place_of_line(pair.line);
                    (pair, place)
                })
                .collect(),
            Err((line, what)) => {
                problems.push(
                    Problem::warning("input-broken", format!("`{name}` cannot be read: {what}"))
                        .at(node.place_of_line(line))
                        .hint("one NAME=value a line; `\\,` is a comma within a value"),
                );
                Vec::new()
            }
        }
    }

    fn flags(&self, service: &mut Service, marks: &mut Marks, problems: &mut Problems) {
        let Some((node, text)) = self.node("flags").and_then(|node| Some((node, self.scope.text(node)?)))
        else {
            return;
        };
        let values = Values::new(Dialect::GitHub);
        match list::action_flags(&marks.hide(&text), &values) {
            Ok(words) => {
                let words: Vec<_> = words
                    .into_iter()
                    .map(|(text, line)| Word { text, place: node.place_of_line(line) })
                    .collect();
                gcloud::add_flags(service, &words, &values, problems);
            }
            Err(quote) => problems.push(
                Problem::warning(
                    "input-broken",
                    format!("`flags` cannot be read: the quote {quote} is not closed"),
                )
                .at(node.place.clone())
                .length(node.length),
            ),
        }
    }
}

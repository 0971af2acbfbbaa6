//! The action `google-github-actions/deploy-cloudrun`, whatever its version: its inputs become the flags of
//! `gcloud run deploy`.

use super::lists;
use super::scope::Scope;
use super::shape;
use crate::model::{DeploysVia, OtherVariables, Place, Service, Stated, Variable};
use crate::pipeline::files::{Files, Found};
use crate::pipeline::gcloud::{self, put};
use crate::pipeline::problem::{Problem, Problems};
use crate::pipeline::secret;
use crate::pipeline::text::Text;
use crate::pipeline::yaml::Node;

/// The action that deploys.
const DEPLOY: &str = "google-github-actions/deploy-cloudrun";
/// Actions whose `project_id` becomes the project of the steps after them, best first.
const SET_PROJECT: &[&str] = &[
    "google-github-actions/setup-gcloud",
    // Its name until 2020; files still use it.
    "GoogleCloudPlatform/github-actions/setup-gcloud",
    "google-github-actions/auth",
];

/// What the action deploys.
#[derive(Debug)]
pub(super) enum Deployed {
    /// Services: several where its manifest holds several.
    Services(Vec<Service>),
    /// A job; its name.
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

/// The project that one of a job's steps sets for those after it, and how much its word counts: less is more.
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
pub(super) fn read(
    step: &Node,
    scope: &Scope,
    files: &Files<'_>,
    place: Place,
    problems: &mut Problems,
) -> Option<Deployed> {
    let inputs = Inputs { step, scope };
    inputs.tell_broken(problems);
    if let Some(job) = inputs.stated("job") {
        return Some(Deployed::Job(job));
    }
    let moves_traffic = inputs.node("revision_traffic").or_else(|| inputs.node("tag_traffic")).is_some();
    if moves_traffic && ["image", "source", "metadata"].iter().all(|name| inputs.node(name).is_none()) {
        return None;
    }
    let mut service = Service::new(DeploysVia::DeployCloudrunAction, place);
    service.region = inputs.stated("region");
    service.revision_traffic = inputs.stated("revision_traffic");
    let manifest = inputs.given("metadata");
    if manifest.is_none() {
        // With a manifest, the action leaves out every input that the manifest says.
        service.name = inputs.stated("service");
        service.image = inputs.stated("image");
        service.source = inputs.stated("source");
        service.tag = inputs.stated("tag");
        service.revision_suffix = inputs.stated("suffix");
        let no_traffic = inputs.given("no_traffic").and_then(|no| no.as_known());
        service.no_traffic = no_traffic.map(|no| no.eq_ignore_ascii_case("true"));
        inputs.lists(&mut service, files, problems);
    }
    inputs.flags(&mut service, files, problems);
    // The action adds `--project` after all flags: gcloud takes the last one.
    service.project = inputs.stated("project_id").or(service.project);
    Some(Deployed::Services(match manifest {
        Some(path) => gcloud::services_of(&path, &service, files, problems),
        None => vec![service],
    }))
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

    /// The text of an input, if there is one: an expression may be known to be empty.
    fn given(&self, name: &str) -> Option<Text> {
        let text = self.scope.text(self.node(name)?)?.trim();
        (!text.is_empty()).then_some(text)
    }

    fn stated(&self, name: &str) -> Option<Stated> {
        self.given(name).map(|text| text.stated())
    }

    /// Tells of inputs that are no texts, and of expressions that GitHub would refuse.
    fn tell_broken(&self, problems: &mut Problems) {
        for entry in shape::entries(self.step.get("with"), "`with`", problems) {
            match entry.value.text() {
                Some(text) => super::tell_broken(&entry.value, text, problems),
                None => problems.push(shape::wrong(&entry.value, &format!("`{}`", entry.key), "a text")),
            }
        }
    }

    fn lists(&self, service: &mut Service, files: &Files<'_>, problems: &mut Problems) {
        if let Some(path) = self.given("env_vars_file") {
            for variable in variables(&path, files, problems) {
                put(&mut service.env, variable, |variable| &variable.name);
            }
        }
        service.other_variables = self.others("env_vars");
        service.other_secrets = self.others("secrets");
        for (name, value) in self.pairs("env_vars", problems) {
            put(&mut service.env, Variable { name, value: value.stated() }, |variable| &variable.name);
        }
        for (target, value) in self.pairs("secrets", problems) {
            let reference = secret::of_text(&target, &value, problems);
            put(&mut service.secrets, reference, |reference| &reference.target);
        }
    }

    /// What `NAME_update_strategy` says of the input of that name; `merge` unless stated.
    fn others(&self, name: &str) -> Option<OtherVariables> {
        let given = self.node(name)?.place.clone();
        let Some(strategy) = self.stated(&format!("{name}_update_strategy")) else {
            return Some(OtherVariables::Kept(given));
        };
        match strategy.as_known()? {
            "overwrite" => Some(OtherVariables::Removed(strategy.place)),
            _ => Some(OtherVariables::Kept(strategy.place)),
        }
    }

    fn pairs(&self, name: &str, problems: &mut Problems) -> Vec<(String, Text)> {
        let Some(text) = self.given(name) else { return Vec::new() };
        match lists::pairs(&text) {
            Ok(pairs) => {
                for item in pairs.open {
                    problems.push(
                        Problem::warning(
                            "list-not-known",
                            format!("a part of `{name}` is only known to the run"),
                        )
                        .at(item.place().clone())
                        .fix("say in rungate.yaml which variables of it matter"),
                    );
                }
                pairs.known
            }
            Err((place, what)) => {
                problems.push(
                    Problem::warning("input-broken", format!("`{name}` cannot be read: {what}"))
                        .at(place)
                        .fix("one NAME=value a line; `\\,` is a comma within a value"),
                );
                Vec::new()
            }
        }
    }

    fn flags(&self, service: &mut Service, files: &Files<'_>, problems: &mut Problems) {
        let Some(text) = self.given("flags") else { return };
        match lists::flags(&text) {
            Ok(words) => gcloud::add_flag_texts(service, &words, files, problems),
            Err(quote) => problems.push(
                Problem::warning(
                    "input-broken",
                    format!("`flags` cannot be read: the quote {quote} is not closed"),
                )
                .at(text.place().clone()),
            ),
        }
    }
}

/// The variables of the file that `env_vars_file` names: lines `NAME=value`, else a mapping of YAML or JSON.
fn variables(path: &Text, files: &Files<'_>, problems: &mut Problems) -> Vec<Variable> {
    let text = match path.as_known().map(|path| files.find(&path)) {
        Some(Found::Written(text)) => Some(text),
        Some(Found::Read(source)) => Some(Text::known(&*source.text, source.place(1, 1))),
        Some(Found::Unknown | Found::Missing | Found::Unreadable(_)) | None => None,
    };
    let is_list = |text: &Text| {
        let raw = text.raw();
        // As the action does it: one line of that form is enough.
        !raw.starts_with(['{', '['])
            && raw
                .lines()
                .any(|line| line.split_once('=').is_some_and(|(k, v)| !k.is_empty() && !v.is_empty()))
    };
    if let Some(text) = text.filter(is_list)
        && let Ok(pairs) = lists::pairs(&text)
    {
        return pairs
            .known
            .into_iter()
            .map(|(name, value)| Variable { name, value: value.stated() })
            .collect();
    }
    gcloud::variables_of(path, "env_vars_file", files, problems)
}

//! Flags that belong to a container: all flags after `--container NAME` do, until the next one.

use super::file;
use super::flags::Flag;
use crate::model::{SecretReference, Service, Sidecar, Stated, Variable};
use crate::pipeline::files::Files;
use crate::pipeline::list;
use crate::pipeline::problem::{Problem, Problems};
use crate::pipeline::secret;
use crate::pipeline::text::Text;

/// One container, being read.
#[derive(Default)]
struct Container {
    name: Option<Stated>,
    image: Option<Stated>,
    port: Option<Stated>,
    env: Vec<Variable>,
    secrets: Vec<SecretReference>,
}

/// The containers of a command line; flags before the first `--container` are those of the service's only one.
pub(super) struct Containers {
    main: Container,
    named: Vec<Container>,
}

impl Containers {
    /// Begins with what a service already has.
    pub(super) fn of(service: &mut Service) -> Self {
        let main = Container {
            name: None,
            image: service.image.take(),
            port: service.port.take(),
            env: std::mem::take(&mut service.env),
            secrets: std::mem::take(&mut service.secrets),
        };
        Self { main, named: Vec::new() }
    }

    /// Takes a flag that clears what was there before.
    pub(super) fn clear(&mut self, flag: &Flag) {
        match flag.name.as_str() {
            "--clear-env-vars" => self.main.env.clear(),
            "--clear-secrets" => self.main.secrets.clear(),
            _ => {}
        }
    }

    /// Takes a flag with a value, if it is a container's.
    pub(super) fn take(&mut self, flag: &Flag, files: &Files<'_>, problems: &mut Problems) {
        let Some(value) = &flag.value else { return };
        if flag.name == "--container" {
            self.named.push(Container { name: Some(value.stated()), ..Container::default() });
            return;
        }
        let container = self.named.last_mut().unwrap_or(&mut self.main);
        match flag.name.as_str() {
            "--image" => container.image = Some(value.stated()),
            "--port" => container.port = Some(value.stated()),
            "--set-env-vars" | "--update-env-vars" => {
                for (name, value) in pairs(value, flag, problems) {
                    let variable = Variable { name, value: value.stated() };
                    put(&mut container.env, variable, |variable| &variable.name);
                }
            }
            "--remove-env-vars" => {
                let gone = names(value);
                container.env.retain(|variable| !gone.contains(&variable.name));
            }
            "--env-vars-file" => {
                for variable in file::variables(value, &flag.name, files, problems) {
                    put(&mut container.env, variable, |variable| &variable.name);
                }
            }
            "--set-secrets" | "--update-secrets" => {
                for (target, value) in pairs(value, flag, problems) {
                    let reference = secret::of_text(&target, &value, problems);
                    put(&mut container.secrets, reference, |reference| &reference.target);
                }
            }
            "--remove-secrets" => {
                let gone = names(value);
                container.secrets.retain(|secret| !gone.contains(&secret.target));
            }
            _ => {}
        }
    }

    /// Hands the containers over: the one with a port gets the requests, else the first.
    pub(super) fn give_to(mut self, service: &mut Service) {
        let ingress = self.named.iter().position(|container| container.port.is_some()).unwrap_or(0);
        let main = if self.named.is_empty() { self.main } else { self.named.remove(ingress) };
        service.image = main.image;
        service.port = main.port;
        service.env = main.env;
        service.secrets = main.secrets;
        service.sidecars.extend(self.named.into_iter().map(|container| Sidecar {
            name: container.name,
            image: container.image,
            env: container.env,
            secrets: container.secrets,
        }));
    }
}

/// The pairs of a dictionary flag. What has no `=` belongs to the value before it, which a comma has cut: gcloud
/// refuses it, and that is told. A list that only the run knows gives no pairs.
fn pairs(value: &Text, flag: &Flag, problems: &mut Problems) -> Vec<(String, Text)> {
    let (separator, _) = list::separator(value);
    let mut pairs: Vec<(String, Text)> = Vec::new();
    for item in list::items(value) {
        let item = item.trim_start_matches(|c| c == '\\' || c.is_whitespace());
        match (item.split_once("="), pairs.last_mut()) {
            (Some((key, value)), _) if !key.is_empty() => {
                let key = key.raw();
                pairs.retain(|(known, _)| *known != key);
                pairs.push((key, value));
            }
            _ if item.trim().is_empty() => {}
            (None, Some((name, before))) if item.is_known() => {
                let message = format!("a comma cuts the value of `{name}`: what follows it has no `=`");
                let problem = Problem::warning("value-cut-by-comma", message)
                    .at(item.place().clone())
                    .confidential(secret::looks_secret(name))
                    .hint(format!(
                        "gcloud refuses that; give the list a separator of its own: `{}=^@^A=1,2@B=3`",
                        flag.name
                    ));
                problems.push(problem);
                before.push(&Text::known(separator.as_str(), item.place().clone()));
                before.push(&item);
            }
            (Some(_) | None, _) => {
                let message = format!("a part of `{}` is only known to the run", flag.name);
                let problem = Problem::warning("list-not-known", message).at(item.place().clone());
                problems.push(problem.hint("say in rungate.yaml which variables of it matter"));
            }
        }
    }
    pairs
}

fn names(value: &Text) -> Vec<String> {
    list::items(value).iter().map(|item| item.trim().raw()).collect()
}

/// Puts an item into a list, in the place of the one of the same key.
pub(in crate::pipeline) fn put<T>(list: &mut Vec<T>, item: T, key: impl Fn(&T) -> &String) {
    match list.iter().position(|known| key(known) == key(&item)) {
        Some(at) => list[at] = item,
        None => list.push(item),
    }
}

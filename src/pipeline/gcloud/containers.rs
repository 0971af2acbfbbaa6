//! Flags that belong to a container: all flags after `--container NAME` do, until the next one.

use super::Flag;
use crate::model::{SecretReference, Service, Sidecar, Stated, Variable};
use crate::pipeline::list;
use crate::pipeline::problem::Problems;
use crate::pipeline::secret;
use crate::pipeline::value::Values;

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

    /// Takes a flag with a value, if it is a container's.
    pub(super) fn take(&mut self, flag: &Flag, values: &Values, problems: &mut Problems) {
        let Some(value) = &flag.value else { return };
        let stated = values.stated(value.as_str(), flag.place.clone());
        if flag.name == "--container" {
            self.named.push(Container { name: Some(stated), ..Container::default() });
            return;
        }
        let container = self.named.last_mut().unwrap_or(&mut self.main);
        match flag.name.as_str() {
            "--image" => container.image = Some(stated),
            "--port" => container.port = Some(stated),
            "--set-env-vars" | "--update-env-vars" => {
                for pair in list::gcloud_pairs(value, values) {
                    let variable =
                        Variable { name: pair.key, value: values.stated(pair.value, flag.place.clone()) };
                    put(&mut container.env, variable, |variable| &variable.name);
                }
            }
            "--set-secrets" | "--update-secrets" => {
                for pair in list::gcloud_pairs(value, values) {
                    let reference = secret::reference(&pair.key, &pair.value, &flag.place, values, problems);
                    put(&mut container.secrets, reference, |reference| &reference.target);
                }
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

/// Puts an item into a list, in the place of the one of the same key.
pub(in crate::pipeline) fn put<T>(list: &mut Vec<T>, item: T, key: impl Fn(&T) -> &String) {
    match list.iter().position(|known| key(known) == key(&item)) {
        Some(at) => list[at] = item,
        None => list.push(item),
    }
}

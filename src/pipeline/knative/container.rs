//! The containers of a manifest: their variables, secrets, mounts and probes.

use super::{Problem, Problems, shape, stated};
use crate::model::resource::short;
use crate::model::{SecretAlias, SecretReference, Service, Sidecar, StartupProbe, Stated, Variable};
use crate::pipeline::value::Values;
use crate::pipeline::yaml::{Kind, Node};

/// The annotation `run.googleapis.com/secrets`: names for secrets of other projects.
pub(super) struct Aliases(Vec<SecretAlias>);

impl Aliases {
    /// Reads `alias:projects/P/secrets/S, …`.
    pub(super) fn read(node: Option<&Node>, values: &Values, problems: &mut Problems) -> Self {
        let pair = |item: &Stated| {
            let (alias, secret) = item.raw().split_once(':')?;
            let secret = values.stated(secret.trim(), item.place.clone());
            let named = secret.raw().starts_with("projects/") || secret.as_known().is_none();
            named.then(|| SecretAlias { alias: alias.trim().to_owned(), secret })
        };
        let mut aliases = Vec::new();
        let mut broken = None;
        for item in super::list(node, values) {
            match pair(&item) {
                Some(alias) => aliases.push(alias),
                None => broken = broken.or(Some(item)),
            }
        }
        if let Some(item) = broken.filter(|item| item.as_known().is_some()) {
            problems.push(
                Problem::warning(
                    "annotation-broken",
                    "an item of this annotation names no secret of a project",
                )
                .at(item.place.clone())
                .fix("write `alias:projects/P/secrets/S`; a secret of the same project needs no alias"),
            );
        }
        Self(aliases)
    }

    /// The secret that a name stands for.
    fn resolve(&self, named: Stated) -> Stated {
        let alias = self.0.iter().find(|alias| alias.alias == named.raw());
        alias.map_or(named, |alias| alias.secret.clone())
    }
}

/// The revision's template.
pub(super) struct Pod<'a> {
    pub(super) spec: Option<&'a Node>,
    pub(super) aliases: Aliases,
    pub(super) values: &'a Values,
}

impl Pod<'_> {
    fn items(&self, key: &str) -> &[Node] {
        self.spec.and_then(|spec| spec.get(key)).map(Node::items).unwrap_or_default()
    }

    /// Fills in what the containers say. The one with a port gets the requests, else the first.
    pub(super) fn give_to(&self, service: &mut Service, problems: &mut Problems) {
        service.secret_aliases.clone_from(&self.aliases.0);
        let containers = self.items("containers");
        let has_port =
            |container: &Node| container.get("ports").is_some_and(|ports| !ports.items().is_empty());
        let ingress = containers.iter().position(has_port).unwrap_or(0);
        self.tell_of_containers(containers, problems);
        for (index, container) in containers.iter().chain(self.items("initContainers")).enumerate() {
            let env = self.env(container, problems);
            let secrets = self.secrets(container, problems);
            let image = stated(container.get("image"), self.values);
            if index == ingress && index < containers.len() {
                service.container = stated(container.get("name"), self.values);
                service.image = image;
                service.env = env;
                service.secrets = secrets;
                let port = container.get("ports").and_then(|ports| ports.items().first());
                service.port = stated(port.and_then(|port| port.get("containerPort")), self.values);
                service.health_paths.extend(self.probes(container));
                service.startup_probe = startup_probe(container);
            } else {
                let name = stated(container.get("name"), self.values);
                service.sidecars.push(Sidecar { name, image, env, secrets });
            }
        }
    }

    /// Tells where there is no container, or more than one with a port.
    fn tell_of_containers(&self, containers: &[Node], problems: &mut Problems) {
        let list = self.spec.and_then(|spec| spec.get("containers"));
        let none = list.is_none_or(|list| list.is_null() || matches!(list.kind, Kind::Seq(_)));
        if let (Some(spec), [], true) = (self.spec, containers, none) {
            problems.push(
                Problem::warning("container-missing", "this service has no container")
                    .at(spec.place.clone())
                    .fix("`spec.template.spec.containers` lists them, each with its `image`"),
            );
        }
        let mut ports = containers
            .iter()
            .filter_map(|container| container.get("ports"))
            .filter(|ports| !ports.items().is_empty());
        if let (Some(first), Some(second)) = (ports.next(), ports.next()) {
            problems.push(
                Problem::warning("several-ports", "a second container has a port: Cloud Run takes one")
                    .at(second.place.clone())
                    .related(first.place.clone(), "the first one, which is read as the one for requests")
                    .fix("leave `ports` to the container that answers requests"),
            );
        }
    }

    fn env(&self, container: &Node, problems: &mut Problems) -> Vec<Variable> {
        let mut env = Vec::new();
        if let Some(from) = container.get("envFrom").filter(|from| !from.is_null()) {
            problems.push(
                Problem::warning("variables-not-read", "which variables `envFrom` brings is not known")
                    .at(from.place.clone())
                    .fix("Cloud Run has no `envFrom`: list the variables under `env`"),
            );
        }
        for entry in container.get("env").map(Node::items).unwrap_or_default() {
            let Some(name) = entry.get("name").and_then(Node::text) else { continue };
            if let Some(source) = entry.get("valueFrom") {
                if source.get("secretKeyRef").is_none() {
                    problems.push(
                        Problem::warning(
                            "variable-not-read",
                            format!("where `{name}` comes from is not known"),
                        )
                        .at(entry.place.clone())
                        .fix("Cloud Run takes `value` and `valueFrom: secretKeyRef`"),
                    );
                }
                continue;
            }
            let place = entry.get("value").unwrap_or(entry).place.clone();
            let text = entry.get("value").filter(|value| !value.is_null()).and_then(Node::text);
            let value = self.values.state(text.unwrap_or_default(), place);
            env.push(Variable { name: name.to_owned(), value });
        }
        env
    }

    fn secrets(&self, container: &Node, problems: &mut Problems) -> Vec<SecretReference> {
        let mut secrets = Vec::new();
        for entry in container.get("env").map(Node::items).unwrap_or_default() {
            let reference = entry.at(&["valueFrom", "secretKeyRef"]);
            let Some((target, reference)) = entry.get("name").and_then(Node::text).zip(reference) else {
                continue;
            };
            let Some(secret) = stated(reference.get("name"), self.values) else { continue };
            secrets.push(self.secret(target, secret, reference, problems));
        }
        for mount in container.get("volumeMounts").map(Node::items).unwrap_or_default() {
            self.mounted(mount, &mut secrets, problems);
        }
        secrets
    }

    /// A reference whose `key` is the version.
    fn secret(
        &self,
        target: &str,
        secret: Stated,
        reference: &Node,
        problems: &mut Problems,
    ) -> SecretReference {
        let version = stated(reference.get("key"), self.values).unwrap_or_else(|| {
            problems.push(
                Problem::warning(
                    "secret-without-version",
                    format!("the secret of `{target}` has no version"),
                )
                .at(reference.place.clone())
                .fix("`key` names the version: a number, or `latest`"),
            );
            Stated::unresolved("", reference.place.clone())
        });
        SecretReference { target: target.to_owned(), secret: self.aliases.resolve(secret), version }
    }

    /// The files that a mounted secret volume becomes.
    fn mounted(&self, mount: &Node, secrets: &mut Vec<SecretReference>, problems: &mut Problems) {
        let text = |key: &str| mount.get(key).and_then(Node::text);
        let Some((name, folder)) = text("name").zip(text("mountPath")) else { return };
        let is_it = |volume: &&Node| volume.get("name").and_then(Node::text) == Some(name);
        let Some(volume) = self.items("volumes").iter().find(is_it) else {
            // What a template puts in may bring it.
            if !self.spec.and_then(|spec| spec.get("volumes")).is_some_and(shape::is_template) {
                problems.push(
                    Problem::warning("volume-missing", format!("there is no volume `{name}`"))
                        .at(mount.place.clone())
                        .fix("`spec.template.spec.volumes` lists them"),
                );
            }
            return;
        };
        let Some(source) = volume.get("secret") else { return };
        let Some(secret) = stated(source.get("secretName"), self.values) else { return };
        let folder = self.values.resolve(folder);
        let folder = folder.trim_end_matches('/');
        let items = source.get("items").map(Node::items).unwrap_or_default();
        if items.is_empty() {
            // Cloud Run: without items, one file of the secret's name holds the latest version.
            let file = short(secret.raw()).to_owned();
            secrets.push(SecretReference {
                target: format!("{folder}/{file}"),
                version: Stated::known("latest", source.place.clone()),
                secret: self.aliases.resolve(secret),
            });
            return;
        }
        for item in items {
            let Some(path) = item.get("path").and_then(Node::text) else { continue };
            let target = format!("{folder}/{}", self.values.resolve(path));
            secrets.push(self.secret(&target, secret.clone(), item, problems));
        }
    }

    /// HTTP probe paths, the most telling first.
    fn probes(&self, container: &Node) -> Vec<Stated> {
        let mut paths: Vec<Stated> = Vec::new();
        for probe in ["readinessProbe", "startupProbe", "livenessProbe"] {
            let path = stated(container.at(&[probe, "httpGet", "path"]), self.values);
            if let Some(path) = path.filter(|path| paths.iter().all(|known| known.raw() != path.raw())) {
                paths.push(path);
            }
        }
        paths
    }
}

/// The kind of a container's startup probe.
fn startup_probe(container: &Node) -> Option<StartupProbe> {
    let probe = container.get("startupProbe")?;
    [("httpGet", StartupProbe::Http), ("grpc", StartupProbe::Grpc), ("tcpSocket", StartupProbe::Tcp)]
        .into_iter()
        .find(|(key, _)| probe.get(key).is_some())
        .map(|(_, kind)| kind)
}

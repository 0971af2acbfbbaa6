//! Flags that belong to a container: all flags after `--container NAME` do, until the next one.

use super::dictionary::{names, pairs, put};
use super::file;
use super::flags::{Flag, GivenFlags};
use super::probes;
use crate::model::{
    OtherVariables, Removal, SecretReference, Service, Sidecar, StartupProbe, Stated, Variable,
};
use crate::pipeline::files::Files;
use crate::pipeline::problem::Problems;
use crate::pipeline::secret;
use crate::pipeline::text::Text;

/// The flags of one container.
#[derive(Debug)]
pub(super) struct Group<'a> {
    /// What `--container` calls it; `None` for the flags before the first `--container`.
    pub(super) name: Option<&'a Text>,
    pub(super) given: GivenFlags<'a>,
}

/// The flags before the first `--container`, then those of each container. A name that comes again goes on with its
/// container.
pub(super) fn groups(flags: &[Flag]) -> Vec<Group<'_>> {
    let mut groups = vec![Group { name: None, given: GivenFlags::default() }];
    let mut current = 0;
    for flag in flags {
        match &flag.value {
            Some(name) if flag.name == "--container" => {
                let known = groups.iter().position(|group| group.name.is_some_and(|n| n.raw() == name.raw()));
                current = known.unwrap_or(groups.len());
                if known.is_none() {
                    groups.push(Group { name: Some(name), given: GivenFlags::default() });
                }
            }
            Some(_) | None => groups[current].given.0.push(flag),
        }
    }
    groups
}

/// What the flags of one container say.
#[derive(Default)]
struct Container {
    name: Option<Stated>,
    image: Option<Stated>,
    source: Option<Stated>,
    port: Option<Stated>,
    /// Whether it gets the requests.
    ingress: bool,
    env: Vec<Variable>,
    other_variables: Option<OtherVariables>,
    secrets: Vec<SecretReference>,
    other_secrets: Option<OtherVariables>,
    removals: Vec<Removal>,
    health_paths: Vec<Stated>,
    startup_probe: Option<StartupProbe>,
}

impl Container {
    fn take(&mut self, given: &GivenFlags<'_>, files: &Files<'_>, problems: &mut Problems) {
        self.image = given.stated("--image").or(self.image.take());
        self.source = given.stated("--source").or(self.source.take());
        self.port = given.stated("--port").or(self.port.take());
        self.ingress = self.port.is_some() || given.find("--use-http2").is_some();
        // Of several files the last one counts.
        if let Some(path) = given.text("--env-vars-file") {
            for variable in file::variables(path, "--env-vars-file", files, problems) {
                put(&mut self.env, variable, |variable| &variable.name);
            }
        }
        for (name, value) in pairs(given, &["--set-env-vars", "--update-env-vars"], problems) {
            put(&mut self.env, Variable { name, value: value.stated() }, |variable| &variable.name);
        }
        for (target, value) in pairs(given, &["--set-secrets", "--update-secrets"], problems) {
            let reference = secret::of_text(&target, &value, problems);
            put(&mut self.secrets, reference, |reference| &reference.target);
        }
        let variables = others(
            given,
            &["--set-env-vars", "--env-vars-file", "--clear-env-vars"],
            &["--update-env-vars", "--remove-env-vars"],
        );
        self.other_variables = variables.or(self.other_variables.take());
        let secrets =
            others(given, &["--set-secrets", "--clear-secrets"], &["--update-secrets", "--remove-secrets"]);
        self.other_secrets = secrets.or(self.other_secrets.take());
        // gcloud removes before it sets: what the same command states stays.
        self.removals.extend(names(given, "--remove-env-vars").into_iter().map(Removal::Variable));
        self.removals.extend(names(given, "--remove-secrets").into_iter().map(Removal::Secret));
        self.startup_probe = given.text("--startup-probe").and_then(probes::startup).or(self.startup_probe);
        for path in probes::paths(given) {
            if self.health_paths.iter().all(|known| known.raw() != path.raw()) {
                self.health_paths.push(path);
            }
        }
    }
}

/// What flags do to what they do not state. An empty list changes nothing at all.
fn others(given: &GivenFlags<'_>, removing: &[&str], keeping: &[&str]) -> Option<OtherVariables> {
    let place = |flag: &Flag| flag.value.as_ref().map_or_else(|| flag.place.clone(), |v| v.place().clone());
    let counts = |flag: &&Flag| flag.value.as_ref().is_none_or(|value| !value.is_empty());
    let last = |names: &[&str]| given.all(names).filter(counts).last().map(place);
    last(removing).map(OtherVariables::Removed).or_else(|| last(keeping).map(OtherVariables::Kept))
}

/// Adds what the flags say of the service's containers. The one with a port gets the requests, else the first.
pub(super) fn give_to(
    service: &mut Service,
    groups: &[Group<'_>],
    files: &Files<'_>,
    problems: &mut Problems,
) {
    let read = |mut container: Container, group: &Group<'_>, problems: &mut Problems| {
        container.name = group.name.map(Text::stated).or(container.name.take());
        container.take(&group.given, files, problems);
        container
    };
    let own = Container {
        name: service.container.take(),
        image: service.image.take(),
        source: service.source.take(),
        port: service.port.take(),
        ingress: false,
        env: std::mem::take(&mut service.env),
        other_variables: service.other_variables.take(),
        secrets: std::mem::take(&mut service.secrets),
        other_secrets: service.other_secrets.take(),
        removals: Vec::new(),
        health_paths: std::mem::take(&mut service.health_paths),
        startup_probe: service.startup_probe.take(),
    };
    let (first, named) = match groups {
        [first, named @ ..] => (first, named),
        [] => return,
    };
    let own = read(own, first, problems);
    let mut named: Vec<_> = named.iter().map(|group| read(Container::default(), group, problems)).collect();
    let ingress = named.iter().position(|container| container.ingress).unwrap_or(0);
    let main = if named.is_empty() { own } else { named.remove(ingress) };
    service.container = main.name;
    service.image = main.image;
    service.source = main.source;
    service.port = main.port;
    service.env = main.env;
    service.other_variables = main.other_variables;
    service.secrets = main.secrets;
    service.other_secrets = main.other_secrets;
    service.removals.extend(main.removals);
    service.health_paths = main.health_paths;
    service.startup_probe = main.startup_probe;
    service.sidecars.extend(named.into_iter().map(|container| Sidecar {
        name: container.name,
        image: container.image,
        env: container.env,
        secrets: container.secrets,
    }));
}

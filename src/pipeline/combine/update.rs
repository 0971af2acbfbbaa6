//! `gcloud run services update` after a deploy: what it takes away, then what it states.

use crate::model::{
    OtherVariables, Removal, Scaling, SecretReference, Service, Sidecar, Stated, Variable, VpcAccess,
};
use crate::pipeline::gcloud::put;

/// Whether an update is of a service that was deployed before.
pub(in crate::pipeline) fn updates(known: &Service, update: &Service) -> bool {
    let same = |one: &Option<Stated>, other: &Option<Stated>| match (one, other) {
        (Some(one), Some(other)) => one.value == other.value,
        (None, _) | (_, None) => true,
    };
    known.name.is_some()
        && update.name.is_some()
        && same(&known.name, &update.name)
        && same(&known.project, &update.project)
        && same(&known.region, &update.region)
}

/// Puts an update into the service that it is of: the later word wins.
pub(in crate::pipeline) fn update(known: &mut Service, mut update: Service) {
    let of_ingress = route_containers(known, &mut update);
    for removal in &update.removals {
        let of_container = matches!(removal, Removal::Variable(_) | Removal::Secret(_));
        if of_ingress || !of_container {
            remove(known, removal);
        }
    }
    if of_ingress {
        remove_others(known, &update);
        known.other_variables = update.other_variables.or(known.other_variables.take());
        known.other_secrets = update.other_secrets.or(known.other_secrets.take());
        known.startup_probe = update.startup_probe.or(known.startup_probe);
        later(&mut known.port, update.port);
        later(&mut known.container, update.container);
        later(&mut known.source, update.source);
        contents(
            (&mut known.image, &mut known.env, &mut known.secrets),
            (update.image, update.env, update.secrets),
        );
        for path in update.health_paths {
            if known.health_paths.iter().all(|there| there.raw() != path.raw()) {
                known.health_paths.push(path);
            }
        }
    }
    later(&mut known.project, update.project);
    later(&mut known.region, update.region);
    later(&mut known.service_account, update.service_account);
    later(&mut known.tag, update.tag);
    later(&mut known.ingress, update.ingress);
    later(&mut known.revision_suffix, update.revision_suffix);
    let Scaling { min_instances, max_instances, service_min, service_max } = update.scaling;
    later(&mut known.scaling.min_instances, min_instances);
    later(&mut known.scaling.max_instances, max_instances);
    later(&mut known.scaling.service_min, service_min);
    later(&mut known.scaling.service_max, service_max);
    let VpcAccess { connector, egress, network, subnet, network_tags } = update.vpc;
    later(&mut known.vpc.connector, connector);
    later(&mut known.vpc.egress, egress);
    later(&mut known.vpc.network, network);
    later(&mut known.vpc.subnet, subnet);
    if !network_tags.is_empty() {
        known.vpc.network_tags = network_tags;
    }
    known.no_traffic = update.no_traffic.or(known.no_traffic);
    for instance in update.cloudsql_instances {
        if known.cloudsql_instances.iter().all(|there| there.value != instance.value) {
            known.cloudsql_instances.push(instance);
        }
    }
}

fn later(slot: &mut Option<Stated>, stated: Option<Stated>) {
    if stated.is_some() {
        *slot = stated;
    }
}

/// What a container has: its image, its variables, its secrets.
type Contents<'a> = (&'a mut Option<Stated>, &'a mut Vec<Variable>, &'a mut Vec<SecretReference>);

fn contents(known: Contents<'_>, update: (Option<Stated>, Vec<Variable>, Vec<SecretReference>)) {
    later(known.0, update.0);
    for variable in update.1 {
        put(known.1, variable, |variable| &variable.name);
    }
    for secret in update.2 {
        put(known.2, secret, |secret| &secret.target);
    }
}

/// Puts what the update says of named containers into those of that name. Says whether what is left is of the
/// ingress container.
fn route_containers(known: &mut Service, update: &mut Service) -> bool {
    let is = |one: &Option<Stated>, other: &Option<Stated>| match (one, other) {
        (Some(one), Some(other)) => one.value == other.value,
        (Some(_), None) | (None, _) => false,
    };
    let mut of_ingress = true;
    if known.sidecars.iter().any(|sidecar| is(&sidecar.name, &update.container)) {
        // The only container that the update names is none that gets requests.
        of_ingress = false;
        update.sidecars.push(Sidecar {
            name: update.container.clone(),
            image: update.image.take(),
            env: std::mem::take(&mut update.env),
            secrets: std::mem::take(&mut update.secrets),
        });
    }
    for sidecar in std::mem::take(&mut update.sidecars) {
        let of_sidecar = (sidecar.image, sidecar.env, sidecar.secrets);
        if let Some(there) = known.sidecars.iter_mut().find(|there| is(&there.name, &sidecar.name)) {
            contents((&mut there.image, &mut there.env, &mut there.secrets), of_sidecar);
        } else if is(&known.container, &sidecar.name) {
            contents((&mut known.image, &mut known.env, &mut known.secrets), of_sidecar);
        } else {
            let (image, env, secrets) = of_sidecar;
            known.sidecars.push(Sidecar { name: sidecar.name, image, env, secrets });
        }
    }
    of_ingress
}

/// Takes away the variables and secrets that an update does not keep.
fn remove_others(known: &mut Service, update: &Service) {
    if matches!(update.other_variables, Some(OtherVariables::Removed(_))) {
        let stays = |variable: &Variable| update.env.iter().any(|other| other.name == variable.name);
        let (kept, gone) = std::mem::take(&mut known.env).into_iter().partition(stays);
        known.env = kept;
        known.removed_env.extend::<Vec<_>>(gone);
    }
    if matches!(update.other_secrets, Some(OtherVariables::Removed(_))) {
        let stays = |secret: &SecretReference| update.secret(&secret.target).is_some();
        known.secrets.retain(stays);
    }
}

fn remove(known: &mut Service, removal: &Removal) {
    match removal {
        Removal::Variable(name) => known.env.retain(|variable| variable.name != *name),
        Removal::Secret(target) => known.secrets.retain(|secret| secret.target != *target),
        Removal::Connector => (known.vpc.connector, known.vpc.egress) = (None, None),
        Removal::Network => {
            (known.vpc.network, known.vpc.subnet, known.vpc.egress) = (None, None, None);
            known.vpc.network_tags.clear();
        }
        Removal::NetworkTags => known.vpc.network_tags.clear(),
        Removal::OtherInstances => known.cloudsql_instances.clear(),
        Removal::Instance(name) => known.cloudsql_instances.retain(|instance| instance.raw() != name),
    }
}

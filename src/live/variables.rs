//! What the files declare for a service, and what its revision attaches.

use google_cloud_run_v2::model::{Revision, volume};

use crate::live::service::ingress;
use crate::model::Service;

/// Names of the variables that the ingress container is to have; a secret whose target is a path is a file.
pub(crate) fn declared(service: &Service) -> Vec<&str> {
    let variables = service.env.iter().map(|variable| variable.name.as_str());
    let secrets = service.secrets.iter().map(|secret| secret.target.as_str());
    let mut names: Vec<&str> = Vec::new();
    for name in variables.chain(secrets.filter(|target| !target.starts_with('/'))) {
        if !names.contains(&name) {
            names.push(name);
        }
    }
    names
}

/// Whether the pipeline declares a variable of this name.
pub(crate) fn declares(service: &Service, name: &str) -> bool {
    declared(service).contains(&name)
}

/// The instances whose sockets the ingress container has.
pub(crate) fn attached(revision: &Revision) -> Vec<String> {
    let Some(container) = ingress(revision) else { return Vec::new() };
    let mounted = |name: &str| container.volume_mounts.iter().any(|mount| mount.name == name);
    let volumes = revision.volumes.iter().filter(|volume| mounted(&volume.name));
    let mut attached: Vec<String> = Vec::new();
    for volume in volumes {
        if let Some(volume::VolumeType::CloudSqlInstance(source)) = &volume.volume_type {
            // Before it was a list, it was one text with commas.
            attached.extend(
                source.instances.iter().flat_map(|one| one.split(',')).map(|one| one.trim().to_owned()),
            );
        }
    }
    attached.retain(|name| !name.is_empty());
    attached
}

//! What the flags of a deploy say of its service.

use super::containers::Containers;
use super::flags::Flag;
use crate::model::{OtherVariables, Service, StartupProbe, Stated};
use crate::pipeline::files::Files;
use crate::pipeline::list;
use crate::pipeline::problem::Problems;
use crate::pipeline::text::Text;

/// Takes the flags in order: the last word wins, lists add up.
pub(super) fn apply(service: &mut Service, flags: &[Flag], files: &Files<'_>, problems: &mut Problems) {
    let mut containers = Containers::of(service);
    let mut probes: [Option<Stated>; 3] = [None, None, None];
    // gcloud's order is clear, remove, then add, wherever the flags stand.
    for flag in flags {
        match flag.name.as_str() {
            "--clear-vpc-connector" => service.vpc.connector = None,
            "--clear-network" => (service.vpc.network, service.vpc.subnet) = (None, None),
            "--clear-cloudsql-instances" => service.cloudsql_instances.clear(),
            _ => containers.clear(flag),
        }
    }
    for flag in flags {
        let place = flag.value.as_ref().map_or_else(|| service.place.clone(), |value| value.place().clone());
        match flag.name.as_str() {
            "--allow-unauthenticated" => service.allow_unauthenticated = Some(!flag.is("false")),
            "--no-allow-unauthenticated" => service.allow_unauthenticated = Some(false),
            "--no-traffic" => service.no_traffic = Some(!flag.is("false")),
            "--set-env-vars" | "--env-vars-file" | "--clear-env-vars" => {
                service.other_variables = Some(OtherVariables::Removed(place));
            }
            "--update-env-vars" | "--remove-env-vars" => {
                service.other_variables = Some(OtherVariables::Kept(place));
            }
            _ => {}
        }
        let Some(value) = &flag.value else { continue };
        let stated = || Some(value.stated());
        match flag.name.as_str() {
            "--region" => service.region = stated(),
            "--project" => service.project = stated(),
            "--service-account" => service.service_account = stated(),
            "--tag" => service.tag = stated(),
            "--vpc-connector" => service.vpc.connector = stated(),
            "--vpc-egress" => service.vpc.egress = stated(),
            "--network" => service.vpc.network = stated(),
            "--subnet" => service.vpc.subnet = stated(),
            "--set-cloudsql-instances" | "--add-cloudsql-instances" => {
                if flag.name.starts_with("--set") && !flags.iter().any(|other| is_earlier(other, flag)) {
                    service.cloudsql_instances.clear();
                }
                add_instances(service, value);
            }
            "--remove-cloudsql-instances" => {
                let gone: Vec<_> = list::items(value).iter().map(|item| item.trim().raw()).collect();
                service.cloudsql_instances.retain(|known| !gone.iter().any(|gone| gone == known.raw()));
            }
            "--readiness-probe" => probes[0] = probe_path(value),
            "--startup-probe" => {
                service.startup_probe = startup_probe(value);
                probes[1] = probe_path(value);
            }
            "--liveness-probe" => probes[2] = probe_path(value),
            _ => containers.take(flag, files, problems),
        }
    }
    containers.give_to(service);
    for path in probes.into_iter().flatten() {
        if service.health_paths.iter().all(|known| known.raw() != path.raw()) {
            service.health_paths.push(path);
        }
    }
}

/// Whether a flag of the same name came before.
fn is_earlier(other: &Flag, flag: &Flag) -> bool {
    other.name == flag.name && other.order < flag.order
}

fn add_instances(service: &mut Service, value: &Text) {
    for item in list::items(value) {
        let item = item.trim().stated();
        let known = service.cloudsql_instances.iter().any(|known| known.value == item.value);
        if !known && !item.raw().is_empty() {
            service.cloudsql_instances.push(item);
        }
    }
}

/// The kind of a probe, by its keys; nothing where only times are stated.
fn startup_probe(value: &Text) -> Option<StartupProbe> {
    list::items(value).into_iter().filter_map(|item| item.split_once("=")).find_map(|(key, _)| {
        match key.as_known()?.split('.').next() {
            Some("httpGet") => Some(StartupProbe::Http),
            Some("grpc") => Some(StartupProbe::Grpc),
            Some("tcpSocket") => Some(StartupProbe::Tcp),
            Some(_) | None => None,
        }
    })
}

/// `httpGet.path=/health,httpGet.port=8080`.
fn probe_path(value: &Text) -> Option<Stated> {
    let mut pairs = list::items(value).into_iter().filter_map(|item| item.split_once("="));
    pairs.find(|(key, _)| key.is("httpGet.path")).map(|(_, path)| path.stated())
}

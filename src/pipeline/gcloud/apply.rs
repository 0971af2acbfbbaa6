//! What the flags of a deploy say of its service.

use super::containers;
use super::dictionary::names;
use super::flags::{Flag, GivenFlags};
use super::refused;
use crate::model::{Removal, Service, Stated};
use crate::pipeline::files::Files;
use crate::pipeline::list;
use crate::pipeline::problem::Problems;
use crate::pipeline::text::Text;

/// Takes the flags as gcloud does: of a flag that comes twice the last one counts, but lists of pairs and of network
/// tags add up.
pub(super) fn apply(service: &mut Service, flags: &[Flag], files: &Files<'_>, problems: &mut Problems) {
    let groups = containers::groups(flags);
    refused::tell(&groups, service.deploys_via, problems);
    containers::give_to(service, &groups, files, problems);
    let given = GivenFlags(flags.iter().collect());
    let later = |slot: &mut Option<Stated>, name: &str| *slot = given.stated(name).or(slot.take());
    later(&mut service.region, "--region");
    later(&mut service.project, "--project");
    later(&mut service.service_account, "--service-account");
    later(&mut service.tag, "--tag");
    later(&mut service.ingress, "--ingress");
    later(&mut service.revision_suffix, "--revision-suffix");
    later(&mut service.scaling.min_instances, "--min-instances");
    later(&mut service.scaling.max_instances, "--max-instances");
    later(&mut service.scaling.service_min, "--min");
    later(&mut service.scaling.service_max, "--max");
    switches(service, &given);
    ways(service, &given);
    instances(service, &given);
}

fn switches(service: &mut Service, given: &GivenFlags<'_>) {
    let open = given.all(&["--allow-unauthenticated", "--no-allow-unauthenticated"]).last();
    if let Some(flag) = open {
        service.allow_unauthenticated = Some(!flag.name.starts_with("--no-") && !flag.is("false"));
    }
    if let Some(flag) = given.find("--no-traffic") {
        service.no_traffic = Some(!flag.is("false"));
    }
}

/// The ways into a network. gcloud clears after it has set.
fn ways(service: &mut Service, given: &GivenFlags<'_>) {
    let Service { vpc, removals, .. } = service;
    vpc.connector = given.stated("--vpc-connector").or(vpc.connector.take());
    vpc.egress = given.stated("--vpc-egress").or(vpc.egress.take());
    vpc.network = given.stated("--network").or(vpc.network.take());
    vpc.subnet = given.stated("--subnet").or(vpc.subnet.take());
    for tag in given.all(&["--network-tags"]).filter_map(|flag| flag.value.as_ref()).flat_map(list::items) {
        add(&mut vpc.network_tags, &tag);
    }
    if given.find("--clear-network-tags").is_some() {
        removals.push(Removal::NetworkTags);
    }
    if given.find("--clear-vpc-connector").is_some() {
        (vpc.connector, vpc.egress) = (None, None);
        removals.push(Removal::Connector);
    }
    if given.find("--clear-network").is_some() {
        (vpc.network, vpc.subnet, vpc.egress) = (None, None, None);
        vpc.network_tags.clear();
        removals.push(Removal::Network);
    }
}

/// Cloud SQL instances: a list that comes twice does not add up.
fn instances(service: &mut Service, given: &GivenFlags<'_>) {
    let of = |name: &str| given.text(name).map(list::items).unwrap_or_default();
    let set = of("--set-cloudsql-instances");
    if !set.is_empty() || given.find("--clear-cloudsql-instances").is_some() {
        service.removals.push(Removal::OtherInstances);
    }
    for item in set.iter().chain(&of("--add-cloudsql-instances")) {
        add(&mut service.cloudsql_instances, item);
    }
    let gone = GivenFlags(given.find("--remove-cloudsql-instances").into_iter().collect());
    let gone = names(&gone, "--remove-cloudsql-instances");
    service.removals.extend(gone.into_iter().map(Removal::Instance));
}

fn add(list: &mut Vec<Stated>, item: &Text) {
    let item = item.trim().stated();
    if !item.raw().is_empty() && list.iter().all(|known| known.value != item.value) {
        list.push(item);
    }
}

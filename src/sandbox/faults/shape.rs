//! Other shapes of the world that no pipeline states: the database on a machine, behind an endpoint, in a Shared VPC.
//!
//! None of them breaks anything: the service works as before.

use std::net::IpAddr;

use ipnet::{IpNet, Ipv4Net};

use super::parts;
use crate::sandbox::world::{
    Behind, EndpointStatus, EndpointWorld, FirewallWorld, MachineWorld, SubnetWorld, World,
};

/// The network tag of the machine that runs the database.
pub(super) const TAG: &str = "postgres";

/// The rule by which Google's infrastructure reaches the connectors of a Shared VPC.
pub(super) const CONNECTOR_RULE: &str = "serverless-to-vpc-connector";

/// From where Google's infrastructure reaches connectors, and checks their health.
const SERVERLESS: [&str; 4] = ["35.199.224.0/19", "35.191.0.0/16", "35.191.192.0/18", "130.211.0.0/22"];

/// The database runs on a virtual machine of the service's network, in a subnetwork of its own.
pub(super) fn on_machine(world: &mut World, service: usize) {
    if let Some(region) = in_subnet(world, service)
        && let Some(instance) = parts::instance(world, service)
    {
        let (name, zone) = ("postgres-1".to_owned(), format!("{region}-b"));
        instance.behind = Behind::Machine(MachineWorld { name, zone, tags: vec![TAG.to_owned()] });
    }
}

/// The database is Cloud SQL behind a Private Service Connect endpoint in the service's network.
pub(super) fn behind_endpoint(world: &mut World, service: usize, status: EndpointStatus) {
    if in_subnet(world, service).is_some()
        && let Some(instance) = parts::instance(world, service)
    {
        instance.behind = Behind::Endpoint(EndpointWorld { name: "sql-endpoint".to_owned(), status });
    }
}

/// Puts a subnetwork around the database's address; gives the region in which database and subnetwork stand.
fn in_subnet(world: &mut World, service: usize) -> Option<String> {
    let IpAddr::V4(address) = parts::dialled(world, service)? else { return None };
    let range = Ipv4Net::new(address, 24).ok()?.trunc();
    let region = parts::instance(world, service)?.region.clone();
    let name = "databases".to_owned();
    parts::network(world, service)?.subnets.push(SubnetWorld { region: region.clone(), name, range });
    Some(region)
}

/// The networks of the service's project become those of a host project; its connector stands in a subnetwork there.
pub(super) fn shared_vpc(world: &mut World, service: usize) {
    let Some(connector) = parts::connector(world, service).cloned() else { return };
    let host = format!("{}-host", connector.project);
    for network in world.networks.iter_mut().filter(|network| network.project == connector.project) {
        network.project.clone_from(&host);
        let (region, name, range) = (connector.region.clone(), connector.shared_subnet(), connector.range);
        if network.name == connector.network {
            network.subnets.push(SubnetWorld { region, name, range });
        }
        network.firewalls.push(FirewallWorld {
            name: CONNECTOR_RULE.to_owned(),
            ingress: true,
            priority: 100,
            allows: true,
            ranges: SERVERLESS.iter().filter_map(|range| range.parse::<IpNet>().ok()).collect(),
            ports: Vec::new(),
            target_tags: vec!["vpc-connector".to_owned()],
            disabled: false,
        });
    }
    world.hosts.push((connector.project, host));
}

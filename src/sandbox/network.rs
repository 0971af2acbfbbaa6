//! What becomes of a packet in this world: a pure function.

use std::net::{IpAddr, SocketAddr};

use ipnet::IpNet;

use super::world::{
    Egress, FirewallWorld, NetworkWorld, PrivateServices, RevisionWorld, ServiceWorld, VpcWorld, World,
};
use crate::credential::{LONGEST_SOCKET, socket_length};

/// What becomes of the first packet of a connection.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Delivery {
    /// It reaches the server of that instance (position in [`World::instances`]).
    Delivered(usize),
    /// It vanishes: no answer, ever.
    Dropped,
    /// Its target answers with a reset: nothing listens there.
    Refused,
}

/// Ranges that Cloud Run counts as private for `private-ranges-only`: RFC 1918, RFC 6598, and the ranges of
/// Private Google Access (`restricted.googleapis.com`, `private.googleapis.com`).
const PRIVATE_RANGES_ONLY: &[&str] =
    &["10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16", "100.64.0.0/10", "199.36.153.4/30", "199.36.153.8/30"];

/// Whether `private-ranges-only` sends this address into the VPC network.
fn carried(egress: Egress, address: IpAddr) -> bool {
    match egress {
        Egress::AllTraffic => true,
        Egress::PrivateRangesOnly => PRIVATE_RANGES_ONLY
            .iter()
            .filter_map(|range| range.parse().ok())
            .any(|range: IpNet| range.contains(&address)),
    }
}

/// Whether an address is private by its range alone.
pub(super) fn is_private(address: IpAddr) -> bool {
    match address {
        IpAddr::V4(v4) => v4.is_private() || (v4.octets()[0] == 100 && v4.octets()[1] & 0xc0 == 64),
        IpAddr::V6(v6) => v6.is_unique_local(),
    }
}

/// What becomes of a packet that a revision sends to an address.
pub fn route(world: &World, service: &ServiceWorld, revision: &RevisionWorld, to: SocketAddr) -> Delivery {
    if to.ip().is_loopback() {
        // The loopback address is the container's own: only a proxy beside it could listen there.
        let proxied = revision.proxied.as_deref().and_then(|name| world.instance(name));
        return proxied.map_or(Delivery::Refused, |index| arrive(world, index, to.port()));
    }
    if world.blackholes.contains(&to.ip()) {
        return Delivery::Dropped;
    }
    let Some(index) = world.instance_at(to.ip()) else { return Delivery::Dropped };
    let instance = &world.instances[index];
    let private = instance.addresses.iter().any(|address| address.ip == to.ip() && address.private);
    if private
        && !(enters(world, service, revision, to.ip(), instance.network.as_deref())
            && crosses(world, service, revision, to))
    {
        return Delivery::Dropped;
    }
    if !private && !instance.authorized.iter().any(|network| network.contains(&UNKNOWN_ADDRESS)) {
        return Delivery::Dropped;
    }
    if instance.connectors_only {
        return Delivery::Refused;
    }
    arrive(world, index, to.port())
}

/// The address from which a revision leaves to the internet: one of Google's (TEST-NET-2, RFC 5737: nobody's).
const UNKNOWN_ADDRESS: IpAddr = IpAddr::V4(std::net::Ipv4Addr::new(198, 51, 100, 77));

/// What becomes of a connection to the `/cloudsql` socket in that folder.
pub fn socket(world: &World, revision: &RevisionWorld, folder: &str) -> Delivery {
    let name = folder.strip_prefix("/cloudsql/").unwrap_or(folder).trim_end_matches('/');
    let attached = revision.cloudsql.iter().any(|instance| instance == name);
    let usable = attached && socket_length(folder) <= LONGEST_SOCKET;
    let connects =
        |index: &usize| world.connects(&world.instances[*index].project, &revision.service_account);
    match world.instance(name).filter(|_| usable).filter(connects) {
        Some(index) => arrive(world, index, world.instances[index].port),
        None => Delivery::Refused,
    }
}

/// Whether the packet gets into the network in which the database stands.
fn enters(
    world: &World,
    service: &ServiceWorld,
    revision: &RevisionWorld,
    address: IpAddr,
    network: Option<&str>,
) -> bool {
    if !revision.vpc.egress().is_some_and(|egress| carried(egress, address)) {
        return false;
    }
    match &revision.vpc {
        VpcWorld::None => false,
        VpcWorld::Direct { network: leads_into, .. } => Some(leads_into.as_str()) == network,
        VpcWorld::Connector { resource, .. } => world.connector(resource).is_some_and(|connector| {
            connector.state.carries()
                && connector.region == service.region
                && Some(connector.network.as_str()) == network
                && !world.disabled(&connector.project, "vpcaccess.googleapis.com")
        }),
    }
}

/// Whether the packet, once in the network, is let out of it towards the database.
fn crosses(world: &World, service: &ServiceWorld, revision: &RevisionWorld, to: SocketAddr) -> bool {
    let (network, tags) = match &revision.vpc {
        VpcWorld::None => return false,
        VpcWorld::Direct { network, .. } => (world.network(&service.project, network), Vec::new()),
        VpcWorld::Connector { resource, .. } => match world.connector(resource) {
            Some(connector) => {
                (world.network(&connector.project, &connector.network), connector.tags().to_vec())
            }
            None => return false,
        },
    };
    let Some(network) = network else { return false };
    lets_out(&network.policy, &tags, to)
        .unwrap_or_else(|| lets_out(&network.firewalls, &tags, to).unwrap_or(true))
        && leads_to_services(world, network, to.ip())
}

/// What these rules say of a packet that leaves; `None`: nothing.
fn lets_out(rules: &[FirewallWorld], tags: &[String], to: SocketAddr) -> Option<bool> {
    let meant = |rule: &&FirewallWorld| {
        !rule.ingress
            && !rule.disabled
            && (rule.target_tags.is_empty() || rule.target_tags.iter().any(|tag| tags.contains(tag)))
            && rule.ranges.iter().any(|range| range.contains(&to.ip()))
            && (rule.ports.is_empty() || rule.ports.contains(&to.port()))
    };
    // The lowest number first; of equals, the one that denies.
    rules.iter().filter(meant).min_by_key(|rule| (rule.priority, rule.allows)).map(|rule| rule.allows)
}

/// Whether the network's routes send an address over its peering with Google's services.
fn leads_to_services(world: &World, network: &NetworkWorld, address: IpAddr) -> bool {
    let bits = |range: &IpNet| range.contains(&address).then(|| range.prefix_len());
    // A subnetwork of its own is nearer than everything else, and Cloud SQL uses one range inside.
    let own = network.subnets.iter().any(|subnet| IpNet::V4(subnet.range).contains(&address));
    let inside_cloud_sql = matches!(address, IpAddr::V4(v4) if v4.octets()[..2] == [172, 17]);
    if own || inside_cloud_sql {
        return false;
    }
    let peered = match network.private_services {
        PrivateServices::Active | PrivateServices::WithoutRange => {
            world.service_ranges(network).iter().filter_map(bits).max()
        }
        PrivateServices::Inactive | PrivateServices::Missing => None,
    };
    let diverted = network.routes.iter().filter_map(|route| bits(&route.range)).max();
    // The longest prefix wins; of equals, the peering's.
    peered.is_some_and(|peered| diverted.is_none_or(|diverted| peered >= diverted))
}

/// What the instance does with a packet that reached it.
fn arrive(world: &World, index: usize, port: u16) -> Delivery {
    let instance = &world.instances[index];
    if !instance.runs() {
        Delivery::Dropped
    } else if instance.listening && instance.port == port {
        Delivery::Delivered(index)
    } else {
        Delivery::Refused
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sandbox::world::testing::incident;
    use crate::sandbox::world::{Activation, ConnectorState, InstanceState};

    /// The incident's world, changed in one way, and what becomes of a packet to the database then.
    fn after(change: impl FnOnce(&mut World)) -> Delivery {
        to("10.20.0.3:5432", change)
    }

    fn to(address: &str, change: impl FnOnce(&mut World)) -> Delivery {
        let mut world = incident();
        change(&mut world);
        let service = &world.services[0];
        route(&world, service, service.newest().unwrap(), address.parse().unwrap())
    }

    fn vpc(world: &mut World, vpc: VpcWorld) {
        world.services[0].newest_mut().unwrap().vpc = vpc;
    }

    /// Gives the database another private address, which the packet goes to.
    fn moved(address: &str, egress: Egress) -> Delivery {
        to(&format!("{address}:5432"), |world| {
            world.instances[0].addresses[0].ip = address.parse().unwrap();
            let resource = world.connectors[0].resource();
            vpc(world, VpcWorld::Connector { resource, egress });
        })
    }

    #[test]
    fn the_healthy_way_leads_to_the_database() {
        assert_eq!(after(|_| {}), Delivery::Delivered(0));
    }

    #[test]
    fn without_a_way_into_the_network_packets_vanish() {
        let direct = |network: &str| VpcWorld::Direct {
            network: network.to_owned(),
            subnetwork: "run".to_owned(),
            egress: Egress::PrivateRangesOnly,
        };
        assert_eq!(after(|world| vpc(world, VpcWorld::None)), Delivery::Dropped);
        assert_eq!(after(|world| vpc(world, direct("default"))), Delivery::Delivered(0));
        assert_eq!(after(|world| vpc(world, direct("other"))), Delivery::Dropped);
        assert_eq!(after(|world| world.connectors.clear()), Delivery::Dropped);
        assert_eq!(after(|world| world.connectors[0].region = "us-east1".to_owned()), Delivery::Dropped);
        assert_eq!(after(|world| world.connectors[0].network = "other".to_owned()), Delivery::Dropped);
        assert_eq!(after(|world| world.instances[0].network = None), Delivery::Dropped);
    }

    #[test]
    fn a_connector_carries_in_two_of_its_states() {
        let cases = [
            (ConnectorState::Ready, Delivery::Delivered(0)),
            (ConnectorState::Updating, Delivery::Delivered(0)),
            (ConnectorState::Creating, Delivery::Dropped),
            (ConnectorState::Deleting, Delivery::Dropped),
            (ConnectorState::Error, Delivery::Dropped),
        ];
        for (state, expected) in cases {
            assert_eq!(after(|world| world.connectors[0].state = state), expected, "{state:?}");
        }
    }

    #[test]
    fn private_ranges_only_carries_private_ranges_only() {
        let cases = [
            ("10.20.0.3", Delivery::Delivered(0)),
            ("172.31.255.1", Delivery::Delivered(0)),
            ("192.168.7.1", Delivery::Delivered(0)),
            ("100.64.0.9", Delivery::Delivered(0)),
            ("199.36.153.9", Delivery::Delivered(0)),
            ("172.32.0.1", Delivery::Dropped),
            ("100.128.0.1", Delivery::Dropped),
            ("11.20.0.3", Delivery::Dropped),
        ];
        for (address, expected) in cases {
            assert_eq!(moved(address, Egress::PrivateRangesOnly), expected, "{address}");
            assert_eq!(moved(address, Egress::AllTraffic), Delivery::Delivered(0), "{address}");
        }
    }

    #[test]
    fn a_public_database_needs_no_network() {
        let delivery = to("203.0.113.3:5432", |world| {
            world.instances[0].addresses[0].ip = [203, 0, 113, 3].into();
            world.instances[0].addresses[0].private = false;
            vpc(world, VpcWorld::None);
        });
        assert_eq!(delivery, Delivery::Delivered(0));
    }

    #[test]
    fn an_instance_may_take_connectors_only_or_no_strangers() {
        assert_eq!(after(|world| world.instances[0].connectors_only = true), Delivery::Refused);
        assert_eq!(after(|world| world.instances[0].disk_full = true), Delivery::Dropped);
        assert_eq!(
            after(|world| world.instances[0].authorized.clear()),
            Delivery::Delivered(0),
            "it is private"
        );
        let stranger = after(|world| {
            world.instances[0].addresses[0].private = false;
            world.instances[0].authorized.clear();
        });
        assert_eq!(stranger, Delivery::Dropped);
    }

    #[test]
    fn the_instance_must_be_there_run_and_listen() {
        assert_eq!(to("10.20.0.4:5432", |_| {}), Delivery::Dropped);
        assert_eq!(to("10.20.0.3:5433", |_| {}), Delivery::Refused);
        assert_eq!(after(|world| world.instances[0].listening = false), Delivery::Refused);
        assert_eq!(after(|world| world.instances[0].activation = Activation::Never), Delivery::Dropped);
        assert_eq!(after(|world| world.instances[0].state = InstanceState::Suspended), Delivery::Dropped);
        assert_eq!(after(|world| world.blackholes.push([10, 20, 0, 3].into())), Delivery::Dropped);
    }

    #[test]
    fn loopback_is_the_container_itself() {
        assert_eq!(to("127.0.0.1:5432", |_| {}), Delivery::Refused);
        let proxied = to("127.0.0.1:5432", |world| {
            let name = world.instances[0].connection_name();
            world.services[0].newest_mut().unwrap().proxied = Some(name);
        });
        assert_eq!(proxied, Delivery::Delivered(0));
    }

    #[test]
    fn a_cloudsql_socket_needs_its_attachment() {
        let mut world = incident();
        let name = world.instances[0].connection_name();
        let folder = format!("/cloudsql/{name}");
        let through = |world: &World| socket(world, world.services[0].newest().unwrap(), &folder);
        assert_eq!(through(&world), Delivery::Refused);
        world.services[0].newest_mut().unwrap().cloudsql.push(name);
        assert_eq!(through(&world), Delivery::Refused, "the account may not connect");
        let account = world.services[0].newest().unwrap().service_account.clone();
        world.sql_clients.push((world.instances[0].project.clone(), account));
        assert_eq!(through(&world), Delivery::Delivered(0));
        world.instances[0].activation = Activation::Never;
        assert_eq!(through(&world), Delivery::Dropped);
    }

    #[test]
    fn a_disabled_api_stops_its_connectors() {
        let delivery = after(|world| {
            let project = world.connectors[0].project.clone();
            world.disabled_apis.push((project, "vpcaccess.googleapis.com".to_owned()));
        });
        assert_eq!(delivery, Delivery::Dropped);
    }
}

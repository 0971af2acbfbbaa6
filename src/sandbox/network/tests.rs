//! What becomes of packets, one change of the world at a time.

use super::*;
use crate::sandbox::world::testing::incident;
use crate::sandbox::world::{Activation, ConnectorState, InstanceState};
use crate::sandbox::world::{Egress, VpcWorld};

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
    assert_eq!(after(|world| world.instances[0].authorized.clear()), Delivery::Delivered(0), "it is private");
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
    assert_eq!(proxied, Delivery::Attached(0));
}

#[test]
fn a_cloudsql_socket_needs_its_attachment() {
    let mut world = incident();
    let name = world.instances[0].connection_name();
    let folder = format!("/cloudsql/{name}");
    let through =
        |world: &World| socket(world, &world.services[0], world.services[0].newest().unwrap(), &folder);
    assert_eq!(through(&world), Delivery::Refused);
    world.services[0].newest_mut().unwrap().cloudsql.push(name);
    assert_eq!(through(&world), Delivery::Refused, "the account may not connect");
    let account = world.services[0].newest().unwrap().service_account.clone();
    world.sql_clients.push((world.instances[0].project.clone(), account));
    assert_eq!(through(&world), Delivery::Attached(0));
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

#[test]
fn policy_based_routes_come_first_and_by_their_number() {
    use crate::sandbox::world::PolicyRouteWorld;
    let route = |priority, balancer: bool| PolicyRouteWorld {
        name: format!("pbr-{priority}"),
        priority,
        to: "10.20.0.0/16".parse().unwrap(),
        tags: Vec::new(),
        attachments: false,
        balancer: balancer.then(|| [10, 132, 0, 100].into()),
    };
    let with = |routes: Vec<PolicyRouteWorld>| {
        after(|world| world.networks.iter_mut().for_each(|network| network.policy_routes.clone_from(&routes)))
    };
    assert_eq!(with(vec![route(500, true)]), Delivery::Dropped);
    assert_eq!(with(vec![route(500, true), route(100, false)]), Delivery::Delivered(0));
    assert_eq!(with(vec![route(500, true), route(900, false)]), Delivery::Dropped);
    assert_eq!(with(vec![PolicyRouteWorld { attachments: true, ..route(1, true) }]), Delivery::Delivered(0));
    let tagged = |tag: &str| PolicyRouteWorld { tags: vec![tag.to_owned()], ..route(1, true) };
    assert_eq!(with(vec![tagged("batch")]), Delivery::Delivered(0));
    assert_eq!(with(vec![tagged("vpc-connector")]), Delivery::Dropped);
}

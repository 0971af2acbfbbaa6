//! The service's way into the VPC network, and what it sends there.

use std::net::{IpAddr, Ipv4Addr};

use ipnet::Ipv4Net;

use crate::diagnosis::cause::CauseCode;
use crate::sandbox::faults::parts::{self, on};
use crate::sandbox::faults::{Fault, Subject, shape, subject};
use crate::sandbox::world::{ConnectorState, ConnectorWorld, Egress, Flaw, InstanceAddress, VpcWorld, World};

pub(in crate::sandbox::faults) static FAULTS: &[Fault] = &[
    Fault::before_deploy(
        CauseCode::VpcAccessMissing,
        "The new revision has neither a VPC connector nor direct VPC egress, and its database is private.",
        &subject::PRIVATE_DATABASE,
        |world, service| on(parts::revision(world, service), |revision| revision.vpc = VpcWorld::None),
    ),
    Fault::after_deploy(
        CauseCode::VpcApiDisabled,
        "The Serverless VPC Access API is switched off, and its connectors carry nothing.",
        &subject::CONNECTOR,
        |world, service| {
            let Some(project) = parts::connector(world, service).map(|one| one.project.clone()) else {
                return;
            };
            world.disabled_apis.push((project, "vpcaccess.googleapis.com".to_owned()));
        },
    ),
    Fault::after_deploy(
        CauseCode::VpcConnectorNotFound,
        "The VPC connector is deleted after the deploy; the revision still refers to it.",
        &subject::CONNECTOR,
        |world, service| {
            let Some(name) = parts::connector(world, service).map(|one| one.resource()) else { return };
            world.connectors.retain(|connector| connector.resource() != name);
        },
    ),
    Fault::before_deploy(
        CauseCode::VpcConnectorAccessDenied,
        "Cloud Run's service agent may not use the connector, so that the new revision fails and \
         the old one serves on.",
        &subject::CONNECTOR,
        |world, service| on(parts::revision(world, service), |one| one.flaw = Some(Flaw::ConnectorForbidden)),
    ),
    Fault::before_deploy(
        CauseCode::VpcNetworkNotFound,
        "The network that the new revision is to leave into does not exist; the old revision serves on.",
        &DIRECT,
        |world, service| on(parts::revision(world, service), |one| one.flaw = Some(Flaw::NetworkMissing)),
    ),
    Fault::before_deploy(
        CauseCode::VpcAccessDrifted,
        "The new revision uses another connector than declared, whose packets vanish for a reason \
         that no API shows.",
        &subject::CONNECTOR,
        |world, service| {
            let Some(mut other) = parts::connector(world, service).cloned() else { return };
            other.name.push_str("-old");
            world.blackholes.extend(parts::dialled(world, service));
            use_connector(world, service, other);
        },
    ),
    Fault::before_deploy(
        CauseCode::VpcConnectorNotReady,
        "The VPC connector is in state ERROR.",
        &subject::CONNECTOR,
        |world, service| on(parts::connector(world, service), |one| one.state = ConnectorState::Error),
    ),
    Fault::before_deploy(
        CauseCode::VpcConnectorWrongRegion,
        "The revision refers to a ready VPC connector that stands in another region than the service.",
        &subject::CONNECTOR,
        |world, service| {
            let Some(mut other) = parts::connector(world, service).cloned() else { return };
            let elsewhere = if other.region == "us-central1" { "us-east1" } else { "us-central1" };
            other.region = elsewhere.to_owned();
            use_connector(world, service, other);
        },
    ),
    Fault::after_deploy(
        CauseCode::ConnectorHealthRulesMissing,
        "The connector stands in a Shared VPC without the rules by which Google reaches connectors.",
        &subject::CONNECTOR,
        |world, service| {
            shape::shared_vpc(world, service);
            for network in &mut world.networks {
                network.firewalls.retain(|rule| rule.name != shape::CONNECTOR_RULE);
            }
        },
    ),
    Fault::before_deploy(
        CauseCode::VpcWrongNetwork,
        "The database's instance is attached to another network than the service leaves into.",
        &subject::PRIVATE_DATABASE,
        |world, service| {
            let network = parts::instance(world, service).and_then(|instance| instance.network.as_mut());
            on(network, |network| network.push_str("-data"));
        },
    ),
    Fault::before_deploy(
        CauseCode::EgressExcludesDatabase,
        "The database stands in a privately used public range, which `private-ranges-only` does not \
         send into the VPC.",
        &PRIVATE_RANGES_ONLY,
        |world, service| parts::move_database(world, service, IpAddr::from([11, 20, 0, 3])),
    ),
    Fault::after_deploy(
        CauseCode::EgressWithoutNat,
        "All traffic goes into the VPC network, the database has a public address, and there is no \
         Cloud NAT.",
        &subject::PUBLIC_THROUGH_VPC,
        |world, service| on(parts::network(world, service), |network| network.nats.clear()),
    ),
    Fault::after_deploy(
        CauseCode::EgressBlocksCloudsqlSocket,
        "The socket's instance has a public address only, all traffic goes into the VPC network, \
         and there is no Cloud NAT.",
        &SOCKET_THROUGH_VPC,
        |world, service| {
            on(parts::network(world, service), |network| network.nats.clear());
            on(parts::instance(world, service), |instance| {
                instance.network = None;
                instance.addresses = vec![InstanceAddress { ip: PUBLIC, private: false }];
            });
        },
    ),
    Fault::after_deploy(
        CauseCode::SubnetExhausted,
        "The subnetwork of direct VPC egress is a /28: its few addresses are taken.",
        &PRIVATE_DIRECT,
        |world, service| {
            let vpc = parts::revision(world, service).map(|revision| revision.vpc.clone());
            let Some(VpcWorld::Direct { subnetwork, .. }) = vpc else { return };
            let Some(network) = parts::network(world, service) else { return };
            for subnet in network.subnets.iter_mut().filter(|subnet| subnet.name == subnetwork) {
                subnet.range = Ipv4Net::new(subnet.range.network(), 28).unwrap_or(subnet.range);
            }
        },
    ),
    // It carries while it changes.
    Fault::near_miss(
        "connector-updating",
        CauseCode::VpcConnectorNotReady,
        "The VPC connector is in state UPDATING, and carries traffic meanwhile.",
        &subject::CONNECTOR,
        |world, service| on(parts::connector(world, service), |one| one.state = ConnectorState::Updating),
    ),
    // A Shared VPC as it should be.
    Fault::near_miss(
        "shared-vpc-with-its-rules",
        CauseCode::ConnectorHealthRulesMissing,
        "The connector stands in a Shared VPC that has the rules by which Google reaches connectors.",
        &subject::CONNECTOR,
        shape::shared_vpc,
    ),
];

/// A service that leaves into a network without a connector.
static DIRECT: Subject = Subject {
    has: "direct VPC egress",
    fits: |_, service| service.newest().is_some_and(|one| matches!(one.vpc, VpcWorld::Direct { .. })),
};

static PRIVATE_DIRECT: Subject = Subject {
    has: "a private database behind direct VPC egress",
    fits: |world, service| (subject::PRIVATE_DATABASE.fits)(world, service) && (DIRECT.fits)(world, service),
};

static PRIVATE_RANGES_ONLY: Subject = Subject {
    has: "a private database that it dials by address with the egress private-ranges-only",
    fits: |world, service| {
        let egress = subject::egress(service);
        (subject::PRIVATE_ADDRESS.fits)(world, service) && egress == Some(Egress::PrivateRangesOnly)
    },
};

static SOCKET_THROUGH_VPC: Subject = Subject {
    has: "a /cloudsql socket and all its traffic sent into a VPC network",
    fits: |world, service| {
        (subject::SOCKET.fits)(world, service) && subject::egress(service) == Some(Egress::AllTraffic)
    },
};

/// TEST-NET-3 (RFC 5737): nobody's.
const PUBLIC: IpAddr = IpAddr::V4(Ipv4Addr::new(203, 0, 113, 77));

/// A connector more, which the newest revision uses.
fn use_connector(world: &mut World, service: usize, connector: ConnectorWorld) {
    if let Some(revision) = parts::revision(world, service)
        && let VpcWorld::Connector { resource, .. } = &mut revision.vpc
    {
        *resource = connector.resource();
    }
    world.connectors.push(connector);
}

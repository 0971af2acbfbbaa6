//! Peerings, endpoints, routes and names on the way to the database.

use std::net::IpAddr;

use ipnet::{IpNet, Ipv4Net};

use crate::diagnosis::cause::CauseCode;
use crate::sandbox::faults::parts::{self, on};
use crate::sandbox::faults::{Fault, shape, subject};
use crate::sandbox::world::{
    EndpointStatus, PolicyRouteWorld, PrivateServices, RouteWorld, SubnetWorld, World,
};

pub(in crate::sandbox::faults) static FAULTS: &[Fault] = &[
    Fault::before_deploy(
        CauseCode::PeeringMissing,
        "The network has no peering with Google's services.",
        &subject::PRIVATE_DATABASE,
        |world, service| private_services(world, service, PrivateServices::Missing),
    ),
    Fault::before_deploy(
        CauseCode::PeeringInactive,
        "The peering with Google's services is INACTIVE: its other side is gone.",
        &subject::PRIVATE_DATABASE,
        |world, service| private_services(world, service, PrivateServices::Inactive),
    ),
    Fault::before_deploy(
        CauseCode::PeeringRangeMismatch,
        "The peering with Google's services leads to another range than the database's.",
        &subject::PRIVATE_DATABASE,
        |world, service| private_services(world, service, PrivateServices::WithoutRange),
    ),
    Fault::after_deploy(
        CauseCode::PscEndpointMissing,
        "The Private Service Connect endpoint with the database's address is CLOSED: its producer \
         is gone.",
        &subject::UNNAMED_PRIVATE_ADDRESS,
        |world, service| shape::behind_endpoint(world, service, EndpointStatus::Closed),
    ),
    Fault::before_deploy(
        CauseCode::RouteDiverted,
        "A subnetwork of the service's own network has the database's range.",
        &subject::PRIVATE_DATABASE,
        |world, service| {
            let Some(IpAddr::V4(to)) = parts::dialled(world, service) else { return };
            let Ok(range) = Ipv4Net::new(to, 25) else { return };
            if let Some(network) = parts::network(world, service) {
                let (region, name) = ("europe-north1".to_owned(), "legacy".to_owned());
                network.subnets.push(SubnetWorld { region, name, range: range.trunc() });
            }
        },
    ),
    Fault::before_deploy(
        CauseCode::AddressRangeConflict,
        "The database stands in 172.17.0.0/16, which Cloud SQL uses inside.",
        &subject::PRIVATE_ADDRESS,
        |world, service| parts::move_database(world, service, IpAddr::from([172, 17, 0, 3])),
    ),
    Fault::after_deploy(
        CauseCode::DatabaseNameUnresolvable,
        "The database's host name has no address where the service stands.",
        &subject::NAME,
        |world, service| {
            let link = world.services.get(service).and_then(|service| service.link.as_ref());
            on(link, |link| world.names.retain(|(name, _)| *name != link.host));
        },
    ),
    Fault::after_deploy(
        CauseCode::DatabaseUnreachable,
        "Packets to the database vanish, and nothing in the control plane explains it.",
        &subject::DIALLED_DATABASE,
        |world, service| world.blackholes.extend(parts::dialled(world, service)),
    ),
    // Private Service Connect as it should be.
    Fault::near_miss(
        "database-behind-an-endpoint",
        CauseCode::PscEndpointMissing,
        "The database is reached through a Private Service Connect endpoint that is ACCEPTED.",
        &subject::UNNAMED_PRIVATE_ADDRESS,
        |world, service| shape::behind_endpoint(world, service, EndpointStatus::Accepted),
    ),
    // The longest prefix wins.
    Fault::near_miss(
        "route-to-a-wider-range",
        CauseCode::RouteDiverted,
        "A route sends a range around the database's to a machine; the peering's own is nearer.",
        &subject::PRIVATE_ADDRESS,
        |world, service| {
            let Some(to) = parts::dialled(world, service) else { return };
            let Ok(range) = IpNet::new(to, 12) else { return };
            if let Some(network) = parts::network(world, service) {
                network.routes.push(RouteWorld {
                    name: "through-the-appliance".to_owned(),
                    range: range.trunc(),
                    priority: 100,
                    machine: Some("appliance".to_owned()),
                });
            }
        },
    ),
    // The lower number exempts.
    Fault::near_miss(
        "exempt-from-a-policy-based-route",
        CauseCode::RouteDiverted,
        "A policy-based route hands everything to an appliance; another one exempts packets to the \
         database.",
        &subject::PRIVATE_ADDRESS,
        |world, service| {
            policies(world, service, |routes, to| {
                routes.push(policy("through-the-appliance", 500, IpNet::V4(Ipv4Net::default())));
                routes.push(PolicyRouteWorld { balancer: None, ..policy("skip-for-databases", 100, to) });
            });
        },
    ),
    // Policy-based routes are for those that have their tag, or for VLAN attachments.
    Fault::near_miss(
        "policy-based-route-for-others",
        CauseCode::RouteDiverted,
        "Policy-based routes hand packets to an appliance: of machines with the tag `batch`, and of VLAN \
         attachments.",
        &subject::PRIVATE_ADDRESS,
        |world, service| {
            policies(world, service, |routes, to| {
                routes.push(PolicyRouteWorld {
                    tags: vec!["batch".to_owned()],
                    ..policy("inspect-batch", 100, to)
                });
                routes.push(PolicyRouteWorld { attachments: true, ..policy("from-the-office", 100, to) });
            });
        },
    ),
    // The peering's route leads there, and is not asked.
    Fault::twin(
        "diverted-by-a-policy-based-route",
        CauseCode::FirewallDeniesEgress,
        CauseCode::RouteDiverted,
        "A policy-based route hands packets to the database to an appliance, which drops them.",
        &subject::PRIVATE_ADDRESS,
        |world, service| {
            policies(world, service, |routes, to| {
                routes.push(policy("through-the-appliance", 500, to));
                // Of a higher number, it comes too late.
                routes.push(PolicyRouteWorld { balancer: None, ..policy("skip-for-databases", 600, to) });
            });
        },
    ),
];

/// The peering with Google's services becomes that.
fn private_services(world: &mut World, service: usize, state: PrivateServices) {
    on(parts::network(world, service), |network| network.private_services = state);
}

/// Changes the policy-based routes of the service's network; the change is given the database's range.
fn policies(world: &mut World, service: usize, change: impl FnOnce(&mut Vec<PolicyRouteWorld>, IpNet)) {
    let Some(to) = parts::dialled_range(world, service) else { return };
    on(parts::network(world, service), |network| change(&mut network.policy_routes, to));
}

fn policy(name: &str, priority: u32, to: IpNet) -> PolicyRouteWorld {
    PolicyRouteWorld {
        name: name.to_owned(),
        priority,
        to,
        tags: Vec::new(),
        attachments: false,
        balancer: Some(IpAddr::from([10, 132, 0, 100])),
    }
}

//! Variants of the family "Way to the database".

use std::net::IpAddr;

use ipnet::{IpNet, Ipv4Net};

use super::Variant;
use super::revision::same_as;
use crate::diagnosis::cause::CauseCode;
use crate::sandbox::faults::{shape, subject};
use crate::sandbox::world::{
    ConnectorState, EndpointStatus, FirewallWorld, PolicyRouteWorld, RouteWorld, World,
};

/// The lower number decides.
pub(super) static DENIED_AFTER_IT_IS_ALLOWED: Variant = Variant::near_miss(
    "denied-after-it-is-allowed",
    CauseCode::FirewallDeniesEgress,
    "A rule of priority 900 lets packets out to the database; one of 1000 would drop them.",
    &subject::PRIVATE_ADDRESS,
    |world, service| {
        change(world, service, |rules, to| {
            rules.push(egress("allow-database-egress", 900, true, to));
            rules.push(egress("deny-all-egress", 1000, false, IpNet::V4(Ipv4Net::default())));
        });
    },
);

/// A rule is for those that have its tag.
pub(super) static DENIED_FOR_ANOTHER_TAG: Variant = Variant::near_miss(
    "denied-for-another-tag",
    CauseCode::FirewallDeniesEgress,
    "A rule drops packets to the database, of machines with the tag `batch`.",
    &subject::PRIVATE_ADDRESS,
    deny_others,
);

fn deny_others(world: &mut World, service: usize) {
    change(world, service, |rules, to| {
        let target_tags = vec!["batch".to_owned()];
        rules.push(FirewallWorld { target_tags, ..egress("deny-batch-egress", 900, false, to) });
    });
}

/// A rule that is off decides nothing.
pub(super) static DENIED_BY_A_RULE_THAT_IS_OFF: Variant = Variant::near_miss(
    "denied-by-a-rule-that-is-off",
    CauseCode::FirewallDeniesEgress,
    "A rule that would drop packets to the database is switched off.",
    &subject::PRIVATE_ADDRESS,
    |world, service| {
        change(world, service, |rules, to| {
            rules.push(FirewallWorld { disabled: true, ..egress("deny-database-egress", 900, false, to) });
        });
    },
);

/// It carries while it changes.
pub(super) static CONNECTOR_UPDATING: Variant = Variant::near_miss(
    "connector-updating",
    CauseCode::VpcConnectorNotReady,
    "The VPC connector is in state UPDATING, and carries traffic meanwhile.",
    &subject::CONNECTOR,
    |world, service| {
        if let Some(connector) = subject::connector(world, service) {
            connector.state = ConnectorState::Updating;
        }
    },
);

/// The longest prefix wins.
pub(super) static ROUTE_TO_A_WIDER_RANGE: Variant = Variant::near_miss(
    "route-to-a-wider-range",
    CauseCode::RouteDiverted,
    "A route sends a range around the database's to a machine; the peering's own is nearer.",
    &subject::PRIVATE_ADDRESS,
    |world, service| {
        let Some(to) = subject::dialled(world, service) else { return };
        let Ok(range) = IpNet::new(to, 12) else { return };
        if let Some(network) = subject::network(world, service) {
            network.routes.push(RouteWorld {
                name: "through-the-appliance".to_owned(),
                range: range.trunc(),
                priority: 100,
                machine: Some("appliance".to_owned()),
            });
        }
    },
);

/// The lower number exempts.
pub(super) static EXEMPT_FROM_A_POLICY: Variant = Variant::near_miss(
    "exempt-from-a-policy-based-route",
    CauseCode::RouteDiverted,
    "A policy-based route hands everything to an appliance; another one exempts packets to the database.",
    &subject::PRIVATE_ADDRESS,
    |world, service| {
        policies(world, service, |routes, to| {
            routes.push(policy("through-the-appliance", 500, IpNet::V4(Ipv4Net::default())));
            routes.push(PolicyRouteWorld { balancer: None, ..policy("skip-for-databases", 100, to) });
        });
    },
);

/// Policy-based routes are for those that have their tag, or for VLAN attachments.
pub(super) static POLICY_FOR_OTHERS: Variant = Variant::near_miss(
    "policy-based-route-for-others",
    CauseCode::RouteDiverted,
    "Policy-based routes hand packets to an appliance: of machines with the tag `batch`, and of VLAN attachments.",
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
);

/// The peering's route leads there, and is not asked.
pub(super) static DIVERTED_BY_A_POLICY: Variant = Variant::twin(
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
);

/// Changes the policy-based routes of the service's network; the change is given the database's range.
fn policies(world: &mut World, service: usize, change: impl FnOnce(&mut Vec<PolicyRouteWorld>, IpNet)) {
    let Some(to) = subject::dialled(world, service) else { return };
    if let Some(network) = subject::network(world, service) {
        change(&mut network.policy_routes, around(to));
    }
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

/// No Cloud SQL, and all is well.
pub(super) static ON_A_MACHINE: Variant = Variant::near_miss(
    "database-on-a-machine",
    CauseCode::FirewallDeniesIngress,
    "The database runs on a machine of the network, which lets the service in.",
    &subject::UNNAMED_PRIVATE_ADDRESS,
    let_in,
);

/// A machine whose network lets the service in, by whatever way it comes.
fn let_in(world: &mut World, service: usize) {
    shape::on_machine(world, service);
    if let Some(network) = subject::network(world, service) {
        network.firewalls.push(FirewallWorld {
            ingress: true,
            ports: vec![5432],
            target_tags: vec![shape::TAG.to_owned()],
            ..egress("allow-postgres-ingress", 800, true, IpNet::V4(Ipv4Net::default()))
        });
    }
}

/// The rule is about others.
pub(super) static MACHINE_OF_ANOTHER_TAG_CLOSED: Variant = Variant::near_miss(
    "machine-of-another-tag-closed",
    CauseCode::FirewallDeniesIngress,
    "The database runs on a machine; a rule drops what comes in to machines of another tag.",
    &subject::UNNAMED_PRIVATE_ADDRESS,
    |world, service| {
        shape::on_machine(world, service);
        shape::deny_ingress(world, service, 900, "mysql");
    },
);

/// Private Service Connect as it should be.
pub(super) static BEHIND_AN_ENDPOINT: Variant = Variant::near_miss(
    "database-behind-an-endpoint",
    CauseCode::PscEndpointMissing,
    "The database is reached through a Private Service Connect endpoint that is ACCEPTED.",
    &subject::UNNAMED_PRIVATE_ADDRESS,
    |world, service| shape::behind_endpoint(world, service, EndpointStatus::Accepted),
);

/// A Shared VPC as it should be.
pub(super) static SHARED_VPC: Variant = Variant::near_miss(
    "shared-vpc-with-its-rules",
    CauseCode::ConnectorHealthRulesMissing,
    "The connector stands in a Shared VPC that has the rules by which Google reaches connectors.",
    &subject::CONNECTOR,
    shape::shared_vpc,
);

/// The VPC's own rule lets it out, and is not asked.
pub(super) static DENIED_BY_THE_ORGANISATION: Variant = Variant::twin(
    "denied-by-the-organisation",
    CauseCode::DatabaseUnreachable,
    CauseCode::FirewallDeniesEgress,
    "A rule of the network lets packets out to the database; the organisation's policy drops them before.",
    &subject::PRIVATE_ADDRESS,
    |world, service| {
        let Some(to) = subject::dialled(world, service) else { return };
        let Some(network) = subject::network(world, service) else { return };
        network.firewalls.push(egress("allow-database-egress", 100, true, IpNet::from(to)));
        network.policy.push(egress("deny-data-egress", 5000, false, IpNet::from(to)));
    },
);

/// A reset is no dropped packet.
pub(super) static NOTHING_LISTENS_ON_THE_MACHINE: Variant = Variant::twin(
    "nothing-listens-on-the-machine",
    CauseCode::FirewallDeniesIngress,
    CauseCode::DatabaseRefused,
    "The database's machine lets the service in, and no server listens there.",
    &subject::UNNAMED_PRIVATE_ADDRESS,
    |world, service| {
        let_in(world, service);
        same_as("database-refused", world, service);
    },
);

/// Packets vanish as if a rule dropped them.
pub(super) static STOPPED_BEHIND_A_RULE_FOR_OTHERS: Variant = Variant::twin(
    "stopped-behind-a-rule-for-others",
    CauseCode::FirewallDeniesEgress,
    CauseCode::InstanceStopped,
    "A rule drops packets to the database, of others; the service's vanish, because the instance is stopped.",
    &subject::PRIVATE_ADDRESS,
    |world, service| {
        deny_others(world, service);
        same_as("instance-stopped", world, service);
    },
);

/// Changes the rules of the service's network; the change is given the database's range.
fn change(world: &mut World, service: usize, change: impl FnOnce(&mut Vec<FirewallWorld>, IpNet)) {
    let Some(to) = subject::dialled(world, service) else { return };
    if let Some(network) = subject::network(world, service) {
        change(&mut network.firewalls, around(to));
    }
}

fn around(address: IpAddr) -> IpNet {
    IpNet::new(address, 24).map_or_else(|_| IpNet::from(address), |range| range.trunc())
}

fn egress(name: &str, priority: u16, allows: bool, to: IpNet) -> FirewallWorld {
    FirewallWorld {
        name: name.to_owned(),
        ingress: false,
        priority,
        allows,
        ranges: vec![to],
        ports: Vec::new(),
        target_tags: Vec::new(),
        disabled: false,
    }
}

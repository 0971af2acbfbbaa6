//! Firewall rules on the way to the database.

use ipnet::{IpNet, Ipv4Net};

use crate::diagnosis::cause::CauseCode;
use crate::sandbox::faults::parts::{self, on};
use crate::sandbox::faults::{Fault, shape, subject};
use crate::sandbox::world::{Activation, FirewallWorld, World};

pub(in crate::sandbox::faults) static FAULTS: &[Fault] = &[
    Fault::before_deploy(
        CauseCode::FirewallDeniesEgress,
        "A firewall rule for connectors drops packets to the database's port.",
        &subject::PRIVATE_DATABASE,
        |world, service| {
            let Some(to) = parts::dialled(world, service) else { return };
            if let Some(network) = parts::network(world, service) {
                // Decides before the implied rule; rules of higher numbers would not.
                network.deny_egress("deny-database-egress", 900, to, &[5432, 3307], &[]);
            }
        },
    ),
    Fault::after_deploy(
        CauseCode::FirewallDeniesIngress,
        "The database runs on a machine, and a rule for its tag drops what comes in on port 5432.",
        &subject::UNNAMED_PRIVATE_ADDRESS,
        |world, service| {
            shape::on_machine(world, service);
            // Before the rule of priority 1000 by which Google lets connectors in.
            shape::deny_ingress(world, service, 900, shape::TAG);
        },
    ),
    Fault::after_deploy(
        CauseCode::FirewallDeniesProxyPort,
        "A firewall rule drops packets to port 3307, at which the socket's proxy dials; 5432 is open.",
        &subject::PRIVATE_SOCKET,
        |world, service| {
            let Some(to) = parts::private_address(world, service) else { return };
            if let Some(network) = parts::network(world, service) {
                network.deny_egress("deny-proxy-egress", 900, to, &[3307], &[]);
            }
        },
    ),
    // The lower number decides.
    Fault::near_miss(
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
    ),
    // A rule is for those that have its tag.
    Fault::near_miss(
        "denied-for-another-tag",
        CauseCode::FirewallDeniesEgress,
        "A rule drops packets to the database, of machines with the tag `batch`.",
        &subject::PRIVATE_ADDRESS,
        deny_others,
    ),
    // A rule that is off decides nothing.
    Fault::near_miss(
        "denied-by-a-rule-that-is-off",
        CauseCode::FirewallDeniesEgress,
        "A rule that would drop packets to the database is switched off.",
        &subject::PRIVATE_ADDRESS,
        |world, service| {
            change(world, service, |rules, to| {
                rules
                    .push(FirewallWorld { disabled: true, ..egress("deny-database-egress", 900, false, to) });
            });
        },
    ),
    // No Cloud SQL, and all is well.
    Fault::near_miss(
        "database-on-a-machine",
        CauseCode::FirewallDeniesIngress,
        "The database runs on a machine of the network, which lets the service in.",
        &subject::UNNAMED_PRIVATE_ADDRESS,
        let_in,
    ),
    // The rule is about others.
    Fault::near_miss(
        "machine-of-another-tag-closed",
        CauseCode::FirewallDeniesIngress,
        "The database runs on a machine; a rule drops what comes in to machines of another tag.",
        &subject::UNNAMED_PRIVATE_ADDRESS,
        |world, service| {
            shape::on_machine(world, service);
            shape::deny_ingress(world, service, 900, "mysql");
        },
    ),
    // The VPC's own rule lets it out, and is not asked.
    Fault::twin(
        "denied-by-the-organisation",
        CauseCode::DatabaseUnreachable,
        CauseCode::FirewallDeniesEgress,
        "A rule of the network lets packets out to the database; the organisation's policy drops them \
         before.",
        &subject::PRIVATE_ADDRESS,
        |world, service| {
            let Some(to) = parts::dialled(world, service) else { return };
            let Some(network) = parts::network(world, service) else { return };
            network.firewalls.push(egress("allow-database-egress", 100, true, IpNet::from(to)));
            network.policy.push(egress("deny-data-egress", 5000, false, IpNet::from(to)));
        },
    ),
    // A reset is no dropped packet.
    Fault::twin(
        "nothing-listens-on-the-machine",
        CauseCode::FirewallDeniesIngress,
        CauseCode::DatabaseRefused,
        "The database's machine lets the service in, and no server listens there.",
        &subject::UNNAMED_PRIVATE_ADDRESS,
        |world, service| {
            let_in(world, service);
            on(parts::instance(world, service), |instance| instance.listening = false);
        },
    ),
    // Packets vanish as if a rule dropped them.
    Fault::twin(
        "stopped-behind-a-rule-for-others",
        CauseCode::FirewallDeniesEgress,
        CauseCode::InstanceStopped,
        "A rule drops packets to the database, of others; the service's vanish, because the instance is \
         stopped.",
        &subject::PRIVATE_ADDRESS,
        |world, service| {
            deny_others(world, service);
            on(parts::instance(world, service), |instance| instance.activation = Activation::Never);
        },
    ),
];

fn deny_others(world: &mut World, service: usize) {
    change(world, service, |rules, to| {
        let target_tags = vec!["batch".to_owned()];
        rules.push(FirewallWorld { target_tags, ..egress("deny-batch-egress", 900, false, to) });
    });
}

/// A machine whose network lets the service in, by whatever way it comes.
fn let_in(world: &mut World, service: usize) {
    shape::on_machine(world, service);
    if let Some(network) = parts::network(world, service) {
        network.firewalls.push(FirewallWorld {
            ingress: true,
            ports: vec![5432],
            target_tags: vec![shape::TAG.to_owned()],
            ..egress("allow-postgres-ingress", 800, true, IpNet::V4(Ipv4Net::default()))
        });
    }
}

/// Changes the rules of the service's network; the change is given the database's range.
fn change(world: &mut World, service: usize, change: impl FnOnce(&mut Vec<FirewallWorld>, IpNet)) {
    let Some(to) = parts::dialled_range(world, service) else { return };
    on(parts::network(world, service), |network| change(&mut network.firewalls, to));
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

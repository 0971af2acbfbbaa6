//! Firewall rules on the way to the database.

use ipnet::{IpNet, Ipv4Net};

use crate::diagnosis::cause::CauseCode;
use crate::sandbox::faults::parts::{self, on};
use crate::sandbox::faults::{Fault, shape, subject};
use crate::sandbox::world::{Activation, FirewallWorld, World, around};

pub(in crate::sandbox::faults) static FAULTS: &[Fault] = &[
    Fault::before_deploy(
        CauseCode::FirewallDeniesEgress,
        "A firewall rule for connectors drops packets to the database's port.",
        &subject::PRIVATE_DATABASE,
        |world, service| {
            change(world, service, |rules, to| {
                // Decides before the implied rule; rules of higher numbers would not.
                let rule = FirewallWorld::egress("deny-database-egress", 900, false, to);
                rules.push(FirewallWorld { ports: vec![5432, 3307], ..rule });
            });
        },
    ),
    Fault::after_deploy(
        CauseCode::FirewallDeniesIngress,
        "The database runs on a machine, and a rule for its tag drops what comes in on port 5432.",
        &subject::UNNAMED_PRIVATE_ADDRESS,
        |world, service| deny_in(world, service, shape::TAG),
    ),
    Fault::after_deploy(
        CauseCode::FirewallDeniesProxyPort,
        "A firewall rule drops packets to port 3307, at which the socket's proxy dials; 5432 is open.",
        &subject::PRIVATE_SOCKET,
        |world, service| {
            let Some(to) = parts::private_address(world, service) else { return };
            let rule = FirewallWorld::egress("deny-proxy-egress", 900, false, around(to));
            let rule = FirewallWorld { ports: vec![3307], ..rule };
            on(parts::network(world, service), |network| network.firewalls.push(rule));
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
                rules.push(FirewallWorld::egress("allow-database-egress", 900, true, to));
                rules.push(FirewallWorld::egress(
                    "deny-all-egress",
                    1000,
                    false,
                    IpNet::V4(Ipv4Net::default()),
                ));
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
                rules.push(FirewallWorld {
                    disabled: true,
                    ..FirewallWorld::egress("deny-database-egress", 900, false, to)
                });
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
        |world, service| deny_in(world, service, "mysql"),
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
            network.firewalls.push(FirewallWorld::egress(
                "allow-database-egress",
                100,
                true,
                IpNet::from(to),
            ));
            network.policy.push(FirewallWorld::egress("deny-data-egress", 5000, false, IpNet::from(to)));
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
        rules.push(FirewallWorld {
            target_tags,
            ..FirewallWorld::egress("deny-batch-egress", 900, false, to)
        });
    });
}

/// A machine whose network lets the service in, by whatever way it comes.
fn let_in(world: &mut World, service: usize) {
    shape::on_machine(world, service);
    let rule = FirewallWorld::ingress("allow-postgres-ingress", 800, true, shape::TAG, 5432);
    on(parts::network(world, service), |network| network.firewalls.push(rule));
}

/// A machine that lets nobody in at the port, by a rule for a tag.
fn deny_in(world: &mut World, service: usize, tag: &str) {
    shape::on_machine(world, service);
    // Before the rule of priority 1000 by which Google lets connectors in.
    let rule = FirewallWorld::ingress("deny-postgres-ingress", 900, false, tag, 5432);
    on(parts::network(world, service), |network| network.firewalls.push(rule));
}

/// Changes the rules of the service's network; the change is given the database's range.
fn change(world: &mut World, service: usize, change: impl FnOnce(&mut Vec<FirewallWorld>, IpNet)) {
    let Some(to) = parts::dialled_range(world, service) else { return };
    on(parts::network(world, service), |network| change(&mut network.firewalls, to));
}

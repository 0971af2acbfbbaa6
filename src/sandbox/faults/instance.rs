//! The Cloud SQL instance and its attachment.

use std::net::{IpAddr, Ipv4Addr};

use super::parts::{self, on};
use super::{Fault, subject};
use crate::diagnosis::cause::CauseCode;
use crate::sandbox::world::{
    Activation, Engine, Grants, InstanceAddress, InstanceState, InstanceWorld, World,
};

pub(super) static FAULTS: &[Fault] = &[
    Fault::after_deploy(
        CauseCode::InstanceNotFound,
        "The instance that the pipeline names is deleted.",
        &subject::NAMED_INSTANCE,
        |world, service| {
            let Some(name) = parts::instance(world, service).map(|one| one.connection_name()) else { return };
            world.instances.retain(|instance| instance.connection_name() != name);
        },
    ),
    Fault::after_deploy(
        CauseCode::InstanceStopped,
        "The owner stopped the instance: RUNNABLE, with activation policy NEVER.",
        &subject::DATABASE,
        |world, service| on(parts::instance(world, service), |one| one.activation = Activation::Never),
    ),
    Fault::after_deploy(
        CauseCode::InstanceSuspended,
        "Google suspended the instance.",
        &subject::DATABASE,
        |world, service| on(parts::instance(world, service), |one| one.state = InstanceState::Suspended),
    ),
    Fault::after_deploy(
        CauseCode::InstanceNotRunning,
        "The instance is under maintenance.",
        &subject::DATABASE,
        |world, service| on(parts::instance(world, service), |one| one.state = InstanceState::Maintenance),
    ),
    Fault::after_deploy(
        CauseCode::InstanceDiskFull,
        "The disk of the instance is full, and Cloud SQL shut it down.",
        &subject::DATABASE,
        |world, service| on(parts::instance(world, service), |instance| instance.disk_full = true),
    ),
    Fault::before_deploy(
        CauseCode::InstanceNotPostgres,
        "The instance is a MySQL server.",
        &subject::DIALLED_DATABASE,
        |world, service| {
            let Some(instance) = parts::instance(world, service) else { return };
            instance.engine = Engine::MySql;
            instance.port = 3306;
        },
    ),
    Fault::after_deploy(
        CauseCode::InstanceRequiresConnector,
        "The instance takes connections of Cloud SQL's connectors only.",
        &subject::DIALLED_DATABASE,
        |world, service| on(parts::instance(world, service), |instance| instance.connectors_only = true),
    ),
    Fault::after_deploy(
        CauseCode::AuthorizedNetworkMissing,
        "The instance authorises one office's network at its public address, and nobody else.",
        &subject::PUBLIC_ADDRESS,
        |world, service| {
            on(parts::instance(world, service), |one| one.authorized = OFFICE.parse().into_iter().collect());
        },
    ),
    Fault::before_deploy(
        CauseCode::InstanceAddressMismatch,
        "The instance was made anew and has another address; the service's variables kept the old one.",
        &subject::ADDRESS,
        |world, service| {
            let Some(old) = parts::dialled(world, service) else { return };
            let Some(instance) = parts::instance(world, service) else { return };
            for address in instance.addresses.iter_mut().filter(|address| address.ip == old) {
                address.ip = another(old);
            }
        },
    ),
    Fault::before_deploy(
        CauseCode::CloudsqlNotAttached,
        "The new revision does not attach the instance whose socket the service dials.",
        &subject::ATTACHED_SOCKET,
        |world, service| on(parts::revision(world, service), |revision| revision.cloudsql.clear()),
    ),
    Fault::before_deploy(
        CauseCode::CloudsqlNameMismatch,
        "The new revision attaches another instance than the one whose socket the service dials.",
        &subject::ATTACHED_SOCKET,
        |world, service| {
            on(parts::revision(world, service), |revision| {
                revision.cloudsql.iter_mut().for_each(|instance| instance.push_str("-old"));
            });
        },
    ),
    // What the service does not use may rest.
    Fault::near_miss(
        "another-instance-stopped",
        CauseCode::InstanceStopped,
        "Another instance of the project is stopped.",
        &subject::DATABASE,
        stopped_beside,
    ),
    // Whom the public address admits does not matter to the private one.
    Fault::near_miss(
        "public-address-closed",
        CauseCode::AuthorizedNetworkMissing,
        "The instance has a public address too, which admits nobody; the service dials the private one.",
        &subject::PRIVATE_ADDRESS,
        |world, service| {
            let Some(instance) = parts::instance(world, service) else { return };
            instance.addresses.push(InstanceAddress { ip: PUBLIC, private: false });
            instance.authorized.clear();
        },
    ),
    // Who may not connect himself has seen nothing wrong.
    Fault::near_miss(
        "gate-may-not-connect",
        CauseCode::ServerIdentityUnverified,
        "The gate may not connect to the instance itself (cloudsql.instances.connect); the service may.",
        &subject::CONNECTOR_WAY,
        |world, _| world.gate = Grants::WithoutConnect,
    ),
    // IAM login is an offer, not a demand.
    Fault::near_miss(
        "iam-login-on",
        CauseCode::CloudsqlIamLoginMisconfigured,
        "IAM login is switched on; the service's user is one with a password.",
        &subject::PASSWORD,
        |world, service| on(parts::instance(world, service), |instance| instance.iam_authentication = true),
    ),
    // The token is right, and its account may not log in.
    Fault::twin(
        "iam-login-not-granted",
        CauseCode::PasswordRejected,
        CauseCode::CloudsqlIamLoginMisconfigured,
        "The service logs in with IAM, and its account lacks roles/cloudsql.instanceUser.",
        &subject::IAM_USER,
        |world, _| world.sql_logins.clear(),
    ),
    // Without the flag, the server knows passwords only.
    Fault::twin(
        "iam-flag-off",
        CauseCode::PasswordRejected,
        CauseCode::CloudsqlIamLoginMisconfigured,
        "The service logs in with IAM, and the flag cloudsql.iam_authentication is off.",
        &subject::IAM_USER,
        |world, service| on(parts::instance(world, service), |instance| instance.iam_authentication = false),
    ),
    // The stopped instance is another one.
    Fault::twin(
        "server-down-beside-a-stopped-instance",
        CauseCode::InstanceStopped,
        CauseCode::DatabaseRefused,
        "Another instance of the project is stopped; in the service's own, nothing listens on the port.",
        &subject::DIALLED_DATABASE,
        |world, service| {
            stopped_beside(world, service);
            on(parts::instance(world, service), |instance| instance.listening = false);
        },
    ),
];

// Of TEST-NET-3 (RFC 5737): nobody's.
const OFFICE: &str = "203.0.113.128/25";
const PUBLIC: IpAddr = IpAddr::V4(Ipv4Addr::new(203, 0, 113, 88));

/// An address of the same network that differs in its last byte.
fn another(address: IpAddr) -> IpAddr {
    match address {
        IpAddr::V4(v4) => {
            let [a, b, c, d] = v4.octets();
            IpAddr::from([a, b, c, d ^ 0x80])
        }
        IpAddr::V6(v6) => IpAddr::from((u128::from(v6) ^ 0x80).to_be_bytes()),
    }
}

fn stopped_beside(world: &mut World, service: usize) {
    let Some(own) = parts::instance(world, service) else { return };
    let other = InstanceWorld {
        name: format!("{}-old", own.name),
        activation: Activation::Never,
        addresses: Vec::new(),
        roles: Vec::new(),
        ..own.clone()
    };
    world.instances.push(other);
}

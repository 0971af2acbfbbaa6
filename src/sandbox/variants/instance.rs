//! Variants of the family "The Cloud SQL instance and its attachment".

use std::net::{IpAddr, Ipv4Addr};

use super::Variant;
use super::revision::same_as;
use crate::diagnosis::cause::CauseCode;
use crate::sandbox::faults::subject;
use crate::sandbox::world::{Activation, Grants, InstanceAddress, InstanceWorld, World};

/// TEST-NET-3 (RFC 5737): nobody's.
const PUBLIC: IpAddr = IpAddr::V4(Ipv4Addr::new(203, 0, 113, 88));

/// What the service does not use may rest.
pub(super) static ANOTHER_INSTANCE_STOPPED: Variant = Variant::near_miss(
    "another-instance-stopped",
    CauseCode::InstanceStopped,
    "Another instance of the project is stopped.",
    &subject::DATABASE,
    stopped_beside,
);

fn stopped_beside(world: &mut World, service: usize) {
    let Some(own) = subject::instance(world, service) else { return };
    let other = InstanceWorld {
        name: format!("{}-old", own.name),
        activation: Activation::Never,
        addresses: Vec::new(),
        roles: Vec::new(),
        ..own.clone()
    };
    world.instances.push(other);
}

/// Whom the public address admits does not matter to the private one.
pub(super) static PUBLIC_ADDRESS_CLOSED: Variant = Variant::near_miss(
    "public-address-closed",
    CauseCode::AuthorizedNetworkMissing,
    "The instance has a public address too, which admits nobody; the service dials the private one.",
    &subject::PRIVATE_ADDRESS,
    |world, service| {
        if let Some(instance) = subject::instance(world, service) {
            instance.addresses.push(InstanceAddress { ip: PUBLIC, private: false });
            instance.authorized.clear();
        }
    },
);

/// Who may not connect himself has seen nothing wrong.
pub(super) static GATE_MAY_NOT_CONNECT: Variant = Variant::near_miss(
    "gate-may-not-connect",
    CauseCode::ServerNotAuthentic,
    "The gate may not connect to the instance itself (cloudsql.instances.connect); the service may.",
    &subject::CONNECTOR_WAY,
    |world, _| world.gate = Grants::WithoutConnect,
);

/// IAM login is an offer, not a demand.
pub(super) static IAM_LOGIN_ON: Variant = Variant::near_miss(
    "iam-login-on",
    CauseCode::CloudsqlIamLoginMisconfigured,
    "IAM login is switched on; the service's user is one with a password.",
    &subject::PASSWORD,
    |world, service| {
        if let Some(instance) = subject::instance(world, service) {
            instance.iam_authentication = true;
        }
    },
);

/// The token is right, and its account may not log in.
pub(super) static IAM_LOGIN_NOT_GRANTED: Variant = Variant::twin(
    "iam-login-not-granted",
    CauseCode::PasswordRejected,
    CauseCode::CloudsqlIamLoginMisconfigured,
    "The service logs in with IAM, and its account lacks roles/cloudsql.instanceUser.",
    &subject::IAM_USER,
    |world, _| world.sql_logins.clear(),
);

/// Without the flag, the server knows passwords only.
pub(super) static IAM_FLAG_OFF: Variant = Variant::twin(
    "iam-flag-off",
    CauseCode::PasswordRejected,
    CauseCode::CloudsqlIamLoginMisconfigured,
    "The service logs in with IAM, and the flag cloudsql.iam_authentication is off.",
    &subject::IAM_USER,
    |world, service| {
        if let Some(instance) = subject::instance(world, service) {
            instance.iam_authentication = false;
        }
    },
);

/// The stopped instance is another one.
pub(super) static SERVER_DOWN_BESIDE_A_STOPPED_INSTANCE: Variant = Variant::twin(
    "server-down-beside-a-stopped-instance",
    CauseCode::InstanceStopped,
    CauseCode::DatabaseRefused,
    "Another instance of the project is stopped; in the service's own, nothing listens on the port.",
    &subject::DIALLED_DATABASE,
    |world, service| {
        stopped_beside(world, service);
        same_as("database-refused", world, service);
    },
);

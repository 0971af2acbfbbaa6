//! The front end, and what the gate meets there.

use super::parts::{self, on};
use super::{Fault, subject};
use crate::diagnosis::Verdict;
use crate::diagnosis::cause::CauseCode;
use crate::sandbox::world::{Admits, DoorWorld, Grants, HealthRoute, World};

pub(super) static FAULTS: &[Fault] = &[
    Fault::after_deploy(
        CauseCode::IngressClosed,
        "The service takes requests from inside only, and the gate stands outside.",
        &subject::UNPROMISED,
        |world, service| on(world.services.get_mut(service), |service| service.door = DoorWorld::InsideOnly),
    )
    .with_verdict(Verdict::Inconclusive),
    Fault::after_deploy(
        CauseCode::NoInstanceAvailable,
        "Every instance is taken, and no more may be started.",
        &subject::ANY,
        |world, service| on(world.services.get_mut(service), |service| service.door = DoorWorld::Full),
    ),
    Fault::after_deploy(
        CauseCode::InstanceCrashing,
        "The process ends while it answers health.",
        &subject::ANY,
        |world, service| on(parts::code(world, service), |code| code.health = HealthRoute::Ends),
    ),
    Fault::after_deploy(
        CauseCode::RequestTimedOut,
        "The health handler takes longer than a request may.",
        &subject::ANY,
        |world, service| on(parts::code(world, service), |code| code.health = HealthRoute::Hangs),
    ),
    Fault::after_deploy(
        CauseCode::InvokerDenied,
        "The service is private, and the gate's account may not call it.",
        &subject::ANY,
        |world, service| close(world, service, Admits::Nobody),
    )
    .with_verdict(Verdict::Inconclusive),
    Fault::after_deploy(
        CauseCode::TokenRejected,
        "The service is private, and its front end does not take the gate's ID token.",
        &subject::ANY,
        |world, service| close(world, service, Admits::NoToken),
    )
    .with_verdict(Verdict::Inconclusive),
    Fault::after_deploy(
        CauseCode::PermissionMissing,
        "The gate's own identity may read nothing of the control plane.",
        &subject::ANY,
        |world, _| world.gate = Grants::Nothing,
    )
    .with_verdict(Verdict::Inconclusive),
];

/// Makes the service private.
fn close(world: &mut World, service: usize, gate: Admits) {
    let Some(service) = world.services.get_mut(service) else { return };
    service.public = false;
    service.gate = gate;
}

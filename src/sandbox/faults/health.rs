//! Health and journeys.

use std::net::SocketAddr;
use std::time::Duration;

use super::parts::{self, on};
use super::{Fault, subject};
use crate::diagnosis::Verdict;
use crate::diagnosis::cause::CauseCode;
use crate::sandbox::world::{DoorWorld, HealthRoute};

pub(super) static FAULTS: &[Fault] = &[
    Fault::before_deploy(
        CauseCode::HealthReportsDatabaseDown,
        "The service's own pool has lost all its connections; the database is fine from everywhere.",
        &subject::DATABASE,
        |world, service| on(parts::code(world, service), |code| code.leaks_connections = true),
    ),
    Fault::before_deploy(
        CauseCode::HealthReportsDependencyDown,
        "A cache that the service needs too is out of reach; its database is fine.",
        &subject::ANY,
        |world, service| {
            let cache = SocketAddr::from(([10, 20, 0, 200], 6379));
            on(parts::code(world, service), |code| code.redis = Some(cache));
        },
    ),
    Fault::before_deploy(
        CauseCode::HealthReportsUnhealthy,
        "The service says that it is unhealthy, and names nothing.",
        &subject::ANY,
        |world, service| on(parts::code(world, service), |code| code.health = HealthRoute::Maintenance),
    ),
    Fault::before_deploy(
        CauseCode::HealthUnrecognized,
        "The health path answers 200 with the start page of a single-page application.",
        &subject::ANY,
        |world, service| on(parts::code(world, service), |code| code.health = HealthRoute::StartPage),
    ),
    Fault::before_deploy(
        CauseCode::HealthNotFound,
        "The service has nothing at its health path.",
        &subject::ANY,
        |world, service| on(parts::code(world, service), |code| code.health = HealthRoute::Absent),
    ),
    Fault::before_deploy(
        CauseCode::HealthEndpointFailing,
        "The service fails while it answers at its health path.",
        &subject::ANY,
        |world, service| on(parts::code(world, service), |code| code.health = HealthRoute::Crashes),
    ),
    Fault::before_deploy(
        CauseCode::HealthUnstable,
        "Every second health answer comes from a replica that lost its configuration.",
        &subject::ANY,
        |world, service| on(parts::code(world, service), |code| code.health = HealthRoute::Flaps),
    ),
    Fault::before_deploy(
        CauseCode::JourneyStepFailed,
        "Tokens are checked with another signing secret than they are issued with; health is good.",
        &subject::WALKED,
        |world, service| {
            let other = "the secret of another deploy".to_owned();
            on(parts::code(world, service), |code| code.checks_tokens_with = Some(other));
        },
    ),
    Fault::after_deploy(
        CauseCode::HealthExpectationUnmet,
        "Health takes longer than the files allow.",
        &subject::TELLS_SOON,
        |world, service| {
            let limit = world.services.get(service).and_then(|service| service.expects.latency);
            let Some(limit) = limit else { return };
            on(parts::code(world, service), |code| code.thinks = limit + Duration::from_millis(500));
        },
    ),
    Fault::after_deploy(
        CauseCode::HealthVersionMismatch,
        "Another build than the deployed one answers.",
        &subject::TELLS_VERSION,
        |world, service| on(parts::code(world, service), |code| code.other_build = true),
    ),
    Fault::after_deploy(
        CauseCode::HealthRequiresLogin,
        "Identity-Aware Proxy stands before the service.",
        &subject::ANY,
        |world, service| on(world.services.get_mut(service), |service| service.door = DoorWorld::Login),
    )
    .with_verdict(Verdict::Inconclusive),
];

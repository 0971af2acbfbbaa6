//! What answers at the database's address.

use crate::diagnosis::cause::CauseCode;
use crate::sandbox::faults::parts::{self, on};
use crate::sandbox::faults::{Fault, subject};
use crate::sandbox::world::Speaks;

pub(in crate::sandbox::faults) static FAULTS: &[Fault] = &[
    Fault::after_deploy(
        CauseCode::DatabaseRefused,
        "Nothing listens on the database's port: connections are reset.",
        &subject::DATABASE,
        |world, service| on(parts::instance(world, service), |instance| instance.listening = false),
    ),
    Fault::after_deploy(
        CauseCode::NotPostgres,
        "A web server answers at the database's address and port.",
        &subject::DATABASE,
        |world, service| on(parts::instance(world, service), |instance| instance.speaks = Speaks::Http),
    ),
    Fault::after_deploy(
        CauseCode::ConnectionClosed,
        "What listens at the database's address hangs up on everybody.",
        &subject::DATABASE,
        |world, service| on(parts::instance(world, service), |instance| instance.speaks = Speaks::Nothing),
    ),
    Fault::after_deploy(
        CauseCode::ServerIdentityUnverified,
        "What answers Cloud SQL's connectors at the instance's public address shows another \
         instance's certificate.",
        &subject::CONNECTOR_WAY,
        |world, service| on(parts::instance(world, service), |instance| instance.impostor = true),
    ),
];

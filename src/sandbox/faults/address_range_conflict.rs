//! `address-range-conflict`.

use std::net::IpAddr;

use super::{Expected, Fault, When, subject};
use crate::diagnosis::Verdict;
use crate::diagnosis::cause::CauseCode;
use crate::sandbox::world::World;

pub(super) static FAULT: Fault = Fault {
    code: "address-range-conflict",
    what: "The database stands in 172.17.0.0/16, which Cloud SQL uses inside.",
    expects: Expected { cause: CauseCode::AddressRangeConflict, verdict: Verdict::Unhealthy },
    when: When::BeforeDeploy,
    subject: &subject::PRIVATE_ADDRESS,
    change: inject,
};

fn inject(world: &mut World, service: usize) {
    if let Some(from) = subject::dialled(world, service) {
        subject::move_database(world, from, IpAddr::from([172, 17, 0, 3]));
    }
}

//! `authorized-network-missing`.

use super::{Expected, Fault, When, subject};
use crate::diagnosis::Verdict;
use crate::diagnosis::cause::CauseCode;
use crate::sandbox::world::World;

pub(super) static FAULT: Fault = Fault {
    code: "authorized-network-missing",
    what: "The instance authorises one office's network at its public address, and nobody else.",
    expects: Expected { cause: CauseCode::AuthorizedNetworkMissing, verdict: Verdict::Unhealthy },
    when: When::AfterDeploy,
    subject: &subject::PUBLIC_ADDRESS,
    change: inject,
};

/// TEST-NET-3 (RFC 5737): nobody's.
const OFFICE: &str = "203.0.113.128/25";

fn inject(world: &mut World, service: usize) {
    if let Some(instance) = subject::instance(world, service) {
        instance.authorized = OFFICE.parse().into_iter().collect();
    }
}

//! `host-not-allowed`.

use super::{Expected, Fault, When, subject};
use crate::diagnosis::Verdict;
use crate::diagnosis::cause::CauseCode;
use crate::sandbox::world::World;

pub(super) static FAULT: Fault = Fault {
    code: "host-not-allowed",
    what: "The server's rules admit nobody from the service's host.",
    expects: Expected { cause: CauseCode::HostNotAllowed, verdict: Verdict::Unhealthy },
    when: When::AfterDeploy,
    subject: &subject::DIALLED_DATABASE,
    change: inject,
};

fn inject(world: &mut World, service: usize) {
    if let Some(instance) = subject::instance(world, service) {
        instance.admits_hosts = false;
    }
}

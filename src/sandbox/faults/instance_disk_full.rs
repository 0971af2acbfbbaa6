//! `instance-disk-full`.

use super::{Expected, Fault, When, subject};
use crate::diagnosis::Verdict;
use crate::diagnosis::cause::CauseCode;
use crate::sandbox::world::World;

pub(super) static FAULT: Fault = Fault {
    code: "instance-disk-full",
    what: "The disk of the instance is full, and Cloud SQL shut it down.",
    expects: Expected { cause: CauseCode::InstanceDiskFull, verdict: Verdict::Unhealthy },
    when: When::AfterDeploy,
    subject: &subject::DATABASE,
    change: inject,
};

fn inject(world: &mut World, service: usize) {
    if let Some(instance) = subject::instance(world, service) {
        instance.disk_full = true;
    }
}

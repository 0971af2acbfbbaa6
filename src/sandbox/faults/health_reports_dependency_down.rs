//! `health-reports-dependency-down`.

use std::net::SocketAddr;

use super::{Expected, Fault, When, subject};
use crate::diagnosis::Verdict;
use crate::diagnosis::cause::CauseCode;
use crate::sandbox::world::World;

pub(super) static FAULT: Fault = Fault {
    code: "health-reports-dependency-down",
    what: "A cache that the service needs too is out of reach; its database is fine.",
    expects: Expected { cause: CauseCode::HealthReportsDependencyDown, verdict: Verdict::Unhealthy },
    when: When::BeforeDeploy,
    subject: &subject::ANY,
    change: inject,
};

fn inject(world: &mut World, service: usize) {
    if let Some(revision) = subject::revision(world, service) {
        revision.code.redis = Some(SocketAddr::from(([10, 20, 0, 200], 6379)));
    }
}

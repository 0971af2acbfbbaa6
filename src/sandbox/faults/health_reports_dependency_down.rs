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
    applies: subject::any,
    inject,
};

fn inject(world: &mut World) {
    if let Some(revision) = subject::revision_mut(world) {
        revision.code.redis = Some(SocketAddr::from(([10, 20, 0, 200], 6379)));
    }
}

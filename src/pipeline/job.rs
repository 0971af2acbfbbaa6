//! Cloud Run jobs: their names are all that is kept of them, and what is wrong with them is told while they are read.

use super::problem::Problem;
use crate::model::Place;

/// The code of the problem; the static finding has the same.
pub const SOCKET_MISSING: &str = "cloudsql-job-socket-missing";

/// A job of several containers to which Cloud SQL is attached: Cloud Run mounts `/cloudsql` in jobs of one container
/// only (Cloud Run's list of known issues).
pub(super) fn socket_missing(containers: usize, attached: &Place, length: usize) -> Option<Problem> {
    let message = format!("this job has {containers} containers: none of them gets a /cloudsql socket");
    let problem = Problem::warning(SOCKET_MISSING, message).at(attached.clone()).length(length);
    (containers > 1).then(|| {
        problem.fix("connect over TCP to the private address, run the Cloud SQL Auth Proxy as one of the containers, or use one container")
    })
}

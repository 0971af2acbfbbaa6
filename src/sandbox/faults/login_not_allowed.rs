//! `login-not-allowed`.

use super::{Expected, Fault, When, subject};
use crate::diagnosis::Verdict;
use crate::diagnosis::cause::CauseCode;
use crate::sandbox::world::World;

pub(super) static FAULT: Fault = Fault {
    code: "login-not-allowed",
    what: "The role may not log in (NOLOGIN).",
    expects: Expected { cause: CauseCode::LoginNotAllowed, verdict: Verdict::Unhealthy },
    when: When::AfterDeploy,
    subject: &subject::DATABASE,
    change: inject,
};

fn inject(world: &mut World, service: usize) {
    if let Some(role) = subject::role(world, service) {
        role.login = false;
    }
}

//! `password-rejected`.

use secrecy::SecretString;

use super::{Expected, Fault, When, subject};
use crate::diagnosis::Verdict;
use crate::diagnosis::cause::CauseCode;
use crate::sandbox::random;
use crate::sandbox::world::World;

pub(super) static FAULT: Fault = Fault {
    code: "password-rejected",
    what: "The role's password was changed on the server, and the service still has the old one.",
    expects: Expected { cause: CauseCode::PasswordRejected, verdict: Verdict::Unhealthy },
    when: When::AfterDeploy,
    subject: &subject::PASSWORD,
    change: inject,
};

fn inject(world: &mut World, service: usize) {
    if let Some(role) = subject::role(world, service) {
        role.password = Some(SecretString::from(random::word(24)));
    }
}

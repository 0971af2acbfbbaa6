//! `password-rejected`.

use secrecy::SecretString;

use super::{Expected, Fault, When, subject};
use crate::diagnosis::Verdict;
use crate::diagnosis::cause::CauseCode;
use crate::sandbox::random;
use crate::sandbox::world::World;

pub(super) static FAULT: Fault = Fault {
    code: "password-rejected",
    what: "The role's password was changed on the server, and the secret still has the old one.",
    expects: Expected { cause: CauseCode::PasswordRejected, verdict: Verdict::Unhealthy },
    when: When::AfterDeploy,
    applies: subject::password,
    inject,
};

fn inject(world: &mut World) {
    if let Some(role) = subject::role_mut(world) {
        role.password = Some(SecretString::from(random::word(24)));
    }
}

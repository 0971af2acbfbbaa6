//! `secret-reference-drifted`.

use secrecy::ExposeSecret as _;

use super::{Expected, Fault, When, subject};
use crate::diagnosis::Verdict;
use crate::diagnosis::cause::CauseCode;
use crate::sandbox::random;
use crate::sandbox::world::{EnvValue, World};

pub(super) static FAULT: Fault = Fault {
    code: "secret-reference-drifted",
    what: "The new revision refers to another secret than the pipeline declares: that of an old password.",
    expects: Expected { cause: CauseCode::SecretReferenceDrifted, verdict: Verdict::Unhealthy },
    when: When::BeforeDeploy,
    applies: subject::secret,
    inject,
};

fn inject(world: &mut World) {
    let Some((project, declared, version)) = subject::secret_reference(world) else { return };
    let drifted = format!("{declared}-old");
    let Some(mut secret) = world.secret(&project, &declared).cloned() else { return };
    secret.name.clone_from(&drifted);
    let role = subject::role_mut(world).and_then(|role| role.password.clone());
    let password = role.map(|password| password.expose_secret().to_owned()).unwrap_or_default();
    for version in &mut secret.versions {
        // An old connection string leads to the same place, with the old password.
        subject::change_payload(version, |payload| payload.replace(&password, &random::word(24)));
    }
    world.secrets.push(secret);
    if let Some(revision) = subject::revision_mut(world) {
        for variable in &mut revision.env {
            if let EnvValue::Secret { secret, version: its, .. } = &mut variable.value
                && *secret == declared
                && *its == version
            {
                secret.clone_from(&drifted);
            }
        }
    }
}

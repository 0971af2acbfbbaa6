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
    subject: &subject::SECRET,
    change: inject,
};

fn inject(world: &mut World, service: usize) {
    let Some(declared) = world.services.get(service).and_then(subject::credential) else { return };
    let Some(mut old) = world.secret(&declared.project, &declared.name).cloned() else { return };
    old.name = format!("{}-old", declared.name);
    let password = subject::role(world, service).and_then(|role| role.password.clone());
    let password = password.map(|password| password.expose_secret().to_owned()).unwrap_or_default();
    for version in &mut old.versions {
        // An old connection string leads to the same place, with the old password.
        subject::change_payload(version, |payload| payload.replace(&password, &random::word(24)));
    }
    let Some(revision) = subject::revision(world, service) else { return };
    for variable in &mut revision.env {
        if let EnvValue::Secret { secret, .. } = &mut variable.value
            && *secret == declared.name
        {
            secret.clone_from(&old.name);
        }
    }
    world.secrets.push(old);
}

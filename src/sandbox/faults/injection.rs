//! The injection of configuration and secrets.

use secrecy::SecretString;

use super::parts::{self, on};
use super::{Fault, Subject, subject};
use crate::diagnosis::cause::CauseCode;
use crate::sandbox::random;
use crate::sandbox::world::{Added, EnvValue, SecretWorld, VersionState, VersionWorld, World};

pub(super) static FAULTS: &[Fault] = &[
    Fault::before_deploy(
        CauseCode::DatabaseVariableMissing,
        "The new revision lacks the variable that holds the database's host or connection string.",
        &subject::DATABASE,
        |world, service| {
            let Some(first) = leading_variable(world, service) else { return };
            on(parts::revision(world, service), |one| one.env.retain(|variable| variable.name != first));
        },
    ),
    Fault::before_deploy(
        CauseCode::DatabaseVariableEmpty,
        "The variable that holds the host or the connection string is there, and empty.",
        &subject::DATABASE,
        |world, service| {
            let Some(first) = leading_variable(world, service) else { return };
            let empty = EnvValue::Plain(String::new());
            on(parts::variable(world, service, &first), |variable| variable.value = empty);
        },
    ),
    Fault::before_deploy(
        CauseCode::VariableMissing,
        "The new revision lacks a declared variable that the code needs and that does not lead to \
         the database.",
        &NEEDS_MORE,
        |world, service| {
            let Some(revision) = parts::revision(world, service) else { return };
            let Some(needed) = revision.code.requires.first() else { return };
            revision.env.retain(|variable| variable.name != *needed);
        },
    ),
    Fault::before_deploy(
        CauseCode::SecretReferenceDrifted,
        "The new revision refers to another secret than the pipeline declares: that of an old password.",
        &subject::SECRET,
        secret_reference_drifted,
    ),
    Fault::before_deploy(
        CauseCode::SecretNotFound,
        "The secret that the revision refers to does not exist.",
        &subject::SECRET,
        |world, service| {
            let Some(at) = world.services.get(service).and_then(parts::credential) else { return };
            world.secrets.retain(|secret| secret.project != at.project || secret.name != at.name);
        },
    ),
    Fault::before_deploy(
        CauseCode::SecretVersionMissing,
        "The secret has no version like the one that the revision refers to.",
        &subject::SECRET,
        |world, service| {
            let Some((secret, version)) = parts::secret(world, service) else { return };
            if version == "latest" {
                secret.versions.clear();
            } else if let Some(number) = secret.number(&version) {
                secret.versions.retain(|version| version.number != number);
            }
        },
    ),
    Fault::after_deploy(
        CauseCode::SecretVersionDisabled,
        "The version of the secret is disabled after the deploy, so that no new instance can start.",
        &subject::SECRET,
        |world, service| on(parts::version(world, service), |version| version.state = VersionState::Disabled),
    ),
    Fault::after_deploy(
        CauseCode::SecretVersionDestroyed,
        "The version of the secret is destroyed after the deploy, so that no new instance can start.",
        &subject::SECRET,
        |world, service| on(parts::version(world, service), |one| one.state = VersionState::Destroyed),
    ),
    Fault::before_deploy(
        CauseCode::SecretAccessDenied,
        "The runtime service account may not read the secret, so that the new revision fails and \
         the old one serves on.",
        &subject::SECRET,
        |world, service| {
            let account = parts::revision(world, service).map(|revision| revision.service_account.clone());
            if let Some((secret, _)) = parts::secret(world, service) {
                secret.accessors.retain(|accessor| Some(accessor) != account.as_ref());
            }
        },
    ),
    Fault::after_deploy(
        CauseCode::SecretNewerThanRevision,
        "The password was rotated, in the database and in the secret, while instances of the \
         revision ran.",
        &subject::LATEST,
        |world, service| {
            // Its instances run with what was true when they started.
            let running = world.services.get(service).and_then(|one| world.inject(one.newest()?).ok());
            on(parts::revision(world, service), |revision| revision.running = running);
            let Some(new) = rotate(world, service, Added::After) else { return };
            parts::set_password(world, service, new);
        },
    ),
    Fault::before_deploy(
        CauseCode::SecretChecksumMismatch,
        "The payload of the secret is not the one that its checksum was made of.",
        &subject::PASSWORD,
        |world, service| {
            let Some(password) = parts::password(world, service) else { return };
            on(parts::version(world, service), |version| version.corrupted = true);
            parts::change_credential(world, service, |text| text.replace(&password, &random::word(24)));
        },
    ),
    // Old versions are disabled after a rotation, as they should be.
    Fault::near_miss(
        "older-version-disabled",
        CauseCode::SecretVersionDisabled,
        "An older version of the secret, which nothing references any more, is disabled.",
        &subject::LATEST,
        |world, service| {
            let Some((secret, _)) = parts::secret(world, service) else { return };
            for version in &mut secret.versions {
                version.number += 1;
            }
            for (_, number) in &mut secret.aliases {
                *number += 1;
            }
            secret.versions.insert(0, version(1, VersionState::Disabled));
        },
    ),
    // Whoever pins a version wants that one.
    Fault::near_miss(
        "pinned-beside-a-newer-version",
        CauseCode::SecretNewerThanRevision,
        "The secret has a newer version; the revision pins the one that works.",
        &subject::PINNED,
        |world, service| {
            let Some((secret, _)) = parts::secret(world, service) else { return };
            let number = secret.number("latest").unwrap_or_default() + 1;
            let newest = VersionWorld { added: Added::After, ..version(number, VersionState::Enabled) };
            secret.versions.push(newest);
        },
    )
    .later(),
    // A secret beside, that the service does not ask for.
    Fault::near_miss(
        "unused-secret-denied",
        CauseCode::SecretAccessDenied,
        "A secret beside, which the service does not reference, is readable by nobody.",
        &subject::SECRET,
        |world, service| {
            let Some(project) = world.services.get(service).map(|service| service.project.clone()) else {
                return;
            };
            world.secrets.push(SecretWorld {
                project,
                name: "somebody-elses".to_owned(),
                versions: vec![version(1, VersionState::Enabled)],
                aliases: Vec::new(),
                accessors: Vec::new(),
            });
        },
    ),
    // The secret is as new as the revision; only the server knows nothing of the new password.
    Fault::twin(
        "rotated-in-the-secret-only",
        CauseCode::SecretNewerThanRevision,
        CauseCode::PasswordRejected,
        "The password was rotated in the secret before the deploy, and nobody changed it in the database.",
        &subject::LATEST,
        |world, service| drop(rotate(world, service, Added::Before)),
    ),
];

/// A service with a variable that does not lead to its database.
static NEEDS_MORE: Subject = Subject {
    has: "a variable that does not lead to its database",
    fits: |_, service| service.newest().is_some_and(|revision| !revision.code.requires.is_empty()),
};

/// The variable that leads to its database before all others: that of the host, or of the connection string.
fn leading_variable(world: &World, service: usize) -> Option<String> {
    let variables = world.services.get(service)?.database.as_ref()?;
    variables.names().first().map(|&name| name.to_owned())
}

fn secret_reference_drifted(world: &mut World, service: usize) {
    let Some(declared) = world.services.get(service).and_then(parts::credential) else { return };
    let Some(mut old) = world.secret(&declared.project, &declared.name).cloned() else { return };
    old.name = format!("{}-old", declared.name);
    let password = parts::password(world, service).unwrap_or_default();
    for version in &mut old.versions {
        // An old connection string leads to the same place, with the old password.
        parts::change_payload(version, |payload| payload.replace(&password, &random::word(24)));
    }
    let Some(revision) = parts::revision(world, service) else { return };
    for variable in &mut revision.env {
        if let EnvValue::Secret { secret, .. } = &mut variable.value
            && *secret == declared.name
        {
            secret.clone_from(&old.name);
        }
    }
    world.secrets.push(old);
}

/// Adds a version with a new password to the secret of its credential, and gives that; the database keeps the old one.
fn rotate(world: &mut World, service: usize, added: Added) -> Option<String> {
    let (old, new) = (parts::password(world, service)?, random::word(24));
    let (secret, wanted) = parts::secret(world, service)?;
    let number = secret.number("latest")? + 1;
    let mut newest = VersionWorld { number, added, ..secret.version(&wanted)?.clone() };
    parts::change_payload(&mut newest, |payload| payload.replace(&old, &new));
    secret.versions.push(newest);
    Some(new)
}

fn version(number: u64, state: VersionState) -> VersionWorld {
    let payload = SecretString::from(random::word(24));
    VersionWorld { number, state, payload, added: Added::Before, corrupted: false }
}

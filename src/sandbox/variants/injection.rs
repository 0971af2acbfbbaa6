//! Variants of the family "Injection of configuration and secrets".

use secrecy::SecretString;

use super::Variant;
use crate::diagnosis::cause::CauseCode;
use crate::sandbox::faults::subject;
use crate::sandbox::random;
use crate::sandbox::world::{Added, SecretWorld, VersionState, VersionWorld};

/// Old versions are disabled after a rotation, as they should be.
pub(super) static OLDER_VERSION_DISABLED: Variant = Variant::near_miss(
    "older-version-disabled",
    CauseCode::SecretVersionDisabled,
    "An older version of the secret, which nothing references any more, is disabled.",
    &subject::LATEST,
    |world, service| {
        let Some((secret, _)) = subject::secret(world, service) else { return };
        for version in &mut secret.versions {
            version.number += 1;
        }
        for (_, number) in &mut secret.aliases {
            *number += 1;
        }
        secret.versions.insert(0, version(1, VersionState::Disabled));
    },
);

/// Whoever pins a version wants that one.
pub(super) static PINNED_BESIDE_A_NEWER_VERSION: Variant = Variant::near_miss(
    "pinned-beside-a-newer-version",
    CauseCode::SecretNewerThanRevision,
    "The secret has a newer version; the revision pins the one that works.",
    &subject::PINNED,
    |world, service| {
        let Some((secret, _)) = subject::secret(world, service) else { return };
        let newest = secret.versions.iter().map(|version| version.number).max().unwrap_or_default();
        secret
            .versions
            .push(VersionWorld { added: Added::After, ..version(newest + 1, VersionState::Enabled) });
    },
)
.later();

/// A secret beside, that the service does not ask for.
pub(super) static UNUSED_SECRET_DENIED: Variant = Variant::near_miss(
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
);

/// The secret is as new as the revision; only the server knows nothing of the new password.
pub(super) static ROTATED_IN_THE_SECRET_ONLY: Variant = Variant::twin(
    "rotated-in-the-secret-only",
    CauseCode::SecretNewerThanRevision,
    CauseCode::PasswordRejected,
    "The password was rotated in the secret before the deploy, and nobody changed it in the database.",
    &subject::LATEST,
    |world, service| {
        let Some(old) = subject::password(world, service) else { return };
        let new = random::word(24);
        let Some((secret, wanted)) = subject::secret(world, service) else { return };
        let newest = secret.versions.iter().map(|version| version.number).max().unwrap_or_default();
        let Some(mut rotated) = secret.version(&wanted).cloned() else { return };
        rotated.number = newest + 1;
        subject::change_payload(&mut rotated, |payload| payload.replace(&old, &new));
        secret.versions.push(rotated);
    },
);

fn version(number: u64, state: VersionState) -> VersionWorld {
    let payload = SecretString::from(random::word(24));
    VersionWorld { number, state, payload, added: Added::Before, corrupted: false }
}

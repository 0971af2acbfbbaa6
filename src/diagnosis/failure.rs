//! Why a revision failed, from Google's reason and message.
//!
//! The reason is an enumeration of the Admin API. Where it says no more than that something failed (`UNKNOWN`,
//! `REVISION_FAILED`, none, or one that this version does not know), Google's documented message tells; it is matched
//! at its beginning, for what follows may be anybody's text. The messages are those of Cloud Run's troubleshooting
//! page.

use google_cloud_run_v2::model::condition::{CommonReason, RevisionReason};

/// What kept a revision from becoming ready.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Failure {
    /// The container ended, or did not listen in time.
    ContainerStart,
    /// The container was ended for its memory.
    OutOfMemory,
    /// There is no such image.
    ImageNotFound,
    /// Cloud Run may not read the image.
    ImageDenied,
    /// The image is built for another platform.
    ImagePlatform,
    /// A policy (Binary Authorization) does not admit the image.
    ImagePolicy,
    /// The runtime account may not read a secret.
    SecretDenied,
    /// There is no such secret, or no such version of it: the message does not tell which.
    SecretMissing,
    /// The version of a secret is disabled.
    SecretDisabled,
    /// The version of a secret is destroyed.
    SecretDestroyed,
    /// Secrets could not be read, and the message does not tell why.
    Secrets,
    /// There is no such VPC network.
    NetworkMissing,
    /// There is no such connector, or Cloud Run may not use it: the message does not tell which.
    Connector,
    /// A traffic tag or target leads to a revision that is gone.
    RevisionGone,
    /// It took too long, for whatever reason.
    TooSlow,
    /// The key that encrypts it cannot be used.
    EncryptionKey,
    /// Something else that Google has a word for.
    Other,
    /// Nothing that tells anything.
    Unknown,
}

/// Why a revision failed, and whether only the words of Google's message say so.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Told {
    pub(super) failure: Failure,
    pub(super) by_message: bool,
}

/// Reads reason and message of a failed condition.
pub(super) fn read(reason: Option<&str>, message: &str) -> Told {
    let by_reason = reason.map_or(Failure::Unknown, of_reason);
    let by_message = of_message(message);
    // A message may say more precisely what a reason names in general, and must not contradict it.
    let refines = match by_reason {
        Failure::Unknown => true,
        Failure::ContainerStart => by_message == Some(Failure::OutOfMemory),
        Failure::Secrets => matches!(
            by_message,
            Some(
                Failure::SecretDenied
                    | Failure::SecretMissing
                    | Failure::SecretDisabled
                    | Failure::SecretDestroyed
            )
        ),
        Failure::OutOfMemory
        | Failure::ImageNotFound
        | Failure::ImageDenied
        | Failure::ImagePlatform
        | Failure::ImagePolicy
        | Failure::SecretDenied
        | Failure::SecretMissing
        | Failure::SecretDisabled
        | Failure::SecretDestroyed
        | Failure::NetworkMissing
        | Failure::Connector
        | Failure::RevisionGone
        | Failure::TooSlow
        | Failure::EncryptionKey
        | Failure::Other => false,
    };
    match by_message.filter(|_| refines) {
        Some(failure) => Told { failure, by_message: true },
        None => Told { failure: by_reason, by_message: false },
    }
}

fn of_reason(reason: &str) -> Failure {
    // Both enumerations may stand in a condition; a word is only ever in one of them.
    if RevisionReason::from(reason) == RevisionReason::HealthCheckContainerError {
        return Failure::ContainerStart;
    }
    match CommonReason::from(reason) {
        CommonReason::ProgressDeadlineExceeded => Failure::TooSlow,
        CommonReason::ContainerMissing => Failure::ImageNotFound,
        CommonReason::ContainerPermissionDenied => Failure::ImageDenied,
        CommonReason::ContainerImageUnauthorized | CommonReason::ContainerImageAuthorizationCheckFailed => {
            Failure::ImagePolicy
        }
        CommonReason::EncryptionKeyPermissionDenied | CommonReason::EncryptionKeyCheckFailed => {
            Failure::EncryptionKey
        }
        CommonReason::SecretsAccessCheckFailed => Failure::Secrets,
        CommonReason::VpcNetworkNotFound => Failure::NetworkMissing,
        CommonReason::Internal => Failure::Other,
        // Words that say no more than that it failed or waits, and words of the future.
        CommonReason::Undefined
        | CommonReason::Unknown
        | CommonReason::RevisionFailed
        | CommonReason::WaitingForOperation
        | CommonReason::ImmediateRetry
        | CommonReason::PostponedRetry
        | CommonReason::UnknownValue(_)
        | _ => Failure::Unknown,
    }
}

fn of_message(message: &str) -> Option<Failure> {
    let text = without_preamble(message);
    let begins = |start: &str| text.starts_with(start);
    let says = |start: &str, then: &str| text.strip_prefix(start).is_some_and(|rest| rest.contains(then));
    let found = if says("Memory limit of ", " exceeded with ") {
        Failure::OutOfMemory
    } else if begins("The user-provided container failed to start and listen on the port")
        || begins("Container failed to start. Failed to start and then listen on the port")
    {
        Failure::ContainerStart
    } else if says("Image '", "' not found") {
        Failure::ImageNotFound
    } else if says("Google Cloud Run Service Agent", "must have permission to read the image") {
        Failure::ImageDenied
    } else if says("Container manifest type '", "must support amd64/linux") {
        Failure::ImagePlatform
    } else if begins("Permission denied on secret: projects/") {
        Failure::SecretDenied
    } else if says("Secret projects/", " was not found") {
        Failure::SecretMissing
    } else if says("Secret Version [projects/", "] is in DISABLED state") {
        Failure::SecretDisabled
    } else if says("Secret Version [projects/", "] is in DESTROYED state") {
        Failure::SecretDestroyed
    } else if says("VPC connector ", " does not exist, or Cloud Run does not have permission to use it") {
        Failure::Connector
    } else if says("Revision ", " does not exist or is deleted") {
        Failure::RevisionGone
    } else if text.trim_end().ends_with("Resource readiness deadline exceeded.") {
        Failure::TooSlow
    } else {
        return None;
    };
    Some(found)
}

/// The message without what Google puts before the news itself.
fn without_preamble(message: &str) -> &str {
    let mut text = message.trim_start();
    for (start, end) in [
        ("Revision '", "' is not ready and cannot serve traffic."),
        ("Cloud Run does not support image '", "':"),
    ] {
        let rest = text.strip_prefix(start).and_then(|rest| rest.split_once(end));
        // A name has no quote of its own; with one, this is no preamble.
        if let Some((_, rest)) = rest.filter(|(name, _)| !name.contains('\'')) {
            text = rest.trim_start();
        }
    }
    text.strip_prefix("Cloud Run error:").map_or(text, str::trim_start)
}

/// What stands between quotes after the first word `Image` of a message, or after `read the image, `.
pub(super) fn image(message: &str) -> Option<&str> {
    let text = without_preamble(message);
    let quoted = text.strip_prefix("Image '").and_then(|rest| rest.split('\'').next());
    let listed = || {
        let (_, rest) = text.split_once("must have permission to read the image, ")?;
        rest.split_whitespace().next().map(|word| word.trim_end_matches('.'))
    };
    let refused = || {
        let (_, rest) = message.split_once("Cloud Run does not support image '")?;
        rest.split('\'').next()
    };
    quoted.or_else(listed).or_else(refused).filter(|image| !image.is_empty())
}

/// Short name and version of the secret that a message names: `projects/N/secrets/S/versions/V`.
pub(super) fn secret(message: &str) -> Option<(&str, &str)> {
    let (_, rest) = message.split_once("/secrets/")?;
    let (name, rest) = rest.split_once("/versions/")?;
    let version = rest.split(|c: char| !(c.is_ascii_alphanumeric() || "_-".contains(c))).next()?;
    let fits = |c: char| c.is_ascii_alphanumeric() || "_-".contains(c);
    (!name.is_empty() && !version.is_empty() && name.chars().all(fits)).then_some((name, version))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn failure(reason: &str, message: &str) -> (Failure, bool) {
        let told = read(Some(reason).filter(|reason| !reason.is_empty()), message);
        (told.failure, told.by_message)
    }

    const NOT_READY: &str = "Revision 'auth-00002-xyz' is not ready and cannot serve traffic. ";

    #[test]
    fn reasons_tell_by_themselves() {
        for (reason, expected) in [
            ("HEALTH_CHECK_CONTAINER_ERROR", Failure::ContainerStart),
            ("PROGRESS_DEADLINE_EXCEEDED", Failure::TooSlow),
            ("CONTAINER_MISSING", Failure::ImageNotFound),
            ("CONTAINER_PERMISSION_DENIED", Failure::ImageDenied),
            ("CONTAINER_IMAGE_UNAUTHORIZED", Failure::ImagePolicy),
            ("SECRETS_ACCESS_CHECK_FAILED", Failure::Secrets),
            ("VPC_NETWORK_NOT_FOUND", Failure::NetworkMissing),
            ("ENCRYPTION_KEY_CHECK_FAILED", Failure::EncryptionKey),
            ("INTERNAL", Failure::Other),
            ("UNKNOWN", Failure::Unknown),
            ("REVISION_FAILED", Failure::Unknown),
            ("reason 4711", Failure::Unknown),
            ("BRAND_NEW", Failure::Unknown),
            ("", Failure::Unknown),
        ] {
            assert_eq!(failure(reason, "whatever"), (expected, false), "{reason}");
        }
    }

    #[test]
    fn documented_messages_tell_where_the_reason_does_not() {
        let platform = "Cloud Run does not support image 'docker.io/a/b@sha256:0': Container manifest type \
                        'application/vnd.oci.image.index.v1+json' must support amd64/linux.";
        let agent = "Google Cloud Run Service Agent service-123456789012@serverless-robot-prod.iam.gserviceaccount.com \
                     must have permission to read the image, europe-docker.pkg.dev/p/app/auth:7. Ensure that …";
        for (message, expected) in [
            (
                "The user-provided container failed to start and listen on the port defined provided by the PORT=8080 \
              environment variable within the allocated timeout.",
                Failure::ContainerStart,
            ),
            (
                "Cloud Run error: Container failed to start. Failed to start and then listen on the port defined by the \
              PORT environment variable.",
                Failure::ContainerStart,
            ),
            ("Image 'europe-docker.pkg.dev/p/app/auth:8' not found.", Failure::ImageNotFound),
            (agent, Failure::ImageDenied),
            (platform, Failure::ImagePlatform),
            (
                "Permission denied on secret: projects/1/secrets/s/versions/latest for Revision service account a@b.",
                Failure::SecretDenied,
            ),
            ("Secret projects/1/secrets/s/versions/latest was not found", Failure::SecretMissing),
            (
                "Secret Version [projects/1/secrets/s/versions/3] is in DESTROYED state.",
                Failure::SecretDestroyed,
            ),
            (
                "Secret Version [projects/1/secrets/s/versions/3] is in DISABLED state.",
                Failure::SecretDisabled,
            ),
            (
                "VPC connector projects/p/locations/r/connectors/c does not exist, or Cloud Run does not have permission \
              to use it.",
                Failure::Connector,
            ),
            ("Revision auth-00001-abc does not exist or is deleted", Failure::RevisionGone),
            ("The container import failed. Resource readiness deadline exceeded.", Failure::TooSlow),
            (
                "Memory limit of 512 MiB exceeded with 530 MiB used. Consider increasing the memory limit.",
                Failure::OutOfMemory,
            ),
        ] {
            for reason in ["UNKNOWN", "REVISION_FAILED", "", "BRAND_NEW"] {
                assert_eq!(failure(reason, message), (expected, true), "{message}");
                assert_eq!(failure(reason, &format!("{NOT_READY}{message}")), (expected, true), "{message}");
            }
        }
    }

    #[test]
    fn a_message_refines_its_reason_and_never_contradicts_it() {
        let missing = "Secret projects/1/secrets/s/versions/9 was not found";
        assert_eq!(failure("SECRETS_ACCESS_CHECK_FAILED", missing), (Failure::SecretMissing, true));
        let memory = "Memory limit of 512 MiB exceeded with 530 MiB used.";
        assert_eq!(failure("HEALTH_CHECK_CONTAINER_ERROR", memory), (Failure::OutOfMemory, true));
        assert_eq!(failure("CONTAINER_PERMISSION_DENIED", missing), (Failure::ImageDenied, false));
        assert_eq!(failure("INTERNAL", memory), (Failure::Other, false));
    }

    #[test]
    fn a_phrase_in_the_middle_of_somebodys_text_tells_nothing() {
        for message in [
            "the log says: Image 'x' not found.",
            "Revision 'a' b' is not ready and cannot serve traffic. Image 'x' not found.",
            "not Permission denied on secret: projects/1/secrets/s/versions/1",
            "Secret santa was not found",
            "image 'x' not found",
        ] {
            assert_eq!(failure("UNKNOWN", message), (Failure::Unknown, false), "{message}");
        }
    }

    #[test]
    fn names_are_read_off_messages() {
        assert_eq!(image(&format!("{NOT_READY}Image 'a/b:1' not found.")), Some("a/b:1"));
        let agent = "Google Cloud Run Service Agent x must have permission to read the image, a/b:1. Ensure";
        assert_eq!(image(agent), Some("a/b:1"));
        assert_eq!(image("Cloud Run does not support image 'a/b:1': Container manifest"), Some("a/b:1"));
        assert_eq!(image("nothing"), None);
        let denied = "Permission denied on secret: projects/1/secrets/s-1/versions/latest for Revision";
        assert_eq!(secret(denied), Some(("s-1", "latest")));
        assert_eq!(secret("Secret Version [projects/1/secrets/s/versions/3] is in"), Some(("s", "3")));
        assert_eq!(secret("projects/1/secrets/s; rm -rf/versions/3"), None);
    }

    proptest! {
        #[test]
        fn any_text_is_read(reason in "\\PC{0,40}", message in "\\PC{0,200}") {
            let _ = (read(Some(&reason), &message), image(&message), secret(&message));
        }
    }
}

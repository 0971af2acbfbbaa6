//! Rules for a revision that failed: what Google says of it, and no more.

use super::super::cause::CauseCode;
use super::super::failure::{self, Failure};
use super::super::view::View;
use super::service::logs;
use super::{Judgement, on_service, update_service};
use crate::model::resource::short;
use crate::record::check_id;
use crate::text::shell::command;

const THEN_DEPLOY: &str = "then deploy again: the failed revision does not come back by itself";

pub(super) fn judge(view: &View<'_>, revision: &str, reason: Option<&str>, message: &str) -> Judgement {
    let told = failure::read(reason, message);
    let by = if told.by_message { " (so the words of its message; its reason does not tell)" } else { "" };
    let because = format!("{message}{by}");
    match told.failure {
        Failure::ContainerStart => container(view, revision, message),
        Failure::OutOfMemory => memory(view, revision, &because),
        Failure::ImageNotFound => image_not_found(view, revision, message, &because),
        Failure::ImageDenied => image_denied(view, revision, message, &because),
        Failure::ImagePlatform => platform(revision, message, &because),
        Failure::SecretDenied | Failure::Secrets => secret_denied(view, revision, message),
        Failure::SecretMissing => secret_missing(view, revision, message),
        Failure::SecretDisabled => {
            let claim =
                format!("revision {revision} failed, for the version of a secret is disabled: {message}");
            let code = CauseCode::SecretVersionDisabled;
            Judgement::proven(code, claim)
                .fix("enable it again", version(view, message, "enable"))
                .fix(THEN_DEPLOY, None)
        }
        Failure::SecretDestroyed => {
            let claim =
                format!("revision {revision} failed, for the version of a secret is destroyed: {message}");
            let code = CauseCode::SecretVersionDestroyed;
            let words = "refer to a version that is enabled, or add one";
            Judgement::proven(code, claim).fix(words, version(view, message, "list")).fix(THEN_DEPLOY, None)
        }
        Failure::NetworkMissing => network(view, revision, message),
        Failure::Connector => connector(view, revision, message),
        Failure::RevisionGone => Judgement::proven(
            CauseCode::RevisionNotServing,
            format!("the service's traffic cannot be set: {because}"),
        )
        .fix(
            "see which tags and targets lead to it",
            on_service(view, "describe", &["--format=yaml(status.traffic)"]),
        )
        .fix(
            "send the traffic to the newest revision, and remove the tag (`--remove-tags=TAG`)",
            on_service(view, "update-traffic", &["--to-latest"]),
        ),
        Failure::TooSlow => other(view, revision, reason, message)
            .fix("deploy again; where it stays so, the image is very large, or its import fails", None),
        Failure::ImagePolicy => other(view, revision, reason, message).fix(
            "see what Binary Authorization demands of images",
            command(["gcloud", "container", "binauthz", "policy", "export", &view.project_flag()]),
        ),
        Failure::EncryptionKey => other(view, revision, reason, message).fix(
            "let Cloud Run's service agent use the key (roles/cloudkms.cryptoKeyEncrypterDecrypter)",
            None,
        ),
        Failure::Other | Failure::Unknown => other(view, revision, reason, message),
    }
}

fn container(view: &View<'_>, revision: &str, message: &str) -> Judgement {
    Judgement::proven(
        CauseCode::ContainerDidNotStart,
        format!("the container of revision {revision} failed its start: {message}"),
    )
    .fix("read what the container wrote before it ended", logs(view, revision))
    .fix("let it listen on 0.0.0.0 and the port in the variable PORT before the startup probe gives up", None)
}

fn memory(view: &View<'_>, revision: &str, because: &str) -> Judgement {
    Judgement::proven(
        CauseCode::ContainerOutOfMemory,
        format!("the container of revision {revision} was ended for its memory: {because}"),
    )
    .fix("give it more", update_service(view, &["--memory=1Gi"]))
    .fix("see what it used", logs(view, revision))
}

fn image_not_found(view: &View<'_>, revision: &str, message: &str, because: &str) -> Judgement {
    let image = failure::image(message).unwrap_or("IMAGE");
    Judgement::proven(
        CauseCode::ImageNotFound,
        format!("revision {revision} failed, for its image does not exist: {because}"),
    )
    .fix(
        "see which tags there are",
        command(["gcloud", "artifacts", "docker", "images", "list", untagged(image), "--include-tags"]),
    )
    .fix("push the image before the deploy, or deploy a tag that exists", describe(view, revision))
}

fn image_denied(view: &View<'_>, revision: &str, message: &str, because: &str) -> Judgement {
    let agent = message.split_whitespace().find(|word| word.contains("@serverless-robot-prod."));
    let member = format!("--member=serviceAccount:{}", agent.unwrap_or("CLOUD_RUN_SERVICE_AGENT"));
    // HOST/PROJECT/REPOSITORY/…, of an image in Artifact Registry.
    let parts: Vec<&str> = failure::image(message).unwrap_or_default().split('/').collect();
    let (location, project, repository) = match parts[..] {
        [host, project, repository, ..] => {
            (host.split_once("-docker.pkg.dev").map(|(location, _)| location), project, repository)
        }
        _ => (None, "IMAGE_PROJECT", "REPOSITORY"),
    };
    let grant = command([
        "gcloud",
        "artifacts",
        "repositories",
        "add-iam-policy-binding",
        repository,
        &format!("--location={}", location.unwrap_or("LOCATION")),
        &format!("--project={project}"),
        &member,
        "--role=roles/artifactregistry.reader",
    ]);
    Judgement::proven(
        CauseCode::ImageAccessDenied,
        format!("revision {revision} failed, for Cloud Run may not read its image: {because}"),
    )
    .fix("let Cloud Run's service agent (not the runtime account) read the repository", grant)
    .fix(THEN_DEPLOY, None)
    .fix("see the image in full", describe(view, revision))
}

fn platform(revision: &str, message: &str, because: &str) -> Judgement {
    let image = failure::image(message).unwrap_or("IMAGE");
    Judgement::proven(
        CauseCode::ImageWrongPlatform,
        format!("revision {revision} failed, for its image is not built for amd64: {because}"),
    )
    .fix(
        "build it for Cloud Run's machines, and deploy that",
        command([
            "docker",
            "buildx",
            "build",
            "--platform=linux/amd64",
            "--push",
            &format!("--tag={image}"),
            ".",
        ]),
    )
}

fn secret_denied(view: &View<'_>, revision: &str, message: &str) -> Judgement {
    let claim = format!("revision {revision} failed because it may not read a secret: {message}");
    // The grant was seen: then it came too late, or has not reached every place yet.
    let granted = view.held(check_id::SECRET_READABLE);
    let mut judgement = if granted {
        Judgement::likely(CauseCode::SecretAccessDenied, format!("{claim}; the grant is there by now"))
            .suspect("the grant had not taken effect when Cloud Run looked: that takes a minute or two", None)
    } else {
        Judgement::proven(CauseCode::SecretAccessDenied, claim)
    };
    if granted {
        return judgement.fix("deploy again, a minute or two after the grant", None);
    }
    let account = view.service.service_account.as_deref();
    let member = format!("--member=serviceAccount:{}", account.unwrap_or("RUNTIME_SERVICE_ACCOUNT"));
    let secret = failure::secret(message).map_or("SECRET", |(secret, _)| secret);
    let role = "--role=roles/secretmanager.secretAccessor";
    let grant = ["gcloud", "secrets", "add-iam-policy-binding", secret, &member, role, &view.project_flag()];
    judgement = judgement
        .fix("let the runtime service account read it; a fresh grant takes a minute or two", command(grant));
    judgement.fix(THEN_DEPLOY, None)
}

fn secret_missing(view: &View<'_>, revision: &str, message: &str) -> Judgement {
    let claim = format!("revision {revision} failed, for a secret does not exist: {message}");
    Judgement::likely(CauseCode::SecretNotFound, claim)
        .suspect(
            "the secret exists, and has no such version: Google words both alike",
            version(view, message, "list"),
        )
        .fix(
            "look for its real name (names are case-sensitive)",
            command(["gcloud", "secrets", "list", &view.project_flag()]),
        )
        .fix(THEN_DEPLOY, None)
}

/// `gcloud secrets versions VERB`, for the version that a message names.
fn version(view: &View<'_>, message: &str, verb: &str) -> String {
    let (secret, version) = failure::secret(message).unwrap_or(("SECRET", "VERSION"));
    let (flag, project) = (format!("--secret={secret}"), view.project_flag());
    if verb == "list" {
        command(["gcloud", "secrets", "versions", verb, secret, &project])
    } else {
        command(["gcloud", "secrets", "versions", verb, version, &flag, &project])
    }
}

fn network(view: &View<'_>, revision: &str, message: &str) -> Judgement {
    Judgement::proven(
        CauseCode::VpcNetworkNotFound,
        format!("revision {revision} failed, for its VPC network or subnetwork does not exist: {message}"),
    )
    .fix(
        "see which there are",
        command(["gcloud", "compute", "networks", "subnets", "list", &view.project_flag()]),
    )
    .fix("name one of them", update_service(view, &["--network=NETWORK", "--subnet=SUBNET"]))
}

fn connector(view: &View<'_>, revision: &str, message: &str) -> Judgement {
    let ready = view.held(check_id::VPC_CONNECTOR_READY);
    let list = ["gcloud", "compute", "networks", "vpc-access", "connectors", "list"];
    let list = command(list.into_iter().chain([&*view.region_flag(), &*view.project_flag()]));
    let grant = [
        "gcloud",
        "projects",
        "add-iam-policy-binding",
        "CONNECTOR_PROJECT",
        "--member=serviceAccount:service-PROJECT_NUMBER@serverless-robot-prod.iam.gserviceaccount.com",
        "--role=roles/vpcaccess.user",
    ];
    let fix = "let Cloud Run's service agent use connectors";
    if ready {
        let claim = format!("revision {revision} failed, for Cloud Run may not use its connector: {message}");
        return Judgement::likely(
            CauseCode::VpcConnectorAccessDenied,
            format!("{claim}; it exists, and is ready"),
        )
        .suspect("it was created after this deploy; then deploying again is enough", None)
        .fix(fix, command(grant))
        .fix(THEN_DEPLOY, None);
    }
    Judgement::likely(CauseCode::VpcConnectorNotFound, format!("revision {revision} failed: {message}"))
        .suspect("it exists, and Cloud Run may not use it: Google words both alike", command(grant))
        .fix("see which connectors there are in the service's region", list)
        .fix("create it, or name one of them", update_service(view, &["--vpc-connector=CONNECTOR"]))
}

fn other(view: &View<'_>, revision: &str, reason: Option<&str>, message: &str) -> Judgement {
    let reason = reason.map_or_else(String::new, |reason| format!(" ({reason})"));
    Judgement::proven(CauseCode::RevisionFailed, format!("revision {revision} failed{reason}: {message}"))
        .fix("read its conditions in full", describe(view, revision))
        .fix("read what its container wrote", logs(view, revision))
}

fn describe(view: &View<'_>, revision: &str) -> String {
    let (region, project) = (view.region_flag(), view.project_flag());
    command(["gcloud", "run", "revisions", "describe", short(revision), &region, &project])
}

/// An image without its tag or digest.
fn untagged(image: &str) -> &str {
    let image = image.split('@').next().unwrap_or(image);
    match image.rsplit_once(':') {
        Some((name, tag)) if !tag.contains('/') => name,
        Some(_) | None => image,
    }
}

#[cfg(test)]
mod tests {
    use super::untagged;

    #[test]
    fn an_image_is_named_without_tag_and_digest() {
        for (image, expected) in [
            ("a.pkg.dev/p/r/i:7", "a.pkg.dev/p/r/i"),
            ("a.pkg.dev/p/r/i@sha256:00", "a.pkg.dev/p/r/i"),
            ("localhost:5000/i", "localhost:5000/i"),
            ("i", "i"),
        ] {
            assert_eq!(untagged(image), expected);
        }
    }
}
